//! One request of a plan, and how its answer becomes columns.

use std::ops::Range;

use gridos_model::Batch;

use crate::decode::Decoder;
use crate::{RegisterPoint, Table};

/// One read request and the points its answer holds.
#[derive(Clone, Debug)]
pub struct Request {
    table: Table,
    start: u16,
    count: u16,
    scan: usize,
    points: Range<usize>,
    decoder: Decoder,
}

/// The answer is not the one to this request; nothing was decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Another number of registers or bits than was asked for.
    #[error("asked for {asked} of {table} from address {start}, the answer has {answered}")]
    Count {
        /// The table asked.
        table: Table,
        /// The first address asked for.
        start: u16,
        /// How many were asked for.
        asked: u16,
        /// How many came.
        answered: usize,
    },
    /// Bits for a request of registers, or the reverse.
    #[error("the answer does not fit the table {table}")]
    Table {
        /// The table asked.
        table: Table,
    },
}

impl Request {
    pub(crate) fn new(
        head: &RegisterPoint,
        count: u16,
        points: Range<usize>,
        decoder: Decoder,
    ) -> Self {
        Self {
            table: head.table,
            start: head.address,
            count,
            scan: head.scan,
            points,
            decoder,
        }
    }

    /// The table to read.
    pub fn table(&self) -> Table {
        self.table
    }

    /// The first address, as sent on the wire.
    pub fn start(&self) -> u16 {
        self.start
    }

    /// How many registers (at most 125) or bits (at most 2,000) to read.
    pub fn count(&self) -> u16 {
        self.count
    }

    /// The scan class it belongs to.
    pub fn scan(&self) -> usize {
        self.scan
    }

    /// Which of the plan's points it reads.
    pub fn points(&self) -> Range<usize> {
        self.points.clone()
    }

    /// Pushes one value per point onto `batch`, which must be a started sweep of these points.
    ///
    /// # Errors
    /// If `words` is not exactly what was asked for; then nothing is pushed.
    pub fn decode_registers(&self, words: &[u16], batch: &mut Batch) -> Result<(), DecodeError> {
        self.check(false, words.len())?;
        self.decoder.registers(words, batch);
        Ok(())
    }

    /// Pushes one value per point onto `batch`, which must be a started sweep of these points.
    ///
    /// # Errors
    /// If `bits` is not exactly what was asked for; then nothing is pushed.
    pub fn decode_bits(&self, bits: &[bool], batch: &mut Batch) -> Result<(), DecodeError> {
        self.check(true, bits.len())?;
        self.decoder.bits(bits, batch);
        Ok(())
    }

    fn check(&self, bits: bool, answered: usize) -> Result<(), DecodeError> {
        if self.table.is_bits() != bits {
            return Err(DecodeError::Table { table: self.table });
        }
        if usize::from(self.count) != answered {
            return Err(DecodeError::Count {
                table: self.table,
                start: self.start,
                asked: self.count,
                answered,
            });
        }
        Ok(())
    }
}

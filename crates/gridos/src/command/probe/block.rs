//! What was read.

use std::time::Duration;

use gridos_collect::modbus::{Probe, ReadError};
use gridos_modbus::Table;

use super::range::AddressRange;

const REGISTERS_PER_READ: u16 = 125;
const BITS_PER_READ: u16 = 2_000;

/// Consecutive registers or bits of one table.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    pub(super) table: Table,
    pub(super) start: u16,
    pub(super) count: usize,
    pub(super) content: Content,
    /// The longest of the requests that read it.
    pub(super) round_trip: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Registers(Vec<u16>),
    Bits(Vec<bool>),
    /// The exception that the device answered instead.
    Refused(u8),
}

impl Block {
    /// The address of the register or bit `at` so many behind the first one.
    pub(super) fn address(&self, at: usize) -> usize {
        usize::from(self.start) + at
    }

    /// Takes what was read behind its end, unless one of the two was refused.
    fn join(&mut self, next: Self) -> Option<Self> {
        match (&mut self.content, next.content) {
            (Content::Registers(words), Content::Registers(more)) => words.extend(more),
            (Content::Bits(bits), Content::Bits(more)) => bits.extend(more),
            (_, content) => return Some(Self { content, ..next }),
        }
        self.count += next.count;
        self.round_trip = self.round_trip.max(next.round_trip);
        None
    }
}

/// Reads `range` of `table`, in as many requests as it takes.
///
/// # Errors
/// If the device does not answer; an exception is an answer.
pub(super) async fn read(
    probe: &mut Probe,
    table: Table,
    range: AddressRange,
) -> Result<Vec<Block>, ReadError> {
    let most = if table.is_bits() {
        BITS_PER_READ
    } else {
        REGISTERS_PER_READ
    };
    let mut blocks: Vec<Block> = Vec::new();
    for (start, count) in range.parts(most) {
        let (content, round_trip) = match part(probe, table, start, count).await {
            Ok((content, round_trip)) => (content, Some(round_trip)),
            Err(ReadError::Exception { code }) => (Content::Refused(code), None),
            Err(error) => return Err(error),
        };
        let next = Block {
            table,
            start,
            count: count.into(),
            content,
            round_trip,
        };
        let left = match blocks.last_mut() {
            Some(last) => last.join(next),
            None => Some(next),
        };
        blocks.extend(left);
    }
    Ok(blocks)
}

async fn part(
    probe: &mut Probe,
    table: Table,
    start: u16,
    count: u16,
) -> Result<(Content, Duration), ReadError> {
    Ok(if table.is_bits() {
        let probed = probe.bits(table, start, count).await?;
        (Content::Bits(probed.values), probed.round_trip)
    } else {
        let probed = probe.registers(table, start, count).await?;
        (Content::Registers(probed.values), probed.round_trip)
    })
}

//! A device whose registers and faults a test sets.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::device::{Device, Exception, Fault, Read, Table};

/// A device that has exactly the registers and bits that were set; it answers to every unit id.
#[derive(Debug, Default)]
pub struct Memory {
    cells: Mutex<Cells>,
}

#[derive(Debug, Default)]
struct Cells {
    values: BTreeMap<(Table, u16), u16>,
    refused: Vec<(Table, RangeInclusive<u16>, Exception)>,
    fault: Option<Fault>,
    reads: Vec<Read>,
}

/// How many of the last reads are kept.
const READS_KEPT: usize = 1_000;

impl Memory {
    /// Sets the registers of `table` from `start` on; those past address 65,535 are left out.
    pub fn set_registers(&self, table: Table, start: u16, words: &[u16]) {
        let addresses = start..=u16::MAX;
        let cells = addresses.zip(words).map(|(at, word)| ((table, at), *word));
        self.cells().values.extend(cells);
    }

    /// Sets the bits of `table` from `start` on; those past address 65,535 are left out.
    pub fn set_bits(&self, table: Table, start: u16, bits: &[bool]) {
        let words: Vec<_> = bits.iter().map(|bit| u16::from(*bit)).collect();
        self.set_registers(table, start, &words);
    }

    /// Answers `exception` to every read that touches `addresses` of `table`.
    pub fn refuse(&self, table: Table, addresses: RangeInclusive<u16>, exception: Exception) {
        self.cells().refused.push((table, addresses, exception));
    }

    /// Answers all reads again.
    pub fn refuse_nothing(&self) {
        self.cells().refused.clear();
    }

    /// Misbehaves from now on, or no more.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.cells().fault = fault;
    }

    /// The last reads (up to 1,000) that reached the registers, oldest first.
    pub fn reads(&self) -> Vec<Read> {
        self.cells().reads.clone()
    }

    fn cells(&self) -> MutexGuard<'_, Cells> {
        // A test that panicked elsewhere leaves the cells whole.
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cells {
    fn read(&mut self, read: Read, mut take: impl FnMut(usize, u16)) -> Result<(), Exception> {
        if self.reads.len() == READS_KEPT {
            self.reads.remove(0);
        }
        self.reads.push(read);
        let touches = |addresses: &RangeInclusive<u16>| {
            u32::from(*addresses.start()) < read.end() && *addresses.end() >= read.start
        };
        let refused = |(table, addresses, _): &&(Table, RangeInclusive<u16>, Exception)| {
            *table == read.table && touches(addresses)
        };
        if let Some((_, _, exception)) = self.refused.iter().find(refused) {
            return Err(*exception);
        }
        let from = (read.table, read.start);
        let mut cells = self.values.range(from..).take(usize::from(read.count));
        for (n, address) in (read.start..=u16::MAX)
            .take(usize::from(read.count))
            .enumerate()
        {
            match cells.next() {
                Some((at, word)) if *at == (read.table, address) => take(n, *word),
                _ => return Err(Exception::IllegalAddress),
            }
        }
        Ok(())
    }
}

impl Device for Memory {
    fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception> {
        self.cells().read(read, |n, word| words[n] = word)
    }

    fn bits(&self, read: Read, bits: &mut [bool]) -> Result<(), Exception> {
        self.cells().read(read, |n, word| bits[n] = word != 0)
    }

    fn fault(&self, _unit: u8) -> Option<Fault> {
        self.cells().fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(start: u16, count: u16) -> Read {
        Read {
            unit: 1,
            table: Table::InputRegister,
            start,
            count,
        }
    }

    #[test]
    fn only_what_was_set_is_there() {
        let memory = Memory::default();
        memory.set_registers(Table::InputRegister, 65_534, &[1, 2, 3]);
        memory.set_registers(Table::HoldingRegister, 65_533, &[9]);
        let mut words = [0; 2];
        assert_eq!(memory.registers(read(65_534, 2), &mut words), Ok(()));
        assert_eq!(words, [1, 2]);
        let absent = memory.registers(read(65_533, 2), &mut words);
        assert_eq!(absent, Err(Exception::IllegalAddress));
        assert_eq!(memory.reads(), [read(65_534, 2), read(65_533, 2)]);
    }

    #[test]
    fn a_refused_range_spoils_every_read_that_touches_it() {
        let memory = Memory::default();
        memory.set_registers(Table::InputRegister, 0, &[0; 10]);
        memory.refuse(Table::InputRegister, 4..=5, Exception::Busy);
        let ask = |start, count: u16| {
            memory.registers(read(start, count), &mut vec![0; usize::from(count)])
        };
        assert_eq!(ask(0, 4), Ok(()));
        assert_eq!(ask(0, 5), Err(Exception::Busy));
        assert_eq!(ask(5, 2), Err(Exception::Busy));
        assert_eq!(ask(6, 4), Ok(()));
        memory.refuse_nothing();
        assert_eq!(ask(0, 10), Ok(()));
    }
}

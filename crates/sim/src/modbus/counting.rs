//! A device that costs next to nothing, for whoever measures something else.

use std::sync::atomic::{AtomicU16, Ordering};

use super::device::{Device, Exception, Read, Table};

/// A device that has nothing but holding registers from address 0, which count: each answer is one
/// more than the last, and each register one more than the one before it.
#[derive(Debug)]
pub struct Counting {
    registers: u16,
    answers: AtomicU16,
}

impl Counting {
    /// One with so many registers, that begins at `first`.
    pub fn new(registers: u16, first: u16) -> Self {
        Self {
            registers,
            answers: AtomicU16::new(first),
        }
    }
}

impl Device for Counting {
    fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception> {
        if read.table != Table::HoldingRegister {
            return Err(Exception::IllegalFunction);
        }
        if read.end() > u32::from(self.registers) {
            return Err(Exception::IllegalAddress);
        }
        let first = self.answers.fetch_add(1, Ordering::Relaxed);
        for (word, address) in words.iter_mut().zip(read.start..) {
            *word = first.wrapping_add(address);
        }
        Ok(())
    }

    fn bits(&self, _read: Read, _bits: &mut [bool]) -> Result<(), Exception> {
        Err(Exception::IllegalFunction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_counts_and_has_nothing_else() {
        let device = Counting::new(3, 7);
        let read = |table, start, count| Read {
            unit: 1,
            table,
            start,
            count,
        };
        let mut words = [0; 2];
        let two = read(Table::HoldingRegister, 1, 2);
        device.registers(two, &mut words).unwrap();
        assert_eq!(words, [8, 9]);
        device.registers(two, &mut words).unwrap();
        assert_eq!(words, [9, 10]);
        let past = read(Table::HoldingRegister, 2, 2);
        assert_eq!(
            device.registers(past, &mut words),
            Err(Exception::IllegalAddress)
        );
        let other = read(Table::InputRegister, 0, 2);
        assert_eq!(
            device.registers(other, &mut words),
            Err(Exception::IllegalFunction)
        );
    }
}

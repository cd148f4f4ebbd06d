//! Measurements become registers, by the map.

use super::Measurements;
use super::map::{MAP, MapPoint};
use crate::modbus::{Exception, Read, Table};

/// Addresses of each table that an image has room for.
const ADDRESSES: usize = 32;

/// What all four tables of a feeder hold at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    tables: [[u16; ADDRESSES]; 4],
    /// Per table, the address behind the last point.
    ends: [usize; 4],
}

impl Image {
    pub(crate) fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception> {
        words.copy_from_slice(self.cells(read)?);
        Ok(())
    }

    pub(crate) fn bits(&self, read: Read, bits: &mut [bool]) -> Result<(), Exception> {
        for (bit, cell) in bits.iter_mut().zip(self.cells(read)?) {
            *bit = *cell != 0;
        }
        Ok(())
    }

    fn cells(&self, read: Read) -> Result<&[u16], Exception> {
        let table = index(read.table);
        let start = usize::from(read.start);
        let end = start + usize::from(read.count);
        if end > self.ends[table] {
            return Err(Exception::IllegalAddress);
        }
        self.tables[table]
            .get(start..end)
            .ok_or(Exception::IllegalAddress)
    }
}

/// The registers that hold `measurements`; addresses between points hold 0.
pub(crate) fn image(measurements: &Measurements) -> Image {
    let mut image = Image {
        tables: [[0; ADDRESSES]; 4],
        ends: [0; 4],
    };
    for point in MAP {
        let table = index(point.table);
        let at = usize::from(point.address);
        let bits = encode(point, (point.value)(measurements));
        let words = words(&bits, point.order);
        for (cell, word) in image.tables[table][at..].iter_mut().zip(&words) {
            // Points that are single bits share a register.
            *cell |= word;
        }
        image.ends[table] = image.ends[table].max(at + words.len());
    }
    image
}

fn index(table: Table) -> usize {
    match table {
        Table::Coil => 0,
        Table::DiscreteInput => 1,
        Table::HoldingRegister => 2,
        Table::InputRegister => 3,
    }
}

/// The bytes of `value`, most significant first.
fn encode(point: &MapPoint, value: f64) -> Vec<u8> {
    let raw = rounded(value / point.scale);
    match point.kind {
        "f32" => single(value).to_be_bytes().to_vec(),
        "u32" | "i32" => raw.to_be_bytes()[4..].to_vec(),
        "u64" | "i64" => raw.to_be_bytes().to_vec(),
        "bcd16" => decimal(raw).to_be_bytes()[2..].to_vec(),
        "bcd32" => decimal(raw).to_be_bytes().to_vec(),
        kind => match kind
            .strip_prefix("bit")
            .and_then(|bit| bit.parse::<u32>().ok())
        {
            Some(bit) => (u16::from(raw != 0) << (bit & 15)).to_be_bytes().to_vec(),
            None => raw.to_be_bytes()[6..].to_vec(),
        },
    }
}

fn words(bytes: &[u8], order: &str) -> Vec<u16> {
    let swapped = matches!(order, "badc" | "dcba");
    let word = |pair: &[u8]| {
        let word = pair
            .iter()
            .fold(0, |word, byte| word << 8 | u16::from(*byte));
        if swapped { word.swap_bytes() } else { word }
    };
    let mut words: Vec<_> = bytes.chunks(2).map(word).collect();
    if matches!(order, "cdab" | "dcba") {
        words.reverse();
    }
    words
}

/// `number` in decimal digits of four bits; what exceeds eight digits is left out.
fn decimal(number: i64) -> u32 {
    let digits = number.unsigned_abs().to_string();
    let nibble = |bcd: u32, digit: u8| bcd << 4 | u32::from(digit - b'0');
    digits.bytes().fold(0, nibble)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the cast saturates, and NaN becomes 0: both are far from any measurement"
)]
fn rounded(value: f64) -> i64 {
    value.round() as i64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "rounding to single precision is what such a register holds"
)]
fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::substation::Feeder;

    fn read(table: Table, start: u16, count: u16) -> Read {
        Read {
            unit: 1,
            table,
            start,
            count,
        }
    }

    #[test]
    fn the_map_is_served() {
        let measurements = Feeder::new(20).measure(Duration::from_secs(1_795_414_346));
        let image = image(&measurements);
        let mut words = [0; 2];
        image
            .registers(read(Table::InputRegister, 0, 2), &mut words)
            .unwrap();
        assert!((f64::from(words[0]) * 0.1 - measurements.current[0]).abs() < 0.051);
        image
            .registers(read(Table::InputRegister, 24, 2), &mut words)
            .unwrap();
        let bits = u32::from(words[1]) << 16 | u32::from(words[0]);
        assert_eq!(f32::from_bits(bits), single(measurements.gas_pressure));
        image
            .registers(read(Table::HoldingRegister, 0, 2), &mut words)
            .unwrap();
        assert_eq!(words, [420, 0x20]);
        image
            .registers(read(Table::HoldingRegister, 2, 2), &mut words)
            .unwrap();
        assert_eq!(words, [0x0000, 0x0020], "serial number 20");
        let mut bits = [false; 7];
        image
            .bits(read(Table::DiscreteInput, 0, 7), &mut bits)
            .unwrap();
        assert_eq!(bits, [true, false, true, false, true, false, false]);
    }

    #[test]
    fn past_the_map_there_is_nothing() {
        let image = image(&Feeder::new(1).measure(Duration::ZERO));
        for (table, end) in [
            (Table::Coil, 2),
            (Table::DiscreteInput, 7),
            (Table::HoldingRegister, 11),
            (Table::InputRegister, 27),
        ] {
            assert!(image.cells(read(table, 0, end)).is_ok());
            assert!(image.cells(read(table, end - 1, 2)).is_err());
            assert!(image.cells(read(table, 65_535, 1)).is_err());
        }
    }

    #[test]
    fn digits_are_packed() {
        assert_eq!(decimal(12_345_678), 0x1234_5678);
        assert_eq!(decimal(0), 0);
    }

    #[test]
    fn no_two_points_overlap_but_bits_of_a_register() {
        let width = |point: &MapPoint| words(&encode(point, 0.0), "abcd").len();
        for (n, point) in MAP.iter().enumerate() {
            for other in &MAP[n + 1..] {
                let apart = point.table != other.table
                    || usize::from(point.address) + width(point) <= usize::from(other.address)
                    || usize::from(other.address) + width(other) <= usize::from(point.address);
                let bits = point.kind.starts_with("bit") && other.kind.starts_with("bit");
                assert!(apart || bits, "{} and {}", point.name, other.name);
                assert_ne!(point.name, other.name);
            }
        }
    }
}

//! What the bits of a point mean.

use std::fmt;
use std::str::FromStr;

use crate::Table;

/// How a point's bits or registers become a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One coil or discrete input: 0 or 1.
    Bool,
    /// One bit of a register, 0 (least significant) to 15: 0 or 1.
    Bit(u8),
    /// One register, unsigned.
    U16,
    /// One register, two's complement.
    I16,
    /// Two registers, unsigned.
    U32,
    /// Two registers, two's complement.
    I32,
    /// Four registers, unsigned; exact up to 2⁵³.
    U64,
    /// Four registers, two's complement; exact up to ±2⁵³.
    I64,
    /// Two registers, IEEE 754 single precision.
    F32,
    /// Four registers, IEEE 754 double precision.
    F64,
    /// One register of four decimal digits, 0 to 9,999.
    Bcd16,
    /// Two registers of eight decimal digits, 0 to 99,999,999.
    Bcd32,
}

impl Kind {
    /// How many registers the value takes, 1 to 4; for [`Kind::Bool`], one bit of its table.
    pub const fn registers(self) -> u16 {
        match self {
            Self::Bool | Self::Bit(_) | Self::U16 | Self::I16 | Self::Bcd16 => 1,
            Self::U32 | Self::I32 | Self::F32 | Self::Bcd32 => 2,
            Self::U64 | Self::I64 | Self::F64 => 4,
        }
    }

    /// Whether a point of `table` can be of this kind: [`Kind::Bool`] in the tables of bits, all
    /// others in those of registers, [`Kind::Bit`] up to 15.
    pub const fn fits(self, table: Table) -> bool {
        table.is_bits() == matches!(self, Self::Bool) && !matches!(self, Self::Bit(16..))
    }
}

/// The names of the kinds without an argument.
const NAMES: [(&str, Kind); 11] = [
    ("bool", Kind::Bool),
    ("u16", Kind::U16),
    ("i16", Kind::I16),
    ("u32", Kind::U32),
    ("i32", Kind::I32),
    ("u64", Kind::U64),
    ("i64", Kind::I64),
    ("f32", Kind::F32),
    ("f64", Kind::F64),
    ("bcd16", Kind::Bcd16),
    ("bcd32", Kind::Bcd32),
];

impl fmt::Display for Kind {
    /// The name in configuration: `u16`, `f32`, `bool`, `bit3`, …
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Bit(bit) = self {
            return write!(f, "bit{bit}");
        }
        let named = NAMES.iter().find(|(_, kind)| kind == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

/// The text names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is no kind; use bool, bit0 to bit15, u16, i16, u32, i32, u64, i64, f32, f64, bcd16 or bcd32"
)]
pub struct ParseKindError {
    text: String,
}

impl FromStr for Kind {
    type Err = ParseKindError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = NAMES.iter().find(|(name, _)| *name == text);
        named
            .map(|(_, kind)| *kind)
            .or_else(|| parse_bit(text))
            .ok_or_else(|| ParseKindError {
                text: text.chars().take(32).collect(),
            })
    }
}

fn parse_bit(text: &str) -> Option<Kind> {
    let digits = text.strip_prefix("bit")?;
    let plain = digits.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let bit: u8 = digits.parse().ok().filter(|bit| plain && *bit < 16)?;
    Some(Kind::Bit(bit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        let bits = (0..16).map(Kind::Bit);
        for kind in NAMES.map(|(_, kind)| kind).into_iter().chain(bits) {
            assert_eq!(kind.to_string().parse(), Ok(kind));
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "u8", "bit", "bit16", "bit-1", "bit+1", "bit001", "U16"] {
            assert!(text.parse::<Kind>().is_err(), "{text}");
        }
    }

    #[test]
    fn bits_and_registers_are_not_mixed() {
        assert!(Kind::Bool.fits(Table::Coil) && !Kind::Bool.fits(Table::InputRegister));
        assert!(Kind::Bit(15).fits(Table::HoldingRegister));
        assert!(!Kind::Bit(16).fits(Table::HoldingRegister));
        assert!(!Kind::Bit(0).fits(Table::DiscreteInput) && !Kind::F32.fits(Table::Coil));
    }
}

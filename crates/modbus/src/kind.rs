//! What the bits of a point mean.

use std::fmt;
use std::str::FromStr;

use crate::Table;

/// How a point's bits or registers become a number or a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One coil or discrete input: 0 or 1.
    Bool,
    /// One bit of a register, 0 (least significant) to 15: 0 or 1.
    Bit(u8),
    /// The less significant byte of a register, unsigned.
    U8Low,
    /// The more significant byte of a register, unsigned.
    U8High,
    /// The less significant byte of a register, two's complement.
    I8Low,
    /// The more significant byte of a register, two's complement.
    I8High,
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
    /// One register, IEEE 754 half precision.
    F16,
    /// Two registers, IEEE 754 single precision.
    F32,
    /// Four registers, IEEE 754 double precision.
    F64,
    /// One register of four decimal digits, 0 to 9,999.
    Bcd16,
    /// Two registers of eight decimal digits, 0 to 99,999,999.
    Bcd32,
    /// Three registers of twelve decimal digits.
    Bcd48,
    /// Four registers of sixteen decimal digits; exact up to 2⁵³.
    Bcd64,
    /// Two registers, seconds since 1970 in UTC; the value is that number.
    Unix32,
    /// Four registers, seconds since 1970 in UTC.
    Unix64,
    /// Four registers, milliseconds since 1970 in UTC; the value is in seconds.
    Unix64Ms,
    /// Four registers, calendar time (IEC 60870-5-101, 7.2.6.18) taken as UTC; the value is in
    /// seconds since 1970. In the order `abcd` year, month and day, hour and minute, milliseconds;
    /// in the order `dcba` the bytes are those of IEC 60870-5.
    Cp56,
    /// A text of so many registers, 1 to 125, two bytes in each ([`text_bytes`](crate::text_bytes)):
    /// no number.
    Text(u16),
}

impl Kind {
    /// How many registers the value takes, 1 to 4, or as many as a text has; for [`Kind::Bool`], one
    /// bit of its table.
    pub const fn registers(self) -> u16 {
        match self {
            Self::Bool | Self::Bit(_) | Self::U8Low | Self::U8High | Self::I8Low => 1,
            Self::I8High | Self::U16 | Self::I16 | Self::F16 | Self::Bcd16 => 1,
            Self::U32 | Self::I32 | Self::F32 | Self::Bcd32 | Self::Unix32 => 2,
            Self::Bcd48 => 3,
            Self::U64 | Self::I64 | Self::F64 | Self::Bcd64 => 4,
            Self::Unix64 | Self::Unix64Ms | Self::Cp56 => 4,
            Self::Text(registers) => registers,
        }
    }

    /// Whether the value is a text.
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Text(_))
    }

    /// Whether the value is an instant, in seconds since 1970.
    pub const fn is_time(self) -> bool {
        matches!(
            self,
            Self::Unix32 | Self::Unix64 | Self::Unix64Ms | Self::Cp56
        )
    }

    /// Whether the value is a whole number that may stand for a state, a code or an exponent.
    pub const fn is_integer(self) -> bool {
        !self.is_time() && !matches!(self, Self::F16 | Self::F32 | Self::F64 | Self::Text(_))
    }

    /// Whether a point of `table` can be of this kind: [`Kind::Bool`] in the tables of bits, all
    /// others in those of registers, [`Kind::Bit`] up to 15, [`Kind::Text`] of 1 to 125.
    pub const fn fits(self, table: Table) -> bool {
        table.is_bits() == matches!(self, Self::Bool)
            && !matches!(self, Self::Bit(16..) | Self::Text(0 | 126..))
    }
}

/// The names of the kinds without an argument.
const NAMES: [(&str, Kind); 22] = [
    ("bool", Kind::Bool),
    ("u8_low", Kind::U8Low),
    ("u8_high", Kind::U8High),
    ("i8_low", Kind::I8Low),
    ("i8_high", Kind::I8High),
    ("u16", Kind::U16),
    ("i16", Kind::I16),
    ("u32", Kind::U32),
    ("i32", Kind::I32),
    ("u64", Kind::U64),
    ("i64", Kind::I64),
    ("f16", Kind::F16),
    ("f32", Kind::F32),
    ("f64", Kind::F64),
    ("bcd16", Kind::Bcd16),
    ("bcd32", Kind::Bcd32),
    ("bcd48", Kind::Bcd48),
    ("bcd64", Kind::Bcd64),
    ("unix32", Kind::Unix32),
    ("unix64", Kind::Unix64),
    ("unix64ms", Kind::Unix64Ms),
    ("cp56", Kind::Cp56),
];

impl fmt::Display for Kind {
    /// The name in configuration: `u16`, `f32`, `bool`, `bit3`, …; `string` for a text of any
    /// length.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Bit(bit) = self {
            return write!(f, "bit{bit}");
        }
        if self.is_text() {
            return f.write_str("string");
        }
        let named = NAMES.iter().find(|(_, kind)| kind == self);
        f.write_str(named.map_or("", |(name, _)| name))
    }
}

/// The text names no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is no kind; use bool, bit0 to bit15, u8_low, u8_high, i8_low, i8_high, u16, i16, u32, i32, u64, i64, f16, f32, f64, bcd16, bcd32, bcd48, bcd64, unix32, unix64, unix64ms, cp56, or string with its length"
)]
pub struct ParseKindError {
    text: String,
}

impl FromStr for Kind {
    type Err = ParseKindError;

    /// Reads the name of any kind but [`Kind::Text`], which is more than a name.
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
        for text in [
            "", "string", "u8", "bit", "bit16", "bit-1", "bit+1", "bit001", "U16",
        ] {
            assert!(text.parse::<Kind>().is_err(), "{text}");
        }
    }

    #[test]
    fn bits_and_registers_are_not_mixed() {
        assert!(Kind::Bool.fits(Table::Coil) && !Kind::Bool.fits(Table::InputRegister));
        assert!(Kind::Bit(15).fits(Table::HoldingRegister));
        assert!(!Kind::Bit(16).fits(Table::HoldingRegister));
        assert!(!Kind::Bit(0).fits(Table::DiscreteInput) && !Kind::F32.fits(Table::Coil));
        assert!(Kind::Text(1).fits(Table::InputRegister) && !Kind::Text(1).fits(Table::Coil));
        assert!(Kind::Text(125).fits(Table::HoldingRegister));
        assert!(
            ![0, 126]
                .into_iter()
                .any(|n| Kind::Text(n).fits(Table::HoldingRegister))
        );
    }
}

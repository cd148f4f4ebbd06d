//! Values as the wire types them.

use std::fmt;

/// The value of a point, in the type the outstation chose to send it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// One bit.
    Binary(bool),
    /// Two bits: four states, of which two are none that a switch should stay in.
    DoubleBit(DoubleBit),
    /// 16 bits, unsigned: a counter rolls over after 65,535.
    Uint16(u16),
    /// 32 bits, unsigned: a counter rolls over after 4,294,967,295.
    Uint32(u32),
    /// 16 bits, signed.
    Int16(i16),
    /// 32 bits, signed.
    Int32(i32),
    /// IEEE 754 binary32; may be infinite or not a number.
    Float32(f32),
    /// IEEE 754 binary64; may be infinite or not a number.
    Float64(f64),
    /// Octets of no declared meaning, often text; 1 to 255 of them. They are foreign: never a
    /// format string, never trusted to be UTF-8.
    Octets(&'a [u8]),
}

/// The state of a double-bit binary input (IEEE 1815-2012, Annex A, group 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DoubleBit {
    /// 0: between the positions.
    Intermediate,
    /// 1: off or open.
    Off,
    /// 2: on or closed.
    On,
    /// 3: both positions at once, or none known.
    Indeterminate,
}

impl DoubleBit {
    /// The state of the two low bits of `bits`.
    #[inline]
    pub const fn from_bits(bits: u8) -> Self {
        match bits & 3 {
            0 => Self::Intermediate,
            1 => Self::Off,
            2 => Self::On,
            _ => Self::Indeterminate,
        }
    }

    /// The two bits: 0 to 3.
    #[inline]
    pub const fn bits(self) -> u8 {
        match self {
            Self::Intermediate => 0,
            Self::Off => 1,
            Self::On => 2,
            Self::Indeterminate => 3,
        }
    }
}

impl Value<'_> {
    /// The value as a number, exactly: a bit is 0 or 1, two bits are 0 to 3; `None` for octets.
    pub fn number(self) -> Option<f64> {
        Some(match self {
            Self::Binary(bit) => f64::from(bit),
            Self::DoubleBit(state) => f64::from(state.bits()),
            Self::Uint16(value) => f64::from(value),
            Self::Uint32(value) => f64::from(value),
            Self::Int16(value) => f64::from(value),
            Self::Int32(value) => f64::from(value),
            Self::Float32(value) => f64::from(value),
            Self::Float64(value) => value,
            Self::Octets(_) => return None,
        })
    }
}

impl fmt::Display for DoubleBit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intermediate => "intermediate",
            Self::Off => "off",
            Self::On => "on",
            Self::Indeterminate => "indeterminate",
        })
    }
}

impl fmt::Display for Value<'_> {
    /// Octets are escaped: control characters cannot reach a terminal or a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Binary(bit) => f.write_str(if *bit { "on" } else { "off" }),
            Self::DoubleBit(state) => state.fmt(f),
            Self::Uint16(value) => value.fmt(f),
            Self::Uint32(value) => value.fmt(f),
            Self::Int16(value) => value.fmt(f),
            Self::Int32(value) => value.fmt(f),
            Self::Float32(value) => value.fmt(f),
            Self::Float64(value) => value.fmt(f),
            Self::Octets(octets) => write!(f, "'{}'", octets.escape_ascii()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn double_bits_stay_four() {
        let numbers = (0..4).map(|bits| Value::DoubleBit(DoubleBit::from_bits(bits)).number());
        assert!(numbers.eq([0.0, 1.0, 2.0, 3.0].map(Some)));
    }

    #[test]
    fn octets_are_escaped() {
        assert_eq!(Value::Octets(b"%n\x1b[2J").to_string(), "'%n\\x1b[2J'");
        assert_eq!(Value::Octets(b"%n").number(), None);
    }
}

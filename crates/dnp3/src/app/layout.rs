//! How objects lie in a fragment.

use crate::app::Width;

/// How the objects of a variation lie in a fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Its headers only name objects; there are none to carry.
    HeaderOnly,
    /// One bit per object, from the least significant bit on, padded to whole octets.
    Bits,
    /// Two bits per object, from the least significant bits on, padded to whole octets.
    BitPairs,
    /// The same fields in every object, one behind the other.
    Fields(&'static [Field]),
    /// As many octets as the number of the variation.
    Octets(u8),
    /// An octet of type, an octet of length, and as many octets.
    Attribute,
    /// As many octets as a prefix says; only qualifiers with a size prefix can carry it.
    Sized,
}

/// One field of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Flags, one octet.
    Flags,
    /// Flags with the state in bit 7, one octet.
    BinaryState,
    /// Flags with the state in bits 7 and 6, one octet.
    DoubleBitState,
    /// The state ordered in bit 7, the status of the order in the others; one octet.
    CommandState,
    /// The status of an order, one octet.
    Status,
    /// The value.
    Value(Number),
    /// By how much a counter went on, not where it stands; obsolete.
    Delta(Number),
    /// Milliseconds since 1970 UTC, six octets.
    Time,
    /// Milliseconds since the common time of occurrence, two octets.
    RelativeTime,
    /// An unsigned number that says what its name says.
    Named(&'static str, Width),
    /// As many octets that say what the name says, in a form not read here.
    Opaque(&'static str, u8),
}

/// How the value of an object is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Number {
    /// A bit; it has no octets of its own.
    Binary,
    /// Two bits; they have no octets of their own.
    DoubleBit,
    /// Two octets, unsigned.
    Uint16,
    /// Four octets, unsigned.
    Uint32,
    /// Two octets, two's complement.
    Int16,
    /// Four octets, two's complement.
    Int32,
    /// IEEE 754 binary32.
    Float32,
    /// IEEE 754 binary64.
    Float64,
}

impl Number {
    /// The octets it takes beside the flags.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Binary | Self::DoubleBit => 0,
            Self::Uint16 | Self::Int16 => 2,
            Self::Uint32 | Self::Int32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }
}

impl Field {
    /// The octets it takes.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Flags
            | Self::BinaryState
            | Self::DoubleBitState
            | Self::CommandState
            | Self::Status => 1,
            Self::Value(number) | Self::Delta(number) => number.bytes(),
            Self::Named(_, width) => width.bytes(),
            Self::Time => 6,
            Self::RelativeTime => 2,
            Self::Opaque(_, bytes) => bytes as usize,
        }
    }

    /// The name, in lower case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flags | Self::BinaryState | Self::DoubleBitState => "flags",
            Self::CommandState => "commanded state and status",
            Self::Status => "status",
            Self::Value(_) => "value",
            Self::Delta(_) => "delta",
            Self::Time => "time",
            Self::RelativeTime => "relative time",
            Self::Named(name, _) | Self::Opaque(name, _) => name,
        }
    }
}

impl Layout {
    /// The octets of one object, without its prefix; `None` if objects of this layout have no
    /// whole octets of their own or tell their size themselves.
    pub const fn object_bytes(self) -> Option<usize> {
        match self {
            Self::HeaderOnly | Self::Bits | Self::BitPairs | Self::Attribute | Self::Sized => None,
            Self::Octets(bytes) => Some(bytes as usize),
            Self::Fields(fields) => {
                let (mut bytes, mut rest) = (0, fields);
                while let [field, others @ ..] = rest {
                    bytes += field.bytes();
                    rest = others;
                }
                Some(bytes)
            }
        }
    }

    /// The bits of one object if objects share octets.
    pub(crate) const fn packed_bits(self) -> Option<u32> {
        match self {
            Self::Bits => Some(1),
            Self::BitPairs => Some(2),
            Self::HeaderOnly
            | Self::Fields(_)
            | Self::Octets(_)
            | Self::Attribute
            | Self::Sized => None,
        }
    }

    /// How the objects hold the value of a point; `None` if they hold none, or octets.
    pub(crate) const fn format(self) -> Option<Format> {
        let Self::Fields(fields) = self else {
            return None;
        };
        Some(match fields {
            [Field::Value(number)] => Format::new(false, *number, TimeField::None),
            [Field::Flags | Field::Status, Field::Value(number)] => {
                Format::new(true, *number, TimeField::None)
            }
            [
                Field::Flags | Field::Status,
                Field::Value(number),
                Field::Time,
            ] => Format::new(true, *number, TimeField::Absolute),
            [Field::BinaryState | Field::CommandState, time @ ..] => {
                Format::new(true, Number::Binary, TimeField::of(time))
            }
            [Field::DoubleBitState, time @ ..] => {
                Format::new(true, Number::DoubleBit, TimeField::of(time))
            }
            _ => return None,
        })
    }
}

/// How objects of whole octets hold the value of a point: flags if any, the number, the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) has_flags: bool,
    pub(crate) number: Number,
    pub(crate) time: TimeField,
}

/// The time at the end of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeField {
    None,
    Absolute,
    Relative,
}

impl Format {
    const fn new(has_flags: bool, number: Number, time: TimeField) -> Self {
        Self {
            has_flags,
            number,
            time,
        }
    }
}

impl TimeField {
    const fn of(fields: &[Field]) -> Self {
        match fields {
            [Field::Time] => Self::Absolute,
            [Field::RelativeTime] => Self::Relative,
            _ => Self::None,
        }
    }

    /// The octets it takes.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::Absolute => 6,
            Self::Relative => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_sums_of_fields() {
        let event = Layout::Fields(&[Field::Flags, Field::Value(Number::Float32), Field::Time]);
        assert_eq!(event.object_bytes(), Some(11));
        assert_eq!(Layout::Octets(255).object_bytes(), Some(255));
        assert_eq!(Layout::Bits.object_bytes(), None);
    }

    #[test]
    fn only_values_of_points_have_a_format() {
        let deadband = Layout::Fields(&[Field::Value(Number::Uint16)])
            .format()
            .unwrap();
        assert!(!deadband.has_flags && deadband.time == TimeField::None);
        let relative = Layout::Fields(&[Field::BinaryState, Field::RelativeTime]).format();
        assert_eq!(relative.unwrap().time, TimeField::Relative);
        let command = Layout::Fields(&[Field::Value(Number::Int16), Field::Status]);
        assert_eq!(command.format(), None);
        assert_eq!(Layout::Fields(&[Field::Time]).format(), None);
        let delta = Layout::Fields(&[Field::Flags, Field::Delta(Number::Uint32)]);
        assert_eq!(delta.format(), None);
    }
}

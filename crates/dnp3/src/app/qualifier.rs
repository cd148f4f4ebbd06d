//! The qualifier octet: how an object header says which objects follow.

use std::fmt;

/// What stands before every object (IEEE 1815-2012, 4.2.2.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// Nothing.
    None,
    /// The index of its point, in 1, 2 or 4 octets.
    Index(Width),
    /// The size of the object, in 1, 2 or 4 octets.
    Size(Width),
}

/// How the header says how many objects there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RangeForm {
    /// By the indexes of the first and the last.
    Span(Width),
    /// By the virtual addresses of the first and the last.
    Addresses(Width),
    /// Not at all: all of them are meant.
    All,
    /// By their number.
    Count(Width),
    /// By their number in one octet, each of a size of its own.
    SizedCount,
}

/// The octets of a number in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Width {
    /// One octet.
    One,
    /// Two octets.
    Two,
    /// Four octets.
    Four,
}

/// A qualifier octet that the standard allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Qualifier {
    prefix: Prefix,
    range: RangeForm,
}

impl Qualifier {
    /// 0x00: first and last index in one octet each.
    pub const SPAN_8: Self = Self::new(Prefix::None, RangeForm::Span(Width::One));
    /// 0x01: first and last index in two octets each.
    pub const SPAN_16: Self = Self::new(Prefix::None, RangeForm::Span(Width::Two));
    /// 0x06: all objects.
    pub const ALL: Self = Self::new(Prefix::None, RangeForm::All);
    /// 0x07: a number of objects in one octet.
    pub const COUNT_8: Self = Self::new(Prefix::None, RangeForm::Count(Width::One));
    /// 0x08: a number of objects in two octets.
    pub const COUNT_16: Self = Self::new(Prefix::None, RangeForm::Count(Width::Two));
    /// 0x17: a number of objects in one octet, each behind its index in one octet.
    pub const INDEX_8: Self = Self::new(Prefix::Index(Width::One), RangeForm::Count(Width::One));
    /// 0x28: a number of objects in two octets, each behind its index in two octets.
    pub const INDEX_16: Self = Self::new(Prefix::Index(Width::Two), RangeForm::Count(Width::Two));
    /// 0x5B: a number of objects in one octet, each behind its size in two octets.
    pub const SIZED_16: Self = Self::new(Prefix::Size(Width::Two), RangeForm::SizedCount);

    /// Reads the octet; `None` if a code is reserved or the codes do not go together: an index
    /// needs a number of objects behind it, a size needs range code B, and B needs a size.
    pub const fn decode(octet: u8) -> Option<Self> {
        let prefix = match octet >> 4 {
            0 => Prefix::None,
            1 => Prefix::Index(Width::One),
            2 => Prefix::Index(Width::Two),
            3 => Prefix::Index(Width::Four),
            4 => Prefix::Size(Width::One),
            5 => Prefix::Size(Width::Two),
            6 => Prefix::Size(Width::Four),
            _ => return None,
        };
        let range = match octet & 0x0f {
            0x0 => RangeForm::Span(Width::One),
            0x1 => RangeForm::Span(Width::Two),
            0x2 => RangeForm::Span(Width::Four),
            0x3 => RangeForm::Addresses(Width::One),
            0x4 => RangeForm::Addresses(Width::Two),
            0x5 => RangeForm::Addresses(Width::Four),
            0x6 => RangeForm::All,
            0x7 => RangeForm::Count(Width::One),
            0x8 => RangeForm::Count(Width::Two),
            0x9 => RangeForm::Count(Width::Four),
            0xb => RangeForm::SizedCount,
            _ => return None,
        };
        let is_legal = match (prefix, range) {
            (Prefix::None, RangeForm::SizedCount) => false,
            (Prefix::None, _)
            | (Prefix::Index(_), RangeForm::Count(_))
            | (Prefix::Size(_), RangeForm::SizedCount) => true,
            (Prefix::Index(_) | Prefix::Size(_), _) => false,
        };
        if is_legal {
            Some(Self { prefix, range })
        } else {
            None
        }
    }

    /// The octet on the wire.
    pub const fn octet(self) -> u8 {
        let prefix = match self.prefix {
            Prefix::None => 0x00,
            Prefix::Index(width) => 0x10 + 0x10 * width.code(),
            Prefix::Size(width) => 0x40 + 0x10 * width.code(),
        };
        let range = match self.range {
            RangeForm::Span(width) => width.code(),
            RangeForm::Addresses(width) => 0x3 + width.code(),
            RangeForm::All => 0x6,
            RangeForm::Count(width) => 0x7 + width.code(),
            RangeForm::SizedCount => 0xb,
        };
        prefix | range
    }

    /// What stands before every object.
    pub const fn prefix(self) -> Prefix {
        self.prefix
    }

    /// How the header says how many objects there are.
    pub const fn range(self) -> RangeForm {
        self.range
    }

    /// First and last index in `width` octets each.
    pub(crate) const fn of_span(width: Width) -> Self {
        Self::new(Prefix::None, RangeForm::Span(width))
    }

    /// A number of objects in `width` octets, each behind its index in as many.
    pub(crate) const fn of_index(width: Width) -> Self {
        Self::new(Prefix::Index(width), RangeForm::Count(width))
    }

    const fn new(prefix: Prefix, range: RangeForm) -> Self {
        Self { prefix, range }
    }
}

impl fmt::Display for Qualifier {
    /// As people write it: `0x28`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x}", self.octet())
    }
}

impl Prefix {
    /// The octets before every object.
    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::None => 0,
            Self::Index(width) | Self::Size(width) => width.bytes(),
        }
    }
}

impl Width {
    /// How many octets.
    pub const fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::One => 0,
            Self::Two => 1,
            Self::Four => 2,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_octets_round_trip() {
        let legal = (0..=u8::MAX).filter(|octet| {
            let qualifier = Qualifier::decode(*octet);
            assert!(qualifier.is_none_or(|qualifier| qualifier.octet() == *octet));
            qualifier.is_some()
        });
        assert!(legal.eq([
            0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, // no prefix
            0x17, 0x18, 0x19, 0x27, 0x28, 0x29, 0x37, 0x38, 0x39, // index
            0x4b, 0x5b, 0x6b, // size
        ]));
    }

    #[test]
    fn the_common_ones_have_names() {
        for (qualifier, octet) in [
            (Qualifier::SPAN_8, 0x00),
            (Qualifier::SPAN_16, 0x01),
            (Qualifier::ALL, 0x06),
            (Qualifier::COUNT_8, 0x07),
            (Qualifier::COUNT_16, 0x08),
            (Qualifier::INDEX_8, 0x17),
            (Qualifier::INDEX_16, 0x28),
            (Qualifier::SIZED_16, 0x5b),
        ] {
            assert_eq!(Qualifier::decode(octet), Some(qualifier));
        }
        assert_eq!(Qualifier::INDEX_16.to_string(), "0x28");
    }
}

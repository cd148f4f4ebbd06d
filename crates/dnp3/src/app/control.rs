//! The application control octet: which fragment of which message this is.

use std::fmt;

/// The number of a fragment, 0 to 15 (IEEE 1815-2012, 4.2.2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sequence(u8);

impl Sequence {
    /// The number 0.
    pub const ZERO: Self = Self(0);

    /// The number `value`; `None` above 15.
    pub const fn new(value: u8) -> Option<Self> {
        if value <= MASK {
            Some(Self(value))
        } else {
            None
        }
    }

    /// The number: 0 to 15.
    pub const fn value(self) -> u8 {
        self.0
    }

    /// The number of the fragment that follows: 0 comes after 15.
    #[must_use]
    pub const fn next(self) -> Self {
        Self((self.0 + 1) & MASK)
    }
}

/// The first octet of every fragment (IEEE 1815-2012, 4.2.2.4).
///
/// Any octet decodes; [`super::Request::check`] and [`super::Response::check`] say whether the bits
/// fit the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Control {
    /// This is the first fragment of its message.
    pub fir: bool,
    /// This is the last fragment of its message.
    pub fin: bool,
    /// The sender asks for a confirm of this fragment.
    pub con: bool,
    /// The sequence number is one of unsolicited responses.
    pub uns: bool,
    /// The number of the fragment.
    pub sequence: Sequence,
}

impl Control {
    /// The control octet of a message of one fragment that asks for no confirm.
    pub const fn single(sequence: Sequence) -> Self {
        Self {
            fir: true,
            fin: true,
            con: false,
            uns: false,
            sequence,
        }
    }

    /// Reads the octet.
    pub const fn decode(octet: u8) -> Self {
        Self {
            fir: octet & FIR != 0,
            fin: octet & FIN != 0,
            con: octet & CON != 0,
            uns: octet & UNS != 0,
            sequence: Sequence(octet & MASK),
        }
    }

    /// The octet on the wire.
    pub const fn encode(self) -> u8 {
        bit(self.fir, FIR)
            | bit(self.fin, FIN)
            | bit(self.con, CON)
            | bit(self.uns, UNS)
            | self.sequence.0
    }
}

impl fmt::Display for Control {
    /// As in `FIR FIN CON sequence 8`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = [
            (self.fir, "FIR "),
            (self.fin, "FIN "),
            (self.con, "CON "),
            (self.uns, "UNS "),
        ];
        for (is_set, name) in bits {
            f.write_str(if is_set { name } else { "" })?;
        }
        write!(f, "sequence {}", self.sequence.value())
    }
}

const fn bit(is_set: bool, bit: u8) -> u8 {
    if is_set { bit } else { 0 }
}

const FIR: u8 = 0x80;
const FIN: u8 = 0x40;
const CON: u8 = 0x20;
const UNS: u8 = 0x10;
const MASK: u8 = 0x0f;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_round_trips() {
        for octet in 0..=u8::MAX {
            assert_eq!(Control::decode(octet).encode(), octet);
        }
    }

    #[test]
    fn bits_are_where_the_standard_puts_them() {
        let control = Control::decode(0xe8);
        assert!(control.fir && control.fin && control.con && !control.uns);
        assert_eq!(control.sequence.value(), 8);
        assert_eq!(Control::single(Sequence::ZERO).encode(), 0xc0);
        assert!(Control::decode(0x10).uns);
    }

    #[test]
    fn sequences_wrap() {
        assert_eq!(Sequence::new(16), None);
        let last = Sequence::new(15).unwrap();
        assert_eq!(last.next(), Sequence::ZERO);
        assert_eq!(Sequence::ZERO.next().value(), 1);
    }
}

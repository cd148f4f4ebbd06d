//! What a device answered to a request.

/// The registers or bits of one request's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    pub(crate) data: Data<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data<'a> {
    Registers(&'a [u16]),
    Bits(&'a [bool]),
    Packed(Packed<'a>),
}

/// So many bits as the wire has them: eight to a byte, the first one in the least significant bit
/// (V1.1b3, 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packed<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) count: usize,
}

impl<'a> Answer<'a> {
    /// An answer of registers, each with its most significant byte first on the wire (V1.1b3, 4.2).
    pub const fn registers(words: &'a [u16]) -> Self {
        let data = Data::Registers(words);
        Self { data }
    }

    /// An answer of coils or discrete inputs, without the padding of the last byte.
    pub const fn bits(bits: &'a [bool]) -> Self {
        let data = Data::Bits(bits);
        Self { data }
    }

    pub(crate) const fn packed(bits: Packed<'a>) -> Self {
        let data = Data::Packed(bits);
        Self { data }
    }
}

impl Data<'_> {
    pub(crate) fn is_bits(self) -> bool {
        !matches!(self, Self::Registers(_))
    }

    /// How many registers or bits.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Registers(words) => words.len(),
            Self::Bits(bits) => bits.len(),
            Self::Packed(bits) => bits.count,
        }
    }
}

impl Packed<'_> {
    /// The bit at that place; `None` behind the last one.
    #[inline]
    pub(crate) fn get(self, at: usize) -> Option<bool> {
        let byte = self.bytes.get(at / 8).filter(|_| at < self.count)?;
        Some(byte >> (at % 8) & 1 == 1)
    }
}

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
}

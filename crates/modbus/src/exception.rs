//! What a request is refused with.

/// The exceptions that GridOS answers with (V1.1b3, 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Exception {
    /// The function is none that is served here.
    #[error("illegal function")]
    IllegalFunction,
    /// An address that no configured point covers, or beyond the end of the table.
    #[error("illegal data address")]
    IllegalAddress,
    /// A count or a length that the function does not allow.
    #[error("illegal data value")]
    IllegalValue,
    /// What was written could not be made durable.
    #[error("server device failure")]
    Failure,
    /// The engine is at its limit: send it again.
    #[error("server device busy")]
    Busy,
    /// No device is configured for the unit.
    #[error("gateway path unavailable")]
    NoPath,
}

impl Exception {
    /// All of them, in the order of their codes.
    pub const ALL: [Self; 6] = [
        Self::IllegalFunction,
        Self::IllegalAddress,
        Self::IllegalValue,
        Self::Failure,
        Self::Busy,
        Self::NoPath,
    ];

    /// The code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Self::IllegalFunction => 1,
            Self::IllegalAddress => 2,
            Self::IllegalValue => 3,
            Self::Failure => 4,
            Self::Busy => 6,
            Self::NoPath => 10,
        }
    }
}

//! Why a segment came to nothing.

use super::{FragmentMax, Header};

/// A segment that belongs to no fragment. The peer or a lost frame is at fault; the next segment
/// with FIR begins anew, so nothing has to be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The user data have not even a header.
    #[error("a segment without a header")]
    Empty,
    /// It continues a fragment, and none has begun.
    #[error("{0} continues nothing")]
    Orphan(Header),
    /// It continues a fragment between other stations. That fragment goes on.
    #[error("{0} has other addresses than the fragment it continues")]
    OtherAddresses(Header),
    /// It is not the next one. The fragment is given up.
    #[error("{header} came instead of segment {expected}")]
    Sequence {
        /// The segment.
        header: Header,
        /// The number it should have.
        expected: u8,
    },
    /// The fragment would become longer than allowed. It is given up.
    #[error("{header} makes a fragment of {bytes} bytes; at most {limit} are allowed")]
    Long {
        /// The segment.
        header: Header,
        /// How long the fragment would be.
        bytes: usize,
        /// How long it may be.
        limit: FragmentMax,
    },
    /// The fragment is complete and has no bytes.
    #[error("{0} ends a fragment without any bytes")]
    Nothing(Header),
}

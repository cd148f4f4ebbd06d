//! Why bytes are no frame.

use super::{Address, ControlError};

/// Bytes that began like a frame and are none. The sender or the line is at fault; the reader has
/// already passed over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}, at byte {offset} of the stream")]
pub struct LinkError {
    /// Where the start bytes stand, counted from the beginning of the stream.
    pub offset: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with bytes that began like a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The checksum of the header is wrong. Nothing else in it can be believed.
    #[error("the header's checksum is {found:#06x} instead of {computed:#06x}")]
    HeaderCrc {
        /// What stands there.
        found: u16,
        /// What the bytes before give.
        computed: u16,
    },
    /// The length is less than the control octet and the addresses take.
    #[error("the length is {0}; the least is 5")]
    Length(u8),
    /// The control octet has no meaning.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// The function carries user data and there is none.
    #[error("control octet {control:#04x} needs user data and has none")]
    Missing {
        /// The control octet.
        control: u8,
    },
    /// The function carries no user data and there is some.
    #[error("control octet {control:#04x} cannot carry user data and has {bytes} bytes")]
    Unwanted {
        /// The control octet.
        control: u8,
        /// How many bytes follow the header.
        bytes: u8,
    },
    /// The source is not one station.
    #[error("the source address is {:#06x}", .0.raw())]
    Source(Address),
    /// The checksum of a block of user data is wrong.
    #[error("the checksum of block {block} is {found:#06x} instead of {computed:#06x}")]
    BodyCrc {
        /// Which block, counted from 0.
        block: u8,
        /// What stands there.
        found: u16,
        /// What the block gives.
        computed: u16,
    },
}

//! Devices that dial in: the engine polls them over the connection that they made.

mod inbox;

pub use inbox::Inbox;

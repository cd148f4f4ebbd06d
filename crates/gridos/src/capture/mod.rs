//! Captures of a network: what each side of a conversation sent, in order.
//!
//! Reads classic pcap and pcapng, Ethernet, Linux cooked and raw IP, IPv4 and IPv6, TCP and UDP.
//! Whatever else is in the file is counted and passed over; whatever the file claims is checked
//! against what it has.

mod classic;
mod conversation;
mod file;
mod next_generation;
mod packet;
mod tcp;

pub use conversation::{Conversation, Conversations, Passed, Protocol};
pub use file::{FileError, Packet, is_capture, packets};
pub use tcp::Arrival;

#[cfg(test)]
mod tests;

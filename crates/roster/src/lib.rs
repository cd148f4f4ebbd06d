//! Members of a fleet over NATS JetStream: what drives the machines of `gridos-fleet`.
//!
//! All that members share is one key-value bucket: a record of each member, the plan that says who has
//! which channel, and the share of the canary. It is read by one ordered watch and written by
//! compare-and-swap only; beside them stands what is noted of a channel for whoever takes it next. While it
//! is away, members keep each other by promises over a direct line. This crate must not know what a channel is
//! polled by, nor databases or configurations: it tells whoever starts and ends sessions what to take and what to
//! give back.

mod bucket;
mod format;
mod hands;
mod known;
mod member;
mod notes;
mod options;
mod peers;
mod progress;
mod roll;
mod survey;
mod under_way;
mod watching;

pub use bucket::{Bucket, BucketError};
pub use format::{FormatError, plan_bytes_max, rewritten, rewritten_datagram};
pub use gridos_nats::Credentials;
pub use hands::{HandOver, Hands, Note};
pub use member::{Member, Terms};
pub use options::{BucketOptions, PeerOptions};
pub use roll::{Roll, Standing};
pub use survey::Survey;

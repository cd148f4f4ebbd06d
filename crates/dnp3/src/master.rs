//! The master's side of one outstation: what is asked and when, what is confirmed and when not.
//!
//! An [`Association`] is everything about one outstation above the transport function. Fragments
//! and the time go in; fragments to send, [`Event`]s and the next deadline come out. It has no
//! word for an order to the field: what it sends is a [`crate::app::MasterRequest`].
//!
//! Events are confirmed when they are durable, not when they have arrived: what is delivered has a
//! [`Token`], and the confirm waits until [`Association::handle_durable`] brings it back. If it
//! comes too late, the outstation sends the events again, and [`Delivery::may_repeat`] says so.

mod agenda;
mod association;
mod clock;
mod config;
mod confirms;
mod counters;
mod event;
mod exchange;
mod indications;
mod poll;
mod presence;
mod received;
mod task;
mod time;
mod unsolicited;

pub use association::Association;
pub use config::{Config, Confirm, EarlyEvents, Retry, TimeSync};
pub use counters::Counters;
pub use event::{Event, Failure, Gap, Offline};
pub use exchange::Times;
pub use poll::{Assignments, Poll, PollError};
pub use received::{DeadLetter, Delivery, Ignored, Received, Token};
pub use task::Task;

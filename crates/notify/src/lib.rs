//! Who is told of alarms outside: Prometheus Alertmanager, which routes to mail, chat and pagers,
//! and plain webhooks.
//!
//! What is to be told is a table by alarm, not a queue: it cannot overflow, and an outage of the
//! receiver costs nothing but the moments in between. A notification goes out when an alarm is
//! annunciated and when it has returned to normal, and is sent until the receiver has taken it. In a
//! flood a summary stands for the single ones.
//!
//! This crate must not know protocols of devices, and no SQL.

mod alert;
mod backoff;
mod body;
mod client;
mod flood;
mod notifier;
mod outbox;
mod reach;
mod state;
mod target;

pub use alert::Alert;
pub use body::{AlertmanagerAlert, Body, WebhookAlarm, WebhookMessage};
pub use client::{Access, Address, AddressError, ClientError, SendError, Sender};
pub use flood::{AreaFlood, Floods, KeptMeter};
pub use notifier::{Notifier, Sources};
pub use outbox::{Delivery, Kept, KeptEntry, Outbox, Standing};
pub use target::{Receiver, Target};

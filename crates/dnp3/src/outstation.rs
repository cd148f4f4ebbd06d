//! A simulated outstation: what an RTU or IED says to a master, honestly or with faults on purpose.
//!
//! An [`Outstation`] takes the fragments of a master and gives its own; a driver joins it to the
//! [link layer](crate::link) and the [transport function](crate::transport). Many outstations
//! share one [`PointTable`] and one [`OutstationConfig`].
//!
//! It measures only: orders to outputs are refused. Every event it makes has a number, and its
//! [`Ledger`] tells what became of each, so that a test can say what a master must have stored.

mod assign;
mod attribute;
mod clock;
mod config;
mod counters;
mod event;
mod event_buffer;
mod faults;
mod fragment;
mod held;
mod ledger;
mod machine;
mod number_set;
mod orders;
mod point_kind;
mod point_table;
mod promotion;
mod reading;
mod requests;
mod selection;
mod solicited;
mod unsolicited;
mod update;
mod values;
mod writing;

pub use attribute::Attribute;
pub use clock::Moment;
pub use config::{
    ClockConfig, EventCapacities, NullUnsolicited, OutstationConfig, Overflow, Retries, RetryStyle,
    UnsolicitedConfig,
};
pub use counters::OutstationCounters;
pub use faults::{Every, Faults};
pub use ledger::{Fate, Ledger};
pub use machine::{Kept, Outstation};
pub use number_set::NumberSet;
pub use point_kind::PointKind;
pub use point_table::{PointDefinition, PointId, PointTable, PointTableError};
pub use update::{Change, Update, UpdateError};

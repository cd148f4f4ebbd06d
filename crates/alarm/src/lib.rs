//! Alarms: which readings change one (the judge), in what state it is then, and what operators
//! may do about it (ISA-18.2).
//!
//! This crate must not know any clock, storage or HTTP: readings, commands and `now` go in, records
//! come out. The judge costs two comparisons per reading as long as no alarm changes.

mod alarms;
mod band;
mod case;
mod command;
mod defined;
mod definition;
mod desk;
mod judge;
pub mod kpi;
mod limits;
mod memory;
mod seconds;
mod word;
mod written;

pub use alarms::{Alarms, Current};
pub use case::{Case, Deed, Moment, Withheld};
pub use command::{Command, NOTE_BYTES_MAX, Order, Outcome, Refusal, SHELF_MAX};
pub use defined::{AlarmIndex, Defined, Generation, Now};
pub use definition::{
    COUNT_MAX, Condition, CountRule, DELAY_MAX, Definition, DefinitionError, Priorities,
    RESPONSE_BYTES_MAX, Reference, STATES_MAX, States, WhichStates,
};
pub use judge::{Judge, Judged};
pub use limits::{Deadbands, Limits, LimitsError, LimitsErrors, LimitsSpec};
pub use memory::{Edit, KEYS_MAX, Memory, UsedKey};

//! Alarms as they are recorded: what kind, in what state, and what happened to them.
//!
//! The state is kept as facts that do not depend on each other; the state that is displayed
//! (ISA-18.2 / IEC 62682) is derived from them.

mod facts;
mod kind;
mod priority;
mod record;

pub use facts::{AlarmFacts, AlarmFlags, AlarmState, Shelf, Suppression};
pub use kind::AlarmKind;
pub use priority::Priority;
pub use record::{AlarmAction, AlarmRecord, Note};

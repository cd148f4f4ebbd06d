//! Replaying what was recorded of the field through this version, off line, and comparing what it
//! makes of it with what another version makes of the same.
//!
//! Polling a device twice is not allowed, so a candidate cannot be fed beside stable. Instead each
//! replays the same journal or capture and writes a *record*: every decoded reading and everything that
//! happened to alarms, to the bit, in the order of the input. There is no clock but that of the input,
//! so two versions that decide alike write the same record; a line that differs is a decision that does.

mod capture;
mod compare;
mod dnp3;
mod heard;
mod journal;
mod judge;
mod line;
mod modbus;
mod record;
mod report;
mod told;

pub(crate) use capture::{Places, replay as replay_captures};
pub(crate) use compare::Comparison;
pub(crate) use journal::{Span, replay as replay_journal};
pub(crate) use judge::Judge;
pub(crate) use line::SourceKind;
pub(crate) use record::Reader;
pub(crate) use report::Report;
pub(crate) use told::Told;

//! How good the alarm system is: the measures of EEMUA 191 and ISA-18.2 (§16) over what happened.
//!
//! Annunciations are counted for the load of operators, per area; activations for the quality of
//! signals, per alarm. Everything is in order of sequence, and in time as the engine learned of it.

mod chatter;
mod episode;
mod flood;
mod load;
mod load_meter;
mod measures;
mod occurred;
mod rate;
mod report;
mod targets;

pub use chatter::ChatterMeter;
pub use episode::{AlarmCounts, Standing};
pub use flood::{Flood, FloodMeter};
pub use load_meter::LoadMeter;
pub use measures::Measures;
pub use occurred::Occurred;
pub use rate::RateMeter;
pub use report::{
    ActorReport, AreaReport, Distribution, FloodReport, KpiReport, SplitReport, StandingReport,
};
pub use targets::Targets;

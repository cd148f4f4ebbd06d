//! DNP3 outstations over TCP: as many as asked, and what can be wrong with their lines.
//!
//! What an outstation says is decided by the machine of `gridos-dnp3`; here are the sockets, the
//! clock, and the process that it measures. A [`Fleet`] runs many of them, on a port each, several
//! behind one port, or calling a master; its [`Report`] tells what became of every event, for a
//! test to compare with a database.

mod fleet;
mod line;
mod member;
mod odds;
mod outlet;
mod port;
mod process;
mod profile;
mod report;
mod unit;

pub use fleet::{Fleet, FleetConfig};
pub use line::LineConfig;
pub use odds::Odds;
pub use outlet::LineFaults;
pub use process::{Numbers, Process};
pub use profile::{FEEDER_POINTS, FeederPoint};
pub use report::{OutstationReport, Report};
pub use unit::Unit;

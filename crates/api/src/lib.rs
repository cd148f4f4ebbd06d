//! HTTP: status, readings in and out, alarms, metrics and the live page.
//!
//! Everything is read from the live view, the alarm board, the telemetry and the store's history;
//! readings that are posted go into the ring like those of any device, and are acknowledged only
//! when they are durable. This crate must not know protocols and SQL.

mod alarms;
mod body;
mod devices;
mod guard;
mod health;
mod history;
mod instant;
mod latest;
mod letters;
mod limits;
mod metrics;
mod page;
mod parameters;
mod patient;
mod periods;
mod post;
mod problem;
mod pulse;
mod readiness;
mod router;
mod scans;
mod serve;
mod settings;
mod state;
mod states;
mod status;

pub use limits::{LimitsBook, PointLimits};
pub use periods::PeriodBook;
pub use readiness::Readiness;
pub use router::router;
pub use serve::serve;
pub use settings::Settings;
pub use state::{ApiState, Engine};
pub use states::{StateTexts, StatesBook};

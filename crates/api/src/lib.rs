//! HTTP: status, readings in and out, alarms, metrics and the live page.
//!
//! Everything is read from the live view, the alarm board, the telemetry and the store's history;
//! readings that are posted go into the ring like those of any device, and are acknowledged only
//! when they are durable. This crate must not know protocols and SQL.

mod access;
mod alarms;
mod aside;
mod body;
mod config;
mod current;
mod devices;
mod form;
mod guard;
mod health;
mod history;
mod instance;
mod instant;
mod latencies;
mod latest;
mod layouts;
mod letters;
mod limit;
mod metrics;
mod observe;
mod openapi;
mod page;
mod parameters;
mod patient;
mod periods;
mod points;
mod post;
mod problem;
mod problem_kinds;
mod pulse;
mod readiness;
mod receive;
mod router;
mod scans;
mod serve;
mod settings;
mod sse;
mod state;
mod states;
mod status;
mod stream;
mod tls;
mod value;

pub use access::{
    Access, AccessError, AccessSettings, CertificateRule, Issuer, IssuerError, OidcSettings,
};
pub use config::{
    Changes, ConfigAnswer, ConfigAsked, ConfigDesk, ConfigOrder, ConfigRefusal, DeviceChanges,
    FaultTold, Names, ReloadReport,
};
pub use instant::{ParseInstantError, parse_instant};
pub use observe::observe;
pub use openapi::openapi;
pub use periods::PeriodBook;
pub use post::{LineFormat, LineMapping, LineMappingError, SeenReading, see_readings};
pub use problem_kinds::{ProblemKind, problem_kinds};
pub use readiness::Readiness;
pub use router::router;
pub use serve::{NextPlant, serve, serve_generations};
pub use settings::Settings;
pub use state::{ApiState, Engine, Plant};
pub use states::{StateTexts, StatesBook};
pub use tls::{ClientCertificates, TlsError, TlsFile, TlsServer, TlsSettings};

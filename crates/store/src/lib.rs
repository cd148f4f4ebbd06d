//! The store: journal chunks in, history out, for SQLite and PostgreSQL.
//!
//! A [`Store`] commits the readings of a chunk and the journal position behind it in one
//! transaction, so that whatever is killed, no reading is stored twice and none is missing; the
//! [`Writer`] carries the journal into it for as long as the engine runs. Users query the SQL
//! views `reading` and `latest`, and for texts `text_reading` and `latest_text`; they never see the
//! arrays beneath. This crate must not know protocols, rings and HTTP.

mod account;
mod alarm_name;
mod backoff;
mod blocking;
mod contents;
mod error;
mod fence;
mod gap;
mod history;
mod introduction;
mod json;
mod latest;
mod maintain;
mod migration;
mod minutes;
pub mod postgres;
mod share;
pub mod sqlite;
mod step;
mod store;
mod writer;

pub use error::StoreError;
use gap::gap_device;
pub use history::{
    AlarmEventRow, AlarmEventsQuery, AlarmPlace, AlarmRow, AlarmsQuery, AuditPlace, AuditQuery,
    AuditRow, Column, ColumnValues, Cursor, DevicePlace, GapRow, GapsQuery, Grid, HistoryQuery,
    Instant, InstantQuery, LetterRow, LettersQuery, ParseCursorError, PointReading, PointRow,
    PointsQuery, ReadingRow, ReadingsPage, ReadingsQuery, Sample, StandingRow, TextRow, TrendQuery,
};
pub use maintain::{Maintain, PartitionWidth, Upkeep, Upkept};
pub use migration::SchemaState;
pub use postgres::{PostgresConfig, PostgresStore};
pub use sqlite::SqliteStore;
pub use store::{Ahead, Loss, Store, Stored};
pub use writer::{Unfollowed, Writer, WriterOptions, WriterSummary};

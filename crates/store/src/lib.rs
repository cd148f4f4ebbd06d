//! The store: journal chunks in, history out, for SQLite and PostgreSQL.
//!
//! A [`Store`] commits the readings of a chunk and the journal position behind it in one
//! transaction, so that whatever is killed, no reading is stored twice and none is missing; the
//! [`Writer`] carries the journal into it for as long as the engine runs. Users query the SQL
//! views `reading` and `latest`, and for texts `text_reading` and `latest_text`; they never see the
//! arrays beneath. This crate must not know protocols, rings and HTTP.

mod account;
mod backoff;
mod blocking;
mod contents;
mod error;
mod history;
mod introduction;
mod json;
mod latest;
mod migration;
mod pack;
pub mod postgres;
pub mod sqlite;
mod step;
mod store;
mod writer;

pub use error::StoreError;
pub use history::{
    AlarmRow, AlarmsQuery, HistoryQuery, LetterRow, LettersQuery, ReadingRow, TextRow,
};
pub use postgres::{PostgresConfig, PostgresStore};
pub use sqlite::SqliteStore;
pub use store::{Loss, Store, Stored};
pub use writer::{Writer, WriterOptions, WriterSummary};

//! The commands that look into a journal.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use gridos_model::Timestamp;

use crate::config::parse_duration;

/// The commands of `gridos journal`.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Shows what is in the journal, how far it is stored, and how long it lasts; changes nothing
    Info(JournalAt),
    /// Reads everything, and says each place that is damaged; changes nothing
    Verify(JournalAt),
    /// Shows the records, one line of JSON for each; changes nothing
    Dump(JournalDump),
    /// Repairs what can be repaired, with the engine stopped; shows what it would do unless --write
    Repair(JournalRepair),
    /// Stores what the journal of an engine that is gone still holds, and ends when nothing is left
    Drain(JournalDrain),
}

/// Which journal.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  gridos journal info examples/small.toml\n  gridos journal verify gridos-data/journal"
)]
pub struct JournalAt {
    /// The configuration file of the engine, or the journal's folder
    #[arg(value_name = "CONFIG|FOLDER")]
    pub place: PathBuf,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What `gridos journal dump` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  gridos journal dump gridos-data/journal --limit 10\n  \
        gridos journal dump gridos-data/journal --device feeder-07 --from 2026-11-23T07:00:00Z"
)]
pub struct JournalDump {
    /// The configuration file of the engine, or the journal's folder
    #[arg(value_name = "CONFIG|FOLDER")]
    pub place: PathBuf,
    /// Only this stream: the name of its folder, or its id
    #[arg(long, value_name = "STREAM")]
    pub stream: Option<String>,
    /// Only what is of this device
    #[arg(long, value_name = "NAME")]
    pub device: Option<String>,
    /// Only what was received at or after this time (RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub from: Option<Timestamp>,
    /// Only what was received before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// Only from this position on
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    pub from_position: u64,
    /// Only before this position
    #[arg(long, value_name = "BYTES", default_value_t = u64::MAX, hide_default_value = true)]
    pub until_position: u64,
    /// No more lines than this
    #[arg(long, value_name = "N", default_value_t = u64::MAX, hide_default_value = true)]
    pub limit: u64,
    /// The records are JSON in any case
    #[arg(long)]
    pub json: bool,
}

/// What `gridos journal repair` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  gridos journal repair gridos-data/journal\n  gridos journal repair gridos-data/journal --write"
)]
pub struct JournalRepair {
    /// The configuration file of the engine, or the journal's folder
    #[arg(value_name = "CONFIG|FOLDER")]
    pub place: PathBuf,
    /// Do it; otherwise it is only shown
    #[arg(long)]
    pub write: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// What `gridos journal drain` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "It is the engine of that configuration without devices, listeners and fleet: it takes nothing and only writes. \
        The engine's name should be that of who wrote the journal (GRIDOS__ENGINE__NAME).\n\n\
        Exit codes: 0 nothing is left, the folder may be removed; 1 something is.\n\n\
        Example:\n  GRIDOS__ENGINE__NAME=north-2 gridos journal drain /etc/gridos/gridos.toml"
)]
pub struct JournalDrain {
    /// The configuration file of the engine
    pub config: PathBuf,
    /// How long it may take
    #[arg(long, value_name = "TIME", default_value = "10min", value_parser = parse_duration)]
    pub within: Duration,
    /// Tell as JSON how it ended
    #[arg(long)]
    pub json: bool,
}

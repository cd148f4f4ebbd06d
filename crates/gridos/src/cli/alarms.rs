//! The commands about alarms.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use gridos_model::Timestamp;

use super::{AlarmsAck, AlarmsList, AlarmsShelve, AlarmsUnshelve, instant};
use crate::config::parse_duration;

/// What `gridos alarms` can do.
#[derive(Debug, Subcommand)]
pub enum AlarmsCommand {
    /// Lists the alarms of a running engine that are not at rest
    List(AlarmsList),
    /// Acknowledges an occurrence of an alarm
    Ack(AlarmsAck),
    /// Hides an alarm for a while; it is judged and recorded all the same
    Shelve(AlarmsShelve),
    /// Shows a shelved alarm again
    Unshelve(AlarmsUnshelve),
    /// Judges stored history with the alarms as configured, or with others: what would have been told
    Replay(AlarmsReplay),
}

/// What `gridos alarms replay` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Shown are the annunciations of the range in fact (as recorded), as configured, and with the \
        other alarms; their split by priority, the busiest 10 minutes, how many occurrences chattered or were \
        over within a minute, and the busiest alarms. The engine may run meanwhile; nothing is written.\n\n\
        The file of --with is a whole configuration, or a table for each alarm to try:\n  \
        [alarm.\"feeder-07.voltage_ab:limit\"]\n  \
        high = 21.4\n  \
        deadband = 0.2\n  \
        on_delay = \"15s\"\n\n\
        Examples:\n  \
        gridos alarms replay gridos.toml --from -7d\n  \
        gridos alarms replay gridos.toml --from -7d --with new-limits.toml --device feeder-07"
)]
pub struct AlarmsReplay {
    /// The configuration file, which names the database
    pub config: PathBuf,
    /// The first instant wanted: RFC 3339, or a time ago such as -1d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = instant)]
    pub from: Timestamp,
    /// The first instant no longer wanted
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "now", value_parser = instant)]
    pub to: Timestamp,
    /// Other alarms to judge with, beside those of the configuration
    #[arg(long, value_name = "FILE")]
    pub with: Option<PathBuf>,
    /// Only this device; may be given again
    #[arg(long, value_name = "DEVICE")]
    pub device: Vec<String>,
    /// Begin so long before: what is active by then is not told anew
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = parse_duration)]
    pub lead: Duration,
    /// Show JSON, with every alarm
    #[arg(long)]
    pub json: bool,
}

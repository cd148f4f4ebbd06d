//! The commands that ask a running engine.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::config::parse_duration;

/// Which engine is asked, and as whom.
#[derive(Args, Debug)]
#[command(next_help_heading = "Which engine")]
pub struct EngineAt {
    /// Where its API is
    #[arg(
        long,
        value_name = "URL",
        env = "GRIDOS_URL",
        default_value = "http://127.0.0.1:8080"
    )]
    pub url: String,
    /// A file that holds the token and nothing else; without it, the variable GRIDOS_TOKEN holds it
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The only authorities that its certificate may be of, in PEM; without it, those of the system
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// A certificate to show, in PEM
    #[arg(long, value_name = "FILE", requires = "key")]
    pub certificate: Option<PathBuf>,
    /// Its key, in PEM
    #[arg(long, value_name = "FILE", requires = "certificate")]
    pub key: Option<PathBuf>,
    /// How long an answer may take
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_duration)]
    pub timeout: Duration,
}

/// What `gridos status` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 all is well; 3 readings are taken and kept, but something is missing; 1 readings are not\n\
        taken, or no engine answers.\n\n\
        Examples:\n  \
        gridos status\n  \
        gridos status --watch\n  \
        GRIDOS_TOKEN=… gridos status --url https://gridos.example:8443 --json\n  \
        gridos status --watch --every 10s --json >> status.ndjson"
)]
pub struct Status {
    #[command(flatten)]
    #[expect(
        missing_docs,
        reason = "clap would show it in the place of each option's own"
    )]
    pub at: EngineAt,
    /// Show it again and again, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// How often, with --watch
    #[arg(long, value_name = "TIME", default_value = "1s", requires = "watch", value_parser = parse_duration)]
    pub every: Duration,
    /// Show JSON: {"status": …, "alarms": …} as the API says them; with --watch a line each time
    #[arg(long)]
    pub json: bool,
}

/// What `gridos alarms list` takes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
        gridos alarms list\n  \
        gridos alarms list --priority-min high --unacknowledged\n  \
        gridos alarms list --area north --kind limit --sort priority --json | jq -r .name")]
pub struct AlarmsList {
    #[command(flatten)]
    #[expect(
        missing_docs,
        reason = "clap would show it in the place of each option's own"
    )]
    pub at: EngineAt,
    /// Only in this state, such as unacknowledged or shelved; may be given again
    #[arg(long, value_name = "STATE")]
    pub state: Vec<String>,
    /// Only of this kind, such as limit or link; may be given again
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<String>,
    /// Only of this device; may be given again
    #[arg(long, value_name = "DEVICE")]
    pub device: Vec<String>,
    /// Only of this point, by its full name DEVICE.POINT; may be given again
    #[arg(long, value_name = "POINT")]
    pub point: Vec<String>,
    /// Only of this area of operators; may be given again
    #[arg(long, value_name = "AREA")]
    pub area: Vec<String>,
    /// Nothing below this priority: low, medium, high or urgent
    #[arg(long, value_name = "PRIORITY")]
    pub priority_min: Option<String>,
    /// Only those whose condition is there
    #[arg(long)]
    pub active: bool,
    /// Only those that nobody has acknowledged
    #[arg(long)]
    pub unacknowledged: bool,
    /// Those that are shelved, suppressed or out of service, too
    #[arg(long)]
    pub hidden: bool,
    /// Only names that have this in them
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// What comes first
    #[arg(long, value_enum, default_value = "newest")]
    pub sort: AlarmSort,
    /// No more than so many
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
    /// Show JSON, an object a line, as the API has them
    #[arg(long)]
    pub json: bool,
}

/// In which order alarms are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum AlarmSort {
    /// What changed last
    Newest,
    /// What is the most urgent
    Priority,
    /// By name
    Name,
}

/// What the commands take that do something to one alarm.
#[derive(Args, Debug)]
pub struct AlarmAct {
    #[command(flatten)]
    #[expect(
        missing_docs,
        reason = "clap would show it in the place of each option's own"
    )]
    pub at: EngineAt,
    /// The alarm by its name, such as feeder-07.voltage_ab:limit
    #[arg(value_name = "ALARM")]
    pub alarm: String,
    /// Who does it; by default the user of this machine, or whom the token or certificate names
    #[arg(long, value_name = "NAME")]
    pub by: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub comment: Option<String>,
    /// Show JSON, as the API has it
    #[arg(long)]
    pub json: bool,
}

/// What `gridos alarms ack` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "What is acknowledged is the occurrence that was seen: --occurrence as gridos alarms list shows it.\n\n\
        Examples:\n  \
        gridos alarms ack feeder-07.voltage_ab:limit --occurrence 4711\n  \
        gridos alarms ack feeder-07:link --occurrence 4712 --by anna --comment \"on my way\""
)]
pub struct AlarmsAck {
    #[command(flatten)]
    #[expect(
        missing_docs,
        reason = "clap would show it in the place of each option's own"
    )]
    pub act: AlarmAct,
    /// The occurrence that was seen
    #[arg(long, value_name = "N")]
    pub occurrence: u64,
}

/// What `gridos alarms shelve` takes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
        gridos alarms shelve feeder-07.voltage_ab:limit --for 2h --comment \"being painted\"\n  \
        gridos alarms shelve feeder-07:link --one-shot --by anna --comment \"works on the line\"")]
pub struct AlarmsShelve {
    #[command(flatten)]
    #[expect(
        missing_docs,
        reason = "clap would show it in the place of each option's own"
    )]
    pub act: AlarmAct,
    /// How long; at most 24h
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration, required_unless_present = "one_shot", conflicts_with = "one_shot")]
    pub duration: Option<Duration>,
    /// Until it returns to normal
    #[arg(long)]
    pub one_shot: bool,
}

/// What `gridos alarms unshelve` takes.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gridos alarms unshelve feeder-07.voltage_ab:limit --by anna")]
pub struct AlarmsUnshelve {
    #[command(flatten)]
    #[expect(
        missing_docs,
        reason = "clap would show it in the place of each option's own"
    )]
    pub act: AlarmAct,
}

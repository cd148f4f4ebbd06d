//! What was recorded of the field, replayed through this version.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{ArgGroup, Args};
use gridos_model::Timestamp;

/// What `gridos replay` takes.
#[derive(Args, Debug)]
#[command(
    group = ArgGroup::new("input").required(true),
    group = ArgGroup::new("use").required(true).multiple(true),
    after_help = "Nothing is polled, stored or told to anybody. A journal holds decoded readings: it shows how they are \
        read back and what alarms they make. A capture also shows how they are decoded.\n\n\
        It ends with 0 if both are the same to the bit, and with 6 if anything differs.\n\n\
        Examples:\n  \
        gridos replay gridos.toml --journal gridos-data/journal --record stable.jsonl\n  \
        gridos replay gridos.toml --journal gridos-data/journal --against stable.jsonl\n  \
        gridos replay new.toml --capture night.pcap --stable /opt/gridos-1.4/gridos --stable-config old.toml"
)]
pub struct Replay {
    /// The configuration that this version decodes and judges by
    #[arg(value_name = "CONFIG")]
    pub config: PathBuf,
    /// The journal to replay: its folder, or the configuration of its engine
    #[arg(long, value_name = "CONFIG|FOLDER", group = "input")]
    pub journal: Option<PathBuf>,
    /// A capture of the network to replay (pcap or pcapng); may be given again
    #[arg(long, value_name = "FILE", group = "input")]
    pub capture: Vec<PathBuf>,
    /// Write what this version makes of it; - is the standard output
    #[arg(long, value_name = "FILE", group = "use")]
    pub record: Option<PathBuf>,
    /// Compare with a record that another version wrote of the same
    #[arg(long, value_name = "FILE", group = "use")]
    pub against: Option<PathBuf>,
    /// Compare with another version, which is run beside this one
    #[arg(
        long,
        value_name = "PROGRAM",
        group = "use",
        conflicts_with = "against"
    )]
    pub stable: Option<PathBuf>,
    /// The configuration of the other version; not given, the same
    #[arg(long, value_name = "CONFIG", requires = "stable")]
    pub stable_config: Option<PathBuf>,
    /// Where a device is in the captures, if not where the configuration has it; may be given again
    #[arg(long, value_name = "DEVICE=IP:PORT", value_parser = place, requires = "capture")]
    pub at: Vec<(String, SocketAddr)>,
    /// Of the journal, only what was received at or after this time (RFC 3339)
    #[arg(long, value_name = "TIME", requires = "journal")]
    pub from: Option<Timestamp>,
    /// Of the journal, only what was received before this time
    #[arg(long, value_name = "TIME", requires = "journal")]
    pub until: Option<Timestamp>,
    /// How many differences to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub differences: usize,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

fn place(text: &str) -> Result<(String, SocketAddr), &'static str> {
    let said = text.rsplit_once('=');
    let said = said.and_then(|(device, at)| Some((device.to_owned(), at.parse().ok()?)));
    said.ok_or("is no device with its address; write for example feeder-07=10.0.0.7:502")
}

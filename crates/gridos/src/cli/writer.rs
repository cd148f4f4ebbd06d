//! A writer for engines on other machines.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::config::parse_duration;

/// What `gridos writer` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Of the configuration it needs [store] and [relay], and serves /metrics, /health/live and /health/ready at \
        [http] listen; that of an engine will do. Several writers share the journals among them, and one that goes \
        is stood in for within seconds.\n\n\
        Examples:\n  \
        gridos writer gridos.toml\n  \
        GRIDOS__HTTP__LISTEN=127.0.0.1:9101 gridos writer gridos.toml --name writer-b"
)]
pub struct Writer {
    /// The configuration file
    pub config: PathBuf,
    /// What it is called among the writers; no two may be called the same. Not given, its machine and process
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// End after this time, for example 20s or 5min; otherwise at Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,
}

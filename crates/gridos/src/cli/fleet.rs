//! The commands about a fleet that shares its devices.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};

use crate::config::parse_duration;

/// What can be asked of a fleet, and set.
#[derive(Debug, Subcommand)]
pub enum FleetCommand {
    /// Shows who is in the fleet and how many channels each has
    Status(FleetStatus),
    /// Sets how many percent of the channels the canary has
    Share(FleetShare),
}

/// What `gridos fleet status` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 every channel is given to somebody; 3 some are not, or are on their way.\n\n\
        Examples:\n  \
        gridos fleet status gridos.toml\n  \
        gridos fleet status gridos.toml --watch\n  \
        gridos fleet status gridos.toml --json | jq .members"
)]
pub struct FleetStatus {
    /// The configuration file of any member: its section [fleet] says where the fleet is
    pub config: PathBuf,
    /// Show it again and again, until Ctrl-C
    #[arg(long)]
    pub watch: bool,
    /// How often, with --watch
    #[arg(long, value_name = "TIME", default_value = "1s", requires = "watch", value_parser = parse_duration)]
    pub every: Duration,
    /// Show JSON; with --watch a line each time
    #[arg(long)]
    pub json: bool,
}

/// What `gridos fleet share` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Raising the share only moves channels to the canary; lowering it gives back exactly those.\n\n\
        Examples:\n  gridos fleet share 40 gridos.toml\n  gridos fleet share 0 gridos.toml"
)]
pub struct FleetShare {
    /// From 0 to 100
    #[arg(value_name = "PERCENT")]
    pub percent: f64,
    /// The configuration file of any member: its section [fleet] says where the fleet is
    pub config: PathBuf,
}

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
    /// Keeps that share at the weight of a Rollout, until it is asked to end
    Follow(FleetFollow),
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

/// What `gridos fleet follow` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "In a pod it finds the API of Kubernetes, and reads the Rollout as the pod's service account, which needs \
        the right to get it and no other. While nobody can be asked, the share stays as it is. When the canary is \
        promoted, its pods keep their devices until their labels say that they are stable.\n\n\
        Examples:\n  \
        gridos fleet follow --rollout engines /etc/gridos/gridos.toml\n  \
        gridos fleet follow --rollout engines --namespace grid --api http://127.0.0.1:8001 gridos.toml"
)]
pub struct FleetFollow {
    /// The configuration file of any member: its section [fleet] says where the fleet is
    pub config: PathBuf,
    /// The name of the Rollout
    #[arg(long, value_name = "NAME")]
    pub rollout: String,
    /// Its namespace; without it, that of the pod
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Where the API of Kubernetes is; without it, where pods find it
    #[arg(long, value_name = "URL")]
    pub api: Option<String>,
    /// A folder with the files of a service account: token, ca.crt, namespace
    #[arg(
        long,
        value_name = "FOLDER",
        default_value = "/var/run/secrets/kubernetes.io/serviceaccount"
    )]
    pub account: PathBuf,
    /// How often the Rollout is looked at
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration)]
    pub every: Duration,
}

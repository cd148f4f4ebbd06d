//! The commands of the canary.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::config::parse_duration;

/// What `gridos canary` takes.
#[derive(Debug, Subcommand)]
pub enum CanaryCommand {
    /// Compares what Prometheus knows of a candidate and of stable at the same time, and says whether it may go on
    Judge(CanaryJudge),
    /// Rolls a candidate out over simulated devices on this machine, by the steps and analysis templates that ship
    Rehearse(CanaryRehearse),
}

/// What `gridos canary judge` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 pass; 4 fail; 5 inconclusive: too little is known; 1 Prometheus cannot be asked.\n\n\
        Examples:\n  \
        gridos canary judge --prometheus http://127.0.0.1:9090 --stable 'role=\"stable\"' --candidate 'role=\"canary\"'\n  \
        gridos canary judge --prometheus http://prometheus.monitoring:9090 --stable 'rollouts_pod_template_hash=\"7d9f\"' \
        --candidate 'rollouts_pod_template_hash=\"54c8\"' --window 10m --json"
)]
pub struct CanaryJudge {
    /// Where Prometheus is
    #[arg(long, value_name = "URL")]
    pub prometheus: String,
    /// Labels that only stable's series have, as PromQL writes them
    #[arg(long, value_name = "SELECTOR")]
    pub stable: String,
    /// Labels that only the candidate's series have
    #[arg(long, value_name = "SELECTOR")]
    pub candidate: String,
    /// How far back to look: since the share of devices is what it is
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = parse_duration)]
    pub window: Duration,
    /// What is compared with each other: two of Prometheus' scrapes long or more (a PodMonitor of GridOS scrapes every 15 s); five or more must fit into the window
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_duration)]
    pub interval: Duration,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

/// What is wrong with the candidate of a rehearsal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RehearsedFault {
    /// It commits every two seconds only
    Latency,
    /// One in twelve of its requests to devices ends with an exception
    Errors,
    /// Its disk gives back something else than was written to the journal
    Loss,
    /// It has no capacity, so that it is given no devices
    Idle,
    /// It crashes again and again, and is started again each time
    Crash,
}

/// What `gridos canary rehearse` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Needs a Prometheus and a NATS server (Debian: apt-get install prometheus nats-server).\n\n\
        Exit codes: 0 promoted; 4 rolled back; 5 rolled back because nobody could tell, or interrupted; 1 it could not be rehearsed.\n\n\
        Examples:\n  \
        gridos canary rehearse\n  \
        gridos canary rehearse --fault latency\n  \
        gridos canary rehearse --candidate-binary ./gridos-next --manifests deploy --speed 10 --json"
)]
pub struct CanaryRehearse {
    /// What is wrong with the candidate; without it, nothing
    #[arg(long, value_name = "FAULT")]
    pub fault: Option<RehearsedFault>,
    /// How many devices to simulate
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u16).range(5..=500))]
    pub devices: u16,
    /// How many times faster than in the manifests: their times are divided by this
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub speed: u16,
    /// The engine that is the candidate; without it, this one
    #[arg(long, value_name = "FILE")]
    pub candidate_binary: Option<PathBuf>,
    /// The engine that is stable; without it, this one
    #[arg(long, value_name = "FILE")]
    pub stable_binary: Option<PathBuf>,
    /// A folder with rollout/steps.yaml and analysis/*.yaml; without it, those that ship
    #[arg(long, value_name = "FOLDER")]
    pub manifests: Option<PathBuf>,
    /// The Prometheus to run
    #[arg(long, value_name = "FILE", default_value = "prometheus")]
    pub prometheus_binary: PathBuf,
    /// The NATS server to run
    #[arg(long, value_name = "FILE", default_value = "nats-server")]
    pub nats_binary: PathBuf,
    /// Where to keep what the engines wrote; without it, all is removed at the end
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Tell as JSON, a line each, what happens
    #[arg(long)]
    pub json: bool,
}

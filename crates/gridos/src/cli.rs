//! The command line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::builder::RangedU64ValueParser;
use clap::{Args, ColorChoice, Parser, Subcommand};
use gridos_api::{ParseInstantError, parse_instant};
use gridos_model::Timestamp;

use crate::command::{
    self, Outcome, check, decode, demo, discover, import, migrate, plan, probe, run, simulate,
};
use crate::config::parse_duration;

mod access;
mod alarms;
mod bench;
mod canary;
mod client;
mod dnp3;
mod doctor;
mod everywhere;
#[cfg(test)]
mod examples;
pub(crate) mod exit_codes;
mod export;
mod field;
mod fleet;
mod journal;
mod replay;
mod shell;
mod writer;

pub use access::{
    AccessList, Expiry, TokenCommand, TokenCreate, TokenNamed, UserAdd, UserCommand, UserNamed,
};
pub use alarms::{AlarmsCommand, AlarmsReplay};
pub use bench::{Bench, BenchPlant, Scenario};
pub use canary::{CanaryCommand, CanaryJudge, CanaryRehearse, RehearsedFault};
pub use client::{
    AlarmAct, AlarmSort, AlarmsAck, AlarmsList, AlarmsShelve, AlarmsUnshelve, EngineAt, Status,
};
pub use dnp3::{DecodeDnp3, DiscoverDnp3, OutstationAt, ProbeDnp3, SimulateDnp3};
pub use doctor::Doctor;
pub use everywhere::{command, main};
pub use export::{Export, ExportFormat};
pub use field::{DiscoverSunspec, ImportModbus, ProbeModbus};
pub use fleet::{FleetCommand, FleetFollow, FleetShare, FleetStatus};
pub use journal::{JournalAt, JournalCommand, JournalDrain, JournalDump, JournalRepair};
pub use replay::Replay;
pub use shell::{Completions, Man};
pub use writer::Writer;

/// Collects telemetry from RTUs, PLCs and IEDs, judges it, keeps it and stores it.
#[derive(Debug, Parser)]
#[command(
    name = "gridos",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done and well, 1 failed or not well, 2 the command line or the configuration is wrong;\n\
        gridos help exit-codes tells all.\n\n\
        Examples:\n  \
        gridos demo\n  \
        gridos check examples/small.toml\n  \
        gridos run examples/small.toml\n  \
        gridos status --watch"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Whether there are colours: auto is on a terminal, unless the variable NO_COLOR is set
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        help_heading = "Everywhere"
    )]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a simulated substation fleet and the engine that polls it, on this machine alone
    Demo(Demo),
    /// Runs the engine
    Run(Run),
    /// Puts into the database what engines on other machines ship, beside other writers
    Writer(Writer),
    /// Shows how a running engine does
    Status(Status),
    /// Checks a configuration and shows what would run
    Check(Check),
    /// Looks whether this machine and what is around it are fit for an engine
    Doctor(Doctor),
    /// Brings the database's schema to this version, and gives roles their rights
    Migrate(Migrate),
    /// Takes history out of the database into a file, as CSV or Parquet
    Export(Export),
    /// Shows the alarms of a running engine, acts on them, or tries others out on what is stored
    #[command(subcommand)]
    Alarms(AlarmsCommand),
    /// Shows and steers a fleet of engines that share their devices
    #[command(subcommand)]
    Fleet(FleetCommand),
    /// Judges whether a version is as good as another, or rehearses how it is rolled out
    #[command(subcommand)]
    Canary(CanaryCommand),
    /// Measures the whole engine on this machine, beside what the wire and the database alone allow
    Bench(Bench),
    /// Shows the requests that a device gets, and how busy its connection is
    Plan(Plan),
    /// Reads from one device by hand, and shows what its registers may mean
    #[command(subcommand)]
    Probe(Probe),
    /// Asks one device what it has, and makes a profile of it
    #[command(subcommand)]
    Discover(Discover),
    /// Makes a profile of what a vendor ships
    #[command(subcommand)]
    Import(Import),
    /// Shows what captured octets mean
    #[command(subcommand)]
    Decode(Decode),
    /// Replays a journal or captures through this version, and compares it with another one to the bit
    Replay(Replay),
    /// Looks into a journal: what is in it, whether it is whole; repairs what can be repaired
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Runs simulated devices
    #[command(subcommand)]
    Simulate(Simulate),
    /// Adds, lists and removes users, who sign in with a password
    #[command(subcommand)]
    User(UserCommand),
    /// Makes, lists and revokes tokens, by which machines come in
    #[command(subcommand)]
    Token(TokenCommand),
    /// Makes the completions of a shell
    Completions(Completions),
    /// Shows a manual page, or writes those of all commands
    Man(Man),
    /// Tells with what commands end, and what that means
    #[command(hide = true, long_about = exit_codes::text(), after_help = "Example:\n  gridos exit-codes")]
    ExitCodes,
}

#[derive(Debug, Subcommand)]
enum Probe {
    /// Reads registers or bits over Modbus TCP, once; it never writes
    Modbus(ProbeModbus),
    /// Reads the values of an outstation over DNP3, once; events stay where they are
    Dnp3(ProbeDnp3),
}

#[derive(Debug, Subcommand)]
enum Decode {
    /// Shows frames, fragments and objects of DNP3: of hex, of a capture file, or of both sides' octets
    Dnp3(DecodeDnp3),
}

#[derive(Debug, Subcommand)]
enum Discover {
    /// Walks the models of a SunSpec inverter, meter or battery over Modbus TCP
    Sunspec(DiscoverSunspec),
    /// Reads which points an outstation has over DNP3, once; events stay where they are
    Dnp3(DiscoverDnp3),
}

/// What `gridos demo` takes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  gridos demo\n  gridos demo --for 20s --data-dir /tmp/demo")]
pub struct Demo {
    /// End after this time, for example 20s or 5min; otherwise at Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// Where to serve the page and the API; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value_t = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)))]
    pub listen: SocketAddr,
    /// Where the journal and the database are kept
    #[arg(long, value_name = "FOLDER", default_value = "gridos-data")]
    pub data_dir: PathBuf,
    /// How many devices to simulate
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    pub devices: u16,
    /// Tell as JSON, a line each, where it serves and how it ended
    #[arg(long)]
    pub json: bool,
}

/// What `gridos run` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  gridos run examples/small.toml\n  GRIDOS__HTTP__LISTEN=127.0.0.1:9000 gridos run examples/small.toml"
)]
pub struct Run {
    /// The configuration file
    pub config: PathBuf,
    /// End after this time, for example 20s or 5min; otherwise at Ctrl-C
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub duration: Option<Duration>,
    /// Write the latencies of each second to this file, as an HdrHistogram log; what is there is replaced
    #[arg(long, value_name = "FILE")]
    pub hdr_log: Option<PathBuf>,
    /// Tell as JSON, a line each, where it serves and how it ended
    #[arg(long)]
    pub json: bool,
}

/// What `gridos check` takes.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gridos check examples/fleet-10000.toml")]
pub struct Check {
    /// The configuration file
    pub config: PathBuf,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

/// What `gridos migrate` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  gridos migrate examples/small.toml\n  GRIDOS__STORE__URL=postgres://owner@db1/gridos gridos migrate --wait 60s --grant-to gridos_writer gridos.toml\n  gridos migrate --check gridos.toml"
)]
pub struct Migrate {
    /// The configuration file
    pub config: PathBuf,
    /// Change nothing; fail if steps are missing
    #[arg(long, visible_alias = "dry-run", conflicts_with_all = ["grant_to", "grant_read_to"])]
    pub check: bool,
    /// Wait so long for a database that is not up yet
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = parse_duration)]
    pub wait: Duration,
    /// Let this role write, as the engine must, and nothing else; may be given several times
    #[arg(long, value_name = "ROLE")]
    pub grant_to: Vec<String>,
    /// Let this role read the views, as a dashboard must; may be given several times
    #[arg(long, value_name = "ROLE")]
    pub grant_read_to: Vec<String>,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
enum Import {
    /// Reads a list of Modbus registers, as a spreadsheet saves it (CSV)
    Modbus(ImportModbus),
}

/// What `gridos plan` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  gridos plan examples/small.toml\n  gridos plan examples/small.toml substation-1.feeder-02 --round-trip 80ms"
)]
pub struct Plan {
    /// The configuration file
    pub config: PathBuf,
    /// The device; not given, the first one of each profile
    pub device: Option<String>,
    /// What an answer is taken to last
    #[arg(long, value_name = "TIME", default_value = "25ms", value_parser = parse_duration)]
    pub round_trip: Duration,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
enum Simulate {
    /// Feeder bays that answer Modbus TCP, one per port
    Modbus(SimulateModbus),
    /// Outstations that speak DNP3 over TCP
    Dnp3(SimulateDnp3),
    /// A photovoltaic inverter and its meter that describe themselves by SunSpec models
    Sunspec(SimulateSunspec),
}

/// What `gridos simulate modbus` takes.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gridos simulate modbus --devices 10000 --port-base 20000")]
pub struct SimulateModbus {
    /// How many devices
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_535))]
    pub devices: usize,
    /// The port of the first device; the others follow. 0 takes any free ones
    #[arg(long, value_name = "P", default_value_t = 20_000)]
    pub port_base: u16,
    /// The address to listen at
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub address: IpAddr,
    /// Devices with the same seed measure the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Devices that have nothing but so many holding registers, which count; not given, a feeder bay each
    #[arg(long, value_name = "N", conflicts_with = "storm_after", value_parser = clap::value_parser!(u16).range(1..))]
    pub registers: Option<u16>,
    /// After this time a storm: within 10 s all devices trip, and every second one falls silent
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub storm_after: Option<Duration>,
    /// How long each device is out in the storm
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_duration)]
    pub storm_for: Duration,
    /// Tell as JSON, a line each, where it serves and how it ended
    #[arg(long)]
    pub json: bool,
}

/// What `gridos simulate sunspec` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  gridos simulate sunspec --port 20500 &\n  gridos discover sunspec 127.0.0.1:20500"
)]
pub struct SimulateSunspec {
    /// The port to listen at; 0 takes any free one
    #[arg(long, value_name = "P", default_value_t = 20_500)]
    pub port: u16,
    /// The address to listen at
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub address: IpAddr,
    /// Inverters with the same seed measure the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Tell as JSON, a line each, where it serves and how it ended
    #[arg(long)]
    pub json: bool,
}

impl Cli {
    /// Does what was asked.
    fn run(self) -> Outcome {
        match self.command {
            Command::Demo(args) => demo::run(&args),
            Command::Run(args) => run::run(&args),
            Command::Writer(args) => command::writer::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Migrate(args) => migrate::run(&args),
            Command::Export(args) => command::export::run(&args),
            Command::Alarms(command) => command::alarms::run(&command),
            Command::Fleet(command) => command::fleet::run(&command),
            Command::Canary(command) => command::canary::run(&command),
            Command::Bench(args) => command::bench::run(&args),
            Command::Plan(args) => plan::run(&args),
            Command::Probe(Probe::Modbus(args)) => probe::run(&args),
            Command::Probe(Probe::Dnp3(args)) => probe::dnp3::run(&args),
            Command::Discover(Discover::Sunspec(args)) => discover::run(&args),
            Command::Discover(Discover::Dnp3(args)) => discover::dnp3::run(&args),
            Command::Import(Import::Modbus(args)) => import::run(&args),
            Command::Decode(Decode::Dnp3(args)) => decode::run(&args),
            Command::Replay(args) => command::replay::run(&args),
            Command::Journal(command) => command::journal::run(&command),
            Command::Simulate(Simulate::Modbus(args)) => simulate::run(&args),
            Command::Simulate(Simulate::Dnp3(args)) => simulate::dnp3::run(&args),
            Command::Simulate(Simulate::Sunspec(args)) => simulate::run_sunspec(&args),
            Command::Status(args) => command::status::run(&args),
            Command::Doctor(args) => command::doctor::run(&args),
            Command::Completions(args) => command::shell::completions(&args),
            Command::Man(args) => command::shell::man(&args),
            Command::ExitCodes => crate::output::line(exit_codes::text()),
            Command::User(command) => command::user::run(&command),
            Command::Token(command) => command::token::run(&command),
        }
    }
}

fn instant(text: &str) -> Result<Timestamp, ParseInstantError> {
    parse_instant(text, SystemTime::now().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_devices_are_a_mistake_rather_than_a_fleet() {
        let parse = |count: &str| {
            let args = ["gridos", "simulate", "modbus", "--devices", count];
            Cli::try_parse_from(args).is_ok()
        };
        assert_eq!(
            ["0", "1", "65535", "65536"].map(parse),
            [false, true, true, false]
        );
    }
}

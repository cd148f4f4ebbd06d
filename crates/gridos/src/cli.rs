//! The command line.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, Parser, Subcommand};

use crate::command::{check, decode, demo, discover, import, plan, probe, run, simulate};
use crate::config::{Faults, parse_duration};
use crate::output::Closed;

mod dnp3;
mod field;

pub use dnp3::{DecodeDnp3, DiscoverDnp3, OutstationAt, ProbeDnp3, SimulateDnp3};
pub use field::{DiscoverSunspec, ImportModbus, ProbeModbus};

/// The exit code of a command that could not do its work.
const FAILED: u8 = 1;
/// The exit code of a mistake in the command line (clap's) or in the configuration.
const MISTAKEN: u8 = 2;

/// Collects telemetry from RTUs, PLCs and IEDs, judges it, keeps it and stores it.
#[derive(Debug, Parser)]
#[command(name = "gridos", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs a simulated substation fleet and the engine that polls it, on this machine alone
    Demo(Demo),
    /// Runs the engine
    Run(Run),
    /// Checks a configuration and shows what would run
    Check(Check),
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
    /// Runs simulated devices
    #[command(subcommand)]
    Simulate(Simulate),
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
}

/// What `gridos check` takes.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gridos check examples/fleet-10000.toml")]
pub struct Check {
    /// The configuration file
    pub config: PathBuf,
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
}

impl Cli {
    /// Does what was asked; says on the error output why it could not.
    pub fn run(self) -> ExitCode {
        let outcome = match self.command {
            Command::Demo(args) => demo::run(&args),
            Command::Run(args) => run::run(&args),
            Command::Check(args) => check::run(&args),
            Command::Plan(args) => plan::run(&args),
            Command::Probe(Probe::Modbus(args)) => probe::run(&args),
            Command::Probe(Probe::Dnp3(args)) => probe::dnp3::run(&args),
            Command::Discover(Discover::Sunspec(args)) => discover::run(&args),
            Command::Discover(Discover::Dnp3(args)) => discover::dnp3::run(&args),
            Command::Import(Import::Modbus(args)) => import::run(&args),
            Command::Decode(Decode::Dnp3(args)) => decode::run(&args),
            Command::Simulate(Simulate::Modbus(args)) => simulate::run(&args),
            Command::Simulate(Simulate::Dnp3(args)) => simulate::dnp3::run(&args),
            Command::Simulate(Simulate::Sunspec(args)) => simulate::run_sunspec(&args),
        };
        match outcome {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) if error.is::<Closed>() => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{}", explain(&*error));
                ExitCode::from(if error.is::<Faults>() {
                    MISTAKEN
                } else {
                    FAILED
                })
            }
        }
    }
}

/// An error and its causes, on one line unless they are lists of faults.
fn explain(error: &(dyn Error + 'static)) -> String {
    let mut text = match error.is::<Faults>() {
        true => error.to_string(),
        false => format!("gridos: {error}"),
    };
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
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

//! What `gridos bench` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};

use crate::config::parse_duration;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// 100 Modbus devices of 125 registers, read as fast as they answer, at most every millisecond
    ModbusDense,
    /// 10,000 Modbus devices of 32 points, each read every second
    ModbusWide,
    /// 10,000 DNP3 outstations that each burst into ten events every second
    Dnp3Storm,
    /// 16 clients that post line protocol, 1,000 readings a post
    Http,
    /// A twentieth of the dense devices, and a tenth of all others, at once
    Mixed,
    /// 2,000 Modbus devices while the database is away for half of the time; needs a server of the bench's own
    Outage,
    /// Like mixed, but dense devices and posts every 100 ms, for as long as --for says: how the memory grows
    Soak,
}

impl Scenario {
    /// Without a word about it: all that do not take hours.
    pub(crate) const USUAL: [Self; 6] = [
        Self::ModbusDense,
        Self::ModbusWide,
        Self::Dnp3Storm,
        Self::Http,
        Self::Mixed,
        Self::Outage,
    ];
}

/// What `gridos bench` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "It starts simulated devices, an engine and a PostgreSQL server (Debian: apt-get install postgresql), all\n\
        on this machine, measures, and removes what they wrote. Run nothing beside it.\n\n\
        A server of your own is reached without TLS, by the password in the variable GRIDOS__STORE__PASSWORD; what\n\
        is measured makes a database there and drops it.\n\n\
        Examples:\n  \
        gridos bench\n  \
        gridos bench modbus-dense http --for 1min\n  \
        gridos bench soak --for 1h\n  \
        gridos bench modbus-wide --scale 0.1 --json > wide.json\n  \
        gridos bench modbus-wide --devices 1000 --points 100 --history 4\n  \
        gridos bench --postgres postgres://postgres@10.0.0.7:5432/postgres"
)]
pub struct Bench {
    /// What to measure, one after another; not given, all but soak
    #[arg(value_name = "SCENARIO")]
    pub scenarios: Vec<Scenario>,
    /// How long each is measured
    #[arg(long = "for", value_name = "TIME", default_value = "20s", value_parser = parse_duration)]
    pub duration: Duration,
    /// How long each runs before that
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = parse_duration)]
    pub warm_up: Duration,
    /// So many times as many devices and clients; 0.1 is a tenth
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = scale)]
    pub scale: f64,
    /// How large the plant is
    #[command(flatten)]
    pub plant: BenchPlant,
    /// Meanwhile a client asks ten times a second for a chart of the last minute of N points at once
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=100))]
    pub history: Option<usize>,
    /// A PostgreSQL server that is there; without it, one of the bench's own
    #[arg(long, value_name = "URL")]
    pub postgres: Option<String>,
    /// The port of the first simulated device; the others follow. 0 takes any free ones
    #[arg(long, value_name = "P", default_value_t = 20_000, value_parser = clap::value_parser!(u16).range(0..=50_000))]
    pub port_base: u16,
    /// The engine to measure; without it, this one
    #[arg(long, value_name = "FILE")]
    pub binary: Option<PathBuf>,
    /// A folder, made if need be, where everything is kept: the latencies as HdrHistogram logs, configurations, journals, logs
    #[arg(long, value_name = "FOLDER")]
    pub data_dir: Option<PathBuf>,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

/// How large the plant is, if it is not to be as its scenario has it.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct BenchPlant {
    /// Modbus devices of modbus-dense, modbus-wide or outage
    #[arg(long, value_name = "N", conflicts_with = "scale", value_parser = RangedU64ValueParser::<usize>::new().range(1..=40_000))]
    pub devices: Option<usize>,
    /// Points of each of these devices: so many holding registers, which count
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub points: Option<u16>,
    /// How often each device of modbus-wide or outage is read, from 1 ms on; not given, every second
    #[arg(long, value_name = "TIME", value_parser = every)]
    pub every: Option<Duration>,
}

fn scale(text: &str) -> Result<f64, &'static str> {
    let scale = text.parse().ok();
    scale
        .filter(|scale| (0.001..=4.0).contains(scale))
        .ok_or("is no factor; write a number from 0.001 to 4")
}

fn every(text: &str) -> Result<Duration, String> {
    let every = parse_duration(text).map_err(|error| error.to_string())?;
    let is_whole = every.subsec_nanos().is_multiple_of(1_000_000);
    match is_whole && (Duration::from_millis(1)..=Duration::from_hours(24)).contains(&every) {
        true => Ok(every),
        false => Err("is no period; write whole milliseconds, from 1ms to 1d".to_owned()),
    }
}

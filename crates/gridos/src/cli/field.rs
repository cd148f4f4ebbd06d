//! The commands that talk to one device by hand, or read what its vendor wrote.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gridos_modbus::{Order, Table};

use crate::command::probe::{AddressRange, Shown, Tolerance};
use crate::config::{Address, Name, parse_duration};

/// What `gridos probe modbus` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Addresses count from 0, as on the wire; a manual's 40013 is --holding 12.\n\n\
        Examples:\n  \
        gridos probe modbus 10.0.0.7 --holding 0..10\n  \
        gridos probe modbus 10.0.0.7:502 --unit 3 --input 0..40 --coil 0..16\n  \
        gridos probe modbus 10.0.0.7 --input 4..10 --as f32 --order cdab\n  \
        gridos probe modbus 10.0.0.7 --input 0..100 --find-order --expect 50 --tolerance 2%"
)]
pub struct ProbeModbus {
    /// Host and port of the device; without a port, 502
    #[arg(value_name = "HOST:PORT")]
    pub address: Address,
    /// The unit id behind the address
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub unit: u8,
    /// Holding registers (function 3): 7, or 0..10 for 0 to 10
    #[arg(long, value_name = "RANGE")]
    pub holding: Vec<AddressRange>,
    /// Input registers (function 4)
    #[arg(long, value_name = "RANGE")]
    pub input: Vec<AddressRange>,
    /// Coils (function 1)
    #[arg(long, value_name = "RANGE")]
    pub coil: Vec<AddressRange>,
    /// Discrete inputs (function 2)
    #[arg(long, value_name = "RANGE")]
    pub discrete: Vec<AddressRange>,
    /// Show the registers only as this type: u16, i32, f32, bcd32, …, string
    #[arg(long = "as", value_name = "TYPE", conflicts_with = "find_order")]
    pub kind: Option<Shown>,
    /// In which order its words and bytes lie: abcd, cdab, badc or dcba
    #[arg(long, value_name = "ORDER", requires = "kind")]
    pub order: Option<Order>,
    /// Say which address, type, order and scale give the value of --expect; without a range, among
    /// the first 125 holding and input registers
    #[arg(long, requires = "expect")]
    pub find_order: bool,
    /// The value that the device's display shows
    #[arg(
        long,
        value_name = "VALUE",
        requires = "find_order",
        allow_hyphen_values = true
    )]
    pub expect: Option<f64>,
    /// How far the value may be from it, as a part of it
    #[arg(
        long,
        value_name = "PART",
        requires = "find_order",
        default_value = "1%"
    )]
    pub tolerance: Tolerance,
    /// Show also what is not believable, with the rule against it
    #[arg(long)]
    pub all: bool,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
    /// How long to wait for the connection and for each answer
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration)]
    pub timeout: Duration,
}

impl ProbeModbus {
    /// Whether it is said what to read.
    pub(crate) fn has_range(&self) -> bool {
        let ranges = [&self.holding, &self.input, &self.coil, &self.discrete];
        ranges.iter().any(|ranges| !ranges.is_empty())
    }
}

/// What `gridos discover sunspec` takes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
        gridos discover sunspec 10.0.0.9 --unit 126\n  \
        gridos discover sunspec 10.0.0.9 --profile roof -o roof.toml && gridos run roof.toml")]
pub struct DiscoverSunspec {
    /// Host and port of the device; without a port, 502
    #[arg(value_name = "HOST:PORT")]
    pub address: Address,
    /// The unit id behind the address
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub unit: u8,
    /// The name of the profile that is made
    #[arg(long, value_name = "NAME", default_value = "sunspec", value_parser = Name::plain)]
    pub profile: Name,
    /// Write the configuration to this file instead of showing it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Keep the points that the device says it does not have
    #[arg(long)]
    pub all: bool,
    /// How long to wait for the connection and for each answer
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = parse_duration)]
    pub timeout: Duration,
    /// Tell as JSON what was made
    #[arg(long)]
    pub json: bool,
}

/// What `gridos import modbus` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Every guess is written into the profile as a comment: compare with the manual, and with\n\
        gridos probe, before you trust it.\n\n\
        Examples:\n  \
        gridos import modbus meter.csv -o meter.toml\n  \
        gridos import modbus meter.csv --profile pm5000 --base 1 --table input --order cdab"
)]
pub struct ImportModbus {
    /// The vendor's list of registers: rows of cells separated by commas, semicolons or tabs
    pub file: PathBuf,
    /// Write the profile to this file instead of showing it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The name of the profile; not given, that of the file
    #[arg(long, value_name = "NAME", value_parser = Name::plain)]
    pub profile: Option<Name>,
    /// What the list calls the first register, 0 or 1; not given, as its addresses look
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=1))]
    pub base: Option<u8>,
    /// The table of rows that name none: holding, input, coil or discrete
    #[arg(long, value_name = "TABLE", default_value = "holding")]
    pub table: Table,
    /// In which order the words and bytes of the values lie: abcd, cdab, badc or dcba
    #[arg(long, value_name = "ORDER", default_value = "abcd")]
    pub order: Order,
    /// Raw numbers are divided by the list's scales instead of multiplied
    #[arg(long)]
    pub divide: bool,
    /// Tell as JSON what was made
    #[arg(long)]
    pub json: bool,
}

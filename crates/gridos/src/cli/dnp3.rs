//! The commands that speak DNP3 by hand, or explain it.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use gridos_model::POINTS_PER_LAYOUT_MAX;

use crate::config::{Address, Name, parse_duration};

/// The port of DNP3 over TCP (IANA `dnp`).
const PORT_DEFAULT: u16 = 20_000;

/// What `gridos decode dnp3` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Lines with ! tell what could not be decoded, lines with ? what is against the standard.\n\n\
        Examples:\n  \
        gridos decode dnp3 05 64 05 C9 0A 00 01 00 FE DA\n  \
        gridos decode dnp3 f0:82:90:00 --fragment\n  \
        gridos decode dnp3 substation.pcap --port 20000 --points 100\n  \
        tcpdump -w - -c 100 port 20000 | gridos decode dnp3"
)]
pub struct DecodeDnp3 {
    /// Octets in hex, or a file with a capture, hex or the octets themselves; not given, the input
    #[arg(value_name = "HEX|FILE")]
    pub what: Vec<String>,
    /// The octets are one fragment of the application layer, without link and transport
    #[arg(long)]
    pub fragment: bool,
    /// The port of DNP3 in a capture
    #[arg(long, value_name = "P", default_value_t = PORT_DEFAULT)]
    pub port: u16,
    /// How many points to show of each object header
    #[arg(long, value_name = "N", default_value_t = 16)]
    pub points: usize,
    /// Show everything
    #[arg(long, conflicts_with = "points")]
    pub all: bool,
    /// Show JSON, one object for each line
    #[arg(long)]
    pub json: bool,
}

/// What `gridos simulate dnp3` takes.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
        gridos simulate dnp3 --outstations 100 --port-base 20000\n  \
        gridos simulate dnp3 --outstations 4 --one-port --events-per-second 50 --burst 10")]
pub struct SimulateDnp3 {
    /// How many outstations
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..=65_535))]
    pub outstations: usize,
    /// The port of the first outstation; the others follow. 0 takes any free ones
    #[arg(long, value_name = "P", default_value_t = PORT_DEFAULT)]
    pub port_base: u16,
    /// The address to listen at
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub address: IpAddr,
    /// All outstations behind one port, told apart by their link addresses
    #[arg(long)]
    pub one_port: bool,
    /// The link address of the first outstation; the others count on
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=65_519))]
    pub first_address: u16,
    /// Events that count, so many of each outstation; not given, a feeder bay each
    #[arg(long, value_name = "R", value_parser = rate)]
    pub events_per_second: Option<f64>,
    /// How many of these events at once
    #[arg(long, value_name = "B", default_value_t = 1, requires = "events_per_second", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub burst: u32,
    /// Outstations with the same seed measure the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Tell as JSON, a line each, where it serves and how it ended
    #[arg(long)]
    pub json: bool,
}

fn rate(text: &str) -> Result<f64, &'static str> {
    let rate = text.parse().ok();
    rate.filter(|rate| (0.001..=1e6).contains(rate))
        .ok_or("is no rate of events; write a number from 0.001 to 1000000")
}

/// What `gridos probe dnp3` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "It reads class 0 and the device attributes, and confirms no event: whoever collects them still gets\n\
        them. But many outstations talk with one master at a time.\n\n\
        Examples:\n  \
        gridos probe dnp3 10.0.0.7 --outstation 10\n  \
        gridos probe dnp3 10.0.0.7:20000 --master 3 --outstation 4 --events"
)]
pub struct ProbeDnp3 {
    /// Which outstation, and as whom
    #[command(flatten)]
    pub at: OutstationAt,
    /// Show the first waiting events too, and leave them there
    #[arg(long)]
    pub events: bool,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

/// Which outstation to talk with, and as whom.
#[derive(Args, Debug)]
pub struct OutstationAt {
    /// Host and port of the outstation; without a port, 20000
    #[arg(value_name = "HOST:PORT", value_parser = address)]
    pub address: Address,
    /// The link address to speak from; many outstations answer only the one they were told of
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=65_519))]
    pub master: u16,
    /// The link address of the outstation
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(0..=65_519))]
    pub outstation: u16,
    /// How long to wait for the connection and for each answer
    #[arg(long, value_name = "TIME", default_value = "6s", value_parser = parse_duration)]
    pub timeout: Duration,
}

/// What `gridos discover dnp3` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "It asks what gridos probe dnp3 asks, and confirms no event. What it finds are the points of class 0:\n\
        those that an outstation was told to leave out of it are not there.\n\n\
        Examples:\n  \
        gridos discover dnp3 10.0.0.7 --outstation 10\n  \
        gridos discover dnp3 10.0.0.7 --master 3 --outstation 4 --profile bay -o bay.toml && gridos run bay.toml"
)]
pub struct DiscoverDnp3 {
    /// Which outstation, and as whom
    #[command(flatten)]
    pub at: OutstationAt,
    /// The name of the profile that is made
    #[arg(long, value_name = "NAME", default_value = "outstation", value_parser = Name::plain)]
    pub profile: Name,
    /// Write the configuration to this file instead of showing it
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How many points the profile may have; what is beyond is left out, and told
    #[arg(long, value_name = "N", default_value_t = 4_096, value_parser = RangedU64ValueParser::<usize>::new().range(1..=POINTS_PER_LAYOUT_MAX as u64))]
    pub max_points: usize,
    /// Tell as JSON what was made
    #[arg(long)]
    pub json: bool,
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text, PORT_DEFAULT).map_err(|error| error.to_string())
}

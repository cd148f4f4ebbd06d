//! The commands that speak DNP3 by hand, or explain it.

use clap::Args;

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
    #[arg(long, value_name = "P", default_value_t = 20_000)]
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

//! The command that takes history out of the store.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gridos_model::Timestamp;

use super::instant;

/// What `gridos export` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Columns: point, time (UTC), value, quality (good, or flags with | between), \
        quality_bits, and with --texts text. Rows come device by device, within a device in order of \
        time, texts behind numbers. The engine may run meanwhile.\n\n\
        Examples:\n  \
        gridos export gridos.toml --format csv --from -1d > yesterday.csv\n  \
        gridos export gridos.toml --format parquet --from 2026-11-01T00:00:00Z \
        --to 2026-12-01T00:00:00Z --device substation-1.feeder-02 --output november.parquet"
)]
pub struct Export {
    /// The configuration file, which names the database
    pub config: PathBuf,
    /// What to write
    #[arg(long, value_enum)]
    pub format: ExportFormat,
    /// The first instant wanted: RFC 3339, or a time ago such as -1d
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = instant)]
    pub from: Timestamp,
    /// The first instant no longer wanted
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, default_value = "now", value_parser = instant)]
    pub to: Timestamp,
    /// Only this point, by its full name DEVICE.POINT; may be given again
    #[arg(long, value_name = "POINT")]
    pub point: Vec<String>,
    /// Only the points of this device; may be given again
    #[arg(long, value_name = "DEVICE")]
    pub device: Vec<String>,
    /// Readings that are texts, too
    #[arg(long)]
    pub texts: bool,
    /// The file to make, which must not be there; CSV goes to the standard output without it
    #[arg(long, value_name = "FILE", required_if_eq("format", "parquet"))]
    pub output: Option<PathBuf>,
    /// Tell as JSON what was taken out; on the error output if the rows go to the standard output
    #[arg(long)]
    pub json: bool,
}

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Values separated by commas (RFC 4180)
    Csv,
    /// Apache Parquet
    Parquet,
}

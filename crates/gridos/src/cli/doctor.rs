//! The command that looks whether a machine is fit for an engine.

use std::path::PathBuf;

use clap::Args;

/// What `gridos doctor` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "Exit codes: 0 nothing is wrong, whatever it warns of; 1 there are problems; 2 the configuration is wrong.\n\
        It changes nothing, and works beside a running engine. Limits that systemd gives a service are seen\n\
        only from within it: systemd-run --property=… gridos doctor, or the unit's ExecStartPre.\n\n\
        Examples:\n  \
        gridos doctor /etc/gridos/gridos.toml\n  \
        sudo -u gridos gridos doctor /etc/gridos/gridos.toml\n  \
        gridos doctor gridos.toml --json"
)]
pub struct Doctor {
    /// The configuration file
    pub config: PathBuf,
    /// How many devices to connect to, spread over the fleet; 0 for none
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=1_000))]
    pub devices: u16,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

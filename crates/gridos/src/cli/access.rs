//! The commands about users and tokens.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use gridos_access::{Role, check_name};

use crate::config::parse_duration;

/// What `gridos user` can do.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Adds a user, and asks for the password
    Add(UserAdd),
    /// Lists the users
    List(AccessList),
    /// Removes a user; their sessions end within seconds
    Remove(UserNamed),
    /// Gives a user another password; their sessions end within seconds
    Passwd(UserNamed),
}

/// What `gridos token` can do.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Makes a token for a machine, and shows it, once
    Create(TokenCreate),
    /// Lists the tokens, also those that are no longer valid
    List(AccessList),
    /// Revokes a token; what it opened ends within seconds
    Revoke(TokenNamed),
}

/// What `gridos user add` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "The password is asked for twice, or read from the standard input if that is no terminal; it has \
        12 characters at least. Roles: viewer reads, operator acts on alarms, engineer changes thresholds and the \
        configuration, admin may do everything, ingest may only post readings.\n\n\
        Examples:\n  \
        gridos user add gridos.toml anna --role operator\n  \
        gridos user add gridos.toml anna --role operator < password.txt"
)]
pub struct UserAdd {
    /// The configuration file, which names the users' file
    pub config: PathBuf,
    /// The name
    #[arg(value_parser = name)]
    pub name: String,
    /// What they may do
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Role,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

/// What `gridos user remove` and `gridos user passwd` take.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  gridos user passwd gridos.toml anna\n  gridos user remove gridos.toml anna"
)]
pub struct UserNamed {
    /// The configuration file, which names the users' file
    pub config: PathBuf,
    /// The name
    pub name: String,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

/// What `gridos user list` and `gridos token list` take.
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  gridos user list gridos.toml\n  gridos token list gridos.toml --json"
)]
pub struct AccessList {
    /// The configuration file, which names the users' file
    pub config: PathBuf,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

/// What `gridos token create` takes.
#[derive(Args, Debug)]
#[command(
    after_help = "The token is shown once and kept nowhere; only its hash is. It goes to the standard output alone, so \
        that it can be sent into a file.\n\n\
        Examples:\n  \
        gridos token create gridos.toml gateway-7 --role ingest\n  \
        gridos token create gridos.toml grafana --role viewer --expires 365d > token.txt"
)]
pub struct TokenCreate {
    /// The configuration file, which names the users' file
    pub config: PathBuf,
    /// The name
    #[arg(value_parser = name)]
    pub name: String,
    /// What the machine may do
    #[arg(long, value_name = "ROLE", value_parser = role)]
    pub role: Role,
    /// After this time it is no longer valid, for example 90d; never does not end
    #[arg(long, value_name = "TIME", default_value = "90d", value_parser = expiry)]
    pub expires: Expiry,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

/// What `gridos token revoke` takes.
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  gridos token revoke gridos.toml gateway-7")]
pub struct TokenNamed {
    /// The configuration file, which names the users' file
    pub config: PathBuf,
    /// The name
    pub name: String,
    /// Show JSON
    #[arg(long)]
    pub json: bool,
}

/// When a token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// It does not.
    Never,
    /// After this time.
    After(Duration),
}

fn role(text: &str) -> Result<Role, String> {
    Role::of_name(text).ok_or_else(|| {
        let known = Role::ALL.map(Role::name).join(", ");
        format!("is none; known are: {known}")
    })
}

fn name(text: &str) -> Result<String, String> {
    let checked = check_name(text).map(|()| text.to_owned());
    checked.map_err(|error| error.to_string())
}

fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry::Never);
    }
    let after = parse_duration(text).map(Expiry::After);
    after.map_err(|error| error.to_string())
}

//! The configuration of one side's engine, written as a user would write it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use gridos_sim::modbus::Table;

use super::nats::FLEET;
use crate::command::demo::config::{profile_of, quoted};

/// What differs between the engines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind<'a> {
    pub(super) name: &'a str,
    /// `stable` or `canary`.
    pub(super) role: &'a str,
    pub(super) data_dir: &'a Path,
    /// As the configuration writes it.
    pub(super) commit_interval: &'a str,
    /// Its weight in the fleet; with 0 it gets no devices.
    pub(super) capacity: u32,
    /// Where NATS is.
    pub(super) servers: &'a str,
}

/// The text with which an engine shares these devices with the other one.
pub(super) fn text<'a>(
    kind: Kind<'_>,
    devices: impl Iterator<Item = (&'a str, SocketAddr)>,
) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, kind, devices);
    text
}

fn write<'a>(
    text: &mut String,
    kind: Kind<'_>,
    devices: impl Iterator<Item = (&'a str, SocketAddr)>,
) -> std::fmt::Result {
    let data_dir = quoted(&kind.data_dir.to_string_lossy());
    writeln!(
        text,
        "[engine]\nname = \"{}\"\ndata_dir = {data_dir}",
        kind.name
    )?;
    writeln!(text, "[http]\nlisten = \"127.0.0.1:0\"")?;
    writeln!(text, "[journal]\nsegment_size = \"1MiB\"")?;
    writeln!(
        text,
        "[store]\ncommit_interval = \"{}\"",
        kind.commit_interval
    )?;
    // A short lease, so that the devices of a dead candidate are back soon.
    writeln!(
        text,
        "[fleet]\nservers = \"{}\"\nname = \"{FLEET}\"\nrole = \"{}\"\ncapacity = {}\n\
         replicas = 1\nlease = \"6s\"",
        kind.servers, kind.role, kind.capacity
    )?;
    // Answers are waited for long: a busy machine makes no device look away.
    writeln!(text, "[modbus]\ntimeout = \"5s\"")?;
    // Quick, so that short pauses have enough samples.
    writeln!(text, "[scan_class]\nquick = \"100ms\"")?;
    profile_of(text, "quick", |point| point.table == Table::InputRegister)?;
    for (name, address) in devices {
        writeln!(
            text,
            "[[device]]\nname = \"{name}\"\naddress = \"{address}\"\nprofile = \"feeder\""
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use gridos_fleet::Role;

    use super::*;
    use crate::config::Config;

    #[test]
    fn it_is_good() {
        let kind = Kind {
            name: "candidate",
            role: "canary",
            data_dir: Path::new("a \"quoted\" folder"),
            commit_interval: "50ms",
            capacity: 0,
            servers: "nats://127.0.0.1:4222",
        };
        let devices = [("a", 1001), ("b", 1002)].into_iter();
        let devices = devices.map(|(name, port)| (name, SocketAddr::from(([127, 0, 0, 1], port))));
        let text = text(kind, devices);
        let none: [(String, String); 0] = [];
        let config = Config::parse(&text, "x.toml", none, &|path| std::fs::read(path)).unwrap();
        assert_eq!(config.devices.len(), 2);
        let membership = config.membership.unwrap();
        assert_eq!((membership.role, membership.capacity), (Role::Canary, 0));
    }
}

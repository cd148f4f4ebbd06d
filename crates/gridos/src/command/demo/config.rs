//! The configuration of the demo, written as a user would write it.

use std::fmt::Write as _;
use std::net::SocketAddr;

use gridos_sim::modbus::Table;
use gridos_sim::substation::{Limits, MAP, MapPoint};

use crate::cli::Demo;

/// The text of a configuration that polls the simulated feeders at `addresses`.
pub(super) fn text(args: &Demo, addresses: &[SocketAddr]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut text, args, addresses);
    text
}

fn write(text: &mut String, args: &Demo, addresses: &[SocketAddr]) -> std::fmt::Result {
    let data_dir = args.data_dir.to_string_lossy();
    writeln!(
        text,
        "[engine]\nname = \"demo\"\ndata_dir = {}",
        quoted(&data_dir)
    )?;
    writeln!(text, "[http]\nlisten = \"{}\"", args.listen)?;
    if !args.listen.ip().is_loopback() {
        writeln!(text, "[access]\nallow_open = true")?;
    }
    profile(text, "fast")?;
    for (n, address) in addresses.iter().enumerate() {
        let n = n + 1;
        writeln!(
            text,
            "[[device]]\nname = \"feeder-{n:02}\"\naddress = \"{address}\""
        )?;
        writeln!(text, "profile = \"feeder\"")?;
    }
    Ok(())
}

/// The profile of the simulated feeders, named `feeder`, read in a scan class.
pub(crate) fn profile(text: &mut String, scan: &str) -> std::fmt::Result {
    profile_of(text, scan, |_| true)
}

/// The same, of those points that are wanted.
pub(crate) fn profile_of(
    text: &mut String,
    scan: &str,
    is_wanted: fn(&MapPoint) -> bool,
) -> std::fmt::Result {
    writeln!(
        text,
        "[[profile]]\nname = \"feeder\"\nprotocol = \"modbus\"\nscan = \"{scan}\""
    )?;
    writeln!(text, "point = [")?;
    for point in MAP.iter().filter(|point| is_wanted(point)) {
        writeln!(text, "    {},", inline(point))?;
    }
    writeln!(text, "]")
}

fn inline(point: &MapPoint) -> String {
    let table = match point.table {
        Table::Coil => "coil",
        Table::DiscreteInput => "discrete",
        Table::HoldingRegister => "holding",
        Table::InputRegister => "input",
    };
    let mut text = format!("{{ name = \"{}\", {table} = {}", point.name, point.address);
    if matches!(point.table, Table::HoldingRegister | Table::InputRegister) {
        let (kind, order) = (point.kind, point.order);
        text += &format!(
            ", type = \"{kind}\", order = \"{order}\", scale = {:?}",
            point.scale
        );
    }
    if !point.unit.is_empty() {
        text += &format!(", unit = \"{}\"", point.unit);
    }
    if let Some(limits) = &point.limits {
        text += &format!(", limits = {}", limits_text(limits));
    }
    text + " }"
}

fn limits_text(limits: &Limits) -> String {
    let all = [
        ("low_low", limits.low_low),
        ("low", limits.low),
        ("high", limits.high),
        ("high_high", limits.high_high),
        ("deadband", Some(limits.deadband)),
    ];
    let given = all
        .iter()
        .filter_map(|(key, value)| Some(format!("{key} = {:?}", (*value)?)));
    format!("{{ {} }}", given.collect::<Vec<_>>().join(", "))
}

/// A TOML basic string.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Fleet};

    #[test]
    fn the_demo_configuration_is_good() {
        let args = Demo {
            duration: None,
            listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: "a \"quoted\" folder".into(),
            devices: 2,
            json: false,
        };
        let addresses = [
            "127.0.0.1:1001".parse().unwrap(),
            "127.0.0.1:1002".parse().unwrap(),
        ];
        let none: [(String, String); 0] = [];
        let text = text(&args, &addresses);
        let config = Config::parse(&text, "demo.toml", none, &|path| std::fs::read(path)).unwrap();
        assert_eq!(config.engine.data_dir, args.data_dir);
        let fleet = Fleet::of(&config).unwrap();
        assert_eq!(fleet.directory.point_count(), 2 * MAP.len());
        assert!(fleet.limits().count() > 10);
    }
}

//! The configuration of one side's engine, written as a user would write it.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use crate::command::demo::config::{profile, quoted};

/// What differs between the engines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind<'a> {
    pub(super) name: &'a str,
    pub(super) data_dir: &'a Path,
    /// As the configuration writes it.
    pub(super) commit_interval: &'a str,
}

/// The text with which an engine polls these devices.
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
    // Quick, so that short pauses have enough samples.
    writeln!(text, "[scan_class]\nquick = \"150ms\"")?;
    profile(text, "quick")?;
    // Areas of operators are fixed at the start, so the one that feeders have must be there before them.
    writeln!(
        text,
        "[[profile]]\nname = \"office\"\nprotocol = \"push\"\n\
         point = [{{ name = \"temperature\", unit = \"°C\", limits = {{ high = 40 }} }}]\n\
         [[device]]\nname = \"office-{}\"\nprofile = \"office\"",
        kind.name
    )?;
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
    use super::*;
    use crate::config::Config;

    #[test]
    fn it_is_good_with_devices_and_without() {
        let kind = Kind {
            name: "candidate",
            data_dir: Path::new("a \"quoted\" folder"),
            commit_interval: "50ms",
        };
        for count in [0, 2] {
            let devices = [("a", 1001), ("b", 1002)].into_iter().take(count);
            let devices =
                devices.map(|(name, port)| (name, SocketAddr::from(([127, 0, 0, 1], port))));
            let text = text(kind, devices);
            let none: [(String, String); 0] = [];
            let config = Config::parse(&text, "x.toml", none, &|path| std::fs::read(path)).unwrap();
            // And the office.
            assert_eq!(config.devices.len(), count + 1);
        }
    }
}

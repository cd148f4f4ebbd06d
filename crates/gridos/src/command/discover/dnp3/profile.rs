//! The points of an outstation as a configuration.

use std::fmt::{self, Write as _};

use gridos_dnp3::transport::FragmentMax;

use super::found::{Found, Run};
use crate::cli::DiscoverDnp3;

/// The attributes that tell which device this is (IEEE 1815-2012, Annex A).
const STATED: [u8; 9] = [252, 250, 248, 242, 243, 247, 246, 245, 244];

/// A profile with the points found, as many as are allowed, and a device of it; a configuration
/// that runs.
pub(super) fn text(args: &DiscoverDnp3, found: &Found) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = write(&mut out, args, found);
    out
}

fn write(out: &mut String, args: &DiscoverDnp3, found: &Found) -> fmt::Result {
    let DiscoverDnp3 { at, profile, .. } = args;
    head(out, args, found)?;
    writeln!(
        out,
        "\n[[profile]]\nname = \"{profile}\"\nprotocol = \"dnp3\""
    )?;
    if found.fragment_octets > FragmentMax::default().bytes() {
        let octets = found.fragment_octets.next_power_of_two();
        writeln!(out, "fragment_max = \"{}KiB\"", octets.div_ceil(1_024))?;
    }
    writeln!(out, "point = [")?;
    for run in found.runs(args.max_points) {
        writeln!(out, "    {},", line(run))?;
    }
    writeln!(out, "]\n")?;
    writeln!(out, "[[device]]\nname = \"{profile}-1\"")?;
    writeln!(out, "profile = \"{profile}\"\naddress = \"{}\"", at.address)?;
    writeln!(
        out,
        "master = {}\noutstation = {}",
        at.master, at.outstation
    )
}

/// Who the device is, and what is to be done with its points.
fn head(out: &mut String, args: &DiscoverDnp3, found: &Found) -> fmt::Result {
    let at = &args.at;
    writeln!(
        out,
        "# What the outstation {} at {} says to the master {}:",
        at.outstation, at.address, at.master
    )?;
    for (name, text) in STATED
        .iter()
        .filter_map(|number| found.attributes.get(number))
    {
        writeln!(out, "#   {name:<22} {text}")?;
    }
    writeln!(out, "#   {:<22} {}", "points", found.points.len())?;
    for remark in &found.remarks {
        writeln!(out, "#   {:<22} {remark}", "not read")?;
    }
    if let Some(left_out) = found.left_out(args.max_points) {
        writeln!(out, "#\n# Not all are here: {left_out}.")?;
    }
    writeln!(
        out,
        "#\n# An outstation does not tell what its points are called or measured in: its manual does. Give them\n\
         # names, scale, unit, limits and states as in examples/dnp3.toml, before there is a history of them."
    )
}

fn line(run: Run) -> String {
    let Run { kind, first, last } = run;
    let word = kind.word();
    if first == last {
        format!("{{ name = \"{word}_{first}\", {word} = {first} }}")
    } else {
        format!("{{ name = \"{word}_{{n}}\", {word} = \"{first}..{last}\" }}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gridos_collect::dnp3::PointKind;

    use super::*;
    use crate::cli::OutstationAt;
    use crate::config::{Config, Name};

    fn args(max_points: usize) -> DiscoverDnp3 {
        DiscoverDnp3 {
            at: OutstationAt {
                address: "192.0.2.7:20000".parse().unwrap(),
                master: 3,
                outstation: 4,
                timeout: Duration::from_secs(1),
            },
            profile: Name::plain("bay").unwrap(),
            json: false,
            output: None,
            max_points,
        }
    }

    #[test]
    fn every_kind_and_the_longest_fragments_make_a_configuration() {
        let mut found = Found {
            fragment_octets: 2_049,
            ..Found::default()
        };
        for kind in PointKind::ALL {
            found.points.extend([0, 1, 2, 9].map(|index| (kind, index)));
        }
        let text = text(&args(36), &found);
        let no_variables: [(&str, &str); 0] = [];
        let config = Config::parse(&text, "bay.toml", no_variables, &|path| std::fs::read(path));
        let config = config.unwrap_or_else(|faults| panic!("{faults}\n{text}"));
        assert!(text.contains("fragment_max = \"4KiB\"\n"), "{text}");
        assert!(
            text.contains("\n    { name = \"double_bit_{n}\", double_bit = \"0..2\" },\n"),
            "{text}"
        );
        assert!(text.contains("master = 3\noutstation = 4\n"), "{text}");
        let report = crate::check::Report::of(&config).unwrap();
        assert_eq!(report.bounds.points, 36);
    }

    #[test]
    fn a_cut_is_told_in_the_file() {
        let mut found = Found::default();
        let all = (0..=u16::MAX).map(|index| (PointKind::Analog, index));
        found.points.extend(all);
        let text = text(&args(96), &found);
        assert!(text.contains("analog = \"0..95\" }"), "{text}");
        assert!(
            text.contains("# Not all are here: the outstation has 65536 points"),
            "{text}"
        );
        assert!(text.len() < 2_000);
    }
}

//! The models of a device as a configuration.

use std::fmt::{self, Write as _};

use gridos_modbus::Kind;
use gridos_modbus::sunspec::{Discovery, Model, ModelPoints, Point};

use crate::cli::DiscoverSunspec;

/// What model 1 calls what it states, and what that is.
const STATED: [(&str, &str); 5] = [
    ("Mn", "manufacturer"),
    ("Md", "model"),
    ("Opt", "options"),
    ("Vr", "version"),
    ("SN", "serial number"),
];

/// A profile with all points of the known models, and a device of it; a configuration that runs.
pub(super) fn text(args: &DiscoverSunspec, found: &Discovery) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = write(&mut out, args, found);
    out
}

fn write(out: &mut String, args: &DiscoverSunspec, found: &Discovery) -> fmt::Result {
    let known = found.points();
    head(out, args, found, &known)?;
    writeln!(
        out,
        "\n[[profile]]\nname = \"{}\"\nprotocol = \"modbus\"",
        args.profile
    )?;
    writeln!(out, "point = [")?;
    for of_model in &known {
        points(out, of_model, args.all)?;
    }
    writeln!(out, "]\n")?;
    writeln!(out, "[[device]]\nname = \"{}-1\"", args.profile)?;
    writeln!(out, "profile = \"{}\"", args.profile)?;
    writeln!(out, "address = \"{}\"\nunit = {}", args.address, args.unit)
}

/// Who the device is, and its models.
fn head(
    out: &mut String,
    args: &DiscoverSunspec,
    found: &Discovery,
    known: &[ModelPoints<'_>],
) -> fmt::Result {
    writeln!(
        out,
        "# What the SunSpec device at {} unit {} says:",
        args.address, args.unit
    )?;
    for stated in known.iter().flat_map(|of_model| &of_model.stated) {
        let name = STATED.iter().find(|(name, _)| *name == stated.name);
        let name = name.map_or(stated.name.as_str(), |(_, words)| words);
        writeln!(out, "#   {name:<20} {}", stated.text)?;
    }
    writeln!(out, "#\n#   model  at     registers")?;
    for model in &found.models {
        let Model {
            id,
            address,
            length,
            ..
        } = model;
        writeln!(
            out,
            "#   {id:>5}  {address:>5}  {length:>5}   {}",
            remark(model)
        )?;
    }
    Ok(())
}

fn remark(model: &Model) -> String {
    match (model.definition, model.refused) {
        (None, _) => "not known here: skipped".to_owned(),
        (Some(definition), None) => definition.title.to_owned(),
        (Some(definition), Some(code)) => {
            format!("{}; not read whole: exception {code}", definition.title)
        }
    }
}

fn points(out: &mut String, of_model: &ModelPoints<'_>, all: bool) -> fmt::Result {
    let (id, address) = (of_model.model.id, of_model.model.address);
    let shown = of_model.points.len() + if all { of_model.absent.len() } else { 0 };
    if shown == 0 {
        return Ok(());
    }
    writeln!(
        out,
        "    # Model {id} at {address}: {}",
        of_model.definition.title
    )?;
    for point in &of_model.points {
        writeln!(out, "    {},", line(point))?;
    }
    let absent = of_model.absent.iter();
    if all {
        for point in absent {
            writeln!(out, "    {},", line(point))?;
        }
    } else if !of_model.absent.is_empty() {
        let names: Vec<&str> = absent.map(|point| point.name.as_str()).collect();
        comment(out, "left out, since the device says it has none:", &names)?;
    }
    if of_model.unknown_registers > 0 {
        let count = of_model.unknown_registers;
        writeln!(
            out,
            "    # {count} more registers, which only the vendor knows"
        )?;
    }
    Ok(())
}

const LINE_CHARS: usize = 100;

fn comment(out: &mut String, head: &str, names: &[&str]) -> fmt::Result {
    let mut line = format!("    # {head}");
    for name in names {
        if line.chars().count() + 1 + name.chars().count() > LINE_CHARS {
            writeln!(out, "{line}")?;
            line = "    #".to_owned();
        }
        write!(line, " {name}")?;
    }
    writeln!(out, "{line}")
}

fn line(point: &Point) -> String {
    let mut line = format!("{{ name = \"{}\", holding = {}", point.name, point.address);
    // Writing to a text cannot fail.
    let _ = settings(&mut line, point);
    line + " }"
}

fn settings(line: &mut String, point: &Point) -> fmt::Result {
    if point.kind != Kind::U16 {
        write!(line, ", type = \"{}\"", point.kind)?;
    }
    if let Kind::Text(registers) = point.kind {
        // Who a device is changes next to never.
        write!(line, ", registers = {registers}, scan = \"slow\"")?;
    }
    if let Some(exponent) = &point.exponent {
        write!(line, ", sf = \"{exponent}\"")?;
    }
    match point.invalid {
        // The reader's whole numbers end before all ones of 64 bits.
        Some(u64::MAX) => write!(line, ", invalid = [-1]")?,
        Some(code) => write!(line, ", invalid = [{code:#x}]")?,
        None => {}
    }
    if !point.unit.is_empty() {
        write!(line, ", unit = \"{}\"", point.unit)?;
    }
    Ok(())
}

//! The figures as a table for people.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};

use super::figures::{Figures, Ratios};
use super::latency::Percentiles;
use crate::number::significant;
use crate::size::show_bytes;

/// The stages that are shown, and what they are; JSON has all.
const STAGES: [(&str, &str); 5] = [
    ("due-wire", "due → answered"),
    ("wire-alarm", "wire → alarm"),
    ("wire-durable", "wire → durable"),
    ("wire-stored", "wire → stored"),
    ("due-stored", "due → stored"),
];
const FIGURES: usize = 3;

/// What was measured, with the ratios that say what it is worth.
pub(super) fn table(figures: &Figures) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut text, figures);
    text
}

fn write_all(text: &mut String, figures: &Figures) -> fmt::Result {
    let head = match figures.devices {
        0 => String::new(),
        devices => format!(", {devices} devices, {} points", figures.points),
    };
    writeln!(
        text,
        "\n{}{head}, {:.0} s",
        figures.scenario, figures.seconds
    )?;
    rates(text, figures)?;
    latencies(text, &figures.latency_ms)?;
    half(text, figures)?;
    if let Some(history) = &figures.history {
        line(text, "history meanwhile", history)?;
    }
    costs(text, figures)?;
    let ledger = &figures.ledger;
    let verdict = match ledger.is_whole() {
        true => "balanced",
        false => "NOT BALANCED",
    };
    line(
        text,
        "ledger",
        format_args!(
            "{} received, {} stored, {} refused, {} lost: {verdict}",
            ledger.received, ledger.stored, ledger.refused, ledger.lost
        ),
    )
}

fn rates(text: &mut String, figures: &Figures) -> fmt::Result {
    let rate = |rate: f64| format!("{} readings/s", count(rate));
    if let Some(offered) = figures.offered {
        line(text, "offered by the devices", rate(offered))?;
    }
    line(text, "wire → durable", rate(figures.durable))?;
    line(text, "wire → stored", rate(figures.stored))?;
    if let Some(outage) = &figures.outage {
        let what = format!(
            "{:.1} s; drained in {:.1} s, {} ({} times as fast as they came)",
            outage.seconds,
            outage.drained_within,
            rate(outage.drained),
            short(outage.times_as_fast)
        );
        line(text, "database away", what)?;
    }
    let Ratios {
        of_wire,
        of_copy,
        of_both,
        times_rows,
    } = figures.ratios;
    if let Some(wire) = figures.wire_alone {
        let part = worth(of_wire, "of it");
        line(text, "the wire alone", format_args!("{}{part}", rate(wire)))?;
    }
    if let Some(alone) = &figures.database_alone {
        let copy = format!("{}{}", rate(alone.arrays), worth(of_copy, "of it"));
        line(text, "COPY of the same rows alone", copy)?;
        let rows = format!(
            "{}, {} bytes each{}",
            rate(alone.rows),
            short(alone.bytes_per_row),
            worth(times_rows, "times as many")
        );
        line(text, "COPY of a row per reading", rows)?;
    }
    if let Some(part) = of_both {
        let part = format!(
            "{} of what wire and COPY allow together (goal 0.75)",
            short(part)
        );
        line(text, "stored is", part)?;
    }
    Ok(())
}

/// What was stored beside a limit. What devices offer at a pace says nothing of what could be stored.
fn worth(ratio: Option<f64>, what: &str) -> String {
    ratio.map_or_else(String::new, |ratio| {
        format!("; stored is {} {what}", short(ratio))
    })
}

/// How it is at half of the rate.
fn half(text: &mut String, figures: &Figures) -> fmt::Result {
    let Some(half) = &figures.half else {
        return Ok(());
    };
    let what = format!(
        "{} readings/s durable of {} offered",
        count(half.durable),
        count(half.offered)
    );
    line(text, "at half of that", what)?;
    latencies(text, &half.latency_ms)?;
    percentiles(text, "  disk, a block, meanwhile", half.disk_ms.busy)?;
    percentiles(text, "  disk, a block, before", half.disk_ms.quiet)
}

fn latencies(text: &mut String, found: &BTreeMap<String, Percentiles>) -> fmt::Result {
    let head = ["p50", "p95", "p99", "p99.9", "max"].map(|name| format!("{name:>9}"));
    line(text, "latency, ms", head.concat())?;
    for (stage, name) in STAGES {
        if let Some(found) = found.get(stage) {
            percentiles(text, &format!("  {name}"), *found)?;
        }
    }
    Ok(())
}

fn percentiles(text: &mut String, name: &str, found: Percentiles) -> fmt::Result {
    let all = [found.p50, found.p95, found.p99, found.p999, found.max];
    line(
        text,
        name,
        all.map(|millis| format!("{:>9}", short(millis))).concat(),
    )
}

fn costs(text: &mut String, figures: &Figures) -> fmt::Result {
    let cpu = &figures.cpu_seconds_per_million;
    let server = cpu.server.map_or_else(|| "?".to_owned(), short);
    let what = format!(
        "engine {}, devices {}, PostgreSQL {server}",
        short(cpu.engine),
        short(cpu.devices)
    );
    line(text, "CPU seconds for a million", what)?;
    let memory = &figures.resident_bytes;
    let peak = show_bytes(memory.peak);
    let memory = match memory.growth_per_hour {
        Some(growth) => format!(
            "{peak}; settled it grows by {} MiB/h",
            short(growth / 1_048_576.0)
        ),
        None => peak,
    };
    line(text, "memory of the engine, peak", memory)?;
    let Some(bytes) = &figures.bytes_per_reading else {
        return Ok(());
    };
    let what = format!(
        "journal {}, write-ahead log {}, tables {}, indexes {}",
        short(bytes.journal),
        short(bytes.wal),
        short(bytes.table),
        short(bytes.index)
    );
    line(text, "bytes a reading", what)
}

fn line(text: &mut String, name: &str, value: impl Display) -> fmt::Result {
    writeln!(text, "  {name:<30}{value}")
}

/// Three figures are more than a shared machine repeats.
pub(super) fn short(value: f64) -> String {
    significant(value, FIGURES)
}

/// A rate with its thousands or millions.
fn count(rate: f64) -> String {
    match rate {
        rate if rate >= 1e6 => format!("{} M", short(rate / 1e6)),
        rate if rate >= 1e3 => format!("{} k", short(rate / 1e3)),
        rate => short(rate),
    }
}

//! The tables of `docs/explanation/capacity.md`.

use std::fmt::{self, Write as _};

use super::{Bound, Carried, Costs, Machine, Measured, Plant, Run};

const MEBIBYTE: f64 = 1_048_576.0;
const GIBIBYTE: f64 = 1_073_741_824.0;
/// Engines that the last table is of, a machine each.
const ENGINES: [f64; 3] = [1.0, 10.0, 100.0];
/// The machines that the page reckons with: what was measured on, and one as it stands in a control centre.
const SMALL: Machine = Machine {
    cores: 2.0,
    memory: 24.0 * GIBIBYTE,
    files: 20_000.0,
    disk: 500e6,
    used: 0.5,
};
const LARGE: Machine = Machine {
    cores: 16.0,
    memory: 64.0 * GIBIBYTE,
    files: 500_000.0,
    disk: 1e9,
    used: 0.5,
};
/// The plant that it reckons with.
const PLANT: Plant = Plant {
    points_each: 100.0,
    every: 1.0,
};

/// `page` with every table made anew between its marks, `<!-- name -->` and `<!-- end -->`; `None` if a mark or a run
/// is missing.
pub fn splice(page: &str, measured: &Measured) -> Option<String> {
    let costs = Costs::of(&measured.runs)?;
    let parts = [
        ("runs", runs(measured)),
        ("costs", unit_costs(&costs)),
        ("small", carried(&SMALL, &costs, &PLANT)),
        ("large", carried(&LARGE, &costs, &PLANT)),
    ];
    let mut page = page.to_owned();
    for (name, text) in parts {
        let mark = format!("<!-- {name} -->\n");
        let (before, rest) = page.split_once(&mark)?;
        let (_, after) = rest.split_once("<!-- end -->")?;
        page = format!("{before}{mark}{text}<!-- end -->{after}");
    }
    Some(page)
}

fn runs(measured: &Measured) -> String {
    let mut text = format!("On {}, {}:\n\n", measured.on, measured.day);
    text += "| devices | points each | points | read | chart of | stored, readings/s | engine, CPU s/M | PostgreSQL, CPU s/M | durable p99, ms | stored p99, ms | chart p99, ms | memory, MiB |\n";
    text += "|---|---|---|---|---|---|---|---|---|---|---|---|\n";
    for run in &measured.runs {
        // Writing to a string cannot fail.
        let _ = row(&mut text, run);
    }
    for failed in &measured.failed {
        let size = &failed.size;
        let _ = writeln!(
            text,
            "\n{} devices of {} points were not measured: {}",
            size.devices, size.points_each, failed.why
        );
    }
    text
}

fn row(text: &mut String, run: &Run) -> fmt::Result {
    let size = &run.size;
    let read = size
        .every_ms
        .map_or("as it answers".to_owned(), |every| match every {
            every if every >= 1_000 => format!("every {} s", short(every as f64 / 1e3)),
            every => format!("every {every} ms"),
        });
    let chart = match size.columns {
        0 => String::new(),
        1 => "1 point".to_owned(),
        columns => format!("{columns} points"),
    };
    writeln!(
        text,
        "| {} | {} | {} | {read} | {chart} | {} | {} | {} | {} | {} | {} | {} |",
        count(f64::from(size.devices)),
        count(f64::from(size.points_each)),
        count(size.points()),
        count(run.stored),
        short(run.engine_cpu),
        short(run.database_cpu),
        short(run.durable_p99),
        short(run.stored_p99),
        run.chart_p99.map_or_else(String::new, short),
        short(run.resident / MEBIBYTE)
    )
}

fn unit_costs(costs: &Costs) -> String {
    let bytes = &costs.bytes;
    let rows = [
        (
            "CPU of the engine for a million readings",
            short(costs.engine_cpu),
            "s",
        ),
        (
            "CPU of PostgreSQL for a million readings",
            short(costs.database_cpu),
            "s",
        ),
        (
            "memory of an engine without devices",
            short(costs.base / MEBIBYTE),
            "MiB",
        ),
        ("memory of a point", short(costs.point), "bytes"),
        (
            "memory of a device with its connection",
            short(costs.device),
            "bytes",
        ),
        ("journal for a reading", short(bytes.journal), "bytes"),
        ("write-ahead log for a reading", short(bytes.wal), "bytes"),
        (
            "tables for a reading, with minutes",
            short(bytes.table),
            "bytes",
        ),
        ("indexes for a reading", short(bytes.index), "bytes"),
        ("connections of a device", "1".to_owned(), "open file"),
    ];
    let rows = rows.map(|(what, much, unit)| format!("| {what} | {much} | {unit} |\n"));
    format!("| cost | | |\n|---|---|---|\n{}", rows.concat())
}

/// A table of what 1, 10 and 100 engines carry, a `machine` each, and what their databases are.
pub fn carried(machine: &Machine, costs: &Costs, plant: &Plant) -> String {
    let all = ENGINES.map(|engines| Carried::by(engines, machine, costs, plant));
    let mut text = format!(
        "| machines of {} cores, {} GiB, {} open files, a disk of {}B/s, of which {:.0} % are used |",
        machine.cores,
        short(machine.memory / GIBIBYTE),
        count(machine.files),
        count(machine.disk),
        machine.used * 100.0
    );
    text += &ENGINES.map(|engines| format!(" {engines} |")).concat();
    text += "\n|---|---|---|---|\n";
    let mut row = |what: &str, show: fn(&Carried) -> String| {
        text += &format!("| {what} |");
        text += &all
            .iter()
            .map(|each| format!(" {} |", show(each)))
            .collect::<String>();
        text += "\n";
    };
    row("devices", |each| count(each.devices));
    row("readings a second", |each| count(each.readings));
    row("an engine is bound by", |each| name(each.bound).to_owned());
    row("memory of an engine", |each| {
        format!("{} GiB", short(each.resident / GIBIBYTE))
    });
    row("PostgreSQL: processors at work", |each| {
        short(each.database_cores)
    });
    row("PostgreSQL: such machines", |each| count(each.databases));
    row("one of them is bound by", |each| {
        name(each.database_bound).to_owned()
    });
    row("write-ahead log", |each| format!("{}B/s", count(each.wal)));
    row("tables and indexes", |each| {
        format!("{}B a day", count(each.stored_a_day))
    });
    text
}

fn name(bound: Bound) -> &'static str {
    match bound {
        Bound::Processors => "its processors",
        Bound::Memory => "its memory",
        Bound::Files => "its open files",
        Bound::Disk => "its disk",
    }
}

/// A number with its thousands, millions and so on.
fn count(value: f64) -> String {
    let units = [(1e12, " T"), (1e9, " G"), (1e6, " M"), (1e3, " k")];
    let unit = units.iter().find(|(least, _)| value >= *least);
    unit.map_or_else(
        || short(value),
        |(least, unit)| format!("{}{unit}", short(value / least)),
    )
}

/// Three figures are more than a shared machine repeats.
fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few digits"
    )]
    let digits = (2.0 - value.abs().log10().floor()).clamp(0.0, 9.0) as usize;
    let text = format!("{value:.digits$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

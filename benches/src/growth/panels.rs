//! The chart of growth: what is drawn over what.

use super::chart::{Line, Panel, draw};
use super::{Measured, Run};

/// A figure of a run, above 0.
type Figure = fn(&Run) -> Option<f64>;

const DEVICES: &str = "devices";
const POINTS: &str = "points of the plant";
const CPU: &str = "CPU seconds for a million readings";
const MEBIBYTE: f64 = 1_048_576.0;

/// The whole chart.
pub fn svg(measured: &Measured) -> String {
    let runs = |is_wanted: fn(&Run) -> bool| -> Vec<Run> {
        let wanted = measured.runs.iter().filter(|run| is_wanted(run));
        wanted.copied().collect()
    };
    let paced = runs(|run| run.size.every_ms.is_some() && run.size.columns == 0);
    let full = runs(|run| run.size.every_ms.is_none());
    let devices: Figure = |run| Some(f64::from(run.size.devices));
    let points: Figure = |run| Some(run.size.points());
    let engine: (&str, Figure) = ("engine", |run| Some(run.engine_cpu));
    let database: (&str, Figure) = ("PostgreSQL", |run| Some(run.database_cpu));
    let cpu = [engine, database];
    let memory: Figure = |run| Some(run.resident / MEBIBYTE);
    let durable: (&str, Figure) = ("durable", |run| Some(run.durable_p99));
    let stored: (&str, Figure) = ("stored", |run| Some(run.stored_p99));
    let panels = [
        panel(
            "Cost of a reading, by devices",
            DEVICES,
            CPU,
            by_width(&paced, devices, &cpu),
        ),
        panel(
            "Cost of a reading, by points",
            POINTS,
            CPU,
            by_width(&paced, points, &cpu),
        ),
        Panel {
            title: "Cost of a reading beside the history",
            x: "points of its chart, asked for ten times a second",
            y: "CPU seconds for a million readings; seconds, p99",
            lines: beside_history(&measured.runs),
        },
        panel(
            "Memory of the engine",
            POINTS,
            "MiB, peak",
            by_width(&paced, points, &[("", memory)]),
        ),
        panel(
            "Latency from the wire",
            DEVICES,
            "ms, p99",
            by_width(&paced, devices, &[durable, stored]),
        ),
        panel(
            "As fast as devices answer",
            DEVICES,
            "readings a second, stored",
            by_width(&full, devices, &[("", |run| Some(run.stored))]),
        ),
    ];
    // What was not measured has no scale either.
    let has_points = |panel: &Panel| panel.lines.iter().any(|line| !line.points.is_empty());
    let panels: Vec<_> = panels.into_iter().filter(has_points).collect();
    draw("What a reading costs as the plant grows", &panels)
}

fn panel(title: &'static str, x: &'static str, y: &'static str, lines: Vec<Line>) -> Panel {
    Panel { title, x, y, lines }
}

/// A line for each figure and each number of points that a device has.
fn by_width(runs: &[Run], x: Figure, figures: &[(&str, Figure)]) -> Vec<Line> {
    let mut widths: Vec<_> = runs.iter().map(|run| run.size.points_each).collect();
    widths.sort_unstable();
    widths.dedup();
    let mut lines = Vec::new();
    for (name, figure) in figures {
        for width in &widths {
            let of_width = runs.iter().filter(|run| run.size.points_each == *width);
            let name = match *name {
                "" => format!("{width} points each"),
                name => format!("{name}, {width} each"),
            };
            lines.push(line(&name, of_width, x, *figure));
        }
    }
    lines
}

/// Costs with a client, and without one as a line beside them.
fn beside_history(runs: &[Run]) -> Vec<Line> {
    let with: Vec<&Run> = runs.iter().filter(|run| run.size.columns > 0).collect();
    let alike = |run: &&Run| {
        let alone = |with: &&Run| super::Size {
            columns: 0,
            ..with.size
        };
        with.first().is_some_and(|with| alone(with) == run.size)
    };
    let without = runs.iter().find(alike);
    let columns: Figure = |run| Some(f64::from(run.size.columns));
    let cpu: Figure = |run| Some(run.engine_cpu + run.database_cpu);
    let seconds: Figure = |run| run.chart_p99.map(|millis| millis / 1e3);
    let mut lines = vec![
        line("engine and PostgreSQL", with.iter().copied(), columns, cpu),
        line(
            "until a chart is there",
            with.iter().copied(),
            columns,
            seconds,
        ),
    ];
    let ends = [
        with.iter().min_by_key(|run| run.size.columns),
        with.iter().max_by_key(|run| run.size.columns),
    ];
    if let Some(without) = without {
        let level = without.engine_cpu + without.database_cpu;
        lines.push(Line {
            name: "no client".to_owned(),
            points: ends
                .into_iter()
                .flatten()
                .map(|run| (f64::from(run.size.columns), level))
                .collect(),
        });
    }
    lines
}

fn line<'a>(name: &str, runs: impl Iterator<Item = &'a Run>, x: Figure, y: Figure) -> Line {
    let mut points: Vec<_> = runs
        .filter_map(|run| x(run).zip(y(run)))
        .filter(|(x, y)| *x > 0.0 && *y > 0.0)
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0));
    Line {
        name: name.to_owned(),
        points,
    }
}

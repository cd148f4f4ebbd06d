//! `gridos alarms list`: the alarms that are not at rest, as a table or an object a line.

use serde_json::Value;

use super::super::{Outcome, block_on};
use crate::cli::{AlarmSort, AlarmsList};
use crate::client::{AskError, Client};
use crate::color::{BAD, TITLE, WARNING, paint};
use crate::{number, output};

/// Alarms that are asked for at once.
const PAGE: usize = 1_000;

const COLUMNS: [&str; 7] = [
    "PRIORITY",
    "STATE",
    "ALARM",
    "LEVEL",
    "VALUE",
    "RAISED",
    "OCCURRENCE",
];

pub(super) fn run(args: &AlarmsList) -> Outcome {
    block_on(async {
        let client = Client::new(&args.at)?;
        let mut rows = Vec::new();
        let (mut cursor, mut left) = (None, args.limit.unwrap_or(usize::MAX));
        let mut matching = 0;
        while left > 0 {
            let page = page(&client, args, cursor, left.min(PAGE)).await?;
            matching = page["matching"].as_u64().unwrap_or(0);
            let alarms = page["alarms"].as_array().cloned().unwrap_or_default();
            left = left.saturating_sub(alarms.len());
            if args.json {
                alarms.iter().try_for_each(output::json)?;
            } else {
                rows.extend(alarms.iter().map(row));
            }
            cursor = page["cursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
        }
        match args.json {
            true => Ok(()),
            false => show(&rows, matching),
        }
    })?
}

async fn page(
    client: &Client,
    args: &AlarmsList,
    cursor: Option<String>,
    limit: usize,
) -> Result<Value, AskError> {
    let mut parameters = parameters(args);
    parameters.push(("limit", limit.to_string()));
    parameters.extend(cursor.map(|cursor| ("cursor", cursor)));
    client.get(&["api", "v1", "alarms"], &parameters).await
}

fn parameters(args: &AlarmsList) -> Vec<(&'static str, String)> {
    let lists = [
        ("state", &args.state),
        ("kind", &args.kind),
        ("device", &args.device),
        ("point", &args.point),
        ("area", &args.area),
    ];
    let each = lists.into_iter();
    let mut all: Vec<_> = each
        .flat_map(|(name, values)| values.iter().map(move |value| (name, value.clone())))
        .collect();
    let flags = [
        ("active", args.active.then_some("true")),
        ("acknowledged", args.unacknowledged.then_some("false")),
        (
            "hidden",
            (!args.hidden && args.state.is_empty()).then_some("false"),
        ),
    ];
    let flags = flags.into_iter();
    all.extend(flags.filter_map(|(name, value)| Some((name, value?.to_owned()))));
    all.extend(
        args.priority_min
            .clone()
            .map(|least| ("priority_min", least)),
    );
    all.extend(args.search.clone().map(|part| ("q", part)));
    let sort = match args.sort {
        AlarmSort::Newest => "newest",
        AlarmSort::Priority => "priority",
        AlarmSort::Name => "name",
    };
    all.push(("sort", sort.to_owned()));
    all
}

fn row(alarm: &Value) -> [String; 7] {
    let text = |value: &Value| value.as_str().unwrap_or("–").replace('_', " ");
    let value = match alarm["current"]["value"].as_f64() {
        Some(value) => format!(
            "{} {}",
            number::meant(value),
            alarm["unit"].as_str().unwrap_or_default()
        ),
        None => "–".to_owned(),
    };
    let name = alarm["name"].as_str().or(alarm["id"].as_str());
    [
        text(&alarm["priority"]),
        text(&alarm["state"]),
        name.unwrap_or("–").to_owned(),
        text(&alarm["level"]),
        value.trim_end().to_owned(),
        text(&alarm["raised"]["time"]),
        alarm["occurrence"].to_string(),
    ]
}

/// A table whose columns are as wide as what is in them.
fn show(rows: &[[String; 7]], matching: u64) -> Outcome {
    if rows.is_empty() {
        return output::line("no alarms");
    }
    let width = |at: usize| {
        let cells = rows.iter().map(|row| row[at].chars().count());
        cells.max().unwrap_or(0).max(COLUMNS[at].len())
    };
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |cells: &[String; 7]| {
        let cells = cells.iter().zip(widths);
        let cells: Vec<String> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned()
    };
    output::line(paint(TITLE, line(&COLUMNS.map(str::to_owned))))?;
    for row in rows {
        let text = line(row);
        output::line(match row[0].as_str() {
            "urgent" => paint(BAD, text),
            "high" => paint(WARNING, text),
            _ => text,
        })?;
    }
    match matching.saturating_sub(rows.len() as u64) {
        0 => Ok(()),
        more => output::line(format_args!("and {more} more")),
    }
}

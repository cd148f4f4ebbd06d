//! `[devices] csv = "fleet.csv"`: devices by the thousand, one per row.

use std::sync::Arc;

use super::device::{Device, Known};
use super::fault::{FaultLog, Place};
use super::names::Names;
use super::nearest::suggestion;
use super::section::{Section, shown};
use super::source::Files;

pub(super) const KEYS: &[&str] = &["csv"];

/// The columns a file may have, in any order.
pub(super) const COLUMNS: &[&str] = &[
    "name",
    "profile",
    "address",
    "unit",
    "enabled",
    "timeout",
    "scan_factor",
    "listener",
    "peer",
    "master",
    "outstation",
    "area",
];

/// The columns a file must have.
const COLUMNS_REQUIRED: [&str; 2] = ["name", "profile"];

/// What a column is called that is not known: no key has this name, so it is never read.
const UNKNOWN: &str = "";

/// The devices of the file that `section` names; `names` are those of the devices before them.
pub(super) fn read(
    section: &Section<'_>,
    names: &mut Names,
    files: &Files<'_>,
    known: &Known<'_>,
    faults: &FaultLog,
) -> Vec<Device> {
    let name = section.text("csv");
    if section.is_given() {
        let example = "csv = \"fleet.csv\", or [[device]] for a single device";
        section.demand("csv", name.as_ref(), example);
    }
    let Some(name) = name else {
        return Vec::new();
    };
    let path = files.folder.join(name.value);
    match (files.read)(&path) {
        Ok(bytes) => parse(&bytes, &path.to_string_lossy(), names, known, faults),
        Err(error) => {
            let shown = shown(&path.to_string_lossy());
            section.fault("csv", format_args!("{shown} cannot be read: {error}"));
            Vec::new()
        }
    }
}

fn parse(
    bytes: &[u8],
    file: &str,
    names: &mut Names,
    known: &Known<'_>,
    faults: &FaultLog,
) -> Vec<Device> {
    let file: Arc<str> = file.into();
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(bytes);
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            faults.add(&Place::line(&file, 1), reason(&error));
            return Vec::new();
        }
    };
    let lines = Lines::of(bytes);
    let place = |position: Option<&csv::Position>| match position {
        Some(position) => Place::line(&file, lines.number(position)),
        None => Place::whole(Arc::clone(&file)),
    };
    let columns = columns(&header, &place(header.position()), faults);
    let mut devices = Vec::new();
    for row in reader.records() {
        let row = match row {
            Ok(row) => row,
            Err(error) => {
                faults.add(&place(error.position()), reason(&error));
                continue;
            }
        };
        if row.iter().all(str::is_empty) {
            continue;
        }
        let place = place(row.position());
        if row.len() != columns.len() {
            let (cells, wanted) = (row.len(), columns.len());
            let what = format!("the row has {cells} cells, the header {wanted}; correct the row");
            faults.add(&place, what);
            continue;
        }
        let mut section = Section::row(&columns, &row, place, faults);
        devices.extend(Device::read(&mut section, names, known));
    }
    devices
}

fn columns(header: &csv::StringRecord, place: &Place, faults: &FaultLog) -> Vec<&'static str> {
    let mut columns: Vec<&'static str> = Vec::new();
    for name in header {
        let known = COLUMNS.iter().find(|column| **column == name);
        let Some(column) = known else {
            let near = match name.contains(';') {
                true => "; separate columns by commas".to_owned(),
                false => suggestion(name, COLUMNS.iter().copied()),
            };
            faults.add(place, format!("unknown column {}{near}", shown(name)));
            columns.push(UNKNOWN);
            continue;
        };
        if columns.contains(column) {
            faults.add(
                place,
                format!("the column '{column}' is there twice; remove one"),
            );
        }
        columns.push(column);
    }
    for column in COLUMNS_REQUIRED {
        if !columns.contains(&column) {
            let what = format!("the column '{column}' is missing; add it to the header");
            faults.add(place, what);
        }
    }
    columns
}

/// The lines of a file: a row's position is that of the empty lines and comments before it.
struct Lines<'a> {
    bytes: &'a [u8],
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let breaks = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let after_breaks = breaks.map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(after_breaks).collect();
        Self { bytes, starts }
    }

    fn number(&self, position: &csv::Position) -> usize {
        let byte = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        let first = self.starts.partition_point(|start| *start <= byte).max(1);
        let rest = self.starts.get(first - 1..).unwrap_or_default();
        let skipped = rest.iter().take_while(|start| self.is_skipped(**start));
        (first + skipped.count()).min(self.starts.len())
    }

    fn is_skipped(&self, start: usize) -> bool {
        let rest = self.bytes.get(start..).unwrap_or_default();
        rest.is_empty() || matches!(rest.first(), Some(b'\n' | b'#')) || rest.starts_with(b"\r\n")
    }
}

fn reason(error: &csv::Error) -> String {
    if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) {
        return "the row is no UTF-8; save the file as UTF-8".to_owned();
    }
    format!("the row cannot be read: {error}")
}

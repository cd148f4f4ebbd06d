//! Bodies of readings that are posted, line by line.

use gridos_api::{LineFormat, SeenReading, see_readings};

/// Up to this long a body is cut at each of its bytes.
const CUT_BYTES_MAX: usize = 512;

/// Any bytes are lines of InfluxDB's protocol, each of which is readings or is refused by its number.
pub fn line(bytes: &[u8]) {
    check(LineFormat::Influx, bytes);
}

/// Any bytes are lines of JSON, each of which is a reading or is refused by its number.
pub fn ndjson(bytes: &[u8]) {
    check(LineFormat::NdJson, bytes);
}

fn check(format: LineFormat, bytes: &[u8]) {
    let whole = seen(format, bytes);
    let lines = line_of(bytes, bytes.len());
    assert!(whole.iter().all(|one| (1..=lines).contains(&one.line)));
    assert!(whole.is_sorted_by_key(|one| one.line));
    let is_told = |one: &SeenReading| one.point.as_ref().err().is_none_or(|why| !why.is_empty());
    assert!(whole.iter().all(is_told));
    if bytes.len() > CUT_BYTES_MAX {
        return;
    }
    for end in 0..bytes.len() {
        // What lies before the line where it is cut is what it was; a text may begin lines earlier.
        let cut_at = line_of(bytes, end);
        let begun = whole.iter().map(|one| one.line);
        let last = begun.take_while(|line| *line <= cut_at).last();
        let last = last.unwrap_or(cut_at);
        let part = seen(format, &bytes[..end]);
        let before = |all: &[SeenReading]| {
            let before = all.iter().take_while(|one| one.line < last);
            before.cloned().collect::<Vec<_>>()
        };
        assert_eq!(before(&part), before(&whole), "cut at {end}");
    }
}

/// Nothing, if there is nothing in it.
fn seen(format: LineFormat, bytes: &[u8]) -> Vec<SeenReading> {
    see_readings(format, bytes).unwrap_or_default()
}

/// The number of the line where the byte at `at` is.
fn line_of(bytes: &[u8], at: usize) -> usize {
    1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count()
}

//! Going through stored rows.
//!
//! Values are taken from the JSON text they were written as, because that reads back as exactly
//! the same double.

use rusqlite::{CachedStatement, Connection, Result, Row};

use super::time::{micros_text, parse_micros};
use crate::history::scan::{Micros, Pick, Place, RowId, Sink, take_pack, take_sweep, wants_packs};

const SWEEPS: &str = "
    select id, ts, received, time_quality, value, quality
    from sweep
    where layout = ?1 and ts >= ?2 and ts < ?3
    order by ts {direction}";

const EVENTS: &str = "
    select id, ts_last, received, point, ts, value, quality
    from event
    where layout = ?1 and ts_last >= ?2 and ts_last < ?4 and ts_first < ?3
    order by ts_last {direction}";

/// Gives the readings of a range to `sink`.
pub(crate) fn scan(
    connection: &Connection,
    places: &[Place],
    range: Micros,
    sink: &mut dyn Sink,
) -> Result<()> {
    if range.is_empty() {
        return Ok(());
    }
    for place in places {
        sweeps(connection, place, sink.rest(place, range), sink)?;
        events(connection, place, sink.rest(place, range), sink)?;
    }
    Ok(())
}

fn sweeps(
    connection: &Connection,
    place: &Place,
    range: Micros,
    sink: &mut dyn Sink,
) -> Result<()> {
    let mut statement = prepare(connection, SWEEPS, sink)?;
    let (from, until) = (micros_text(range.from), micros_text(range.until));
    let mut rows = statement.query((place.layout, from, until))?;
    while let Some(row) = rows.next()? {
        let time = micros(row, 1)?;
        if !sink.wants(place, time) {
            break;
        }
        let values = picked(&place.picks, elements(text(row, 4)?));
        let qualities = picked(&place.picks, elements(text(row, 5)?));
        let read = values
            .zip(qualities)
            .map(|(value, quality)| (double(value), bits(quality)));
        take_sweep(place, time, id(row)?, row.get(3)?, read, sink);
    }
    Ok(())
}

fn events(
    connection: &Connection,
    place: &Place,
    range: Micros,
    sink: &mut dyn Sink,
) -> Result<()> {
    let mut statement = prepare(connection, EVENTS, sink)?;
    let (from, until) = (micros_text(range.from), micros_text(range.until));
    let packs_until = micros_text(range.packs_until());
    let mut rows = statement.query((place.layout, from, until, packs_until))?;
    while let Some(row) = rows.next()? {
        if !wants_packs(place, micros(row, 1)?, sink) {
            break;
        }
        let times = elements(text(row, 4)?);
        let (values, mut qualities) = (elements(text(row, 5)?), elements(text(row, 6)?));
        let events = elements(text(row, 3)?).zip(times).zip(values);
        let read = events.map(|((position, time), value)| {
            let time = parse_micros(time.trim_matches('"'));
            let quality = qualities.next().unwrap_or_default();
            // What is no position is that of no point.
            let position = position.parse().unwrap_or(u32::MAX);
            (
                position,
                time.unwrap_or_default(),
                double(value),
                bits(quality),
            )
        });
        take_pack(place, range, id(row)?, read, sink);
    }
    Ok(())
}

fn prepare<'a>(
    connection: &'a Connection,
    sql: &str,
    sink: &dyn Sink,
) -> Result<CachedStatement<'a>> {
    connection.prepare_cached(&sql.replace("{direction}", sink.direction().sql()))
}

fn id(row: &Row<'_>) -> Result<RowId> {
    Ok(RowId {
        received: micros(row, 2)?,
        table: 0,
        row: row.get(0)?,
    })
}

pub(crate) fn micros(row: &Row<'_>, column: usize) -> Result<i64> {
    Ok(parse_micros(row.get_ref(column)?.as_str()?).unwrap_or_default())
}

/// The text of a column; null is an empty one.
pub(crate) fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str> {
    Ok(row.get_ref(column)?.as_str_or_null()?.unwrap_or_default())
}

/// The elements of a JSON array of numbers, or of texts without commas; of no text there are none.
pub(crate) fn elements(array: &str) -> impl Iterator<Item = &str> {
    let inner = array
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    let inner = inner.filter(|text| !text.is_empty());
    inner.into_iter().flat_map(|text| text.split(','))
}

/// The elements at the places of `picks`; empty ones where there are none.
fn picked<'a>(
    picks: &[Pick],
    mut elements: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = &'a str> {
    let mut next = 0;
    picks.iter().map(move |pick| {
        let skipped = (pick.position - next) as usize;
        next = pick.position + 1;
        elements.nth(skipped).unwrap_or_default()
    })
}

/// The number; none for null.
fn double(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// The flags; none of them where there is no text.
fn bits(text: &str) -> u32 {
    text.parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_read_where_they_are_asked_for() {
        let pick = |position| Pick { position, point: 0 };
        let picks = [pick(0), pick(3), pick(4), pick(9)];
        let found: Vec<_> = picked(&picks, elements("[1,2,3,4,5]")).collect();
        assert_eq!(found, ["1", "4", "5", ""]);
        for none in ["", "[]", "{}", "[1"] {
            assert_eq!(elements(none).count(), 0, "{none}");
        }
        let read = |text: &'static str| elements(text).map(double).collect::<Vec<_>>();
        let expected = [
            Some(1.5),
            None,
            Some(f64::INFINITY),
            Some(f64::NEG_INFINITY),
        ];
        assert_eq!(read("[1.5,null,9e999,-9e999]"), expected);
    }
}

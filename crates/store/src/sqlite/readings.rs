//! Questions about readings: pages, columns, an instant.

use std::collections::BTreeMap;

use rusqlite::{Connection, Result};

use super::history::text_row;
use super::minutes;
use super::scan::scan;
use super::time::micros_text;
use crate::history::scan::{Place, places};
use crate::history::{Gatherer, Minutes, Reducer, Youngest, youngest_texts};
use crate::{Column, Instant, InstantQuery, ReadingsPage, ReadingsQuery, TextRow, TrendQuery};

/// A page of readings.
pub(crate) fn page(connection: &Connection, query: &ReadingsQuery) -> Result<ReadingsPage> {
    if query.limit == 0 {
        return Ok(ReadingsPage::default());
    }
    let mut gatherer = Gatherer::new(query);
    let places = places_of(connection, &query.points)?;
    scan(connection, &places, query.range(), &mut gatherer)?;
    Ok(gatherer.page())
}

/// Readings reduced to columns.
pub(crate) fn trend(connection: &Connection, query: &TrendQuery) -> Result<Vec<Vec<Column>>> {
    let mut reducer = Reducer::new(query);
    let range = query.range();
    for place in places_of(connection, &query.points)? {
        let minutes = match Minutes::of(query.grid, range) {
            Some(minutes) => minutes.closed(minutes::last(connection, &place)?),
            None => None,
        };
        let rest = match minutes {
            Some(minutes) => minutes::take(connection, &place, minutes, &mut reducer)?.rest(range),
            None => vec![range],
        };
        for range in rest {
            scan(
                connection,
                std::slice::from_ref(&place),
                range,
                &mut reducer,
            )?;
        }
    }
    Ok(reducer.columns())
}

/// All points of a device at an instant.
pub(crate) fn instant(connection: &Connection, query: &InstantQuery) -> Result<Instant> {
    let (names, places) = device(connection, &query.device)?;
    let mut youngest = Youngest::of(names.len());
    scan(connection, &places, query.range(), &mut youngest)?;
    Ok(Instant {
        readings: youngest.rows(names),
        texts: texts_at(connection, query)?,
    })
}

/// Where the points stand; those that nobody knows stand nowhere.
fn places_of(connection: &Connection, points: &[String]) -> Result<Vec<Place>> {
    let mut statement = connection.prepare_cached(
        "select layout_point.layout, layout_point.position
         from point join layout_point on layout_point.point = point.id
         where point.name = ?1",
    )?;
    let mut found = Vec::new();
    for (place, point) in (0..).zip(points) {
        let mut rows = statement.query([point])?;
        while let Some(row) = rows.next()? {
            found.push((row.get(0)?, row.get(1)?, place));
        }
    }
    Ok(places(found))
}

/// The names of a device's points, and where they stand.
fn device(connection: &Connection, device: &str) -> Result<(Vec<String>, Vec<Place>)> {
    let mut statement = connection.prepare_cached(
        "select layout_point.layout, layout_point.position, point.name
         from device
         cross join layout on layout.device = device.id
         cross join layout_point on layout_point.layout = layout.id
         cross join point on point.id = layout_point.point
         where device.name = ?1",
    )?;
    let mut rows = statement.query([device])?;
    let (mut numbers, mut found) = (BTreeMap::new(), Vec::new());
    while let Some(row) = rows.next()? {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let number = *numbers.entry(row.get::<_, String>(2)?).or_insert(next);
        found.push((row.get(0)?, row.get(1)?, number));
    }
    let mut names = vec![String::new(); numbers.len()];
    for (name, number) in numbers {
        names[number as usize] = name;
    }
    Ok((names, places(found)))
}

/// The last text of each of a device's points that has any, at an instant or before.
fn texts_at(connection: &Connection, query: &InstantQuery) -> Result<Vec<TextRow>> {
    let mut statement = connection.prepare_cached(
        "select point.name, text_event.ts, text_event.text, text_event.quality
         from device
         cross join layout on layout.device = device.id
         cross join layout_point on layout_point.layout = layout.id
         cross join point on point.id = layout_point.point
         cross join text_event on text_event.id = (
             select youngest.id
             from text_event as youngest
             where youngest.layout = layout_point.layout
                 and youngest.position = layout_point.position
                 and youngest.ts < ?2
             order by youngest.ts desc, youngest.id desc
             limit 1
         )
         where device.name = ?1",
    )?;
    let until = micros_text(query.range().until);
    let rows = statement.query_map((&query.device, until), text_row)?;
    Ok(youngest_texts(rows.collect::<Result<Vec<_>>>()?))
}

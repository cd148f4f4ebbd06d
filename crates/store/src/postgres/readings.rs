//! Questions about readings: pages, columns, an instant.

use std::collections::BTreeMap;

use super::connection::Connection;
use super::history::text_row;
use super::minutes;
use super::scan::{Scan, column};
use super::time::PgMicros;
use crate::history::scan::{Direction, Place, Sink as _, places};
use crate::history::{Gatherer, Minutes, Reducer, Youngest, youngest_texts};
use crate::{Column, Instant, InstantQuery, ReadingsPage, ReadingsQuery, StoreError, TrendQuery};

/// A page of readings.
pub(crate) async fn page(
    connection: &mut Connection,
    query: &ReadingsQuery,
) -> Result<ReadingsPage, StoreError> {
    if query.limit == 0 {
        return Ok(ReadingsPage::default());
    }
    let mut gatherer = Gatherer::new(query);
    let scan = Scan::begin(connection, gatherer.direction()).await?;
    let places = places_of(&scan, &query.points).await?;
    scan.run(&places, query.range(), &mut gatherer).await?;
    scan.end().await?;
    Ok(gatherer.page())
}

/// Readings reduced to columns.
pub(crate) async fn trend(
    connection: &mut Connection,
    query: &TrendQuery,
) -> Result<Vec<Vec<Column>>, StoreError> {
    let mut reducer = Reducer::new(query);
    let scan = Scan::begin(connection, reducer.direction()).await?;
    let range = query.range();
    for place in places_of(&scan, &query.points).await? {
        let minutes = match Minutes::of(query.grid, range) {
            Some(minutes) => minutes.closed(minutes::last(&scan, &place).await?),
            None => None,
        };
        let rest = match minutes {
            Some(minutes) => {
                let minutes = minutes::take(&scan, &place, minutes, &mut reducer).await?;
                minutes.rest(range)
            }
            None => vec![range],
        };
        for range in rest {
            let place = std::slice::from_ref(&place);
            scan.run(place, range, &mut reducer).await?;
        }
    }
    scan.end().await?;
    Ok(reducer.columns())
}

/// All points of a device at an instant.
pub(crate) async fn instant(
    connection: &mut Connection,
    query: &InstantQuery,
) -> Result<Instant, StoreError> {
    let scan = Scan::begin(connection, Direction::YoungestFirst).await?;
    let (names, places) = device(&scan, &query.device).await?;
    let mut youngest = Youngest::of(names.len());
    scan.run(&places, query.range(), &mut youngest).await?;
    let until = PgMicros(query.range().until);
    let texts = scan.rows(TEXTS_AT, &[&query.device, &until]).await?;
    scan.end().await?;
    Ok(Instant {
        readings: youngest.rows(names),
        texts: youngest_texts(texts.iter().map(text_row)),
    })
}

/// The last text of each place of a device's points, at an instant or before.
const TEXTS_AT: &str = "
    select point.name, youngest.ts, youngest.text, youngest.quality
    from device
    join layout on layout.device = device.id
    join layout_point on layout_point.layout = layout.id
    join point on point.id = layout_point.point
    cross join lateral (
        select ts, text, quality
        from text_event
        where text_event.layout = layout_point.layout
            and text_event.position = layout_point.position
            and text_event.ts < $2
        order by text_event.ts desc
        limit 1
    ) as youngest
    where device.name = $1";

/// Where the points stand; those that nobody knows stand nowhere.
async fn places_of(scan: &Scan<'_>, points: &[String]) -> Result<Vec<Place>, StoreError> {
    let sql = "select layout_point.layout, layout_point.position, asked.place \
               from unnest($1::text[]) with ordinality as asked (name, place) \
               join point on point.name = asked.name \
               join layout_point on layout_point.point = point.id";
    let mut found = Vec::new();
    for row in scan.rows(sql, &[&points]).await? {
        // An ordinality counts from 1.
        let point = u32::try_from(column::<i64>(&row, 2)? - 1).unwrap_or(u32::MAX);
        found.push((column(&row, 0)?, position(column(&row, 1)?), point));
    }
    Ok(places(found))
}

/// The names of a device's points, and where they stand.
async fn device(scan: &Scan<'_>, device: &str) -> Result<(Vec<String>, Vec<Place>), StoreError> {
    let sql = "select layout_point.layout, layout_point.position, point.name \
               from device \
               join layout on layout.device = device.id \
               join layout_point on layout_point.layout = layout.id \
               join point on point.id = layout_point.point \
               where device.name = $1";
    let (mut numbers, mut found) = (BTreeMap::new(), Vec::new());
    for row in scan.rows(sql, &[&device]).await? {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let number = *numbers.entry(column::<String>(&row, 2)?).or_insert(next);
        found.push((column(&row, 0)?, position(column(&row, 1)?), number));
    }
    let mut names = vec![String::new(); numbers.len()];
    for (name, number) in numbers {
        names[number as usize] = name;
    }
    Ok((names, places(found)))
}

fn position(stored: i32) -> u32 {
    stored.cast_unsigned()
}

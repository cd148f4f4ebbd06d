//! Whether each event is in the database exactly once.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use gridos_dnp3::outstation::{Ledger, NumberSet};
use tokio_postgres::Client;

use super::lives::Lives;
use super::stations::{Station, Stations, place_of};

/// An event as it is in the database.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    point: String,
    /// Milliseconds since 1970.
    time: i64,
    received: String,
}

/// The events of one outstation by their numbers.
type Events = BTreeMap<u64, Vec<Stored>>;

/// What is wrong with what the database has of the outstations; empty if nothing is.
pub(super) async fn of(stations: &Stations, lives: &Lives, database: &Client) -> String {
    let mut wrong = String::new();
    let (mut events, gaps) = (events(database).await, overflow_gaps(database).await);
    for station in stations.all() {
        let stored = events.remove(&station.name).unwrap_or_default();
        let mut differences = compare(station, &stored);
        let is_told = station.counters().overflows_confirmed > 0;
        if is_told && !gaps.contains_key(&station.name) {
            differences += "  no gap tells of its overflows\n";
        }
        if !differences.is_empty() {
            let name = &station.name;
            let log = lives.log_about(&format!("\"{name}\""));
            let _ = writeln!(wrong, "{name}:\n{differences}{log}");
        }
    }
    for name in events.keys() {
        let _ = writeln!(wrong, "{name}: there is no such outstation");
    }
    wrong + &compare_with_positions(database).await
}

fn compare(station: &Station, stored: &Events) -> String {
    let ledger = station.ledger();
    let mut differences = Differences::default();
    for number in 0..ledger.produced() {
        let copies = stored.get(&number).map_or(&[][..], Vec::as_slice);
        let (least, most) = expected(&ledger, number);
        if copies.len() < least {
            let fate = station.fate(number);
            differences.add(number, format!("missing, and {fate:?}"));
        }
        if copies.len() > most {
            let received: Vec<_> = copies.iter().map(|copy| &*copy.received).collect();
            let times = copies.len();
            let told = format!("{times} times instead of {most}, received {received:?}");
            differences.add(number, told);
        }
        let point = format!("{}.p{}", station.name, place_of(number));
        let time = i64::try_from(station.time_of(number)).unwrap();
        let is_other = |copy: &&Stored| copy.point != point || copy.time != time;
        for copy in copies.iter().filter(is_other) {
            differences.add(number, format!("not {point} at {time}: {copy:?}"));
        }
    }
    for (number, copies) in stored.range(ledger.produced()..) {
        differences.add(*number, format!("never made: {copies:?}"));
    }
    differences.to_string()
}

/// What is wrong, and with which events.
#[derive(Default)]
struct Differences(BTreeMap<String, NumberSet>);

impl Differences {
    fn add(&mut self, number: u64, what: String) {
        self.0.entry(what).or_default().insert(number);
    }
}

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, numbers) in &self.0 {
            let ranges: Vec<_> = numbers.ranges().take(RANGES_SHOWN).collect();
            writeln!(f, "  {} {what}: {ranges:?}", numbers.len())?;
        }
        Ok(())
    }
}

/// Of events that do not follow each other, so many spans are shown.
const RANGES_SHOWN: usize = 10;

/// How often an event must be in the database, and how often it may be.
fn expected(ledger: &Ledger, number: u64) -> (usize, usize) {
    if ledger.lost_after_sending().contains(number) {
        (0, 1)
    } else if ledger.overflowed().contains(number) {
        (0, 0)
    } else {
        (1, 1)
    }
}

/// All events with times of their own.
async fn events(database: &Client) -> BTreeMap<String, Events> {
    // Present values have no time of their own (bit 20), and those of outages no value.
    let sql = "
        select device.name, point.name,
            (extract(epoch from ts_first) * 1000000)::bigint + change.lag, change.value,
            received::text
        from event
        cross join lateral unnest(event.point, event.lag, event.value, event.quality)
            as change (position, lag, value, quality)
        join layout on layout.id = event.layout
        join device on device.id = layout.device
        join layout_point
            on layout_point.layout = event.layout and layout_point.position = change.position
        join point on point.id = layout_point.point
        where change.value is not null
            and coalesce(change.quality, 0) & 1048576 = 0";
    let mut events: BTreeMap<String, Events> = BTreeMap::new();
    for row in database.query(sql, &[]).await.unwrap() {
        let (device, value, micros): (String, f64, i64) = (row.get(0), row.get(3), row.get(2));
        let stored = Stored {
            point: row.get(1),
            time: micros.div_euclid(1_000),
            received: row.get(4),
        };
        let of_device = events.entry(device).or_default();
        of_device.entry(number(value)).or_default().push(stored);
    }
    events
}

/// Values are whole numbers; what is none was never made.
fn number(value: f64) -> u64 {
    format!("{value}").parse().unwrap_or(u64::MAX)
}

/// How many gaps for full event buffers each device has.
async fn overflow_gaps(database: &Client) -> BTreeMap<String, i64> {
    let sql = "
        select device.name, count(*)
        from gap join device on device.id = gap.device
        where reason = 'event_buffer_overflow'
        group by device.name";
    let rows = database.query(sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// The database has as many readings as it has taken from the journals.
async fn compare_with_positions(database: &Client) -> String {
    let sql = "
        select
            (select sum(readings - quarantined - lost) from stream_position)::bigint,
            (select coalesce(sum(cardinality(value)), 0) from sweep)::bigint
            + (select coalesce(sum(cardinality(value)), 0) from event)::bigint
            + (select count(*) from text_event)::bigint";
    let row = database.query_one(sql, &[]).await.unwrap();
    let (taken, there): (i64, i64) = (row.get(0), row.get(1));
    if taken == there {
        return String::new();
    }
    format!("the journals gave {taken} readings, and {there} are there\n")
}

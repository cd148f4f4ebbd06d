//! What the answer of one poll takes on the disk: in the journal, and in the database.
//!
//! All values are taken to be good, as they are nearly always: then no column of qualities is kept.

use std::time::Duration;

use gridos_collect::dnp3::{MappedPoint, PointKind};
use gridos_journal::{Frames, Tail};
use gridos_modbus::{Kind, RegisterPoint};
use gridos_model::{Events, LayoutId, Readings, Sweep, TimeQuality, Timestamp};

use super::bounds::bytes;
use super::store::{Database, Store};

/// PostgreSQL: a row's pointer in its page, its header with the map of nulls, its four columns
/// before the array, and the array's header.
const POSTGRES_ROW_BYTES: u64 = 4 + 24 + 3 * 8 + 24;
/// What a page of PostgreSQL has room for.
const POSTGRES_PAGE_BYTES: u64 = 8_192 - 24;
/// An entry of PostgreSQL's index on (layout, ts), in pages that are two thirds full because the
/// layouts' ends lie all over it.
const POSTGRES_INDEX_BYTES: u64 = 28 * 3 / 2;

/// PostgreSQL: the row of a minute but for its arrays.
const POSTGRES_MINUTE_BYTES: u64 = 4 + 32 + 3 * 8 + 2 * 4;
/// A mean as JSON, which nearly always has all digits.
const SQLITE_MEAN_BYTES: u64 = 19;

/// A further array of PostgreSQL, before its elements.
const POSTGRES_ARRAY_BYTES: u64 = 24;
/// An event's elements: value, position and lag.
const POSTGRES_EVENT_BYTES: u64 = 8 + 4 + 4;
/// An entry of PostgreSQL's index on (layout, ts_last, ts_first).
const POSTGRES_EVENT_INDEX_BYTES: u64 = 36 * 3 / 2;

/// SQLite: a row's header, its id, its layout and its two times as text, and its share of what
/// pages leave empty.
const SQLITE_ROW_BYTES: u64 = 80;
/// An entry of SQLite's index on (layout, ts as text), in pages that are two thirds full.
const SQLITE_INDEX_BYTES: u64 = 44 * 3 / 2;
/// A time as text, such as 2026-11-23 07:12:31.209897.
const SQLITE_TIME_BYTES: u64 = 26;
/// An event's position and its time in quotes as JSON, each with a comma.
const SQLITE_EVENT_BYTES: u64 = 3 + SQLITE_TIME_BYTES + 3;
/// An entry of SQLite's index on (layout, two times as text).
const SQLITE_EVENT_INDEX_BYTES: u64 = 72 * 3 / 2;

/// The bytes of a sweep of `points` values in the journal: those of the very frame.
pub(super) fn journal_sweep_bytes(points: usize) -> u64 {
    let epoch = Timestamp::EPOCH;
    frame_bytes(&Readings::Sweep(Sweep {
        layout: LayoutId::from_raw(0),
        time: epoch,
        time_quality: TimeQuality::Synchronised,
        received: epoch,
        values: &vec![0.0; points],
        qualities: &[],
    }))
}

/// The bytes of one event each of `points` in the journal, in one batch.
pub(super) fn journal_event_bytes(points: usize) -> u64 {
    let epoch = Timestamp::EPOCH;
    frame_bytes(&Readings::Events(Events {
        layout: LayoutId::from_raw(0),
        received: epoch,
        points: &vec![0; points],
        times: &vec![epoch; points],
        values: &vec![0.0; points],
        qualities: &[],
    }))
}

fn frame_bytes(readings: &Readings<'_>) -> u64 {
    let mut frames = Frames::new(0, Tail::default());
    frames.append_readings(readings);
    frames.bytes().len() as u64
}

/// Values of which some store keeps the digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values {
    /// How many there are.
    pub(super) count: usize,
    /// How long they are together as JSON, with the comma before each.
    pub(super) text_bytes: u64,
}

impl Values {
    /// The values of registers.
    pub(super) fn of_registers(points: &[RegisterPoint]) -> Self {
        Self {
            count: points.len(),
            text_bytes: points.iter().map(text_bytes).sum(),
        }
    }

    /// The values of an outstation's points.
    pub(super) fn of_outstation(points: &[MappedPoint]) -> Self {
        Self {
            count: points.len(),
            text_bytes: points.iter().map(mapped_text_bytes).sum(),
        }
    }
}

/// The bytes of a sweep of `values` in `database`, with its share of the index.
pub(super) fn store_sweep_bytes(database: &Database, values: Values) -> u64 {
    match database {
        Database::Sqlite { .. } => SQLITE_ROW_BYTES + values.text_bytes + SQLITE_INDEX_BYTES,
        Database::Postgres { .. } => {
            let row = POSTGRES_ROW_BYTES + 8 * values.count as u64;
            // A page holds whole rows only; one that is longer than a page goes elsewhere.
            let rows_per_page = (POSTGRES_PAGE_BYTES / row).max(1);
            row.max(POSTGRES_PAGE_BYTES / rows_per_page) + POSTGRES_INDEX_BYTES
        }
    }
}

/// The bytes of events with `values` in `database`, in one batch, with its share of the index; the
/// rows of the youngest events stay as many as there are points.
pub(super) fn store_event_bytes(database: &Database, values: Values) -> u64 {
    let count = values.count as u64;
    match database {
        Database::Sqlite { .. } => {
            let places = count * SQLITE_EVENT_BYTES;
            let texts = values.text_bytes;
            SQLITE_ROW_BYTES + SQLITE_TIME_BYTES + texts + places + SQLITE_EVENT_INDEX_BYTES
        }
        Database::Postgres { .. } => {
            let arrays = 2 * POSTGRES_ARRAY_BYTES + count * POSTGRES_EVENT_BYTES;
            POSTGRES_ROW_BYTES + arrays + POSTGRES_EVENT_INDEX_BYTES
        }
    }
}

/// The bytes of the minutes of `values` in `store`, for each time that they are read: a minute's row
/// once a minute, and where they are read more rarely, once for each.
pub(super) fn store_minute_bytes(store: &Store, values: Values, period: Duration) -> f64 {
    if !store.minutes {
        return 0.0;
    }
    let times = (60.0 / period.as_secs_f64()).max(1.0);
    // Of one reading, minimum, maximum and mean are not told again.
    let arrays = if times < 2.0 { 1 } else { 4 };
    let row = match &store.database {
        Database::Sqlite { .. } => {
            let means = (arrays / 4) * SQLITE_MEAN_BYTES * values.count as u64;
            let texts = (arrays - arrays / 4) * values.text_bytes + means;
            SQLITE_ROW_BYTES + SQLITE_TIME_BYTES + texts + SQLITE_INDEX_BYTES
        }
        Database::Postgres { .. } => {
            let elements = POSTGRES_ARRAY_BYTES + 8 * values.count as u64;
            POSTGRES_MINUTE_BYTES + arrays * elements + POSTGRES_INDEX_BYTES
        }
    };
    bytes(row) / times
}

/// How long a value is as JSON with the comma before it: as many digits as read back as the same
/// double, so that single precision and scaled integers are longer than what was measured.
fn text_bytes(point: &RegisterPoint) -> u64 {
    let digits = match point.kind {
        Kind::Bool | Kind::Bit(_) => 1,
        Kind::U8Low | Kind::U8High | Kind::I8Low | Kind::I8High => 3,
        Kind::F16 => 8,
        Kind::F32 | Kind::F64 => return 19,
        Kind::U16 | Kind::I16 | Kind::Bcd16 => 4,
        Kind::U32 | Kind::I32 | Kind::Bcd32 => 7,
        Kind::Unix32 | Kind::Unix64 => 10,
        Kind::U64 | Kind::I64 | Kind::Bcd48 | Kind::Bcd64 => 11,
        Kind::Unix64Ms | Kind::Cp56 => 14,
        // Texts are in no sweep and among no events.
        Kind::Text(_) => return 0,
    };
    digits + scaled_bytes(point.scale, point.offset)
}

/// The same of a point of an outstation, whose variation is not known before it is read.
fn mapped_text_bytes(point: &MappedPoint) -> u64 {
    let digits = match point.kind {
        PointKind::Binary | PointKind::DoubleBit | PointKind::BinaryOutput => 1,
        PointKind::Counter | PointKind::FrozenCounter => 7,
        PointKind::Analog | PointKind::FrozenAnalog | PointKind::AnalogOutput => 8,
        // Texts are in no sweep and among no events.
        PointKind::Octets => return 0,
    };
    digits + scaled_bytes(point.scale, point.offset)
}

/// What stands beside the digits: every other scaled value ends like 110.30000000000001.
fn scaled_bytes(scale: f64, offset: f64) -> u64 {
    let is_scaled = scale != 1.0 || offset != 0.0;
    if is_scaled { 7 } else { ",.0".len() as u64 }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gridos_journal::{Chunk, Journal, LayoutBook, Options};
    use gridos_sim::substation::{Feeder, MAP, Measurements};
    use gridos_store::{SqliteStore, Store};
    use tempfile::TempDir;

    use super::super::bounds::Bounds;
    use super::super::tests::{NO_VARIABLES, no_files};
    use super::super::{Config, Fleet, Password, PostgresUrl};
    use super::*;

    const SMALL: &str = include_str!("../../../../examples/small.toml");

    fn small() -> (Bounds, Fleet) {
        let config = Config::parse(SMALL, "small.toml", NO_VARIABLES, &no_files).unwrap();
        (Bounds::of(&config), Fleet::of(&config).unwrap())
    }

    /// Gives `keep` every sweep of the fleet's first `seconds`, with what the feeders measure.
    fn poll(fleet: &Fleet, seconds: std::ops::Range<u64>, keep: &mut dyn FnMut(&Readings<'_>)) {
        let feeders: Vec<_> = (0..).map(Feeder::new).take(fleet.devices.len()).collect();
        for second in seconds {
            let now = Duration::from_secs(1_800_000_000 + second);
            let time = Timestamp::EPOCH.saturating_add(now);
            for (device, feeder) in fleet.devices.iter().zip(&feeders) {
                let Some(link) = &device.modbus else {
                    continue;
                };
                let measured = feeder.measure(now);
                let layouts = fleet.directory.device(device.index).groups();
                for (layout, request) in layouts.iter().zip(link.plan.requests()) {
                    if !second.is_multiple_of(link.scan_periods[request.scan()].as_secs()) {
                        continue;
                    }
                    let points = &link.plan.points()[request.points()];
                    let values: Vec<f64> = points.iter().map(|p| read(p, &measured)).collect();
                    keep(&Readings::Sweep(Sweep {
                        layout: layout.id(),
                        time,
                        time_quality: TimeQuality::Synchronised,
                        received: time.saturating_add(Duration::from_micros(152)),
                        values: &values,
                        qualities: &[],
                    }));
                }
            }
        }
    }

    /// The value of a point after its way through a register.
    fn read(point: &RegisterPoint, measured: &Measurements) -> f64 {
        let known = MAP.iter().find(|known| known.name == point.name).unwrap();
        let value = (known.value)(measured);
        if point.kind == Kind::F32 {
            return format!("{value:.6}").parse::<f32>().unwrap().into();
        }
        (value / point.scale).round() * point.scale
    }

    fn assert_near(measured: f64, reckoned: f64, share: f64) {
        let off = (reckoned / measured - 1.0).abs();
        assert!(
            off < share,
            "{reckoned:.1} for {measured:.1} bytes a second"
        );
    }

    #[test]
    fn the_journal_takes_what_was_reckoned() {
        let (bounds, fleet) = small();
        let dir = TempDir::new().unwrap();
        let (mut journal, _) = Journal::open(dir.path(), Options::default()).unwrap();
        let begin = journal.end().position.get();
        let mut keep = |readings: &Readings<'_>| {
            journal.append_readings(readings);
        };
        poll(&fleet, 0..120, &mut keep);
        let end = journal.write().unwrap();
        let written = bytes(end.position.get() - begin) / 120.0;
        assert_near(written, bounds.journal_bytes_per_second, 0.001);
        let readings = u32::try_from(end.readings).unwrap();
        let readings = f64::from(readings) / 120.0;
        assert_near(readings, bounds.readings_per_second, 0.001);
        let (used, _) = Journal::usage(dir.path()).unwrap();
        assert!(used >= end.position.get() - begin);
    }

    #[tokio::test]
    async fn sqlite_takes_about_what_was_reckoned() {
        let (bounds, fleet) = small();
        let dir = TempDir::new().unwrap();
        let file = dir.path().join("gridos.db");
        let book = LayoutBook::open(dir.path()).unwrap();
        let layouts = fleet.directory.layouts();
        book.add(layouts.map(|layout| &**layout)).unwrap();
        let (journal, _) = Journal::open(dir.path(), Options::default()).unwrap();
        let mut frames = Frames::new(0, journal.end());
        let mut chunk = Chunk::default();
        let mut size_after = async |minutes: std::ops::Range<u64>| {
            let store = SqliteStore::new(&file);
            store.migrate().await.unwrap();
            for minute in minutes {
                let mut keep = |readings: &Readings<'_>| {
                    frames.append_readings(readings);
                };
                poll(&fleet, minute * 60..(minute + 1) * 60, &mut keep);
                chunk.load(&frames);
                frames.restart(0);
                store.write(journal.stream(), &chunk, &book).await.unwrap();
            }
            drop(store);
            closed_size(&file)
        };
        // The tables themselves take room once.
        let first = size_after(0..5).await;
        let last = size_after(5..65).await;
        let grown = bytes(last - first) / 3_600.0;
        assert_near(grown, bounds.store_bytes_per_second, 0.25);
    }

    /// The size of the file when the last connection has written its log back.
    fn closed_size(file: &Path) -> u64 {
        let log = file.with_extension("db-wal");
        while log.exists() {
            std::thread::yield_now();
        }
        file.metadata().unwrap().len()
    }

    /// Measured with `pg_total_relation_size` after 20 layouts took 1,000 turns each.
    #[test]
    fn postgresql_takes_about_what_was_measured() {
        let (url, _) = PostgresUrl::parse("postgres://u@h/d").unwrap();
        let password = Password::None;
        let database = Database::Postgres { url, password };
        let point = RegisterPoint::new("p", gridos_modbus::Table::InputRegister, 0, Kind::U16);
        for (points, measured) in [(2, 131.5), (7, 172.4), (18, 259.7), (125, 1_208.7)] {
            let reckoned = store_sweep_bytes(
                &database,
                Values::of_registers(&vec![point.clone(); points]),
            );
            assert_near(measured, bytes(reckoned), 0.05);
        }
    }
}

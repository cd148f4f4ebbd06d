//! A stored day, replayed: with its own alarms it gives what the engine told, with others what it
//! would have told.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::kpi::KpiReport;
use gridos_alarm::{Alarms, Now};
use gridos_journal::{Chunk, Journal, LayoutBook, Options, Reader, Tail};
use gridos_model::{AlarmAction, AlarmId, AlarmRecord, Batch, Level, Quality, Timestamp};
use gridos_store::{SqliteStore, Store};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::config::Config;

/// Midnight of 2026-11-23.
const MIDNIGHT: i64 = 1_795_392_000_000;

/// Two devices of one profile, with alarms of every kind that can be replayed.
const CONFIG: &str = r#"
[[profile]]
name = "feeder"
protocol = "push"
alarm_defaults = [{ kind = "stale", after = "5min" }, { kind = "quality" }]
point = [
    { name = "current", limits = { high = 30, high_high = 40, deadband = 2 },
      alarm = [{ kind = "rate", high = 2 }, { kind = "frozen", after = "10min" }] },
    { name = "voltage", limits = { low = 15, high = 25, on_delay = "90s", off_delay = "30s" },
      alarm = [{ kind = "deviation", from = "current", low = -25, deadband = 1 }] },
    { name = "breaker", alarm = [
        { kind = "state", abnormal = [0, 3], latches = true },
        { kind = "chatter", times = 4, within = "5min" },
    ] },
]
[[device]]
name = "feeder-01"
profile = "feeder"
area = "north"
[[device]]
name = "feeder-02"
profile = "feeder"
"#;

const OTHERS: &str = r#"
[alarm."feeder-01.current:limit"]
high = 20
[alarm."feeder-02.breaker:state"]
normal = [1, 2]
on_delay = "2min"
[alarm."feeder-02.current:rate"]
high = 2
enabled = false
"#;

/// What is told of one alarm.
type Told = (AlarmAction, Level, Level, Timestamp, bool);

/// One batch: of which device, so many seconds behind the one before, these readings.
type Step = (usize, u16, Vec<(u32, f64, Quality)>);

fn fleet() -> Fleet {
    let no_files = |_: &std::path::Path| Ok(Vec::new());
    let config = Config::parse(CONFIG, "g.toml", [("", ""); 0], &no_files);
    Fleet::of(&config.unwrap_or_else(|faults| panic!("{faults}"))).unwrap()
}

fn other_fleet() -> Fleet {
    let mut fleet = fleet();
    fleet
        .redefine(OTHERS, "n.toml")
        .unwrap_or_else(|faults| panic!("{faults}"));
    fleet
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(MIDNIGHT).saturating_add(Duration::from_secs(seconds))
}

/// What an engine with the alarms of `fleet` makes of the batches, and how it ends at `until`.
fn judged(fleet: &Fleet, batches: &[(usize, Batch)], until: Timestamp) -> Vec<AlarmRecord> {
    let defined: Vec<_> = fleet.alarms().map(|alarm| alarm.defined).collect();
    let mut alarms = Alarms::new(Arc::clone(&fleet.directory), &defined);
    let start = at(0);
    let now = |time: Timestamp| Now {
        wall: time,
        mono: time.since(start),
    };
    let mut all = Vec::new();
    let pass = |alarms: &mut Alarms, time: Timestamp| {
        while let Some(due) = alarms
            .next_deadline()
            .filter(|due| *due < time.since(start))
        {
            alarms.on_time(now(start.saturating_add(due)));
        }
    };
    for (_, batch) in batches {
        let readings = batch.readings().unwrap();
        let time = readings.received();
        pass(&mut alarms, time);
        let first = batch.layout().unwrap().first();
        alarms.on_readings(first, &readings, now(time));
        all.extend_from_slice(alarms.records());
        alarms.clear_records();
    }
    pass(&mut alarms, until);
    all.extend_from_slice(alarms.records());
    all
}

fn batches(fleet: &Fleet, steps: &[Step]) -> (Vec<(usize, Batch)>, Timestamp) {
    let mut time = at(0);
    let batch = |(device, seconds, readings): &Step| {
        time = time.saturating_add(Duration::from_secs(u64::from(*seconds)));
        let mut batch = Batch::default();
        batch.start_events(fleet.directory.devices()[*device].whole(), time);
        for (point, value, quality) in readings {
            assert!(batch.push_event(*point, time, *value, *quality));
        }
        (*device, batch)
    };
    let batches = steps.iter().map(batch).collect();
    (batches, time.saturating_add(Duration::from_secs(1)))
}

/// A store that has the readings, and what the engine made of them.
async fn stored(
    fleet: &Fleet,
    batches: &[(usize, Batch)],
    records: &[AlarmRecord],
) -> (TempDir, Arc<dyn Store>) {
    let dir = TempDir::new().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), Options::default()).unwrap();
    let book = LayoutBook::open(dir.path()).unwrap();
    book.add(fleet.directory.layouts().map(Arc::as_ref))
        .unwrap();
    for (_, batch) in batches {
        journal.append_readings(&batch.readings().unwrap());
    }
    journal.append_alarms(records);
    let end = journal.write().unwrap();
    journal.syncer().sync().unwrap();
    let mut chunk = Chunk::default();
    let mut reader = Reader::new(dir.path());
    reader
        .read(Tail::default(), end, 64 << 20, &mut chunk)
        .unwrap();
    let store = SqliteStore::new(&dir.path().join("gridos.db"));
    store.migrate().await.unwrap();
    store.write(journal.stream(), &chunk, &book).await.unwrap();
    (dir, Arc::new(store))
}

fn by_alarm<'a>(
    records: impl IntoIterator<Item = &'a AlarmRecord>,
) -> BTreeMap<AlarmId, Vec<Told>> {
    let mut all: BTreeMap<AlarmId, Vec<Told>> = BTreeMap::new();
    for record in records {
        let to = record.after.level;
        let told = (
            record.action,
            record.from,
            to,
            record.time,
            record.is_annunciated,
        );
        all.entry(record.alarm).or_default().push(told);
    }
    all
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = prop_oneof![
        9 => (0..100_i32).prop_map(|halves| f64::from(halves) / 2.0),
        1 => Just(f64::NAN),
    ];
    let state = (0..4_i32).prop_map(f64::from);
    let quality = prop_oneof![8 => Just(Quality::GOOD), 1 => Just(Quality::COMM_LOST)];
    let number = (0..2_u32, value, quality.clone());
    let reading = prop_oneof![3 => number, 1 => (Just(2_u32), state, quality)];
    let readings = prop::collection::vec(reading, 1..4);
    prop::collection::vec((0..2_usize, 1..120_u16, readings), 1..250)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_stored_day_is_judged_as_the_engine_did(steps in steps()) {
        let fleet = fleet();
        let (batches, until) = batches(&fleet, &steps);
        let records = judged(&fleet, &batches, until);
        let others = judged(&other_fleet(), &batches, until);
        let expected = [by_alarm(&records), by_alarm(&others)];
        let range = Range { from: at(0), until, lead: Duration::ZERO };
        let (found, own, recorded) = runtime().block_on(async {
            let (_dir, store) = stored(&fleet, &batches, &records).await;
            let mut versions = [
                Version::new("own", self::fleet(), &range),
                Version::new("others", other_fleet(), &range),
            ];
            let mut told = [Vec::new(), Vec::new()];
            let progress = Progress::of_share("replaying");
            let mut way = Way::between(&progress, (range.from, range.until), 2);
            for device in ["feeder-01", "feeder-02"] {
                let told = &mut |at: usize, record: &AlarmRecord| told[at].push(record.clone());
                replay(&store, &range, device, &mut versions, &mut way, told).await.unwrap();
            }
            let recorded = recorded(&store, &range, &[], &fleet).await.unwrap();
            let [own, _] = versions;
            (told.map(|told| by_alarm(&told)), own.account, recorded)
        });
        prop_assert_eq!(&found, &expected);
        // What the engine told, measured by the same rules, has the same figures.
        let (own, recorded) = (own.end(), recorded.end());
        prop_assert_eq!(without_first(&own.report), without_first(&recorded.report));
        for name in own.names().chain(recorded.names()) {
            prop_assert_eq!(own.of(name), recorded.of(name), "{}", name);
        }
    }
}

/// A report without the first alarms of its floods: a replay goes device by device, and counts its
/// records so, and of two that are raised at one instant either may be the first.
fn without_first(report: &KpiReport) -> KpiReport {
    let mut report = report.clone();
    for flood in report.areas.iter_mut().flat_map(|area| &mut area.floods) {
        flood.first_out.clear();
        flood.first_sequence = 0;
    }
    report
}

#[test]
fn what_stood_before_the_range_is_not_told_anew() {
    let fleet = fleet();
    let reading = |value| vec![(0, value, Quality::GOOD)];
    let steps = [
        (0, 1, reading(10.0)),
        (0, 60, reading(35.0)),
        (0, 60, reading(36.0)),
        (0, 60, reading(10.0)),
        (0, 60, reading(38.0)),
    ];
    let (batches, until) = batches(&fleet, &steps);
    let from = at(100);
    let occurrences = |lead: u64| {
        let range = Range {
            from,
            until,
            lead: Duration::from_secs(lead),
        };
        runtime().block_on(async {
            let (_dir, store) = stored(&fleet, &batches, &[]).await;
            let mut versions = [Version::new("own", self::fleet(), &range)];
            let progress = Progress::of_share("replaying");
            let devices = ["feeder-01".to_owned()];
            let extent = run(&store, &range, &devices, &mut versions, &progress).await;
            let [version] = versions;
            let alarm = version.account.end().of("feeder-01.current:limit");
            (
                extent.unwrap().readings,
                alarm.counts.activations,
                alarm.active,
            )
        })
    };
    let seconds = Duration::from_secs;
    assert_eq!(occurrences(0), (3, 2, seconds(61)));
    assert_eq!(occurrences(90), (4, 1, seconds(82)));
}

#[test]
fn an_unknown_device_is_refused_by_its_name() {
    let range = Range {
        from: at(0),
        until: at(1),
        lead: Duration::ZERO,
    };
    let versions = [Version::new("own", fleet(), &range)];
    let refused = chosen(&["feeder-03".to_owned()], &versions).unwrap_err();
    let what = "'feeder-03' is no enabled device of the configuration";
    assert_eq!(refused.to_string(), what);
}

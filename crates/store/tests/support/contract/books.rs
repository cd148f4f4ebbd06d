//! Positions, alarms, gaps, quarantine and schema: the books kept beside the readings.

use gridos_journal::Tail;
use gridos_model::{
    DeviceId, DirectoryBuilder, Events, Gap, GapReason, LayoutId, Level, Point, PointId, Quality,
    Readings, Sweep, TimeQuality, Transition,
};
use gridos_store::{AlarmsQuery, Loss, StoreError};

use super::{IA, IB, Kind, ever, fresh, good, short};
use crate::support::fixture::{Fixture, at};

pub(super) async fn a_chunk_is_stored_once(kind: &dyn Kind) {
    let store = fresh(kind, "once").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let (stream, chunk) = (fixture.stream(), fixture.all());
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let again = store.write(stream, &chunk, fixture.book()).await;
    let Err(StoreError::Moved { stored }) = again else {
        panic!("{again:?}");
    };
    assert_eq!(stored, chunk.until());
    fixture.sweep(&pair, at(1), &[1.5, 2.5]);
    fixture.sweep(&pair, at(2), &[1.5, 2.5]);
    let end = fixture.sync();
    let ahead = fixture.chunk(chunk.until());
    store.write(stream, &ahead, fixture.book()).await.unwrap();
    fixture.sweep(&pair, at(3), &[1.5, 2.5]);
    let next = fixture.chunk(end);
    let mut other = Fixture::new();
    other.sweep(&pair, at(4), &[1.5, 2.5]);
    let unseen = store.write(other.stream(), &next, other.book()).await;
    assert!(matches!(unseen, Err(StoreError::Moved { stored }) if stored == Tail::default()));
    assert_eq!(
        kind.sql("once", "select count(*) from reading").await,
        ["6"]
    );
    store.write(stream, &next, fixture.book()).await.unwrap();
    assert_eq!(
        kind.sql("once", "select count(*) from reading").await,
        ["8"]
    );
}

pub(super) async fn a_reopened_store_goes_on(kind: &dyn Kind) {
    let store = fresh(kind, "reopened").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let (stream, first) = (fixture.stream(), fixture.all());
    store.write(stream, &first, fixture.book()).await.unwrap();
    drop(store);
    let store = kind.open("reopened");
    store.migrate().await.unwrap();
    assert_eq!(store.position(stream).await.unwrap().tail, first.until());
    fixture.sweep(&pair, at(1_000), &[3.5, 4.5]);
    let second = fixture.chunk(first.until());
    store.write(stream, &second, fixture.book()).await.unwrap();
    let ia = store.history(&ever(IA)).await.unwrap();
    assert_eq!(short(&ia), good(&[(0, 1.5), (1_000, 3.5)]));
}

fn transition(millis: i64, from: Level, to: Level, value: f64) -> Transition {
    Transition {
        point: PointId::of("sub1.feeder-01", "ia"),
        from,
        to,
        time: at(millis),
        received: at(millis + 1),
        value,
        quality: Quality::GOOD,
        occurrence: 7,
    }
}

pub(super) async fn alarms_and_gaps_are_kept(kind: &dyn Kind) {
    let store = fresh(kind, "alarms").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[105.5, 2.5]);
    fixture.transitions(&[
        transition(0, Level::Normal, Level::High, 105.5),
        transition(1_000, Level::High, Level::HighHigh, 111.5),
        transition(2_000, Level::HighHigh, Level::Normal, f64::NAN),
    ]);
    fixture.journal().append_gap(&Gap {
        device: DeviceId::of("sub1.feeder-01"),
        from: at(0),
        until: at(500),
        reason: GapReason::DeviceDown,
    });
    // A device that never sends anything has only the layout book to tell its name.
    let mut silent = DirectoryBuilder::default();
    let points = vec![Point::new("i", "A")];
    silent.add("sub1.silent", points, &[]).unwrap();
    let silent = silent.build();
    fixture
        .book()
        .add(silent.layouts().map(AsRef::as_ref))
        .unwrap();
    fixture.journal().append_gap(&Gap {
        device: DeviceId::of("sub1.silent"),
        from: at(0),
        until: at(900),
        reason: GapReason::EngineDown,
    });
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let ask = async |point: Option<&str>, until, limit| {
        let query = AlarmsQuery {
            point: point.map(str::to_owned),
            from: at(0),
            until: at(until),
            limit,
        };
        let rows = store.alarms(&query).await.unwrap();
        assert!(
            rows.iter()
                .all(|row| row.point == IA && row.occurrence == 7)
        );
        let levels = rows.iter().map(|row| (row.from, row.to, row.value));
        levels.collect::<Vec<_>>()
    };
    let raised = (Level::Normal, Level::High, Some(105.5));
    let worse = (Level::High, Level::HighHigh, Some(111.5));
    let over = (Level::HighHigh, Level::Normal, None);
    assert_eq!(ask(None, 9_000, 100).await, [over, worse, raised]);
    assert_eq!(ask(Some(IA), 9_000, 2).await, [over, worse]);
    assert_eq!(ask(Some(IA), 1_000, 100).await, [raised]);
    assert_eq!(ask(Some(IB), 9_000, 100).await, []);
    let sql = "select device, reason from device_gap order by 1";
    assert_eq!(
        kind.sql("alarms", sql).await,
        ["sub1.feeder-01|device_down", "sub1.silent|engine_down"]
    );
    let sql = "select unit from point where name = 'sub1.silent.i'";
    assert_eq!(kind.sql("alarms", sql).await, ["A"]);
}

pub(super) async fn what_cannot_be_stored_is_quarantined(kind: &dyn Kind) {
    let store = fresh(kind, "quarantined").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    let sweep = Sweep {
        layout: LayoutId::from_raw(99),
        time: at(0),
        time_quality: TimeQuality::None,
        received: at(0),
        values: &[1.5, 2.5],
        qualities: &[],
    };
    let unknown = fixture.readings(&Readings::Sweep(sweep));
    let known = Sweep {
        layout: pair.id(),
        values: &[1.5, 2.5, 3.5],
        ..sweep
    };
    fixture.readings(&Readings::Sweep(known));
    let whole = fixture.whole();
    let undecodable = fixture.readings(&Readings::Events(Events {
        layout: whole.id(),
        received: at(0),
        points: &[0, 3],
        times: &[at(0), at(1)],
        values: &[1.5, 2.5],
        qualities: &[],
    }));
    fixture.sweep(&pair, at(0), &[8.5, 9.5]);
    fixture.sweep(&pair, at(1), &[6.5, 7.5]);
    fixture.make_unknown(undecodable);
    let chunk = fixture.all();
    assert!(unknown < chunk.until().position);
    let written = store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let stored = store.position(fixture.stream()).await.unwrap();
    assert_eq!((stored, stored.tail), (written, chunk.until()));
    assert_eq!((stored.quarantined, stored.lost), (2 + 3 + 2 + 2, 0));
    assert_eq!(stored.last, chunk.last_checksum());
    let ia = store.history(&ever(IA)).await.unwrap();
    assert_eq!(short(&ia), good(&[(1, 6.5)]));
    let sql = "select readings, reason, record from quarantine order by position";
    let rows = kind.sql("quarantined", sql).await;
    assert!(rows[0].starts_with("2|layout 99 is not in the layout book|{\"layout\":99,"));
    assert!(rows[1].starts_with("3|the sweep has 3 values for a layout of 2 points|{"));
    assert!(rows[2].starts_with("2|an event is of a point beyond the 3 of its layout|{"));
    assert_eq!(rows[3], "2|record kind 99 is unknown to this version|");
    assert_eq!(rows.len(), 4);
    // The record itself is there, whatever is wrong with it.
    let sql = "select position, length(frame) from quarantine order by position";
    let rows = kind.sql("quarantined", sql).await;
    let frame = chunk.frame(undecodable).unwrap();
    assert_eq!(rows[3], format!("{undecodable}|{}", frame.len()));
    assert_eq!(rows[1].split('|').next().unwrap(), unknown.to_string());
}

pub(super) async fn a_loss_is_recorded(kind: &dyn Kind) {
    let store = fresh(kind, "loss").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let resume = fixture.sync();
    let loss = Loss {
        from: Tail::default(),
        until: resume,
        reason: "the journal is damaged".to_owned(),
        gap: Gap {
            device: DeviceId::WHOLE_ENGINE,
            from: at(0),
            until: at(900),
            reason: GapReason::JournalDamaged,
        },
        octets: vec![0xfe, 1],
    };
    let skipped = store.skip(fixture.stream(), &loss).await.unwrap();
    assert_eq!((skipped.tail, skipped.lost), (resume, 2));
    let again = store.skip(fixture.stream(), &loss).await;
    assert!(matches!(again, Err(StoreError::Moved { stored }) if stored == resume));
    let stored = store.position(fixture.stream()).await.unwrap();
    assert_eq!((stored, stored.last), (skipped, None));
    fixture.sweep(&pair, at(1), &[3.5, 4.5]);
    let chunk = fixture.chunk(resume);
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    let sql = "select position, readings, reason, length(frame) from quarantine";
    let rows = kind.sql("loss", sql).await;
    assert_eq!(rows, ["0|2|the journal is damaged|2"]);
    let sql =
        "select count(*), count(device), min(reason) from device_gap where from_ts < until_ts";
    let rows = kind.sql("loss", sql).await;
    assert_eq!(rows, ["1|0|journal_damaged"]);
    let sql = format!(
        "select count(*) from gap where stream = {}",
        fixture.stream().as_i64()
    );
    assert_eq!(kind.sql("loss", &sql).await, ["1"]);
    let stored = store.position(fixture.stream()).await.unwrap();
    assert_eq!((stored.tail, stored.lost), (chunk.until(), 2));
    assert_eq!(stored.last, chunk.last_checksum());
}

pub(super) async fn engines_may_start_at_once(kind: &dyn Kind) {
    kind.create("starts").await;
    let stores: Vec<_> = (0..3).map(|_| kind.open("starts")).collect();
    let starts = stores.into_iter().map(|store| {
        tokio::spawn(async move {
            store.migrate().await.unwrap();
            store.migrate().await.unwrap();
        })
    });
    for start in starts.collect::<Vec<_>>() {
        start.await.unwrap();
    }
    let versions = "select version, name from schema_migration";
    let versions = kind.sql("starts", versions).await;
    assert_eq!(&versions[..2], ["1|start", "2|texts"]);
    schemas_of_others(kind, "starts", versions.len()).await;
}

/// What this build does with a schema that is not just its own.
async fn schemas_of_others(kind: &dyn Kind, name: &str, known: usize) {
    let later = async |step: usize, runs_since: &str| {
        let sql = format!(
            "insert into schema_migration (version, name, checksum, runs_since) \
             values ({}, 'later', 0, {runs_since})",
            known + step
        );
        kind.sql(name, &sql).await;
        kind.open(name).migrate().await
    };
    // A later step that this build can live with: it goes on, and changes nothing.
    later(1, &known.to_string()).await.unwrap();
    let store = kind.open(name);
    let mut fixture = Fixture::new();
    fixture.sweep(&fixture.pair(), at(0), &[1.5, 2.5]);
    let chunk = fixture.all();
    store
        .write(fixture.stream(), &chunk, fixture.book())
        .await
        .unwrap();
    assert_eq!(store.history(&ever(IA)).await.unwrap().len(), 1);
    let refused = later(2, &(known + 1).to_string()).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Schema { .. }), "{refused}");
    let text = refused.to_string();
    assert!(text.contains("later version of GridOS"), "{text}");
    let needed = format!("only builds that know version {} can use", known + 1);
    assert!(text.contains(&needed), "{text}");
    kind.sql(name, "delete from schema_migration where name = 'later'")
        .await;
    let refused = later(1, "null").await.unwrap_err();
    assert!(
        refused.to_string().contains("later version of GridOS"),
        "{refused}"
    );
    kind.sql(name, "delete from schema_migration where name = 'later'")
        .await;
    kind.open(name).migrate().await.unwrap();
    kind.sql(
        name,
        "update schema_migration set checksum = checksum + 1 where version = 2",
    )
    .await;
    let refused = kind.open(name).migrate().await.unwrap_err();
    assert!(
        refused.to_string().contains("another build of GridOS"),
        "{refused}"
    );
}

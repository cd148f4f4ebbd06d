//! What the view `reading_1m` shows is what the readings were, whatever happened on the way.

use gridos_journal::{Chunk, Read, Reader, Tail};
use gridos_model::Quality;

use super::{IA, Kind, earlier, fresh};
use crate::support::fixture::{Fixture, at};
use crate::support::minutes::{Field, MINUTES, READINGS, check};

async fn right(kind: &dyn Kind, name: &str) -> usize {
    let (minutes, readings) = (
        kind.sql(name, MINUTES).await,
        kind.sql(name, READINGS).await,
    );
    check(&minutes, &readings)
}

/// Parts of the journal, of about so many bytes each.
fn parts(fixture: &mut Fixture, from: Tail, until: Tail, bytes: usize) -> Vec<Chunk> {
    let mut reader = Reader::new(fixture.dir());
    let (mut at, mut parts) = (from, Vec::new());
    while at.position < until.position {
        let mut chunk = Chunk::default();
        let read = reader.read(at, until, bytes, &mut chunk).unwrap();
        assert_eq!(read, Read::Frames);
        at = chunk.until();
        parts.push(chunk);
    }
    parts
}

pub(super) async fn minutes_are_those_of_the_readings(kind: &dyn Kind) {
    for (seed, bytes, batches) in [(1, 64, 150), (2, 2_000, 600), (3, 1 << 20, 600)] {
        let name = format!("minutes{seed}");
        let store = fresh(kind, &name).await;
        let mut fixture = Fixture::new();
        Field::new(seed).happen(&mut fixture, batches);
        let (stream, end) = (fixture.stream(), fixture.sync());
        let (mut turned, mut last) = (Tail::default(), None);
        for chunk in parts(&mut fixture, Tail::default(), end, bytes) {
            let stored = store.write(stream, &chunk, fixture.book()).await.unwrap();
            assert_eq!(store.position(stream).await.unwrap(), stored);
            let now = stored.turned.unwrap();
            assert!(now.position >= turned.position && now.position <= stored.tail.position);
            (turned, last) = (now, stored.last);
        }
        let closed = store.turn(stream, end).await.unwrap();
        assert_eq!((closed.tail, closed.turned), (end, Some(end)));
        assert!(last.is_some() && closed.last == last);
        assert_eq!(store.position(stream).await.unwrap(), closed);
        assert!(right(kind, &name).await > batches / 6);
        // Nothing is open any more.
        store.turn(stream, end).await.unwrap();
        right(kind, &name).await;
    }
}

/// Whoever lost the minutes that are open adds them up again, and nothing is there twice.
pub(super) async fn open_minutes_are_added_up_again(kind: &dyn Kind) {
    let mut store = fresh(kind, "recalled").await;
    let mut fixture = Fixture::new();
    let mut field = Field::new(4);
    field.happen(&mut fixture, 600);
    let (stream, end) = (fixture.stream(), fixture.sync());
    for (nth, chunk) in (0_u32..).zip(parts(&mut fixture, Tail::default(), end, 3_000)) {
        if nth % 3 == 2 {
            // Another engine takes over, or this one again; a recall that broke off begins anew.
            store = if nth % 2 == 0 {
                kind.open("recalled")
            } else {
                store
            };
            let stored = store.position(stream).await.unwrap();
            let open = parts(&mut fixture, stored.turned.unwrap(), stored.tail, 500);
            for part in open.iter().take(2).chain(&open) {
                let recalled = store.recall(stream, stored, part, fixture.book());
                recalled.await.unwrap();
            }
        }
        store.write(stream, &chunk, fixture.book()).await.unwrap();
    }
    store.turn(stream, end).await.unwrap();
    assert!(right(kind, "recalled").await > 100);
}

/// Minutes are closed where the database stands, or not at all.
pub(super) async fn a_turn_is_refused_elsewhere(kind: &dyn Kind) {
    let store = fresh(kind, "elsewhere").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(0), &[1.5, 2.5]);
    let (stream, first) = (fixture.stream(), fixture.all());
    let stored = store.write(stream, &first, fixture.book()).await.unwrap();
    assert_eq!(stored.turned, Some(Tail::default()));
    let refused = store.turn(stream, Tail::default()).await.unwrap_err();
    let why = refused.to_string();
    assert!(why.contains("stands at"), "{why}");
    assert_eq!(kind.sql("elsewhere", MINUTES).await, [""; 0]);
    assert_eq!(store.position(stream).await.unwrap(), stored);
}

/// Sums and means of what no sensor has make no query fail.
pub(super) async fn the_ends_of_numbers_stop_no_query(kind: &dyn Kind) {
    let store = fresh(kind, "ends").await;
    let mut fixture = Fixture::new();
    let (pair, stream) = (fixture.pair(), fixture.stream());
    let mut from = Tail::default();
    for (nth, values) in [[1.7e308, 5e-324], [1.7e308, 0.0], [1.7e308, 0.0]]
        .iter()
        .enumerate()
    {
        fixture.sweep(&pair, at(i64::try_from(nth).unwrap()), values);
        let chunk = fixture.chunk(from);
        from = chunk.until();
        store.write(stream, &chunk, fixture.book()).await.unwrap();
        store.turn(stream, from).await.unwrap();
    }
    let sql = "select point, max, min, count, good_share from reading_1m order by point";
    let rows = kind.sql("ends", sql).await;
    let columns: Vec<Vec<&str>> = rows.iter().map(|row| row.split('|').collect()).collect();
    let numbers = |row: usize, column: usize| columns[row][column].parse::<f64>().unwrap();
    assert_eq!((numbers(0, 1), numbers(0, 2)), (1.7e308, 1.7e308));
    assert_eq!(
        (numbers(1, 1), numbers(1, 2), numbers(1, 3)),
        (5e-324, 0.0, 3.0)
    );
    let means = kind
        .sql("ends", "select avg from reading_1m order by point")
        .await;
    let means: Vec<f64> = means.iter().map(|mean| mean.parse().unwrap()).collect();
    assert_eq!((means[0], means[1]), (1.7e308, 0.0));
}

pub(super) async fn minutes_come_to_an_earlier_database(kind: &dyn Kind) {
    let mut fixture = Fixture::new();
    let first = earlier(kind, "earlier_minutes", "dead_letters", &mut fixture).await;
    let (pair, stream) = (fixture.pair(), fixture.stream());
    let store = kind.open("earlier_minutes");
    store.migrate().await.unwrap();
    assert_eq!(store.position(stream).await.unwrap().turned, None);
    fixture.sweep(&pair, at(1), &[3.5, 4.5]);
    let second = fixture.chunk(first.until());
    let stored = store.write(stream, &second, fixture.book()).await.unwrap();
    assert_eq!(stored.turned, Some(first.until()));
    store.turn(stream, second.until()).await.unwrap();
    let sql = format!("select count, last from reading_1m where point = '{IA}'");
    assert_eq!(kind.sql("earlier_minutes", &sql).await, ["1|3.5"]);
}

/// Texts are of no minute, but their reception tells the time as that of others does.
pub(super) async fn texts_are_of_no_minute(kind: &dyn Kind) {
    let store = fresh(kind, "text_minutes").await;
    let mut fixture = Fixture::new();
    let pair = fixture.pair();
    fixture.sweep(&pair, at(-120_000), &[1.5, 2.5]);
    fixture.texts(&[(2, at(0), b"v1", Quality::GOOD)]);
    let chunk = fixture.all();
    let written = store.write(fixture.stream(), &chunk, fixture.book());
    let turned = written.await.unwrap().turned.unwrap();
    assert_eq!(turned.readings, 2);
    let sql = "select point, count from reading_1m order by point";
    let rows = kind.sql("text_minutes", sql).await;
    assert_eq!(rows, ["sub1.feeder-01.ia|1", "sub1.feeder-01.ib|1"]);
}

//! SQLite: the writer's store, and a row for each reading.

use std::path::Path;
use std::time::Instant;

use gridos_journal::StreamId;
use gridos_store::{SqliteStore, Store};
use rusqlite::Connection;
use tempfile::TempDir;

use super::chunks::sweeps;
use super::{Figures, Given, readings};

/// As the store's.
const PRAGMAS: &str = "pragma page_size = 8192; pragma journal_mode = wal; \
                       pragma synchronous = full; pragma wal_autocheckpoint = 2000; \
                       pragma cache_size = -4096;";
const ROWS: &str = "create table flat (point integer not null, ts integer not null, value real, \
                    quality integer not null) strict; create index flat_by_point on flat (point, ts)";

pub(crate) async fn measure(given: &Given) -> Vec<Figures> {
    let dir = TempDir::new().unwrap();
    let with = dir.path().join("with.db");
    let without = dir.path().join("without.db");
    vec![
        ours(given, "SQLite: ours", &with, SqliteStore::new(&with)).await,
        ours(
            given,
            "ours without minutes",
            &without,
            SqliteStore::new(&without).without_minutes(),
        )
        .await,
        rows(given, &dir.path().join("rows.db")),
    ]
}

async fn ours(given: &Given, way: &'static str, path: &Path, store: SqliteStore) -> Figures {
    store.migrate().await.unwrap();
    let stream = StreamId::from_raw(1);
    // Opened, and all layouts introduced.
    store
        .write(stream, &given.first, &given.book)
        .await
        .unwrap();
    let begun = Instant::now();
    for chunk in &given.chunks {
        store.write(stream, chunk, &given.book).await.unwrap();
    }
    let took = begun.elapsed();
    drop(store);
    Figures {
        way,
        readings: readings(&given.chunks),
        took,
        bytes: size(path) * given.chunks.len() as u64 / (given.chunks.len() as u64 + 1),
    }
}

fn rows(given: &Given, path: &Path) -> Figures {
    let mut connection = Connection::open(path).unwrap();
    connection.execute_batch(PRAGMAS).unwrap();
    connection.execute_batch(ROWS).unwrap();
    let chunks = given.fewer();
    let points = |chunk| {
        sweeps(chunk)
            .map(|sweep| given.fleet.points(&sweep))
            .collect()
    };
    let points: Vec<Vec<_>> = chunks.iter().map(points).collect();
    let begun = Instant::now();
    for (chunk, points) in chunks.iter().zip(&points) {
        let transaction = connection.transaction().unwrap();
        let mut insert = transaction
            .prepare_cached("insert into flat values (?1, ?2, ?3, 0)")
            .unwrap();
        for (sweep, points) in sweeps(chunk).zip(points) {
            let micros = sweep.time.as_micros();
            for (point, value) in points.iter().zip(sweep.values) {
                insert.execute((point.as_i64(), micros, value)).unwrap();
            }
        }
        drop(insert);
        transaction.commit().unwrap();
    }
    let took = begun.elapsed();
    drop(connection);
    Figures {
        way: "a row per reading, one index",
        readings: readings(chunks),
        took,
        bytes: size(path),
    }
}

fn size(path: &Path) -> u64 {
    path.metadata().unwrap().len()
}

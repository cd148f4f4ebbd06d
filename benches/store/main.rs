//! The writer's stores against what else one could do with the same readings, in one run: sweeps of
//! 125 points, 64 devices, once a second, in chunks of 4 MiB of the journal, a transaction each.
//!
//! `cargo bench -p gridos-benches --bench store`, or with the number of chunks: `-- 24`. Rows take a
//! quarter of them. The server is one of its own without fsync, on the same processors.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first surprise"
)]

mod chunks;
#[path = "../../crates/store/tests/support/postgres.rs"]
#[expect(dead_code, reason = "tests stop their servers")]
mod cluster;
mod postgres;
mod sqlite;

use std::time::Duration;

use gridos_journal::{Chunk, LayoutBook};
use mimalloc::MiMalloc;
use tempfile::TempDir;

use chunks::Chunks;

/// The engine's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Chunks that our ways store unless told otherwise: 5.6 million readings.
const CHUNKS: usize = 12;
/// Rows are slower: they take so many times fewer.
const FEWER: usize = 4;

/// What is stored, made before the clock runs.
struct Given {
    /// What makes our stores ready.
    first: Chunk,
    chunks: Vec<Chunk>,
    book: LayoutBook,
    fleet: Chunks,
    _dir: TempDir,
}

/// What a way came to.
struct Figures {
    way: &'static str,
    readings: u64,
    took: Duration,
    /// Tables and indexes.
    bytes: u64,
}

impl Figures {
    fn rate(&self) -> f64 {
        self.readings as f64 / self.took.as_secs_f64()
    }

    fn show(&self, ours: &Self) {
        println!(
            "{:<44} {:>9.3} M readings/s {:>7.2} B/reading   ours is {:>6.2} times as fast, {:>5.2} times as small",
            self.way,
            self.rate() / 1e6,
            self.bytes as f64 / self.readings as f64,
            ours.rate() / self.rate(),
            (self.bytes as f64 / self.readings as f64) / (ours.bytes as f64 / ours.readings as f64),
        );
    }
}

fn main() {
    let asked = std::env::args().skip(1).find_map(|n| n.parse().ok());
    let given = Given::new(asked.unwrap_or(CHUNKS).max(FEWER));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    for figures in [
        runtime.block_on(postgres::measure(&given)),
        runtime.block_on(sqlite::measure(&given)),
    ] {
        let Some(ours) = figures.first() else {
            continue;
        };
        figures.iter().for_each(|figure| figure.show(ours));
    }
}

impl Given {
    fn new(count: usize) -> Self {
        let mut fleet = Chunks::new();
        let dir = TempDir::new().unwrap();
        let book = LayoutBook::open(dir.path()).unwrap();
        let layouts = fleet.fleet.directory.layouts();
        book.add(layouts.map(|layout| &**layout)).unwrap();
        Self {
            first: fleet.next(),
            chunks: (0..count).map(|_| fleet.next()).collect(),
            book,
            fleet,
            _dir: dir,
        }
    }

    /// The chunks that are stored as rows.
    fn fewer(&self) -> &[Chunk] {
        &self.chunks[..self.chunks.len() / FEWER]
    }
}

fn readings(chunks: &[Chunk]) -> u64 {
    chunks.iter().map(Chunk::readings).sum()
}

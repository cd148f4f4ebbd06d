//! What the journal alone allows posts: the batches that `posts.sh` has the engine make of them, appended
//! and synced, without HTTP and without the engine. As there, no more than 16 posts of 1,000 readings wait
//! for the disk at one time, and each is answered when it is durable.
//!
//! `cargo bench -p gridos-benches --bench posts -- [seconds] [folder]`; it prints readings a second.

use std::collections::VecDeque;
use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gridos_journal::{Journal, JournalError, Options, Position, Syncer};
use gridos_model::{Batch, DirectoryBuilder, Point, Quality, Timestamp};

/// What `posts.sh` posts.
const POINTS: u32 = 100;
const READINGS: u32 = 1_000;
const CONNECTIONS: usize = 16;
/// A post is cut into batches of so many readings, where no device has more points.
const BATCH_READINGS: u32 = 128;

fn main() -> Result<(), Box<dyn Error>> {
    let mut told = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'));
    let seconds: u64 = told.next().map_or(Ok(10), |seconds| seconds.parse())?;
    let folder = told.next().map_or_else(std::env::temp_dir, Into::into);
    let rate = rate(&folder, Duration::from_secs(seconds), &post()?)?;
    println!("{rate:.0}");
    Ok(())
}

/// The batches of one post.
fn post() -> Result<Vec<Batch>, Box<dyn Error>> {
    let points = (0..POINTS).map(|n| Point::new(&format!("f{n}"), ""));
    let mut builder = DirectoryBuilder::default();
    let device = builder.add("plant", points.collect(), &[])?;
    let directory = builder.build();
    let layout = directory.device(device).whole();
    let mut batches = Vec::new();
    for from in (0..READINGS).step_by(BATCH_READINGS as usize) {
        let mut batch = Batch::default();
        batch.start_events(layout, Timestamp::EPOCH);
        for n in from..READINGS.min(from + BATCH_READINGS) {
            let value = f64::from(n) + 0.25;
            batch.push_event(n % POINTS, Timestamp::EPOCH, value, Quality::GOOD);
        }
        batches.push(batch);
    }
    Ok(batches)
}

/// Readings a second that are durable.
fn rate(folder: &Path, span: Duration, post: &[Batch]) -> Result<f64, Box<dyn Error>> {
    let dir = tempfile::tempdir_in(folder)?;
    let (mut journal, _) = Journal::open(dir.path(), Options::default())?;
    let ended = Arc::new(AtomicBool::new(false));
    let syncs = {
        let (syncer, ended) = (journal.syncer(), Arc::clone(&ended));
        std::thread::spawn(move || sync(&syncer, &ended))
    };
    let begin = Instant::now();
    let mut waiting: VecDeque<Position> = VecDeque::new();
    let mut answered = 0_u32;
    while begin.elapsed() < span {
        let durable = journal.durable().position;
        while waiting.front().is_some_and(|end| *end <= durable) {
            waiting.pop_front();
            answered += 1;
        }
        if waiting.len() == CONNECTIONS {
            std::thread::yield_now();
            continue;
        }
        while waiting.len() < CONNECTIONS {
            for batch in post {
                journal.append_readings(&batch.readings().ok_or("an empty batch")?);
            }
            waiting.push_back(journal.end().position);
        }
        journal.write()?;
    }
    let seconds = begin.elapsed().as_secs_f64();
    ended.store(true, Ordering::Release);
    syncs.join().map_err(|_| "the syncing thread panicked")??;
    Ok(f64::from(answered) * f64::from(READINGS) / seconds)
}

fn sync(syncer: &Syncer, ended: &AtomicBool) -> Result<(), JournalError> {
    while !ended.load(Ordering::Acquire) {
        syncer.sync()?;
        syncer.prepare()?;
    }
    Ok(())
}

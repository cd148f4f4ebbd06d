//! The journal to the disk: appends with group commit, as the pipeline makes them, beside `dd` with
//! one sync at its end, which writes as many bytes to the same file system; and how long the next
//! start takes to find the end.
//!
//! `cargo bench -p gridos-benches --bench disk -- [MiB] [folder]`; 256 MiB in the folder for
//! temporary files if not told. Run nothing beside it.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gridos_benches::{BATCHES, Fleet, readings};
use gridos_journal::{Journal, Options, Syncer};
use gridos_model::Batch;

/// What is measured one after the other, so often.
const ROUNDS: usize = 3;
const MIB: f64 = 1_048_576.0;

fn main() -> Result<(), Box<dyn Error>> {
    let mut told = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'));
    let mib: u64 = told.next().map_or(Ok(256), |mib| mib.parse())?;
    let folder = told.next().map_or_else(std::env::temp_dir, Into::into);
    let fleet = Fleet::new(64).map_err(|error| format!("{error:?}"))?;
    let batches: Vec<_> = (0..BATCHES)
        .map(|n| {
            let mut batch = Batch::default();
            fleet.fill(&mut batch, n);
            batch
        })
        .collect();
    println!("{mib} MiB in {}, MiB/s", folder.display());
    println!(
        "| journal | syncs | M readings/s | dd conv=fdatasync | journal / dd | opened again |"
    );
    println!("|---|---|---|---|---|---|");
    for _ in 0..ROUNDS {
        let journal = journal(&folder, mib << 20, &batches)?;
        let dd = dd(&folder, mib)?;
        println!(
            "| {:.0} | {} | {:.1} | {dd:.0} | {:.2} | {:.0} ms |",
            journal.rate,
            journal.syncs,
            journal.readings / 1e6,
            journal.rate / dd,
            journal.opened.as_secs_f64() * 1e3,
        );
    }
    Ok(())
}

struct Measured {
    /// MiB a second.
    rate: f64,
    syncs: u64,
    /// A second.
    readings: f64,
    opened: Duration,
}

/// Appends until `bytes` are durable: one thread writes turn by turn, the other syncs what there is.
fn journal(folder: &Path, bytes: u64, batches: &[Batch]) -> Result<Measured, Box<dyn Error>> {
    let dir = tempfile::tempdir_in(folder)?;
    let options = Options::default();
    let (mut journal, _) = Journal::open(dir.path(), options)?;
    let ended = Arc::new(AtomicBool::new(false));
    let begin = Instant::now();
    let syncs = {
        let (syncer, ended) = (journal.syncer(), Arc::clone(&ended));
        std::thread::spawn(move || sync(&syncer, &ended))
    };
    let mut turns = 0;
    while journal.end().position.get() < bytes {
        for batch in batches {
            journal.append_readings(&batch.readings().ok_or("an empty batch")?);
        }
        journal.write()?;
        turns += 1;
        // As the pipeline: no more than so much is written and not durable.
        while journal.end().position.get() - journal.durable().position.get() > 16 << 20 {
            std::thread::yield_now();
        }
    }
    ended.store(true, Ordering::Release);
    let syncs = syncs.join().map_err(|_| "the syncing thread panicked")??;
    let seconds = begin.elapsed().as_secs_f64();
    let end = journal.end();
    if journal.durable() != end {
        return Err("something is not durable".into());
    }
    drop(journal);
    let begin = Instant::now();
    let (_, recovery) = Journal::open(dir.path(), options)?;
    let opened = begin.elapsed();
    if recovery.end != end {
        return Err("something was not found again".into());
    }
    Ok(Measured {
        rate: end.position.get() as f64 / MIB / seconds,
        syncs,
        readings: (turns * readings(BATCHES)) as f64 / seconds,
        opened,
    })
}

fn sync(syncer: &Syncer, ended: &AtomicBool) -> Result<u64, gridos_journal::JournalError> {
    let mut syncs = 0;
    loop {
        let is_last = ended.load(Ordering::Acquire);
        syncer.sync()?;
        syncs += 1;
        if is_last {
            return Ok(syncs);
        }
        syncer.prepare()?;
    }
}

/// MiB a second of `dd` from zeros, in pieces of 1 MiB.
fn dd(folder: &Path, mib: u64) -> Result<f64, Box<dyn Error>> {
    let dir = tempfile::tempdir_in(folder)?;
    let file = dir.path().join("zeros");
    let begin = Instant::now();
    let status = Command::new("dd")
        .args(["if=/dev/zero", "bs=1M", "conv=fdatasync"])
        .arg(format!("count={mib}"))
        .arg(format!("of={}", file.display()))
        .stderr(Stdio::null())
        .status()?;
    if !status.success() {
        return Err("dd failed".into());
    }
    Ok(mib as f64 / begin.elapsed().as_secs_f64())
}

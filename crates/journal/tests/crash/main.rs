//! Crash consistency: whatever a power cut or a bad sector leaves of a recorded sequence of writes,
//! what was promised is read, exactly once, in order and unaltered.
//!
//! `GRIDOS_CRASH_SEEDS=1000` tries as many sequences, `GRIDOS_CRASH_SEED=7` only that one.

#![cfg(test)]

mod chance;
mod disk;
mod engine;
mod model;
mod platter;
mod snapshot;
mod takeover;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gridos_journal::storage::Storage;
use gridos_journal::{JournalError, LayoutBook, Position, Streams};

use chance::Chance;
use disk::{Inode, SimulatedDisk, Step};
use engine::{OPTIONS, Run};
use model::{Note, directory, read, reader};
use platter::{Luck, Platter, SECTOR};

const ROOT: &str = "/data/journal";
/// Bytes of a segment's header.
const HEADER_BYTES: usize = 64;

fn seeds(few: u64) -> Box<dyn Iterator<Item = u64>> {
    let number = |name| {
        let text = std::env::var(name).ok()?;
        Some(text.parse().expect(name))
    };
    match number("GRIDOS_CRASH_SEED") {
        Some(seed) => Box::new(seed..=seed),
        None => Box::new(0..number("GRIDOS_CRASH_SEEDS").unwrap_or(few)),
    }
}

/// What was promised when the power went.
#[derive(Clone, Default)]
struct Promised {
    /// For each life, what is durable, and what a database remembers of its end.
    durable: BTreeMap<usize, (gridos_journal::Tail, Option<u32>)>,
    trimmed: BTreeMap<usize, Position>,
    is_introduced: bool,
    /// The life and the place of the last snapshot.
    kept: Option<(usize, Position)>,
}

impl Promised {
    fn take(&mut self, note: &Note) {
        match *note {
            Note::Durable {
                life,
                tail,
                checksum,
            } => {
                self.durable.insert(life, (tail, checksum));
            }
            Note::Introduced => self.is_introduced = true,
            Note::Trimmed { life, position } => {
                self.trimmed.insert(life, position);
            }
            Note::Kept { life, tail } => self.kept = Some((life, tail.position)),
        }
    }
}

/// The sector that is lost.
struct Lost {
    path: PathBuf,
    sector: usize,
}

impl Lost {
    /// Whether the frame in `dir` from `from` to `until` was, in part, on that sector.
    fn touches(&self, dir: &Path, from: Position, until: Position) -> bool {
        let name = self.path.file_stem().and_then(|stem| stem.to_str());
        let base = name.and_then(|name| name.parse::<usize>().ok());
        let (Some(base), true) = (base, self.path.parent() == Some(dir)) else {
            return false;
        };
        let offset = |position: Position| {
            let position = usize::try_from(position.get()).unwrap();
            (position + HEADER_BYTES).saturating_sub(base)
        };
        let (from, until) = (offset(from) / SECTOR, (offset(until) - 1) / SECTOR);
        (from..=until).contains(&self.sector)
    }
}

/// Opens what is left as the next life of the engine does, and compares.
fn check(
    run: &Run,
    left: &SimulatedDisk,
    promised: &Promised,
    lost: Option<&Lost>,
    chance: &mut Chance,
) {
    let (storage, root) = (left.shared(), Path::new(ROOT));
    snapshot::check(run, &*storage, root, promised, lost);
    let streams = match Streams::open_on(Arc::clone(&storage), root) {
        // All that a short life left may have been on one sector, and with it the stream's name.
        Err(JournalError::NoStream { path }) if is_wholly_lost(run, &path, lost) => return,
        opened => opened.unwrap(),
    };
    let mut found = BTreeMap::new();
    for earlier in streams.earlier() {
        let life = run
            .lives
            .iter()
            .position(|life| life.stream == earlier.stream);
        found.insert(life.expect("a stream that nobody began"), earlier);
    }
    for (index, life) in run.lives.iter().enumerate() {
        let durable = promised.durable.get(&index).copied();
        let Some(earlier) = found.get(&index) else {
            let until = durable.map_or(Position::START, |(tail, _)| tail.position);
            let dir = root.join(format!("{:06}", index + 1));
            for (from, record) in life.records.range(..until) {
                let is_lost = |lost: &Lost| lost.touches(&dir, *from, record.until.position);
                assert!(lost.is_some_and(is_lost), "life {index} is gone");
            }
            continue;
        };
        let mut reader = reader(&storage, &earlier.dir);
        let from = reader.oldest().unwrap();
        let seen = read(&mut reader, from, earlier.recovery.end, chance);
        let is_lost =
            |from, until| lost.is_some_and(|lost| lost.touches(&earlier.dir, from, until));
        let trimmed = promised.trimmed.get(&index).copied();
        let begin = trimmed.unwrap_or(Position::START);
        let end = durable.map_or(Position::START, |(tail, _)| tail.position);
        life.check(&seen, (begin, end), is_lost);
        if let (Some((tail, checksum)), None) = (durable, lost) {
            assert!(
                reader.knows(tail, checksum).unwrap(),
                "{tail:?} is not known"
            );
            let mut damaged = seen.damaged.iter();
            assert!(damaged.all(|(from, until)| *from >= end || *until <= begin));
        }
    }
    check_book(&storage, promised, lost);
    // What was found once is found again, and the next life works.
    let ends = |streams: &Streams| {
        let ends = streams.earlier().iter().map(|earlier| earlier.recovery.end);
        // One of which nothing is left is forgotten the second time.
        let ends = ends.filter(|end| end.position > Position::START);
        ends.collect::<Vec<_>>()
    };
    let again = Streams::open_on(Arc::clone(&storage), root).unwrap();
    assert_eq!(ends(&again), ends(&streams));
    if chance.one_in(8) {
        engine::live_on(&storage, &again, chance);
    }
}

fn is_wholly_lost(run: &Run, dir: &Path, lost: Option<&Lost>) -> bool {
    let number = dir.file_name().and_then(|name| name.to_str());
    let number: usize = number.unwrap().parse().unwrap();
    let records = &run.lives[number - 1].records;
    lost.is_some_and(|lost| {
        let mut records = records.iter();
        records.all(|(from, record)| lost.touches(dir, *from, record.until.position))
    })
}

fn check_book(storage: &Arc<dyn Storage>, promised: &Promised, lost: Option<&Lost>) {
    let book = LayoutBook::open_on(&**storage, Path::new(ROOT)).unwrap();
    if promised.is_introduced && lost.is_none_or(|lost| !lost.path.ends_with("layouts")) {
        for layout in directory().layouts() {
            assert!(book.find(layout.id()).unwrap().is_some());
        }
    }
}

/// The power goes after each step of each sequence.
#[test]
fn after_a_power_cut_at_any_step_all_that_was_promised_is_there() {
    let mut renewals = 0;
    for seed in seeds(6) {
        let run = engine::run(seed, ROOT);
        renewals += run.renewals;
        let steps = run.disk.steps();
        let (mut platter, mut promised) = (Platter::default(), Promised::default());
        let mut chance = Chance::of(seed);
        // What a failed sync lost is lost for all that follows.
        let mut fate = chance.clone();
        for (index, step) in steps.iter().enumerate() {
            platter.step(step, &mut fate);
            if let Step::Note(note) = step {
                promised.take(&run.notes()[*note]);
            }
            for luck in [Luck::Nothing, Luck::Everything, Luck::Anything] {
                let _told = Told(format!(
                    "seed {seed}, step {index} {}, {luck:?}",
                    step.in_short()
                ));
                let left = platter.cut(luck, &mut chance);
                check(&run, &left, &promised, None, &mut chance);
            }
        }
    }
    // Otherwise this tried less than it should.
    assert!(renewals > 0 || std::env::var("GRIDOS_CRASH_SEED").is_ok());
}

/// Each sector of what is durable is lost, one at a time.
#[test]
fn a_lost_sector_costs_only_the_records_on_it() {
    for seed in seeds(3) {
        let run = engine::run(seed, ROOT);
        let steps = run.disk.steps();
        let stale = platter::stale_sectors(&steps);
        let (mut platter, mut promised) = (Platter::default(), Promised::default());
        let mut chance = Chance::of(seed);
        for step in &steps {
            platter.step(step, &mut chance);
            if let Step::Note(note) = step {
                promised.take(&run.notes()[*note]);
            }
        }
        let whole = platter.cut(Luck::Everything, &mut chance);
        for (path, inode, bytes) in whole.named_files() {
            for sector in 0..bytes.len() / SECTOR {
                if seed > 0 && !chance.one_in(3) {
                    continue;
                }
                for (kind, held) in losses(&stale, inode, sector) {
                    let lost = Lost {
                        path: path.clone(),
                        sector,
                    };
                    let _told = Told(format!("seed {seed}, {path:?} sector {sector}: {kind}"));
                    let left = platter.cut(Luck::Everything, &mut chance);
                    left.overwrite(inode, sector * SECTOR, &held);
                    check(&run, &left, &promised, Some(&lost), &mut chance);
                }
            }
        }
    }
}

fn losses(
    stale: &BTreeMap<(Inode, usize), Vec<u8>>,
    inode: Inode,
    sector: usize,
) -> Vec<(&'static str, Vec<u8>)> {
    let mut losses = vec![
        ("zeros", vec![0; SECTOR]),
        (
            "garbage",
            (0..=u8::MAX)
                .cycle()
                .map(|at| at.wrapping_mul(37))
                .take(SECTOR)
                .collect(),
        ),
    ];
    losses.extend(
        stale
            .get(&(inode, sector))
            .map(|held| ("stale", held.clone())),
    );
    losses
}

/// A start reads the last segment and what it needs of the others, however long the journal is.
#[test]
fn recovery_reads_the_last_segment_only() {
    let disk = SimulatedDisk::default();
    let (storage, root) = (disk.shared(), Path::new(ROOT));
    let streams = Streams::open_on(Arc::clone(&storage), root).unwrap();
    let mut journal = streams.begin(OPTIONS).unwrap();
    let mut life = model::Life {
        stream: journal.stream(),
        records: BTreeMap::new(),
    };
    let mut chance = Chance::of(0);
    for id in 0..2_000 {
        model::append(&mut journal, &mut life, id, &mut chance);
        journal.write().unwrap();
    }
    assert!(journal.end().position.get() > 100 * OPTIONS.segment_bytes);
    drop((journal, streams));
    let before = disk.bytes_read();
    Streams::open_on(storage, root).unwrap();
    let read = disk.bytes_read() - before;
    assert!(read < 4 * OPTIONS.segment_bytes, "{read}");
}

/// Says where a check failed.
struct Told(String);

impl Drop for Told {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("in {}", self.0);
        }
    }
}

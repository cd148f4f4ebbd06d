//! Lives of an engine on a simulated disk: what it appends, writes and syncs, and how the disk
//! fails meanwhile.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use gridos_journal::storage::Storage;
use gridos_journal::{Chunk, Journal, LayoutBook, Options, Read, Reader, Streams, Syncer, Tail};

use crate::chance::Chance;
use crate::disk::{Fault, SimulatedDisk};
use crate::model::{self, Life, Note, Seen, directory, read, reader};
use crate::snapshot;

pub(crate) const OPTIONS: Options = Options {
    segment_bytes: 4_096,
    bytes_max: 1 << 24,
};

/// What happened in one sequence.
pub(crate) struct Run {
    pub(crate) disk: SimulatedDisk,
    pub(crate) lives: Vec<Life>,
    notes: Vec<Note>,
    /// Times that something was written again, in all lives.
    pub(crate) renewals: u64,
}

impl Run {
    pub(crate) fn notes(&self) -> &[Note] {
        &self.notes
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.disk.note(self.notes.len());
        self.notes.push(note);
    }
}

/// How a life goes.
#[derive(Clone, Copy)]
struct Temper {
    /// Whether another thread syncs.
    has_syncer: bool,
    /// Whether records are written while a sync is under way.
    is_busy: bool,
    has_faults: bool,
    trims: bool,
}

/// The end that is written to, with what was appended: also used in the middle of a sync.
struct Writing {
    journal: Journal,
    life: Life,
    next: u32,
    chance: Chance,
}

impl Writing {
    fn append(&mut self) {
        let (journal, life) = (&mut self.journal, &mut self.life);
        model::append(journal, life, self.next, &mut self.chance);
        self.next += 1;
    }
}

/// A database that reads behind: one open reader, as long as the life goes.
struct Follower {
    reader: Reader,
    at: Tail,
    checksum: Option<u32>,
    chunk: Chunk,
}

impl Follower {
    /// Reads some of what is durable, none of which may be missing or change afterwards.
    fn follow(&mut self, durable: Tail, bytes_max: usize, life: &Life) {
        match self
            .reader
            .read(self.at, durable, bytes_max, &mut self.chunk)
            .unwrap()
        {
            Read::End => assert_eq!(self.at, durable),
            Read::Frames => {
                self.at = self.chunk.until();
                self.checksum = self.chunk.last_checksum();
                let positions = self.chunk.records().map(|(position, _)| position);
                assert!({ positions }.all(|position| life.records.contains_key(&position)));
            }
            other @ (Read::Damaged { .. } | Read::Foreign) => {
                panic!("{other:?} at {:?} of {durable:?}", self.at)
            }
        }
    }

    fn is_known(&self, storage: &Arc<dyn Storage>, dir: &Path) -> bool {
        let mut reader = reader(storage, dir);
        reader.knows(self.at, self.checksum).unwrap()
    }
}

pub(crate) fn run(seed: u64, root: &str) -> Run {
    let mut chance = Chance::of(seed);
    let mut run = Run {
        disk: SimulatedDisk::default(),
        lives: Vec::new(),
        notes: Vec::new(),
        renewals: 0,
    };
    for _ in 0..1 + chance.below(3) {
        let temper = Temper {
            has_syncer: !chance.one_in(4),
            is_busy: chance.one_in(2),
            has_faults: seed % 2 == 1,
            trims: chance.one_in(3),
        };
        live(&mut run, Path::new(root), temper, &mut chance);
    }
    run
}

/// One life, which ends well: everything is durable then.
fn live(run: &mut Run, root: &Path, temper: Temper, chance: &mut Chance) {
    let storage = run.disk.shared();
    let streams = Streams::open_on(Arc::clone(&storage), root).unwrap();
    let book = LayoutBook::open_on(&*storage, root).unwrap();
    let directory = directory();
    book.add(directory.layouts().map(|layout| &**layout))
        .unwrap();
    run.note(Note::Introduced);
    let journal = streams.begin(OPTIONS).unwrap();
    let syncer = journal.syncer();
    let dir = journal.dir().to_owned();
    let mut reader = reader(&storage, &dir);
    let mut follower = Follower {
        reader: model::reader(&storage, &dir),
        at: Tail::default(),
        checksum: None,
        chunk: Chunk::default(),
    };
    let life = Life {
        stream: journal.stream(),
        records: BTreeMap::new(),
    };
    run.lives.push(life.clone());
    let writing = Arc::new(Mutex::new(Writing {
        journal,
        life,
        next: 1,
        chance: Chance::of(chance.below(u64::MAX)),
    }));
    let syncer = temper.has_syncer.then_some(syncer);
    if temper.is_busy && temper.has_syncer {
        let writing = Arc::clone(&writing);
        run.disk.meanwhile(move || {
            let mut writing = lock(&writing);
            writing.append();
            // What is refused is tried again at once.
            if writing.journal.write().is_err() {
                let _ = writing.journal.write();
            }
        });
    }
    let mut known = Tail::default();
    for _ in 0..20 + chance.below(30) {
        if temper.has_faults && chance.one_in(6) {
            fail(&run.disk, chance);
        }
        for _ in 0..chance.below(4) {
            lock(&writing).append();
        }
        let _ = lock(&writing).journal.write();
        if chance.one_in(2) {
            known = make_durable(run, &writing, syncer.as_ref(), &mut reader, known);
            if Chance::of(known.position.get()).one_in(3) {
                snapshot::keep(run, root, known);
            }
        }
        if chance.one_in(2) {
            let bytes = usize::try_from(chance.below(1_500)).unwrap();
            follower.follow(known, bytes, &lock(&writing).life);
            assert!(follower.is_known(&storage, &dir));
        }
        if temper.trims && chance.one_in(6) {
            trim(run, &writing, follower.at);
        }
    }
    run.disk.meanwhile(|| {});
    run.disk.set_broken(false);
    run.disk.heal();
    let end = lock(&writing).journal.end();
    for _ in 0..10 {
        let _ = lock(&writing).journal.write();
        known = make_durable(run, &writing, syncer.as_ref(), &mut reader, known);
    }
    assert_eq!(known, end, "a disk that works again does not help");
    while follower.at != end {
        follower.follow(known, 1, &lock(&writing).life);
    }
    assert!(follower.is_known(&storage, &dir));
    if let Some(syncer) = syncer {
        syncer.close();
    }
    let writing = lock(&writing);
    run.renewals += writing.journal.renewals();
    run.note_life(&writing.life);
}

impl Run {
    fn note_life(&mut self, life: &Life) {
        if let Some(last) = self.lives.last_mut() {
            *last = life.clone();
        }
    }
}

/// Syncs, and notes what is durable when that went well; a database reads it at once.
fn make_durable(
    run: &mut Run,
    writing: &Mutex<Writing>,
    syncer: Option<&Syncer>,
    reader: &mut Reader,
    known: Tail,
) -> Tail {
    let durable = match syncer {
        Some(syncer) => {
            let durable = syncer.sync();
            let _ = syncer.prepare();
            durable.unwrap_or(known)
        }
        // Without one, what is durable is known when the next segment is begun.
        None => {
            let syncer = lock(writing).journal.syncer();
            syncer.sync().unwrap_or(known)
        }
    };
    assert!(durable.position >= known.position);
    if durable == known {
        return known;
    }
    let mut chance = Chance::of(durable.position.get());
    let seen = read(reader, known, durable, &mut chance);
    let life = lock(writing).life.clone();
    assert_eq!(seen.damaged, []);
    life.check(&seen, (known.position, durable.position), |_, _| false);
    let Seen { checksum, .. } = seen;
    run.note(Note::Durable {
        life: run.lives.len() - 1,
        tail: durable,
        checksum,
    });
    durable
}

fn trim(run: &mut Run, writing: &Mutex<Writing>, stored: Tail) {
    // Noted first: what is trimmed may be gone before the disk is asked for it.
    let life = run.lives.len() - 1;
    let position = stored.position;
    run.note(Note::Trimmed { life, position });
    let storage = run.disk.shared();
    let dir = lock(writing).journal.dir().to_owned();
    let _ = Journal::trim_on(&*storage, &dir, position);
}

fn fail(disk: &SimulatedDisk, chance: &mut Chance) {
    let faults = [
        Fault::Write,
        Fault::WriteFull,
        Fault::Allocate,
        Fault::Sync,
        Fault::Sync,
        Fault::Sync,
        Fault::SyncDir,
        Fault::SyncDir,
        Fault::Create,
        Fault::Rename,
        Fault::Remove,
        Fault::Cut,
    ];
    match chance.below(8) {
        0 => disk.set_broken(true),
        1 | 2 => disk.set_broken(false),
        _ => {
            let at = usize::try_from(chance.below(faults.len() as u64)).unwrap();
            disk.fail_next(faults[at]);
        }
    }
}

/// The next life on what a crash left: it keeps what it is given.
pub(crate) fn live_on(storage: &Arc<dyn Storage>, streams: &Streams, chance: &mut Chance) {
    let mut journal = streams.begin(OPTIONS).unwrap();
    let mut life = Life {
        stream: journal.stream(),
        records: BTreeMap::new(),
    };
    for id in 1..10 {
        model::append(&mut journal, &mut life, id, chance);
        journal.write().unwrap();
    }
    let durable = journal.syncer().sync().unwrap();
    assert_eq!(durable, journal.end());
    let mut reader = reader(storage, journal.dir());
    let seen = read(&mut reader, Tail::default(), durable, chance);
    life.check(
        &seen,
        (Tail::default().position, durable.position),
        |_, _| false,
    );
    assert_eq!((seen.records.len(), seen.damaged.len()), (9, 0));
}

fn lock(writing: &Mutex<Writing>) -> MutexGuard<'_, Writing> {
    writing.lock().unwrap()
}

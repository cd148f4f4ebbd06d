//! Snapshots: the last one that was made is there, or one that was being made.

use std::path::Path;

use gridos_journal::storage::Storage;
use gridos_journal::{JournalError, Snapshot, StreamId, Tail};

use crate::engine::Run;
use crate::model::Note;
use crate::{Lost, Promised};

/// Makes a snapshot of what is durable in the present life, if the disk lets it.
pub(crate) fn keep(run: &mut Run, root: &Path, tail: Tail) {
    let storage = run.disk.shared();
    let life = run.lives.len() - 1;
    let snapshot = of(run.lives[life].stream, tail);
    if snapshot.write_on(&*storage, root).is_ok() {
        run.note(Note::Kept { life, tail });
    }
}

/// More than a sector, and of another size each time.
fn of(stream: StreamId, tail: Tail) -> Snapshot {
    let word = (stream.raw() ^ tail.position.get()).to_le_bytes();
    let words = 100 + usize::try_from(tail.position.get() % 90).unwrap();
    Snapshot {
        stream,
        tail,
        content: word.repeat(words),
    }
}

/// Compares what is left with what was promised.
pub(crate) fn check(
    run: &Run,
    storage: &dyn Storage,
    root: &Path,
    promised: &Promised,
    lost: Option<&Lost>,
) {
    let found = match Snapshot::read_on(storage, root) {
        Err(JournalError::NotASnapshot { path, .. }) => {
            assert!(lost.is_some_and(|lost| lost.path == path));
            return;
        }
        found => found.unwrap(),
    };
    let Some(found) = found else {
        assert_eq!(promised.kept, None, "it is gone");
        return;
    };
    assert_eq!(found, of(found.stream, found.tail));
    let mut lives = run.lives.iter();
    let life = lives.position(|life| life.stream == found.stream).unwrap();
    assert!(
        promised
            .kept
            .is_none_or(|kept| kept <= (life, found.tail.position))
    );
    let durable = promised.durable.get(&life).map(|(durable, _)| *durable);
    assert!(durable.is_some_and(|durable| found.tail.position <= durable.position));
}

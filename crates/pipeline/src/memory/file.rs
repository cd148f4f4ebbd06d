//! The snapshot's file: the journal keeps it whole, and the archive of [`super::rows`] is its content.

use std::path::Path;

use gridos_journal::{JournalError, Snapshot as Kept};
use rkyv::util::AlignedVec;

use super::Snapshot;
use super::rows;

/// Why a snapshot cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The journal cannot read or write it, or it is damaged.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// It is whole, and its content is not what this version writes.
    #[error("the snapshot of the alarms is of another version: {reason}")]
    Content {
        /// What is wrong.
        reason: String,
    },
}

/// Reads the snapshot of the journal folder `root`; `None` if there is none.
pub(super) fn read(root: &Path) -> Result<Option<Snapshot>, SnapshotError> {
    let Some(kept) = Kept::read(root)? else {
        return Ok(None);
    };
    let mut aligned = AlignedVec::<16>::new();
    aligned.extend_from_slice(&kept.content);
    let memory = rows::read(&aligned).map_err(|reason| SnapshotError::Content { reason })?;
    Ok(Some(Snapshot {
        memory,
        stream: kept.stream,
        tail: kept.tail,
    }))
}

/// Replaces the snapshot of the journal folder `root`, durably.
pub(super) fn write(root: &Path, snapshot: &Snapshot) -> Result<(), SnapshotError> {
    let kept = Kept {
        stream: snapshot.stream,
        tail: snapshot.tail,
        content: rows::write(&snapshot.memory, AlignedVec::new()).to_vec(),
    };
    Ok(kept.write(root)?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::super::rows::tests::snapshot;
    use super::*;

    #[test]
    fn a_snapshot_is_read_as_it_was_written() {
        let dir = TempDir::new().unwrap();
        assert_eq!(read(dir.path()).unwrap(), None);
        for sequence in [7, 9] {
            let mut snapshot = snapshot();
            snapshot.memory.sequence = sequence;
            write(dir.path(), &snapshot).unwrap();
            assert_eq!(read(dir.path()).unwrap(), Some(snapshot));
        }
        let names = fs::read_dir(dir.path()).unwrap();
        assert_eq!(names.count(), 1);
    }

    /// A right checksum does not make it one of ours.
    #[test]
    fn whatever_the_content_is_nothing_panics() {
        let whole = rows::write(&snapshot().memory, AlignedVec::new());
        let mut refused = 0;
        for bit in 0..8 * whole.len() {
            let mut content = whole.clone();
            content[bit / 8] ^= 1 << (bit % 8);
            refused += usize::from(rows::read(&content).is_err());
        }
        assert!(refused > 0);
        let dir = TempDir::new().unwrap();
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            let kept = Kept {
                stream: snapshot().stream,
                tail: snapshot().tail,
                content: whole[..length].to_vec(),
            };
            kept.write(dir.path()).unwrap();
            let found = read(dir.path());
            let is_told = matches!(found, Err(SnapshotError::Content { .. }));
            assert!(is_told, "{length}");
        }
    }
}

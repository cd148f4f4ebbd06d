//! What can go wrong with the journal.

use std::io;
use std::path::PathBuf;

use crate::Position;

/// Why a journal cannot be opened, written or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The operating system refused.
    #[error("cannot {action} '{}'", path.display())]
    Io {
        /// What was tried: `open`, `write`, …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it was refused.
        source: io::Error,
    },
    /// Another engine holds the folder.
    #[error("'{}' is in use by another engine; give this one another data_dir or stop the other", path.display())]
    InUse {
        /// The journal folder.
        path: PathBuf,
    },
    /// A segment's header is not one this version reads.
    #[error("'{}' is no journal segment of this version: {reason}", path.display())]
    NotASegment {
        /// The file.
        path: PathBuf,
        /// What is wrong with its header.
        reason: &'static str,
    },
    /// All segments of a stream have damaged headers: nobody can tell which stream it is.
    #[error("no segment in '{}' has a good header; move the folder away to start, and keep it", path.display())]
    NoStream {
        /// The stream's folder.
        path: PathBuf,
    },
    /// A newer version of the engine wrote frames this one cannot read; cutting them off would
    /// lose what was acknowledged.
    #[error("'{}' was written by a newer version (frame format {version}); run that version, or let it drain first", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format of its frames.
        version: u16,
    },
    /// A reader asks for what was trimmed away.
    #[error("position {asked} is gone: the journal begins at {oldest}")]
    Trimmed {
        /// What was asked for.
        asked: Position,
        /// The oldest position left.
        oldest: Position,
    },
    /// The disk budget is used up: nothing can be appended until something is stored.
    #[error(
        "the journal holds {bytes} bytes, its budget; it goes on when the database has caught up"
    )]
    Budget {
        /// Bytes on disk.
        bytes: u64,
    },
    /// A sync failed before: what was written since then may be lost (fsync is not retried).
    #[error("an earlier sync of the journal failed; restart the engine")]
    Poisoned,
}

impl JournalError {
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}

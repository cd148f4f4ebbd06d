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
    #[error("'{}' is in use by an engine that runs; stop it first, or let another engine have a data_dir of its own", path.display())]
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
    /// What was known of alarms cannot be read: it is damaged, or another version wrote it.
    #[error("'{}' is no snapshot of this version: {reason}", path.display())]
    NotASnapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
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
    /// The disk failed to take something: nothing is durable before all of it is written again to
    /// another file, which is still to be made.
    #[error("the disk failed, and a new journal segment could not be begun so far; check the disk")]
    Poisoned,
}

impl JournalError {
    /// Whether it is for want of room: the budget, the disk or a quota is used up.
    pub fn is_full(&self) -> bool {
        match self {
            Self::Budget { .. } => true,
            Self::Io { source, .. } => crate::segment::is_full(source),
            Self::InUse { .. }
            | Self::NotASegment { .. }
            | Self::NotASnapshot { .. }
            | Self::NoStream { .. }
            | Self::Newer { .. }
            | Self::Trimmed { .. }
            | Self::Poisoned => false,
        }
    }

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

//! What keeps the writer from storing.

use gridos_journal::{JournalError, Position, StreamId};
use gridos_telemetry::StoreFault;

use crate::StoreError;

/// Why a turn of the writer failed. All of these are tried again, for ever.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriterError {
    #[error("{0}")]
    Store(#[from] StoreError),
    /// Nothing gets to the database, which itself may be well.
    #[error("{0}")]
    Hindered(String),
    #[error("the journal cannot be read: {0}")]
    Journal(#[from] JournalError),
    #[error("the journal cannot be read at {at}, and nothing is behind it yet")]
    Unreadable { at: Position },
    #[error(
        "the database has journal {stream} stored up to {stored}, but the journal goes only to \
         {known}: it was restored from a backup, or another engine writes it too. Nothing of it is \
         stored until the journal's folder is moved away (a new one begins a new stream) or the \
         other engine is stopped"
    )]
    Ahead {
        stream: StreamId,
        stored: Position,
        known: Position,
    },
    #[error(
        "the database has journal {stream} stored up to {stored}, but that is another history of \
         it: the journal's folder was restored from a backup and written again, or a copy of it \
         is in use elsewhere. Nothing of it is stored until the folder is moved away (a new one begins \
         a new stream)"
    )]
    Foreign { stream: StreamId, stored: Position },
}

impl WriterError {
    /// How it is counted.
    pub(super) fn fault(&self) -> StoreFault {
        match self {
            Self::Store(error) => error.fault(),
            Self::Hindered(_) => StoreFault::Away,
            Self::Journal(_) | Self::Unreadable { .. } => StoreFault::Journal,
            Self::Ahead { .. } | Self::Foreign { .. } => StoreFault::Foreign,
        }
    }

    /// Whether the journal and the database do not go together as they are.
    pub(super) fn is_of_the_journal(&self) -> bool {
        !matches!(self, Self::Store(_) | Self::Hindered(_))
    }

    /// Whether trying again cannot help: only somebody who looks can.
    pub(super) fn is_for_ever(&self) -> bool {
        matches!(self, Self::Ahead { .. } | Self::Foreign { .. })
    }
}

//! What can go wrong with a store.

use gridos_journal::Tail;
use gridos_telemetry::StoreFault;

/// Why a store could not answer or commit.
///
/// All but [`StoreError::Moved`] and [`StoreError::Content`] are tried again for ever, with growing
/// waits and an alarm: nothing is dropped because an error is unknown.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or broke off: try again later.
    #[error("the database is away: {reason}")]
    Away {
        /// What the driver said.
        reason: String,
    },
    /// The database took too long, or gave way to another transaction: try again later.
    #[error("the database is busy: {reason}")]
    Busy {
        /// What it said.
        reason: String,
    },
    /// The server takes no writes, as a standby does: another may be the primary now.
    #[error("the database is read-only: {reason}")]
    ReadOnly {
        /// Which server, and what it said.
        reason: String,
    },
    /// The database has no room: make some.
    #[error("the database is full: {reason}")]
    Full {
        /// What it said.
        reason: String,
    },
    /// The engine is not allowed to log in or to write, or the server is not the one it claims to
    /// be.
    #[error("the database cannot be used with these rights: {reason}")]
    Forbidden {
        /// What was said.
        reason: String,
    },
    /// The database stands elsewhere than the chunk begins: another writer was here, or an earlier
    /// commit went through after all. Seek there.
    #[error("the database stands at {}", stored.position)]
    Moved {
        /// Where it stands.
        stored: Tail,
    },
    /// The schema is not one this version can write.
    #[error("{reason}")]
    Schema {
        /// What is wrong and what to do.
        reason: String,
    },
    /// The database refuses a record for what it holds, and nothing of the chunk was written: write
    /// it in smaller chunks, until the record stands alone, and then condemn that.
    #[error("the database refuses a record: {reason}")]
    Content {
        /// What it said.
        reason: String,
        /// Where the record begins, if it said so. Only a hint.
        at: Option<Tail>,
    },
    /// The question took too long: a smaller one may do.
    #[error("the question is too large: {reason}")]
    TooLarge {
        /// How long it took, and what to ask instead.
        reason: String,
    },
    /// The database refused for any other reason, such as corruption.
    #[error("the database refused: {reason}")]
    Refused {
        /// What it said.
        reason: String,
    },
}

impl StoreError {
    /// Whether it mostly passes without anybody's doing.
    pub(crate) fn is_likely_to_pass(&self) -> bool {
        matches!(
            self,
            Self::Away { .. } | Self::Busy { .. } | Self::ReadOnly { .. } | Self::Moved { .. }
        )
    }

    /// How it is counted.
    pub fn fault(&self) -> StoreFault {
        match self {
            Self::Away { .. } => StoreFault::Away,
            Self::Busy { .. } => StoreFault::Busy,
            Self::ReadOnly { .. } => StoreFault::ReadOnly,
            Self::Full { .. } => StoreFault::Full,
            Self::Forbidden { .. } => StoreFault::Forbidden,
            Self::Schema { .. } => StoreFault::Schema,
            Self::Content { .. } => StoreFault::Content,
            Self::Moved { .. } | Self::TooLarge { .. } | Self::Refused { .. } => {
                StoreFault::Refused
            }
        }
    }

    /// The same of what stands beside a chunk's records, such as its position and its layouts: no
    /// record is to blame.
    pub(crate) fn of_no_record(self) -> Self {
        if let Self::Content { reason, .. } = self {
            Self::Refused { reason }
        } else {
            self
        }
    }

    /// The same with `place` before the reason.
    pub(crate) fn at_place(mut self, place: &str) -> Self {
        if let Some(reason) = self.reason_mut() {
            *reason = format!("{place}: {reason}");
        }
        self
    }

    /// What several servers said, one after the other: what somebody must do something about
    /// counts most, then that one answered.
    pub(crate) fn of_all(errors: Vec<Self>) -> Self {
        let told: Vec<_> = errors.iter().filter_map(Self::reason).collect();
        let told = told.join("; ");
        let weight = |error: &Self| match error {
            Self::Away { .. } => 0,
            Self::ReadOnly { .. } => 1,
            Self::Busy { .. } => 2,
            Self::Full { .. }
            | Self::Forbidden { .. }
            | Self::Moved { .. }
            | Self::Schema { .. }
            | Self::Content { .. }
            | Self::TooLarge { .. }
            | Self::Refused { .. } => 3,
        };
        let heaviest = errors.into_iter().max_by_key(weight);
        let mut heaviest = heaviest.unwrap_or(Self::Away {
            reason: String::new(),
        });
        if let Some(reason) = heaviest.reason_mut() {
            *reason = told;
        }
        heaviest
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Away { reason }
            | Self::Busy { reason }
            | Self::ReadOnly { reason }
            | Self::Full { reason }
            | Self::Forbidden { reason }
            | Self::Schema { reason }
            | Self::Content { reason, .. }
            | Self::TooLarge { reason }
            | Self::Refused { reason } => Some(reason),
            Self::Moved { .. } => None,
        }
    }

    fn reason_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Away { reason }
            | Self::Busy { reason }
            | Self::ReadOnly { reason }
            | Self::Full { reason }
            | Self::Forbidden { reason }
            | Self::Schema { reason }
            | Self::Content { reason, .. }
            | Self::TooLarge { reason }
            | Self::Refused { reason } => Some(reason),
            Self::Moved { .. } => None,
        }
    }
}

//! What can go wrong with a store.

use gridos_journal::Tail;

/// Why a store could not answer or commit.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or broke off: try again later.
    #[error("the database is away: {reason}")]
    Away {
        /// What the driver said.
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
    /// The database refused: disk full, rights, corruption. Retried, with an alarm.
    #[error("the database refused: {reason}")]
    Refused {
        /// What it said.
        reason: String,
    },
}

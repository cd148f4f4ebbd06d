//! What a store needs besides readings and questions: a schema, and to get rid of what is old.

use std::time::Duration;

use async_trait::async_trait;

use crate::{SchemaState, Store, StoreError};

/// What keeps a store usable for years.
#[async_trait]
pub trait Maintain: Store {
    /// How the schema stands; changes nothing, and fails if this build cannot use it.
    async fn schema(&self) -> Result<SchemaState, StoreError>;

    /// Makes room for what is to come and gives up what is too old, in steps that hold up no
    /// writer for long; `done` is told each step, also of a call that fails in the end. What is
    /// wanted may take several calls; after an error, or when another engine is at it, the next
    /// call goes on.
    async fn upkeep(&self, wanted: &Upkeep, done: &mut Upkept) -> Result<(), StoreError>;
}

/// How a store is to be kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// How long readings are kept; `None` for ever.
    pub keep: Option<Duration>,
    /// What a partition of PostgreSQL covers.
    pub partition: PartitionWidth,
    /// The most bytes that the file of SQLite may take; `None` for no limit.
    pub size_limit: Option<u64>,
}

/// What one partition covers, in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PartitionWidth {
    /// A day.
    #[default]
    Day,
    /// An hour: for databases that take more than some ten thousand readings a second.
    Hour,
}

/// What one call of [`Maintain::upkeep`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upkept {
    /// Partitions that were made.
    pub made: u64,
    /// Whole partitions after the present one, of the table that has the fewest; `None` if the
    /// store has no partitions.
    pub ahead: Option<u64>,
    /// Partitions that were dropped, with all that was in them.
    pub dropped: u64,
    /// Rows that were deleted.
    pub deleted: u64,
    /// What is not as wanted and needs somebody else, in words.
    pub advice: Option<String>,
}

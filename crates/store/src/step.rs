//! A step of a stream's position: what one transaction does to it.

use gridos_journal::{Chunk, Tail};

use crate::contents::Contents;
use crate::{Loss, Stored};

/// From where to where a transaction takes a stream, and what became of the readings between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) from: Tail,
    pub(crate) until: Tail,
    pub(crate) quarantined: u64,
    pub(crate) lost: u64,
    /// The checksum of the last record.
    pub(crate) last: Option<u32>,
}

impl Step {
    /// Over a chunk with these contents.
    pub(crate) fn over(chunk: &Chunk, contents: &Contents<'_>) -> Self {
        Self {
            from: chunk.from(),
            until: chunk.until(),
            quarantined: contents.quarantined.iter().map(|row| row.readings).sum(),
            lost: 0,
            last: chunk.last_checksum(),
        }
    }

    /// Over what is lost.
    pub(crate) fn across(loss: &Loss) -> Self {
        Self {
            from: loss.from,
            until: loss.until,
            quarantined: 0,
            lost: loss.readings(),
            last: None,
        }
    }

    /// Where the stream stands after the step.
    pub(crate) fn after(&self, stored: Stored) -> Stored {
        Stored {
            tail: self.until,
            quarantined: stored.quarantined + self.quarantined,
            lost: stored.lost + self.lost,
            last: self.last,
        }
    }
}

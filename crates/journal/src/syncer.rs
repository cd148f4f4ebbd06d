//! Making what was written durable, on a thread of its own.

use std::sync::Arc;

use crate::tip::Tip;
use crate::{JournalError, Tail};

/// The end of a journal that waits for the disk.
#[derive(Clone, Debug)]
pub struct Syncer {
    tip: Arc<Tip>,
}

impl Syncer {
    pub(crate) fn new(tip: Arc<Tip>) -> Self {
        Self { tip }
    }

    /// Everything before this is in the files, durable or not.
    pub fn written(&self) -> Tail {
        self.tip.written()
    }

    /// Makes everything written so far durable; returns the end of it.
    ///
    /// # Errors
    /// If the disk fails: then nothing is known of what was written and not durable. It is never
    /// synced again where it is; until [`crate::Journal::write`] has written all of it to another
    /// file, each call fails with [`JournalError::Poisoned`].
    pub fn sync(&self) -> Result<Tail, JournalError> {
        self.tip.sync()
    }

    /// Does what no receipt waits for: prepares the file of the next segment, if there is none, and
    /// gives back what complete segments had reserved. Due after each sync, and from time to time
    /// while the journal is poisoned.
    ///
    /// # Errors
    /// If there is no file for the next segment, nor can be: the budget, the disk.
    pub fn prepare(&self) -> Result<(), JournalError> {
        self.tip.prepare()
    }

    /// Gives back what was reserved and is not used, at the end: nothing must be written after it.
    pub fn close(&self) {
        self.tip.close();
    }
}

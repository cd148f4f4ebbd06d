//! Readiness: whether the engine can take readings and keep them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Facts that the rest of the engine reports as they happen; cloning shares them.
///
/// A new one is not ready: the journal is not open and the pipeline does not run.
#[derive(Clone, Debug, Default)]
pub struct Readiness {
    facts: Arc<Facts>,
}

#[derive(Debug, Default)]
struct Facts {
    journal_open: AtomicBool,
    journal_stalled: AtomicBool,
    pipeline_started: AtomicBool,
    pipeline_ended: AtomicBool,
    draining: AtomicBool,
}

impl Readiness {
    /// The journal was opened and recovered.
    pub fn on_journal_open(&self) {
        set(&self.facts.journal_open, true);
    }

    /// The journal can write no more (disk full, a failed sync), or it can again.
    pub fn on_journal_stalled(&self, stalled: bool) {
        set(&self.facts.journal_stalled, stalled);
    }

    /// The pipeline thread runs.
    pub fn on_pipeline_started(&self) {
        set(&self.facts.pipeline_started, true);
    }

    /// The pipeline thread ended; unless the engine drains, only a restart helps.
    pub fn on_pipeline_ended(&self) {
        set(&self.facts.pipeline_ended, true);
    }

    /// The engine takes nothing more and empties itself; there is no way back.
    pub fn on_draining(&self) {
        set(&self.facts.draining, true);
    }

    /// Whether the engine is emptying itself.
    pub fn is_draining(&self) -> bool {
        get(&self.facts.draining)
    }

    pub(crate) fn is_journal_open(&self) -> bool {
        get(&self.facts.journal_open)
    }

    pub(crate) fn is_journal_stalled(&self) -> bool {
        get(&self.facts.journal_stalled)
    }

    pub(crate) fn is_pipeline_running(&self) -> bool {
        get(&self.facts.pipeline_started) && !get(&self.facts.pipeline_ended)
    }

    /// Whether the process can still do its work, now or soon.
    pub(crate) fn is_live(&self) -> bool {
        self.is_draining() || !get(&self.facts.pipeline_ended)
    }
}

fn set(fact: &AtomicBool, value: bool) {
    fact.store(value, Ordering::Release);
}

fn get(fact: &AtomicBool) -> bool {
    fact.load(Ordering::Acquire)
}

//! The pulse of both threads: whoever watches over the process learns from it that they still turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts the turns of the pipeline thread and the rounds of the sync thread.
///
/// Both go on while there is nothing to do, and while the disk refuses what they want of it; they stop when
/// a thread hangs: in a write or a sync that never returns, in a lock, in a loop of its own.
#[derive(Debug, Default)]
pub(crate) struct Pulse {
    turns: AtomicU64,
    syncs: AtomicU64,
}

impl Pulse {
    pub(crate) fn on_turn(&self) {
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn on_sync(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }
}

/// Tells whether both threads of a pipeline still turn.
#[derive(Debug)]
pub struct PulseWatch {
    pulse: Arc<Pulse>,
    seen: (u64, u64),
}

impl PulseWatch {
    pub(crate) fn new(pulse: Arc<Pulse>) -> Self {
        Self {
            pulse,
            seen: (0, 0),
        }
    }

    /// Whether both threads turned since this last said so.
    pub fn has_beaten(&mut self) -> bool {
        let now = (
            self.pulse.turns.load(Ordering::Relaxed),
            self.pulse.syncs.load(Ordering::Relaxed),
        );
        let has_beaten = now.0 != self.seen.0 && now.1 != self.seen.1;
        if has_beaten {
            self.seen = now;
        }
        has_beaten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thread_alone_is_no_pulse() {
        let pulse = Arc::new(Pulse::default());
        let mut watch = PulseWatch::new(Arc::clone(&pulse));
        assert!(!watch.has_beaten());
        pulse.on_turn();
        assert!(!watch.has_beaten());
        pulse.on_sync();
        assert!(watch.has_beaten());
        assert!(!watch.has_beaten(), "nothing moved since");
        pulse.on_sync();
        assert!(!watch.has_beaten());
        pulse.on_turn();
        assert!(watch.has_beaten());
    }
}

//! The way of deeds to the journal.

use std::sync::Arc;

use gridos_model::Deed;
use gridos_ring::Producer;
use gridos_telemetry::Telemetry;
use tokio::sync::mpsc;

/// So many deeds wait for the pipeline thread at most.
const DEEDS_MAX: usize = 1_024;

/// Takes deeds for the audit log; cloning shares the way.
#[derive(Clone, Debug)]
pub struct AuditLog {
    sender: mpsc::Sender<Deed>,
    waker: Producer,
    telemetry: Arc<Telemetry>,
}

/// The pipeline thread's end.
#[derive(Debug)]
pub struct AuditQueue(Option<mpsc::Receiver<Deed>>);

/// Both ends of the way of deeds. `waker` is a producer's end of the ring that the pipeline thread
/// sleeps on.
pub fn audit_log(waker: Producer, telemetry: Arc<Telemetry>) -> (AuditLog, AuditQueue) {
    let (sender, receiver) = mpsc::channel(DEEDS_MAX);
    let log = AuditLog {
        sender,
        waker,
        telemetry,
    };
    (log, AuditQueue(Some(receiver)))
}

impl AuditLog {
    /// Has `deed` recorded: in the journal at once, in the database as readings are. Never waits; a
    /// deed that finds no room is counted and told in the log of the engine.
    pub fn record(&self, deed: Deed) {
        match self.sender.try_send(deed) {
            Ok(()) => self.waker.wake(),
            Err(error) => {
                let (mpsc::error::TrySendError::Full(deed)
                | mpsc::error::TrySendError::Closed(deed)) = error;
                self.telemetry.journal.deeds_unrecorded.increment();
                let Deed {
                    principal, action, ..
                } = deed;
                tracing::warn!(
                    principal,
                    action,
                    "a deed is not in the audit log: too many wait"
                );
            }
        }
    }
}

impl AuditQueue {
    /// One in which nothing ever waits.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    /// The oldest deed that waits.
    pub fn pop(&mut self) -> Option<Deed> {
        self.0.as_mut()?.try_recv().ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(mpsc::Receiver::is_empty)
    }
}

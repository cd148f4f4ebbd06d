//! Keeping what is known of alarms for the next life of the engine.

use std::sync::Arc;
use std::time::Duration;

use gridos_journal::Tail;
use gridos_pipeline::{AlarmKeeper, Cadence};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;

/// How often it looks whether a snapshot is due.
const PERIOD: Duration = Duration::from_secs(1);

/// Who has snapshots made while the engine runs.
#[derive(Debug)]
pub(super) struct MemoryTask {
    pub(super) keeper: Arc<AlarmKeeper>,
    pub(super) cadence: Cadence,
    pub(super) durable: watch::Receiver<Tail>,
    pub(super) telemetry: Arc<Telemetry>,
}

impl MemoryTask {
    pub(super) async fn run(self) {
        loop {
            tokio::time::sleep(PERIOD).await;
            let durable = *self.durable.borrow();
            if self.keeper.is_due(self.cadence, durable) {
                let (keeper, telemetry) = (Arc::clone(&self.keeper), Arc::clone(&self.telemetry));
                // It only fails if it panicked, and is tried again then.
                let _ =
                    tokio::task::spawn_blocking(move || keep(&keeper, durable, &telemetry)).await;
            }
        }
    }
}

/// Makes a snapshot as of `durable`; blocks.
pub(super) fn keep(keeper: &AlarmKeeper, durable: Tail, telemetry: &Telemetry) {
    if let Err(error) = keeper.keep(durable) {
        telemetry.alarms.snapshot_errors.increment();
        tracing::warn!(%error, "no snapshot of the alarms was written; the journal is kept meanwhile");
    }
}

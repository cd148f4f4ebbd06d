//! Upkeep: partitions made ahead, and what is too old given up, beside the writer and never in its
//! transactions.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gridos_store::{Maintain, StoreError, Upkeep, Upkept};
use gridos_telemetry::Telemetry;
use tokio::time::sleep;

/// How often it looks. A file that grows towards its limit must not be over it in between, and who
/// drops a partition by hand stops the writer until then.
const PERIOD: Duration = Duration::from_secs(10);
/// How soon it looks again at first after a failure: at the start the writer may not have made the
/// tables yet.
const RETRY_FIRST: Duration = Duration::from_millis(500);

/// What looks after the store for as long as the engine runs.
pub(super) struct UpkeepTask {
    pub(super) store: Arc<dyn Maintain>,
    pub(super) wanted: Upkeep,
    pub(super) telemetry: Arc<Telemetry>,
}

impl UpkeepTask {
    pub(super) async fn run(self) {
        let mut retry = RETRY_FIRST;
        let mut told = Told::default();
        loop {
            let mut done = Upkept::default();
            let ended = self.store.upkeep(&self.wanted, &mut done).await;
            self.count(&done);
            told.tell(
                done.advice.as_deref(),
                ended.as_ref().err(),
                retry >= PERIOD,
            );
            if ended.is_ok() {
                self.note_done();
                retry = RETRY_FIRST;
                sleep(PERIOD).await;
            } else {
                self.telemetry.store.upkeep.errors.increment();
                sleep(retry).await;
                retry = (2 * retry).min(PERIOD);
            }
        }
    }

    fn count(&self, done: &Upkept) {
        let cells = &self.telemetry.store.upkeep;
        cells.partitions_dropped.add(done.dropped);
        cells.rows_deleted.add(done.deleted);
        if let Some(ahead) = done.ahead {
            cells.partitions_ahead.set(ahead);
        }
        let Upkept {
            made,
            dropped,
            deleted,
            ..
        } = done;
        if *made > 0 || *dropped > 0 {
            tracing::info!(made, dropped, "partitions of the database are up to date");
        }
        if *deleted > 0 {
            tracing::debug!(deleted, "rows that were too old, or too many, are deleted");
        }
    }

    fn note_done(&self) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = now.map_or(0, |now| now.as_secs());
        self.telemetry.store.upkeep.done.set(seconds);
    }
}

/// What was said last, so that nothing is said every ten seconds.
#[derive(Default)]
struct Told {
    advice: Option<String>,
    trouble: Option<String>,
}

impl Told {
    /// Says what is new. Failures of the first seconds pass by themselves and are told only if
    /// they are `lasting`.
    fn tell(&mut self, advice: Option<&str>, error: Option<&StoreError>, lasting: bool) {
        if let Some(advice) = advice.filter(|advice| self.advice.as_deref() != Some(*advice)) {
            tracing::warn!(advice, "the database is not kept as configured");
            self.advice = Some(advice.to_owned());
        }
        match error.map(ToString::to_string) {
            None if self.trouble.take().is_some() => {
                tracing::info!("the upkeep of the database works again");
            }
            None => {}
            Some(trouble) if lasting && self.trouble.as_ref() != Some(&trouble) => {
                tracing::warn!(
                    trouble,
                    "the upkeep of the database fails; readings are stored all the same"
                );
                self.trouble = Some(trouble);
            }
            Some(trouble) => tracing::debug!(trouble, "upkeep failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use gridos_store::{SqliteStore, Store};

    use super::*;

    async fn until(telemetry: &Telemetry, holds: fn(&Telemetry) -> bool) {
        while !holds(telemetry) {
            sleep(Duration::from_millis(2)).await;
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_done_and_what_fails_is_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("later/gridos.db");
        let telemetry = Arc::new(Telemetry::new("test", ["d".to_owned()]));
        let task = UpkeepTask {
            store: Arc::new(SqliteStore::new(&path)),
            wanted: Upkeep {
                keep: Some(Duration::from_secs(86_400)),
                ..Upkeep::default()
            },
            telemetry: Arc::clone(&telemetry),
        };
        let running = tokio::spawn(task.run());
        // There is no file yet, and not even its folder.
        until(&telemetry, |t| t.store.upkeep.errors.get() > 0).await;
        assert_eq!(telemetry.store.upkeep.done.get(), 0);
        std::fs::create_dir(folder.path().join("later")).unwrap();
        let store = SqliteStore::new(&path);
        store.migrate().await.unwrap();
        until(&telemetry, |t| t.store.upkeep.done.get() > 0).await;
        running.abort();
    }
}

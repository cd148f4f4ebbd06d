//! What keeps the writer from storing, and that it is over.

use super::Writer;
use super::error::WriterError;
use crate::StoreError;

impl Writer {
    /// The database commits, or there is nothing to commit. That it answers is not enough: with a
    /// full disk it does, and each commit fails.
    pub(super) fn works(&mut self) {
        self.backoff.reset();
        let cells = &self.telemetry.store;
        cells.connected.set(1);
        // It may be another writer's of the same database.
        cells.trouble.clear();
        if self.trouble.take().is_some() {
            tracing::info!("the database works again");
        }
    }

    pub(super) fn fail(&mut self, error: &WriterError) {
        self.at = None;
        if matches!(error, WriterError::Store(StoreError::Schema { .. })) {
            // It may be another database than before, or the same one as it was once.
            self.migrated = false;
        }
        let cells = &self.telemetry.store;
        cells.failed(error.fault());
        cells.connected.set(0);
        let trouble = error.to_string();
        if self.trouble.as_ref() == Some(&trouble) {
            tracing::debug!(trouble, "still cannot store");
            return;
        }
        match error {
            WriterError::Store(error) if error.is_likely_to_pass() => {
                tracing::warn!(
                    trouble,
                    "cannot store; the journal keeps everything meanwhile"
                );
            }
            WriterError::Hindered(_) => tracing::warn!(
                trouble,
                "cannot store; the journal keeps everything meanwhile"
            ),
            WriterError::Store(_)
            | WriterError::Journal(_)
            | WriterError::Unreadable { .. }
            | WriterError::Ahead { .. }
            | WriterError::Foreign { .. } => tracing::error!(trouble, "cannot store"),
        }
        cells.trouble.set(&trouble);
        self.trouble = Some(trouble);
    }
}

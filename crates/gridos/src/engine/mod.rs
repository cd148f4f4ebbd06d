//! The engine: all stages, started in order and drained in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gridos_api::Readiness;
use gridos_collect::Collector;
use gridos_journal::Tail;
use gridos_model::Directory;
use gridos_pipeline::{Pipeline, PipelineError};
use gridos_store::WriterSummary;
use gridos_telemetry::Telemetry;
use tokio::sync::watch;
use tokio::task::JoinHandle;

mod housekeeping;
mod start;
mod store;
mod summary;

pub use start::StartError;
pub use store::OpenError;
pub use summary::Summary;

/// How long the writer may take, after everything else has ended, to store what is durable; what
/// is left stays in the journal and is stored after the next start.
const STORE_PATIENCE: Duration = Duration::from_secs(3);

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    address: SocketAddr,
    directory: Arc<Directory>,
    telemetry: Arc<Telemetry>,
    readiness: Readiness,
    collector: Collector,
    pipeline: Pipeline,
    stop_intake: watch::Sender<bool>,
    stop_writer: watch::Sender<bool>,
    stored: watch::Receiver<Tail>,
    http: JoinHandle<std::io::Result<()>>,
    writer: JoinHandle<WriterSummary>,
    housekeeping: JoinHandle<()>,
}

/// Why the engine could not end well.
#[derive(Debug, thiserror::Error)]
pub enum EndError {
    /// The pipeline failed: nothing was acknowledged since, and the next start recovers.
    #[error("the pipeline failed; start the engine again to recover")]
    Pipeline(#[from] PipelineError),
}

impl Engine {
    /// Where the page and the API are served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many devices there are.
    pub fn devices(&self) -> usize {
        self.directory.devices().len()
    }

    /// How many points there are.
    pub fn points(&self) -> usize {
        self.directory.point_count()
    }

    /// Every number the engine keeps about itself.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Ends when the engine has failed and must be ended; never if all is well.
    pub fn failed(&self) -> impl Future<Output = ()> + use<> {
        let mut failed = self.pipeline.failed();
        async move {
            // The sender goes away only with the pipeline's threads: that is an end, too.
            let _ = failed.wait_for(|failed| *failed).await;
        }
    }

    /// Drains and ends: first nothing more is taken, then everything taken is made durable and
    /// acknowledged, then stored as far as the database lets.
    pub async fn end(self) -> Result<Summary, EndError> {
        self.readiness.on_draining();
        self.stop_intake.send_replace(true);
        self.collector.join().await;
        if let Ok(Err(error)) = self.http.await {
            tracing::warn!(%error, "the HTTP server did not end well");
        }
        let pipeline = self.pipeline;
        let end = match tokio::task::spawn_blocking(move || pipeline.stop()).await {
            Ok(end) => end,
            Err(_) => Err(PipelineError::Panicked),
        };
        let end = match end {
            Ok(end) => end,
            Err(error) => {
                self.writer.abort();
                self.housekeeping.abort();
                return Err(error.into());
            }
        };
        let mut stored = self.stored.clone();
        let caught_up = stored.wait_for(|stored| stored.position >= end.position);
        let is_stored = matches!(
            tokio::time::timeout(STORE_PATIENCE, caught_up).await,
            Ok(Ok(_))
        );
        self.stop_writer.send_replace(true);
        if tokio::time::timeout(STORE_PATIENCE, self.writer)
            .await
            .is_err()
        {
            tracing::warn!("the writer did not end in time");
        }
        self.housekeeping.abort();
        Ok(Summary::of(&self.telemetry, end, is_stored))
    }
}

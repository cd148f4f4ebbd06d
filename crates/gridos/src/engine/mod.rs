//! The engine: all stages, started in order and drained in order.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gridos_api::{ConfigDesk, Readiness};
use gridos_collect::Collector;
use gridos_journal::Streams;
use gridos_model::Directory;
use gridos_pipeline::{AlarmKeeper, Pipeline, PipelineError, PulseWatch};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::config::Name;

mod alarm_notes;
mod carrier;
mod devices;
mod downtime;
mod ends;
mod hand_over;
mod holding;
mod housekeeping;
mod listeners;
mod load;
mod membership;
mod memory;
mod notify;
mod outstations;
mod recent;
mod reload;
mod role;
mod start;
mod store;
mod summary;
mod undrained;
mod upkeep;
mod weight;
mod writing;
mod youngest;

pub(crate) use listeners::EXPIRES_SOON;
use membership::Membership;
pub(crate) use reload::BY_SIGNAL;
pub use start::StartError;
pub use store::OpenError;
pub(crate) use store::{Configured, writer_options};
pub use summary::Summary;

/// How long clients may take to read their last answers.
const HTTP_PATIENCE: Duration = Duration::from_secs(1);
/// How long the writer may take, after everything else has ended, to store what is durable; what
/// is left stays in the journal and is stored after the next start.
const STORE_PATIENCE: Duration = Duration::from_secs(2);

/// How long whoever tells of alarms may take to write down what is still to be told.
const NOTIFY_PATIENCE: Duration = Duration::from_secs(1);

/// A running engine.
#[derive(Debug)]
pub struct Engine {
    address: SocketAddr,
    listening: Vec<(Name, SocketAddr)>,
    directory: Arc<Directory>,
    telemetry: Arc<Telemetry>,
    readiness: Readiness,
    desk: ConfigDesk,
    membership: Membership,
    reloading: JoinHandle<Collector>,
    pipeline: Pipeline,
    stop_intake: watch::Sender<bool>,
    stop_writer: watch::Sender<bool>,
    http: JoinHandle<std::io::Result<()>>,
    writer: JoinHandle<bool>,
    /// Holds the journal's folder.
    _streams: Streams,
    keeper: Arc<AlarmKeeper>,
    memory: JoinHandle<()>,
    housekeeping: JoinHandle<()>,
    upkeep: JoinHandle<()>,
    notifiers: Vec<JoinHandle<()>>,
    load: JoinHandle<()>,
}

impl Engine {
    /// Where the page and the API are served.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where devices connect by themselves, each listener by its name.
    pub fn listening(&self) -> &[(Name, SocketAddr)] {
        &self.listening
    }

    /// How many devices there were at the start.
    pub fn devices(&self) -> usize {
        self.directory.device_count()
    }

    /// How many points there were at the start.
    pub fn points(&self) -> usize {
        self.directory.present_points()
    }

    /// Where changes of the configuration are asked for.
    pub fn config(&self) -> &ConfigDesk {
        &self.desk
    }

    /// Every number the engine keeps about itself.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// The same, for whoever goes on to the end of the engine.
    pub(crate) fn shared_telemetry(&self) -> Arc<Telemetry> {
        Arc::clone(&self.telemetry)
    }

    /// Tells whether what moves readings still turns.
    pub(crate) fn pulse(&self) -> PulseWatch {
        self.pipeline.pulse()
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
    /// acknowledged, then stored as far as the database lets in two seconds.
    ///
    /// If the pipeline failed, nothing was acknowledged since; the next start recovers. The
    /// summary says what is known all the same.
    pub async fn end(self) -> (Summary, Result<(), PipelineError>) {
        self.end_storing_within(STORE_PATIENCE).await
    }

    /// The same, where the database has as long as `patience`.
    pub(crate) async fn end_storing_within(
        mut self,
        patience: Duration,
    ) -> (Summary, Result<(), PipelineError>) {
        self.readiness.on_draining();
        self.membership.end().await;
        self.stop_intake.send_replace(true);
        if let Ok(collector) = self.reloading.await {
            collector.join().await;
        }
        for notifier in &mut self.notifiers {
            if timeout(NOTIFY_PATIENCE, &mut *notifier).await.is_err() {
                notifier.abort();
            }
        }
        // Posts that wait for the disk are answered below, when the pipeline has ended.
        let is_quiet = timeout(HTTP_PATIENCE, &mut self.http).await.is_ok();
        let pipeline = self.pipeline;
        let ended = tokio::task::spawn_blocking(move || pipeline.stop()).await;
        self.readiness.on_pipeline_ended();
        self.memory.abort();
        if let Ok(Ok(end)) = &ended {
            let end = *end;
            let (keeper, telemetry) = (Arc::clone(&self.keeper), Arc::clone(&self.telemetry));
            let kept = tokio::task::spawn_blocking(move || memory::keep(&keeper, end, &telemetry));
            // If it panicked, the journal has all the same.
            let _ = kept.await;
        }
        if !is_quiet && timeout(HTTP_PATIENCE, &mut self.http).await.is_err() {
            self.http.abort();
        }
        self.stop_writer.send_replace(true);
        let written = timeout(patience, &mut self.writer).await;
        let is_stored = matches!(written, Ok(Ok(true)));
        self.writer.abort();
        self.housekeeping.abort();
        self.upkeep.abort();
        self.load.abort();
        let summary = Summary::of(&self.telemetry, is_stored);
        let ended = ended.unwrap_or(Err(PipelineError::Panicked));
        (summary, ended.map(|_| ()))
    }
}

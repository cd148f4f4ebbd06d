//! A device that writes its registers into the engine.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use gridos_modbus::Plan;
use gridos_model::{DeviceIndex, Layout, Timestamp};
use gridos_ring::Intake;
use gridos_telemetry::DeviceStats;

use super::super::device::StartError;
use crate::quiet::{Quiet, if_any};

/// A device that writes its registers into the engine.
#[derive(Clone, Debug)]
pub struct PushedDevice {
    /// Its place in the directory.
    pub device: DeviceIndex,
    /// The unit id that it writes to.
    pub unit: u8,
    /// What its registers mean; its requests are never sent.
    pub plan: Arc<Plan>,
    /// The layout of all its points.
    pub whole: Arc<Layout>,
}

/// The same with where its state is noted.
#[derive(Debug)]
pub(super) struct Pusher {
    pub(super) unit: u8,
    pub(super) plan: Arc<Plan>,
    pub(super) whole: Arc<Layout>,
    pub(super) stats: Arc<DeviceStats>,
    /// What was said of that it writes.
    said: Mutex<Quiet>,
}

impl PushedDevice {
    pub(super) fn pusher(self, intake: &Intake) -> Result<Arc<Pusher>, StartError> {
        let stats = intake.telemetry().devices.get(self.device.get());
        let stats = stats.ok_or(StartError::UnknownDevice(self.device))?;
        Ok(Arc::new(Pusher {
            unit: self.unit,
            plan: self.plan,
            whole: self.whole,
            stats,
            said: Mutex::default(),
        }))
    }
}

impl Pusher {
    /// Notes that it wrote at `received`, with a line if that is new.
    pub(super) fn wrote(&self, received: Timestamp) {
        if !self.stats.answered(received.as_nanos()) {
            return;
        }
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept_back) = said.say(Instant::now()) {
            let (device, unit, kept_back) = (self.stats.name(), self.unit, if_any(kept_back));
            tracing::info!(device, unit, kept_back, "device writes");
        }
    }
}

//! A device that writes its registers into the engine.

use std::sync::Arc;

use gridos_modbus::Plan;
use gridos_model::{DeviceIndex, Layout};
use gridos_ring::Intake;
use gridos_telemetry::DeviceStats;

use super::super::device::StartError;

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
}

impl PushedDevice {
    pub(super) fn pusher(self, intake: &Intake) -> Result<Arc<Pusher>, StartError> {
        let stats = intake.telemetry().devices.get(self.device.get());
        let stats = stats.ok_or(StartError::UnknownDevice(self.device))?;
        Ok(Arc::new(Pusher {
            unit: self.unit,
            plan: self.plan,
            whole: self.whole,
            stats: Arc::clone(stats),
        }))
    }
}

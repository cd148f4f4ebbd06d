//! The devices to poll, and the start of their sessions.

use std::sync::Arc;
use std::time::Duration;

use gridos_modbus::Plan;
use gridos_model::{DeviceIndex, Layout};
use gridos_ring::Intake;
use tokio::sync::watch;

use super::fleet::ModbusFleet;
use super::unit::Unit;
use crate::Collector;
use crate::net::Via;

/// One device to poll: where it is, what to read, and how often.
#[derive(Clone, Debug)]
pub struct ModbusDevice {
    /// Its place in the directory.
    pub device: DeviceIndex,
    /// Host name or address; devices of the same host and port share one connection.
    pub host: String,
    /// TCP port, usually 502.
    pub port: u16,
    /// Unit id behind the address: 1 to 247, or 0 or 255 for a device without gateway.
    pub unit: u8,
    /// The requests that read it.
    pub plan: Arc<Plan>,
    /// The layout of the swept points of each request that has any, in the order of the plan's
    /// requests.
    pub layouts: Vec<Arc<Layout>>,
    /// The layout of all its points.
    pub whole: Arc<Layout>,
    /// The period of each scan class; more than 0.
    pub scan_periods: Vec<Duration>,
    /// How long to wait for an answer; more than 0.
    pub timeout: Duration,
    /// How long to wait for a connection; more than 0. Of devices that share one, the first counts.
    pub connect_timeout: Duration,
    /// The longest wait before a connection is tried again. Of devices that share one, the first
    /// counts.
    pub reconnect_max: Duration,
    /// Who makes the connection and what protects it; alike for all devices that share one.
    pub via: Via,
    /// How many connections the address takes at once, 1 to 8; the units behind it are spread
    /// over them. Of devices that share an address, the smallest counts.
    pub connections: usize,
    /// A device that keeps failing is asked more and more rarely, but at least this often; or once
    /// in two scan periods, or in ten times what asking every failing unit of its connection takes,
    /// if that is longer. If one of them answers, the others are asked at once, one after the other,
    /// as long as each answers.
    pub probe_max: Duration,
}

impl ModbusDevice {
    /// Waiting for an answer unless said otherwise.
    pub const TIMEOUT: Duration = Duration::from_secs(1);
    /// Waiting for a connection unless said otherwise.
    pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
    /// Waiting before another connection, at most, unless said otherwise.
    pub const RECONNECT_MAX: Duration = Duration::from_secs(30);
    /// Connections to one address at once unless said otherwise: many devices take only one.
    pub const CONNECTIONS: usize = 1;
    /// The most connections to one address.
    pub const CONNECTIONS_MAX: usize = 8;
    /// Asking a device that keeps failing, at least, unless said otherwise.
    pub const PROBE_MAX: Duration = Duration::from_secs(60);
    /// Connections of the whole process that may be under way at once, unless said otherwise: after
    /// a switch restarts, thousands come back. A quarter of them is for addresses that could not be
    /// connected to the last time, and a quarter is kept free for those that answered.
    pub const CONNECTS_AT_ONCE: usize = 512;
}

/// The port of Modbus/TCP Security (IANA `mbap-s`).
pub const TLS_PORT: u16 = 802;

/// Why a device cannot be polled: the configuration and the directory do not agree.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The telemetry has no such device.
    #[error("device {0:?} is not among the devices of the telemetry")]
    UnknownDevice(DeviceIndex),
    /// There must be one layout per request with swept points, of these points.
    #[error("device '{device}': request {request} sweeps {points} points, its layout has {layout}")]
    Layout {
        /// The device's name.
        device: String,
        /// The position of the request.
        request: usize,
        /// How many points it reads.
        points: usize,
        /// How many points its layout has; 0 if there is no layout.
        layout: usize,
    },
    /// A request is of a scan class that has no period, or a period of 0.
    #[error("device '{device}': scan class {scan} has no period above 0")]
    ScanPeriod {
        /// The device's name.
        device: String,
        /// The scan class.
        scan: usize,
    },
    /// A timeout of 0 would never see an answer.
    #[error("device '{device}': the timeouts must be above 0")]
    Timeout {
        /// The device's name.
        device: String,
    },
}

/// Starts polling `devices` on the current tokio runtime, until `stop` becomes true; of all their
/// connections, no more than `connects_at_once` (at least 1) are under way at one time.
///
/// # Errors
/// If a device does not fit its layouts or the telemetry; then nothing is started.
pub fn start(
    devices: Vec<ModbusDevice>,
    connects_at_once: usize,
    intake: Intake,
    stop: watch::Receiver<bool>,
) -> Result<Collector, StartError> {
    let mut collector = Collector::default();
    ModbusFleet::start(devices, connects_at_once, intake, stop, &mut collector)?;
    Ok(collector)
}

/// The devices of one address, by the connection that polls them.
pub(super) fn spread(devices: Vec<ModbusDevice>) -> Vec<Vec<ModbusDevice>> {
    let allowed = devices.iter().map(|device| device.connections).min();
    let allowed = allowed.unwrap_or(1).clamp(1, ModbusDevice::CONNECTIONS_MAX);
    let mut connections = vec![Vec::new(); allowed.min(devices.len())];
    let count = connections.len();
    for (n, device) in devices.into_iter().enumerate() {
        connections[n % count].push(device);
    }
    connections
}

pub(super) fn check(device: &ModbusDevice, intake: &Intake) -> Result<(), StartError> {
    let stats = intake.telemetry().devices.get(device.device.get());
    let stats = stats.ok_or(StartError::UnknownDevice(device.device))?;
    let name = || stats.name().to_owned();
    let mut layouts = device.layouts.iter();
    for (position, request) in device.plan.requests().iter().enumerate() {
        let points = request.sweep_points().len();
        let layout = if points > 0 { layouts.next() } else { None };
        let layout = layout.map_or(0, |layout| layout.len());
        if layout != points {
            return Err(StartError::Layout {
                device: name(),
                request: position,
                points,
                layout,
            });
        }
        let scan = request.scan();
        if device.scan_periods.get(scan).is_none_or(Duration::is_zero) {
            return Err(StartError::ScanPeriod {
                device: name(),
                scan,
            });
        }
    }
    if device.timeout.is_zero() || device.connect_timeout.is_zero() {
        return Err(StartError::Timeout { device: name() });
    }
    Ok(())
}

impl ModbusDevice {
    pub(super) fn unit(self, intake: &Intake) -> Option<Unit> {
        let stats = intake.telemetry().devices.get(self.device.get())?;
        Some(Unit::new(self, stats))
    }
}

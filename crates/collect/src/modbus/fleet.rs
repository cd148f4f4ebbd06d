//! All Modbus sessions of an engine, and what changes of them while they run.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use gridos_model::DeviceIndex;
use gridos_ring::Intake;
use tokio::sync::{mpsc, oneshot, watch};

use super::device::{ModbusDevice, StartError, check, spread};
use super::orders::Order;
use super::session::Session;
use crate::Collector;
use crate::net::Connects;

/// Two thousand sessions begin each second: ten thousand at once would all wait for their first
/// answers together, on the machine and on the network.
const START_INTERVAL: Duration = Duration::from_micros(500);

/// Orders that may wait for a session; each is waited for before the next.
const ORDERS_MAX: usize = 4;

/// The sessions of all Modbus devices that are polled.
#[derive(Debug)]
pub struct ModbusFleet {
    intake: Intake,
    connects: Arc<Connects>,
    stop: watch::Receiver<bool>,
    /// By host and port.
    lines: BTreeMap<(String, u16), Vec<Line>>,
}

/// One session.
#[derive(Debug)]
struct Line {
    orders: mpsc::Sender<Box<Order>>,
    devices: Vec<DeviceIndex>,
}

impl ModbusFleet {
    /// Starts polling `devices` as [`start`](super::start) does, with their sessions in `collector`.
    ///
    /// # Errors
    /// If a device does not fit its layouts or the telemetry; then nothing is started.
    pub fn start(
        devices: Vec<ModbusDevice>,
        connects_at_once: usize,
        intake: Intake,
        stop: watch::Receiver<bool>,
        collector: &mut Collector,
    ) -> Result<Self, StartError> {
        let mut fleet = Self {
            connects: Arc::new(Connects::new(connects_at_once)),
            intake,
            stop,
            lines: BTreeMap::new(),
        };
        fleet.check(&devices)?;
        let by_address = by_address(devices).into_iter();
        let spread: Vec<_> = by_address.map(|(key, own)| (key, spread(own))).collect();
        let sessions = spread
            .iter()
            .map(|(_, sessions)| sessions.len())
            .sum::<usize>();
        let count = u32::try_from(sessions).unwrap_or(u32::MAX);
        let start_within = START_INTERVAL.saturating_mul(count);
        for (key, sessions) in spread {
            for devices in sessions {
                fleet.begin(&key, devices, start_within, collector);
            }
        }
        Ok(fleet)
    }

    /// Stops asking `gone` for anything; returns when nothing can come from them any more. Others
    /// that share a connection with them go on over it.
    pub async fn remove(&mut self, gone: &HashSet<DeviceIndex>) {
        let mut waits = Vec::new();
        let lines = self.lines.values_mut().flatten();
        for line in lines {
            let devices = line.devices.iter().copied();
            let (leaving, staying): (Vec<_>, Vec<_>) =
                devices.partition(|device| gone.contains(device));
            if !leaving.is_empty() {
                line.devices = staying;
                waits.push(
                    line.order(leaving.into_iter().collect(), Vec::new(), None)
                        .await,
                );
            }
        }
        for done in waits {
            // A session that is gone has nothing to tell either.
            let _ = done.await;
        }
        self.lines
            .values_mut()
            .for_each(|lines| lines.retain(|line| !line.devices.is_empty()));
        self.lines.retain(|_, lines| !lines.is_empty());
    }

    /// Asks `new` devices as well, over connections that are there or over new ones.
    ///
    /// # Errors
    /// If a device does not fit its layouts or the telemetry; then none is asked.
    pub async fn add(
        &mut self,
        new: Vec<ModbusDevice>,
        collector: &mut Collector,
    ) -> Result<(), StartError> {
        self.check(&new)?;
        let by_address = by_address(new);
        let count = u32::try_from(by_address.len()).unwrap_or(u32::MAX);
        let start_within = START_INTERVAL.saturating_mul(count);
        for (key, devices) in by_address {
            let mut fresh: Vec<Vec<ModbusDevice>> = Vec::new();
            let mut joining: HashMap<usize, Vec<ModbusDevice>> = HashMap::new();
            let lines = self.lines.entry(key.clone()).or_default();
            let allowed = devices.iter().map(|device| device.connections).min();
            let allowed = allowed.unwrap_or(1).clamp(1, ModbusDevice::CONNECTIONS_MAX);
            for device in devices {
                if lines.len() + fresh.len() < allowed {
                    fresh.push(vec![device]);
                    continue;
                }
                let load = |at: &usize| match at.checked_sub(lines.len()) {
                    Some(at) => fresh.get(at).map_or(0, Vec::len),
                    None => lines[*at].devices.len(),
                };
                let least = (0..lines.len() + fresh.len()).min_by_key(load).unwrap_or(0);
                match least.checked_sub(lines.len()) {
                    Some(at) => fresh[at].push(device),
                    None => {
                        lines[least].devices.push(device.device);
                        joining.entry(least).or_default().push(device);
                    }
                }
            }
            for (at, devices) in joining {
                let waits = devices
                    .first()
                    .map(|d| (d.connect_timeout, d.reconnect_max));
                let done = lines[at].order(HashSet::new(), devices, waits).await;
                let _ = done.await;
            }
            for devices in fresh {
                self.begin(&key, devices, start_within, collector);
            }
        }
        Ok(())
    }

    fn check(&self, devices: &[ModbusDevice]) -> Result<(), StartError> {
        devices
            .iter()
            .try_for_each(|device| check(device, &self.intake))
    }

    fn begin(
        &mut self,
        key: &(String, u16),
        devices: Vec<ModbusDevice>,
        start_within: Duration,
        collector: &mut Collector,
    ) {
        let places = devices.iter().map(|device| device.device).collect();
        let session = Session::new(devices, &self.intake, &self.connects, start_within);
        let Some(session) = session else { return };
        let (orders, given) = mpsc::channel(ORDERS_MAX);
        collector.spawn(Box::new(session).run(given), self.stop.clone());
        let line = Line {
            orders,
            devices: places,
        };
        self.lines.entry(key.clone()).or_default().push(line);
    }
}

impl Line {
    /// Gives an order; what is returned ends when it is carried out.
    async fn order(
        &self,
        gone: HashSet<DeviceIndex>,
        new: Vec<ModbusDevice>,
        waits: Option<(Duration, Duration)>,
    ) -> oneshot::Receiver<()> {
        let (done, is_done) = oneshot::channel();
        let order = Box::new(Order {
            gone,
            new,
            waits,
            done,
        });
        // If the session has ended, so has the wait for it.
        let _ = self.orders.send(order).await;
        is_done
    }
}

fn by_address(devices: Vec<ModbusDevice>) -> BTreeMap<(String, u16), Vec<ModbusDevice>> {
    let mut addresses: BTreeMap<_, Vec<ModbusDevice>> = BTreeMap::new();
    for device in devices {
        let key = (device.host.clone(), device.port);
        addresses.entry(key).or_default().push(device);
    }
    addresses
}

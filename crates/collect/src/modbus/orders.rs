//! What a session is told while it runs: which units it polls from now on.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use gridos_model::DeviceIndex;
use tokio::sync::{mpsc, oneshot};

use super::device::ModbusDevice;
use super::session::Session;
use super::unit::Scan;

/// A change of the units of a session; carried out between two requests, over the same connection.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) gone: HashSet<DeviceIndex>,
    pub(super) new: Vec<ModbusDevice>,
    /// The longest wait for a connection, and before another one is tried.
    pub(super) waits: Option<(Duration, Duration)>,
    /// Who waits until it is done: nothing comes of those that are gone after that.
    pub(super) done: oneshot::Sender<()>,
}

/// The way of orders to a session. Boxed, for a channel has room for 32 of them from the start, and each
/// of ten thousand sessions has one.
pub(super) type Orders = mpsc::Receiver<Box<Order>>;

impl Session {
    #[expect(clippy::boxed_local, reason = "as it comes from the channel")]
    pub(super) fn obey(&mut self, order: Box<Order>) {
        let Order {
            gone,
            new,
            waits,
            done,
        } = *order;
        if !gone.is_empty() {
            self.dismiss(&gone);
        }
        let now = Instant::now();
        for device in new {
            self.admit(device, now);
        }
        if let Some((connect_timeout, reconnect_max)) = waits {
            self.set_waits(connect_timeout, reconnect_max);
        }
        if self.units.is_empty() {
            // A connection that is open is closed first.
            self.left_behind.push(done);
            return;
        }
        // Whoever ordered it may have gone.
        let _ = done.send(());
    }

    /// Goes on without some units. What was still to be told of them is told, if there is room.
    fn dismiss(&mut self, gone: &HashSet<DeviceIndex>) {
        self.deliver_voids();
        let stays: Vec<bool> = self
            .units
            .iter()
            .map(|unit| !gone.contains(&unit.whole.device_index()))
            .collect();
        let stays = |unit: usize| stays.get(unit).copied().unwrap_or(false);
        let mut next = 0;
        let places: Vec<_> = (0..self.units.len())
            .map(|unit| {
                let place = next;
                next += usize::from(stays(unit));
                place
            })
            .collect();
        self.schedule.retain(stays);
        let scans = std::mem::take(&mut self.scans).into_iter();
        let kept = scans.filter(|scan| stays(scan.unit));
        self.scans = kept
            .map(|scan| Scan {
                unit: places[scan.unit],
                ..scan
            })
            .collect();
        let mut unit = 0..;
        self.units.retain(|_| unit.next().is_some_and(stays));
    }

    fn admit(&mut self, device: ModbusDevice, now: Instant) {
        let Some(unit) = device.unit(&self.intake) else {
            return;
        };
        for (lane, scan) in unit.lanes(self.units.len()) {
            self.schedule.add(lane, now);
            self.scans.push(scan);
        }
        self.units.push(unit);
    }
}

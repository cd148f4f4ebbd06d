//! One device on a connection.

use std::sync::Arc;
use std::time::Duration;

use gridos_modbus::Request;
use gridos_model::{Layout, Timestamp};
use gridos_telemetry::DeviceStats;

use super::device::ModbusDevice;
use super::error::ReadError;
use super::schedule::Lane;

/// A device as its session sees it.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) id: u8,
    pub(super) timeout: Duration,
    pub(super) reads: Vec<Read>,
    pub(super) stats: Arc<DeviceStats>,
    scan_periods: Vec<Duration>,
}

/// One of its requests.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) request: Arc<Request>,
    pub(super) layout: Arc<Layout>,
    /// Whether its last answer was an exception.
    pub(super) is_refused: bool,
}

impl Unit {
    pub(super) fn new(device: ModbusDevice, stats: Arc<DeviceStats>) -> Self {
        let requests = device.plan.requests().iter().map(Arc::clone);
        let read = |(request, layout)| Read {
            request,
            layout,
            is_refused: false,
        };
        Self {
            id: device.unit,
            timeout: device.timeout,
            reads: requests.zip(device.layouts).map(read).collect(),
            stats,
            scan_periods: device.scan_periods,
        }
    }

    /// A number of the device's own that is the same in every process.
    pub(super) fn seed(&self) -> u64 {
        let layout = self.reads.first().map(|read| &read.layout);
        layout.map_or(0, |layout| layout.device_id().raw())
    }

    /// Each scan class that has requests, with their positions.
    pub(super) fn lanes(&self) -> Vec<(Lane, Vec<usize>)> {
        let mut lanes = Vec::new();
        for (scan, period) in self.scan_periods.iter().enumerate() {
            let is_of_scan = |at: &usize| self.reads[*at].request.scan() == scan;
            let reads: Vec<_> = (0..self.reads.len()).filter(is_of_scan).collect();
            if !reads.is_empty() {
                let lane = Lane {
                    period: *period,
                    requests: reads.len(),
                    seed: self.seed(),
                };
                lanes.push((lane, reads));
            }
        }
        lanes
    }

    /// Notes an answer at `now`, with one line if the device was not up.
    pub(super) fn answered(&self, now: Timestamp) {
        if self.stats.answered(now.as_nanos()) {
            tracing::info!(device = self.stats.name(), unit = self.id, "device is up");
        }
    }

    /// Notes that the unit could not be reached, with one line if it was not down.
    pub(super) fn failed(&self, error: &ReadError) {
        if self.stats.failed(error) {
            tracing::warn!(device = self.stats.name(), unit = self.id, %error, "device is down");
        }
    }

    /// Notes that the request at `position` was refused, with one line if it was not before.
    pub(super) fn refused(&mut self, position: usize, error: &ReadError) {
        let read = &mut self.reads[position];
        let (table, start) = (read.request.table(), read.request.start());
        let count = read.request.count();
        self.stats.note(&format_args!(
            "reading {count} of {table} from address {start}: {error}"
        ));
        if !std::mem::replace(&mut read.is_refused, true) {
            let device = self.stats.name();
            tracing::warn!(device, unit = self.id, %table, start, count, %error, "request refused");
        }
    }

    /// Notes that the request at `position` was answered, with one line if it was refused before.
    pub(super) fn accepted(&mut self, position: usize) {
        let read = &mut self.reads[position];
        if std::mem::replace(&mut read.is_refused, false) {
            let (table, start) = (read.request.table(), read.request.start());
            let device = self.stats.name();
            tracing::info!(device, unit = self.id, %table, start, "request answered again");
        }
    }
}

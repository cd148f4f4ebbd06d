//! One device on a connection.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_modbus::{Memory, Plan};
use gridos_model::{Gap, GapReason, Layout, Quality, Timestamp};
use gridos_telemetry::{DeviceState, DeviceStats, ScanStats};

use super::demotion::Demotion;
use super::device::ModbusDevice;
use super::error::ReadError;
use super::read::Read;
use super::schedule::Lane;
use crate::wall::wall;

/// A device as its session sees it.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) id: u8,
    pub(super) timeout: Duration,
    pub(super) plan: Arc<Plan>,
    pub(super) reads: Vec<Read>,
    /// The layout of all its points.
    pub(super) whole: Arc<Layout>,
    pub(super) memory: Memory,
    pub(super) stats: Arc<DeviceStats>,
    pub(super) demotion: Demotion,
    /// Whether its scans rest until it answers.
    pub(super) is_held: bool,
    /// Whether a connection that broke was not blamed on it, until it answers.
    pub(super) is_forgiven: bool,
    /// Why readings are missing since the last ones that were taken.
    pub(super) missed: Option<GapReason>,
    /// When the last readings were taken, or the session began.
    covered: Timestamp,
    scan_periods: Vec<Duration>,
}

/// The scans of one class of a unit.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    /// The unit among those of the session.
    pub(super) unit: usize,
    /// The scan class.
    pub(super) class: usize,
    /// The positions of its requests.
    pub(super) reads: Vec<usize>,
    /// How long the requests of the scan under way took so far.
    pub(super) used: Duration,
}

impl Unit {
    pub(super) fn new(device: ModbusDevice, stats: Arc<DeviceStats>) -> Self {
        let mut layouts = device.layouts.into_iter();
        let requests = device.plan.requests().iter();
        let reads = requests.map(|request| {
            let is_swept = !request.sweep_points().is_empty();
            let layout = if is_swept { layouts.next() } else { None };
            Read::new(Arc::clone(request), layout)
        });
        let shortest = device.scan_periods.iter().copied().min();
        let seed = device.whole.device_id().raw();
        stats.begin_scans(&device.scan_periods);
        Self {
            id: device.unit,
            timeout: device.timeout,
            reads: reads.collect(),
            memory: device.plan.memory(),
            whole: device.whole,
            demotion: Demotion::new(shortest.unwrap_or_default(), device.probe_max, seed),
            is_held: false,
            is_forgiven: false,
            missed: None,
            covered: wall(),
            plan: device.plan,
            stats,
            scan_periods: device.scan_periods,
        }
    }

    /// A number of the device's own that is the same in every process.
    pub(super) fn seed(&self) -> u64 {
        self.whole.device_id().raw()
    }

    /// Each scan class that has requests, for the unit at `index` of a session.
    pub(super) fn lanes(&self, index: usize) -> Vec<(Lane, Scan)> {
        let mut lanes = Vec::new();
        for (class, period) in self.scan_periods.iter().enumerate() {
            let is_of_class = |at: &usize| self.reads[*at].request.scan() == class;
            let reads: Vec<_> = (0..self.reads.len()).filter(is_of_class).collect();
            if !reads.is_empty() {
                let lane = Lane {
                    unit: index,
                    period: *period,
                    requests: reads.len(),
                    seed: self.seed(),
                };
                let scan = Scan {
                    unit: index,
                    class,
                    reads,
                    used: Duration::ZERO,
                };
                lanes.push((lane, scan));
            }
        }
        lanes
    }

    pub(super) fn scan_stats(&self, class: usize) -> Option<&ScanStats> {
        self.stats.scans().get(class)
    }

    pub(super) fn is_up(&self) -> bool {
        self.stats.state() == DeviceState::Up
    }

    /// Notes an answer at `now`, with one line if the device was not up.
    pub(super) fn answered(&mut self, now: Timestamp) {
        self.demotion.on_answer();
        self.is_forgiven = false;
        let device = self.stats.name();
        if self.stats.set_demoted(false) {
            tracing::info!(
                device,
                unit = self.id,
                "device is asked as often as others again"
            );
        }
        let was_down = self.stats.state() == DeviceState::Down;
        if self.stats.answered(now.as_nanos()) {
            tracing::info!(device, unit = self.id, "device is up");
            for read in &mut self.reads {
                read.void = None;
                if was_down {
                    read.retry_refused();
                }
            }
        }
    }

    /// Notes that the unit could not be reached, with one line if it was not down; then its
    /// points lose their values.
    pub(super) fn failed(&mut self, error: &ReadError) {
        if !self.stats.failed(error) {
            return;
        }
        tracing::warn!(device = self.stats.name(), unit = self.id, %error, "device is down");
        self.missed = Some(GapReason::DeviceDown);
        for read in &mut self.reads {
            read.void = Some(Quality::COMM_LOST);
            read.refusal = None;
        }
    }

    /// Notes that the unit keeps failing and is left alone for `wait`, with one line if that is
    /// new.
    pub(super) fn demoted(&self, error: &ReadError, wait: Duration) {
        let seconds = wait.as_secs_f64();
        self.stats.note(&format_args!(
            "{error}; it keeps failing, and is asked more rarely until it answers"
        ));
        if self.stats.set_demoted(true) {
            let (device, unit) = (self.stats.name(), self.id);
            tracing::warn!(device, unit, seconds, %error, "device keeps failing: asked more rarely");
        }
    }

    /// Notes that the request at `position` was refused as a whole, with one line if it was not
    /// before; then its points lose their values.
    pub(super) fn refused(&mut self, position: usize, code: u8, error: &ReadError) {
        let read = &mut self.reads[position];
        let (table, start) = (read.request.table(), read.request.start());
        let count = read.request.count();
        self.stats.note(&format_args!(
            "reading {count} of {table} from address {start}: {error}"
        ));
        if read.refusal.replace(code).is_none() {
            read.void = Some(Quality::DEVICE_ERROR);
            let device = self.stats.name();
            tracing::warn!(device, unit = self.id, %table, start, count, %error, "request refused");
            self.show_refused();
        }
        self.tell_refused(position);
    }

    /// Notes that the request at `position` was answered, with one line if it was refused before.
    pub(super) fn accepted(&mut self, position: usize) {
        let read = &mut self.reads[position];
        read.retries = 0;
        if read.refusal.take().is_some() {
            read.void = None;
            let (table, start) = (read.request.table(), read.request.start());
            let device = self.stats.name();
            tracing::info!(device, unit = self.id, %table, start, "request answered again");
            self.show_refused();
        }
        self.tell_refused(position);
    }

    /// Tells which points of the request at `position` are refused, if these are others now.
    fn tell_refused(&mut self, position: usize) {
        let read = &mut self.reads[position];
        let points = read.request.points();
        let Some(refused) = read.news() else {
            return;
        };
        let refused: Vec<_> = refused.iter().map(|place| points.start + place).collect();
        let names: Vec<_> = refused
            .iter()
            // Behind the request's own points stands its clock, which has no name.
            .filter(|point| points.contains(point))
            .filter_map(|point| Some(self.plan.points().get(*point)?.name.as_str()))
            .collect();
        self.memory.refuse(&points, &refused);
        let registers = self.show_refused();
        let device = self.stats.name();
        let names = names.join(", ");
        if refused.is_empty() {
            tracing::info!(
                device,
                unit = self.id,
                "all registers of the request are read again"
            );
        } else {
            self.stats.note(&format_args!(
                "exception 2 (illegal data address) for {registers}; the other registers are read"
            ));
            tracing::warn!(
                device,
                unit = self.id,
                registers,
                points = names,
                "device refuses registers: only those around them are read"
            );
        }
    }

    /// Shows which registers of all requests are refused.
    fn show_refused(&self) -> String {
        let mut text = String::new();
        let mut count = 0;
        for read in &self.reads {
            let (ranges, points) = read.refused();
            count += points as u64;
            for (first, last) in ranges {
                let comma = if text.is_empty() { "" } else { ", " };
                // Writing to a string cannot fail.
                let _ = write!(text, "{comma}{} {first}", read.request.table());
                if last > first {
                    let _ = write!(text, " to {last}");
                }
            }
        }
        self.stats.set_refused(text.clone(), count);
        text
    }

    /// The gap that readings taken at `until` end, if some are missing before them.
    pub(super) fn gap(&self, until: Timestamp) -> Option<Gap> {
        Some(Gap {
            device: self.whole.device_id(),
            from: self.covered.min(until),
            until,
            reason: self.missed?,
        })
    }

    /// Readings of `now` were taken.
    pub(super) fn covers(&mut self, now: Timestamp) {
        self.covered = self.covered.max(now);
    }

    /// The engine itself could not take what the device had.
    pub(super) fn held_back(&mut self) {
        self.missed.get_or_insert(GapReason::BackPressure);
    }

    /// The connection broke, or none could be made.
    pub(super) fn interrupt(&mut self) {
        self.reads.iter_mut().for_each(Read::interrupt);
    }

    /// How far off the time of readings may be that were asked for and came then.
    pub(super) fn record_uncertainty(&self, sent: Timestamp, received: Timestamp, now: Instant) {
        self.stats.uncertainty.record(received.since(sent) / 2, now);
    }
}

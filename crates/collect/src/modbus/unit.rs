//! One device on a connection.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_modbus::{Memory, Plan};
use gridos_model::{Gap, GapReason, Layout, Quality, Timestamp};
use gridos_telemetry::{DeviceState, DeviceStats, ScanOutcome, ScanStats};

use super::demotion::Demotion;
use super::device::ModbusDevice;
use super::error::ReadError;
use super::read::{Answered, Read};
use super::round::Round;
use super::schedule::Lane;
use crate::link::Link;
use crate::quiet::{Quiet, Told, if_any};
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
    /// Its scans rest until it answers, and it is not asked before then.
    pub(super) held_until: Option<Instant>,
    /// How long it was last waited for in vain.
    pub(super) spent: Duration,
    /// Whether a connection that broke was not blamed on it, until it answers.
    pub(super) is_forgiven: bool,
    /// Why readings are missing since the last ones that were taken.
    pub(super) missed: Option<GapReason>,
    /// When the last readings were taken, or the session began.
    covered: Timestamp,
    pub(super) link: Link,
    /// What must be heard after a loss.
    round: Round,
    scan_periods: Vec<Duration>,
    log: Log,
}

/// What was said of it in the log.
#[derive(Debug)]
struct Log {
    is_up: Told<bool>,
    states: Quiet<2>,
    is_demoted: Told<bool>,
    demotions: Quiet<2>,
    requests: Quiet<4>,
    registers: Quiet<4>,
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
    /// When the scan under way, or the last one, was due.
    pub(super) due: Instant,
    /// The worst that happened in the scan under way; `None` while there is none.
    pub(super) outcome: Option<ScanOutcome>,
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
            held_until: None,
            spent: Duration::ZERO,
            is_forgiven: false,
            missed: None,
            covered: wall(),
            link: Link::new(device.device),
            round: Round::default(),
            plan: device.plan,
            stats,
            scan_periods: device.scan_periods,
            log: Log {
                is_up: Told::new(None),
                states: Quiet::default(),
                is_demoted: Told::new(Some(false)),
                demotions: Quiet::default(),
                requests: Quiet::default(),
                registers: Quiet::default(),
            },
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
                    due: Instant::now(),
                    outcome: None,
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

    /// Notes an answer that came at `received`, or `now`, with a line if the device was not up.
    pub(super) fn answered(&mut self, received: Timestamp, now: Instant) {
        self.demotion.on_answer();
        self.is_forgiven = false;
        self.stats.set_demoted(false);
        let was_down = self.stats.state() == DeviceState::Down;
        if self.stats.answered(received.as_nanos()) {
            for read in &mut self.reads {
                read.void = None;
                if was_down {
                    read.retry_refused();
                }
            }
        }
        let (device, unit) = (self.stats.name(), self.id);
        let log = &mut self.log;
        if let Some(kept_back) = log.is_demoted.tell(false, &mut log.demotions, now) {
            let kept_back = if_any(kept_back);
            tracing::info!(
                device,
                unit,
                kept_back,
                "device is asked as often as others again"
            );
        }
        if let Some(kept_back) = log.is_up.tell(true, &mut log.states, now) {
            tracing::info!(device, unit, kept_back = if_any(kept_back), "device is up");
        }
    }

    /// Notes that the unit could not be reached, with a line if it was not down; then its points
    /// lose their values.
    pub(super) fn failed(&mut self, error: &ReadError) {
        let is_new = self.stats.failed(error);
        let (log, now) = (&mut self.log, Instant::now());
        if let Some(kept_back) = log.is_up.tell(false, &mut log.states, now) {
            let (device, unit, kept_back) = (self.stats.name(), self.id, if_any(kept_back));
            tracing::warn!(device, unit, kept_back, %error, "device is down");
        }
        if !is_new {
            return;
        }
        self.missed = Some(GapReason::DeviceDown);
        self.link.lose(wall());
        self.begin_round();
        for read in &mut self.reads {
            read.void = Some(Quality::COMM_LOST);
            read.refusal = None;
        }
    }

    /// What was heard since the last loss counts no more: all is told to have no value again.
    fn begin_round(&mut self) {
        let scans = self.reads.iter().map(|read| read.request.scan());
        let period = |scan| self.scan_periods.get(scan).copied();
        self.round = Round::of(scans.map(|scan| period(scan).unwrap_or_default()));
    }

    /// The request at `position` was answered or refused, and the readings of it, if any, taken.
    pub(super) fn heard(&mut self, position: usize) {
        if self.link.is_lost() && self.round.on_answer(position) {
            self.link.restore(wall());
        }
    }

    /// Notes that the unit keeps failing and is left alone for `wait`, with a line if that is new.
    pub(super) fn demoted(&mut self, error: &ReadError, wait: Duration) {
        let seconds = wait.as_secs_f64();
        self.stats.note(error);
        self.stats.set_demoted(true);
        let (log, now) = (&mut self.log, Instant::now());
        if let Some(kept_back) = log.is_demoted.tell(true, &mut log.demotions, now) {
            let (device, unit, kept_back) = (self.stats.name(), self.id, if_any(kept_back));
            tracing::warn!(device, unit, seconds, kept_back, %error, "device keeps failing: asked more rarely");
        }
    }

    /// Notes that the request at `position` was refused as a whole, with a line if it was not
    /// before; then its points lose their values.
    pub(super) fn refused(&mut self, position: usize, code: u8, error: &ReadError) {
        let read = &mut self.reads[position];
        let (table, start) = (read.request.table(), read.request.start());
        let count = read.request.count();
        self.stats.note(&format_args!(
            "reading {count} of {table} from address {start}: {error}"
        ));
        let is_new = read.refusal.replace(code).is_none();
        if is_new {
            read.void = Some(Quality::DEVICE_ERROR);
        }
        let (requests, now) = (&mut self.log.requests, Instant::now());
        if let Some(kept_back) = read.is_told_refused.tell(true, requests, now) {
            let (device, unit, kept_back) = (self.stats.name(), self.id, if_any(kept_back));
            tracing::warn!(device, unit, %table, start, count, kept_back, %error, "request refused");
        }
        if is_new {
            self.show_refused();
        }
        self.tell_refused(position);
    }

    /// Notes that the request at `position` was answered `now`, with a line if it was refused before.
    pub(super) fn accepted(&mut self, position: usize, now: Instant) {
        let read = &mut self.reads[position];
        read.retries = 0;
        let is_new = read.refusal.take().is_some();
        if is_new {
            read.void = None;
        }
        let requests = &mut self.log.requests;
        if let Some(kept_back) = read.is_told_refused.tell(false, requests, now) {
            let (table, start) = (read.request.table(), read.request.start());
            let (device, unit, kept_back) = (self.stats.name(), self.id, if_any(kept_back));
            tracing::info!(device, unit, %table, start, kept_back, "request answered again");
        }
        if is_new {
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
        if !refused.is_empty() {
            self.stats.note(&format_args!(
                "exception 2 (illegal data address) for {registers}; the other registers are read"
            ));
        }
        // What is kept back is shown as the device's state all the same.
        let Some(kept_back) = self.log.registers.say(Instant::now()) else {
            return;
        };
        let (device, unit, kept_back) = (self.stats.name(), self.id, if_any(kept_back));
        if refused.is_empty() {
            tracing::info!(
                device,
                unit,
                kept_back,
                "all registers of the request are read again"
            );
        } else {
            tracing::warn!(
                device,
                unit,
                registers,
                points = names.join(", "),
                kept_back,
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
    pub(super) fn record_uncertainty(&self, answered: &Answered) {
        let uncertainty = &self.stats.uncertainty;
        uncertainty.record(answered.uncertainty(), answered.wire);
    }
}

//! The scans of a session: what begins, ends and is passed over, and what is counted of it.

use std::time::{Duration, Instant};

use gridos_telemetry::{DeviceState, Protocol, ScanCells, ScanOutcome};

use super::error::ReadError;
use super::session::{Place, Session};

impl Session {
    pub(super) fn begin_scan(&mut self, lane: usize, late: Duration, now: Instant) {
        let cells = self.scan_cells();
        cells.lateness(Protocol::Modbus).record(late);
        cells.expect(Protocol::Modbus, 1);
        let scan = &mut self.scans[lane];
        scan.used = Duration::ZERO;
        scan.due = now.checked_sub(late).unwrap_or(now);
        scan.outcome = Some(ScanOutcome::Answered);
        if let Some(stats) = self.units[scan.unit].scan_stats(scan.class) {
            stats.lateness.record(late, now);
        }
    }

    /// The scan of `lane` under way can no longer end well; what happened first counts.
    pub(super) fn spoil(&mut self, lane: usize, outcome: ScanOutcome) {
        let is_answered = |so_far: &&mut ScanOutcome| **so_far == ScanOutcome::Answered;
        if let Some(so_far) = self.scans[lane].outcome.as_mut().filter(is_answered) {
            *so_far = outcome;
        }
    }

    pub(super) fn record_round_trip(&self, spent: Duration) {
        let round_trip = self.scan_cells().round_trip(Protocol::Modbus);
        round_trip.record(spent);
    }

    pub(super) fn on_round_trip(&self, lane: usize, spent: Duration, now: Instant) {
        self.record_round_trip(spent);
        let scan = &self.scans[lane];
        if let Some(stats) = self.units[scan.unit].scan_stats(scan.class) {
            stats.round_trip.record(spent, now);
        }
    }

    pub(super) fn done(&mut self, lane: usize, now: Instant) {
        if self.schedule.done(lane) {
            self.end_scan(lane, now);
        }
    }

    pub(super) fn abandon(&mut self, lane: usize, now: Instant) {
        self.schedule.abandon(lane);
        self.end_scan(lane, now);
    }

    fn end_scan(&mut self, lane: usize, now: Instant) {
        if let Some(outcome) = self.scans[lane].outcome.take() {
            self.scan_cells().end(Protocol::Modbus, outcome, 1);
        }
        let scan = &self.scans[lane];
        if let Some(stats) = self.units[scan.unit].scan_stats(scan.class) {
            stats.scans.increment();
            stats.used.record(scan.used, now);
        }
    }

    /// The engine is at its limit: the scan ends, and the readings that are missing make a gap.
    pub(super) fn hold_back(&mut self, place: Place, now: Instant) {
        let unit = &mut self.units[place.unit];
        unit.held_back();
        unit.reads[place.position].interrupt();
        self.intake.hold_back();
        self.spoil(place.lane, ScanOutcome::HeldBack);
        self.count_overruns(place.lane, 1);
        self.abandon(place.lane, now);
    }

    /// Passes over what was due without a connection: an overrun for a device that is up, since
    /// only another unit or a broken connection held it back.
    pub(super) fn catch_up(&mut self) {
        for (lane, skipped) in self.schedule.catch_up(Instant::now()) {
            match self.units[self.scans[lane].unit].stats.state() {
                DeviceState::Up => self.skip(lane, skipped, Duration::ZERO),
                DeviceState::Down => {
                    let cells = self.scan_cells();
                    cells.expect(Protocol::Modbus, skipped);
                    cells.end(Protocol::Modbus, ScanOutcome::Unavailable, skipped);
                }
                // Its first scan was put off on purpose, so that not all devices are asked at once.
                DeviceState::Unknown => {}
            }
        }
    }

    /// Passes over `scans` that were due before the one that begins `late` now. Their lateness counts
    /// as well: else it would be the smaller the longer the line was busy.
    pub(super) fn skip(&self, lane: usize, scans: u64, late: Duration) {
        if scans > 0 {
            let period = self.schedule.period(lane);
            let cells = self.scan_cells();
            let lateness = cells.lateness(Protocol::Modbus);
            lateness.record_series(late + period, period, scans);
            cells.expect(Protocol::Modbus, scans);
            cells.end(Protocol::Modbus, ScanOutcome::Skipped, scans);
            self.count_overruns(lane, scans);
        }
    }

    fn count_overruns(&self, lane: usize, scans: u64) {
        if scans > 0 {
            let scan = &self.scans[lane];
            let unit = &self.units[scan.unit];
            self.cells().overruns.add(scans);
            unit.stats.overruns.add(scans);
            if let Some(stats) = unit.scan_stats(scan.class) {
                stats.overruns.add(scans);
            }
        }
    }
    fn scan_cells(&self) -> &ScanCells {
        &self.intake.telemetry().scans
    }
}

/// What an error makes of the scan that it ended.
pub(super) fn outcome(error: &ReadError) -> ScanOutcome {
    match error {
        ReadError::Timeout(_)
        | ReadError::Connect { .. }
        | ReadError::ConnectTimeout { .. }
        | ReadError::NotDialledIn(_) => ScanOutcome::Unavailable,
        ReadError::Exception { .. } if error.is_outage() => ScanOutcome::Unavailable,
        ReadError::Exception { .. } => ScanOutcome::Refused,
        ReadError::Protocol(_) | ReadError::Count(_) | ReadError::Io(_) | ReadError::Closed => {
            ScanOutcome::Error
        }
    }
}

//! The scans of a session: what begins, ends and is passed over, and what is counted of it.

use std::time::{Duration, Instant};

use super::session::{Place, Session};

impl Session {
    pub(super) fn begin_scan(&mut self, lane: usize, late: Duration) {
        self.cells().lateness.record(late);
        let scan = &mut self.scans[lane];
        scan.used = Duration::ZERO;
        if let Some(stats) = self.units[scan.unit].scan_stats(scan.class) {
            stats.lateness.record(late, Instant::now());
        }
    }

    pub(super) fn on_round_trip(&self, lane: usize, spent: Duration, now: Instant) {
        self.cells().round_trip.record(spent);
        let scan = &self.scans[lane];
        if let Some(stats) = self.units[scan.unit].scan_stats(scan.class) {
            stats.round_trip.record(spent, now);
        }
    }

    pub(super) fn done(&mut self, lane: usize) {
        if self.schedule.done(lane) {
            self.end_scan(lane);
        }
    }

    pub(super) fn abandon(&mut self, lane: usize) {
        self.schedule.abandon(lane);
        self.end_scan(lane);
    }

    pub(super) fn end_scan(&self, lane: usize) {
        let scan = &self.scans[lane];
        if let Some(stats) = self.units[scan.unit].scan_stats(scan.class) {
            stats.scans.increment();
            stats.used.record(scan.used, Instant::now());
        }
    }

    /// The engine is at its limit: the scan ends, and the readings that are missing make a gap.
    pub(super) fn hold_back(&mut self, place: Place) {
        let unit = &mut self.units[place.unit];
        unit.held_back();
        unit.reads[place.position].interrupt();
        self.skip(place.lane, 1);
        self.abandon(place.lane);
    }

    /// Passes over what was due without a connection: an overrun for a device that is up, since
    /// only another unit or a broken connection held it back.
    pub(super) fn catch_up(&mut self) {
        for (lane, skipped) in self.schedule.catch_up(Instant::now()) {
            if self.units[self.scans[lane].unit].is_up() {
                self.skip(lane, skipped);
            }
        }
    }

    pub(super) fn skip(&self, lane: usize, scans: u64) {
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
}

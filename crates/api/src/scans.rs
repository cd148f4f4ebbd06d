//! How the scan classes of a device keep their time, as JSON shows it.

use std::time::{Duration, Instant};

use gridos_telemetry::{DeviceStats, ScanStats, Summary, Window};
use serde::Serialize;
use utoipa::ToSchema;

/// One scan class of a device.
#[derive(Serialize, ToSchema)]
pub(crate) struct Scan {
    period_seconds: f64,
    /// Scans that ended, with or without answers.
    scans: u64,
    /// Scans that were skipped.
    overruns: u64,
    /// The share of its time that the class takes; above 1 it cannot keep its period.
    load: f64,
    /// How long after its time a scan began.
    lateness: Seconds,
    /// How long an answer took.
    round_trip: Seconds,
}

/// Durations of the last minute or two, in seconds.
#[derive(Serialize, ToSchema)]
pub(crate) struct Seconds {
    last: f64,
    mean: f64,
    max: f64,
}

/// The scan classes of a device; none if it is not polled.
pub(crate) fn scans(stats: &DeviceStats, now: Instant) -> Vec<Scan> {
    let scan = |scan: &ScanStats| Scan {
        period_seconds: scan.period().as_secs_f64(),
        scans: scan.scans.get(),
        overruns: scan.overruns.get(),
        load: scan.load(now),
        lateness: seconds(&scan.lateness, now),
        round_trip: seconds(&scan.round_trip, now),
    };
    stats.scans().iter().map(scan).collect()
}

/// What `window` holds at `now`.
pub(crate) fn seconds(window: &Window, now: Instant) -> Seconds {
    let Summary {
        last, mean, max, ..
    } = window.summary(now);
    let [last, mean, max] = [last, mean, max].map(|d: Duration| d.as_secs_f64());
    Seconds { last, mean, max }
}

//! The same devices once more, asked for half of what the engine took: how late readings are where there is room.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::latency::Percentiles;

/// What was measured then; rates are readings a second.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Half {
    pub(super) offered: f64,
    pub(super) durable: f64,
    /// By stage, in milliseconds.
    pub(super) latency_ms: BTreeMap<String, Percentiles>,
    pub(super) disk_ms: Disk,
}

/// How long a small write takes until it is durable, of a file beside the journal, in milliseconds: what the disk alone
/// adds to how late durable is.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Disk {
    /// Before anything else was begun.
    pub(super) quiet: Percentiles,
    /// At half of the rate.
    pub(super) busy: Percentiles,
}

/// How often so many points are to be read for half of `rate`, or the next that a configuration can say: scan
/// periods are whole milliseconds.
pub(super) fn period(points: usize, rate: f64) -> Duration {
    let seconds = points as f64 / (rate / 2.0);
    // Devices that give nothing are read once a second.
    let millis = (seconds * 1_000.0).clamp(1.0, 1_000.0).ceil();
    Duration::from_secs_f64(millis / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_period_gives_half_and_no_more() {
        let millis = |points, rate| period(points, rate).as_millis();
        assert_eq!(millis(12_500, 6_250_000.0), 4);
        assert_eq!(millis(12_500, 6_300_000.0), 4);
        assert_eq!(millis(12_500, 6_200_000.0), 5);
        assert_eq!(millis(125, 1e9), 1);
        assert_eq!(millis(125, 0.0), 1_000);
    }
}

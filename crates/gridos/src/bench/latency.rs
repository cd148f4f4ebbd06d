//! Percentiles out of the engine's HdrHistogram log.

use std::collections::BTreeMap;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use serde::Serialize;

/// Percentiles in milliseconds: of one stage, of all batches in the time that was measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Percentiles {
    /// How many were measured.
    pub(super) count: u64,
    pub(super) p50: f64,
    pub(super) p95: f64,
    pub(super) p99: f64,
    #[serde(rename = "p99.9")]
    pub(super) p999: f64,
    pub(super) max: f64,
}

impl Percentiles {
    /// Of a histogram of microseconds.
    pub(super) fn of(histogram: &Histogram<u64>) -> Self {
        let millis = |micros: u64| micros as f64 / 1_000.0;
        let at = |part: f64| millis(histogram.value_at_quantile(part));
        Self {
            count: histogram.len(),
            p50: at(0.5),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: millis(histogram.max()),
        }
    }
}

/// What an engine's log counted in the intervals between two instants, by stage: `wire-durable`, `due-stored` and
/// so on. `None` if it is no such log.
pub(super) fn between(
    log: &[u8],
    from: SystemTime,
    until: SystemTime,
) -> Option<BTreeMap<String, Percentiles>> {
    let mut stages: BTreeMap<String, Histogram<u64>> = BTreeMap::new();
    let (mut start, mut deserializer) = (None, Deserializer::new());
    for entry in IntervalLogIterator::new(log) {
        let line = match entry.ok()? {
            LogEntry::StartTime(time) => {
                start = SystemTime::UNIX_EPOCH.checked_add(time);
                continue;
            }
            LogEntry::BaseTime(_) => continue,
            LogEntry::Interval(line) => line,
        };
        let begin = start?.checked_add(line.start_timestamp())?;
        if begin < from || begin + line.duration() > until {
            continue;
        }
        let bytes = STANDARD.decode(line.encoded_histogram()).ok()?;
        let histogram: Histogram<u64> = deserializer.deserialize(&mut bytes.as_slice()).ok()?;
        let stage = line.tag()?.as_str().to_owned();
        match stages.get_mut(&stage) {
            Some(sum) => sum.add(&histogram).ok()?,
            None => drop(stages.insert(stage, histogram)),
        }
    }
    let stages = stages.into_iter();
    Some(
        stages
            .map(|(stage, sum)| (stage, Percentiles::of(&sum)))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use gridos_telemetry::{Interval, Protocol, StageName, Stages, write_hdr_log};

    use super::*;

    #[test]
    fn only_the_intervals_between_count() {
        let (stages, began) = (Stages::default(), SystemTime::UNIX_EPOCH);
        let mut recorder = stages.get(StageName::Durable).recorder();
        let start = Instant::now();
        let mut log = Vec::new();
        let mut second = 0_u32;
        write_hdr_log(&mut log, &stages, (began, start), || {
            second += 1;
            let millis = [0, 10, 20, 1_000][usize::try_from(second).unwrap()];
            let latency = Duration::from_millis(millis);
            recorder.record(Protocol::Modbus, latency);
            recorder.flush_now();
            Interval {
                end: start + Duration::from_secs(second.into()),
                is_last: second == 3,
            }
        })
        .unwrap();
        let at = |seconds: u64| began + Duration::from_secs(seconds);
        let found = between(&log, at(0), at(2)).unwrap();
        let durable = found["wire-durable"];
        assert_eq!(durable.count, 2);
        assert!((durable.p50 - 10.0).abs() < 0.2, "{durable:?}");
        assert!((durable.max - 20.0).abs() < 0.4, "{durable:?}");
        assert!(between(b"nothing of it", at(0), at(2)).is_none());
    }
}

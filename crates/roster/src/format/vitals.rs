//! How a member did lately, as part of its record.

use std::time::Duration;

use gridos_telemetry::{Percentiles, Vitals};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
pub(super) struct WrittenVitals {
    durable: WrittenPercentiles,
    due: WrittenPercentiles,
    stored: WrittenPercentiles,
    scans: u64,
    answered: u64,
}

#[derive(Deserialize, Serialize)]
struct WrittenPercentiles {
    p50_us: Option<u64>,
    p95_us: Option<u64>,
    p99_us: Option<u64>,
    batches: u64,
}

impl From<Vitals> for WrittenVitals {
    fn from(vitals: Vitals) -> Self {
        let percentiles = |of: Percentiles| {
            let micros =
                |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
            WrittenPercentiles {
                p50_us: of.p50.map(micros),
                p95_us: of.p95.map(micros),
                p99_us: of.p99.map(micros),
                batches: of.batches,
            }
        };
        Self {
            durable: percentiles(vitals.durable),
            due: percentiles(vitals.due),
            stored: percentiles(vitals.stored),
            scans: vitals.scans,
            answered: vitals.answered,
        }
    }
}

impl From<WrittenVitals> for Vitals {
    fn from(written: WrittenVitals) -> Self {
        let percentiles = |of: WrittenPercentiles| Percentiles {
            p50: of.p50_us.map(Duration::from_micros),
            p95: of.p95_us.map(Duration::from_micros),
            p99: of.p99_us.map(Duration::from_micros),
            batches: of.batches,
        };
        Self {
            durable: percentiles(written.durable),
            due: percentiles(written.due),
            stored: percentiles(written.stored),
            scans: written.scans,
            answered: written.answered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vitals_read_back_to_the_microsecond() {
        let vitals = Vitals {
            durable: Percentiles {
                p50: Some(Duration::from_micros(1_234)),
                p95: None,
                p99: Some(Duration::from_secs(3_600)),
                batches: u64::MAX,
            },
            scans: 7,
            answered: 6,
            ..Vitals::default()
        };
        let bytes = serde_json::to_vec(&WrittenVitals::from(vitals)).unwrap();
        let back: WrittenVitals = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(Vitals::from(back), vitals);
    }
}

//! How long the way of a reading took lately.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use gridos_telemetry::{Lately, Percentiles, StageName, Stages};
use serde::Serialize;
use utoipa::ToSchema;

/// Latencies are told of about this long.
const WINDOW: Duration = Duration::from_secs(10);

/// The stages whose latencies people watch.
const WATCHED: [StageName; 3] = [StageName::Alarm, StageName::Durable, StageName::Stored];

/// The latencies from the wire to the stages, over the last seconds.
#[derive(Debug)]
pub(crate) struct Latencies(Mutex<[Lately; WATCHED.len()]>);

/// The latency that shares of all batches kept within, in milliseconds; null if there was none.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Latency {
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
    batches: u64,
}

impl Latencies {
    /// Those of an engine that started at `started`.
    pub(crate) fn new(started: Instant) -> Self {
        Self(Mutex::new(WATCHED.map(|_| Lately::new(WINDOW, started))))
    }

    /// Looks at the stages at `now`; to be called every second or so.
    pub(crate) fn look(&self, stages: &Stages, now: Instant) -> BTreeMap<&'static str, Latency> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let watched = WATCHED.iter().zip(&mut *windows);
        watched
            .map(|(name, window)| (name.label(), window.look(stages.get(*name), now).into()))
            .collect()
    }
}

impl From<Percentiles> for Latency {
    fn from(percentiles: Percentiles) -> Self {
        let Percentiles {
            p50,
            p95,
            p99,
            batches,
        } = percentiles;
        let [p50_ms, p95_ms, p99_ms] = [p50, p95, p99].map(|share| share.map(milliseconds));
        Self {
            p50_ms,
            p95_ms,
            p99_ms,
            batches,
        }
    }
}

/// Whole microseconds: what is finer is not measured.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
    let micros = duration.as_micros() as f64;
    micros / 1e3
}

//! The line that refreshes while the demo runs.

use std::time::{Duration, Instant};

use crate::engine::Engine;

/// What the line shows, at one moment.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    at: Instant,
    devices_up: usize,
    devices: usize,
    received: u64,
    alarms: u64,
    p95_durable: Option<Duration>,
    journal: u64,
    stored: u64,
}

impl Sample {
    pub(super) fn of(engine: &Engine, at: Instant) -> Self {
        let telemetry = engine.telemetry();
        Self {
            at,
            devices_up: telemetry.devices.count(gridos_telemetry::DeviceState::Up),
            devices: engine.devices(),
            received: telemetry.ledger.received.get(),
            alarms: telemetry.alarms.active_in_all(),
            p95_durable: telemetry.stages.durable.quantile(0.95),
            journal: telemetry.journal.position.get(),
            stored: telemetry.store.position.get(),
        }
    }
}

pub(super) fn show(before: &Sample, now: &Sample) -> String {
    let span = now.at.saturating_duration_since(before.at).as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let rate = match span > 0.0 {
        true => (now.received - before.received) as f64 / span,
        false => 0.0,
    };
    let p95 = match now.p95_durable {
        Some(p95) => format!("{:.1} ms", p95.as_secs_f64() * 1e3),
        None => "–".to_owned(),
    };
    format!(
        "devices {}/{}   {rate:.0} readings/s   alarms {}   p95 wire→durable {p95}   \
         journal {}   stored {}",
        now.devices_up, now.devices, now.alarms, now.journal, now.stored
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_shows_the_rate_since_the_last_one() {
        let before = Sample {
            at: Instant::now(),
            devices_up: 19,
            devices: 20,
            received: 1_000,
            alarms: 2,
            p95_durable: None,
            journal: 10,
            stored: 5,
        };
        let now = Sample {
            at: before.at + Duration::from_secs(2),
            received: 3_000,
            p95_durable: Some(Duration::from_micros(6_540)),
            ..before.clone()
        };
        let line = "devices 19/20   1000 readings/s   alarms 2   p95 wire→durable 6.5 ms   \
                    journal 10   stored 5";
        assert_eq!(show(&before, &now), line);
    }
}

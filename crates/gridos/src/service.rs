//! What the service manager is told (sd_notify of systemd), and its watchdog.
//!
//! Without a manager, which is known by the variable `NOTIFY_SOCKET`, nothing of this does anything.

use std::time::{Duration, Instant};

use gridos_pipeline::PulseWatch;
use gridos_telemetry::{DeviceState, Telemetry};
use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval};

use crate::engine::Engine;

/// How often the state is told in a line.
const STATUS_PERIOD: Duration = Duration::from_secs(10);
/// The watchdog is fed so many times within its period.
const FEEDS_PER_PERIOD: u32 = 4;

/// The engine runs.
pub(crate) fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being read again; [`ready`] ends that, also if nothing came of it.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(since) => tell(&[NotifyState::Reloading, since]),
        Err(_) => tell(&[NotifyState::Reloading]),
    }
}

/// The engine drains and ends.
pub(crate) fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("draining")]);
}

/// What the engine does, in a line.
pub(crate) fn status(line: &str) {
    tell(&[NotifyState::Status(line)]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "the service manager cannot be told");
    }
}

/// Tells the state every now and then, and feeds the watchdog while the pipeline turns; never ends.
///
/// It is fed by nothing else: if the pipeline's thread or that which waits for the disk hangs, or
/// this runtime, the manager hears nothing more and restarts the engine.
pub(crate) async fn attend(engine: &Engine) {
    let mut watchdog = Watchdog::new(engine.pulse(), sd_notify::watchdog_enabled());
    let mut ticks = interval(watchdog.step());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told: Option<Instant> = None;
    loop {
        ticks.tick().await;
        if watchdog.is_due() {
            tell(&[NotifyState::Watchdog]);
        }
        if told.is_none_or(|told| told.elapsed() >= STATUS_PERIOD) {
            told = Some(Instant::now());
            status(&state(engine.telemetry()));
        }
    }
}

/// What feeds the watchdog.
#[derive(Debug)]
struct Watchdog {
    pulse: PulseWatch,
    period: Option<Duration>,
}

impl Watchdog {
    fn new(pulse: PulseWatch, period: Option<Duration>) -> Self {
        Self { pulse, period }
    }

    /// How often to look.
    fn step(&self) -> Duration {
        let step = self
            .period
            .map_or(STATUS_PERIOD, |period| period / FEEDS_PER_PERIOD);
        step.clamp(Duration::from_millis(1), STATUS_PERIOD)
    }

    /// Whether it is to be fed now.
    fn is_due(&mut self) -> bool {
        self.period.is_some() && self.pulse.has_beaten()
    }
}

/// The engine in a line.
fn state(telemetry: &Telemetry) -> String {
    let count = |state| telemetry.devices.count(state);
    let (up, down) = (count(DeviceState::Up), count(DeviceState::Down));
    let store = match telemetry.store.connected.get() {
        0 => "database away",
        _ => "database connected",
    };
    let journal = match telemetry.journal.stalled.get() {
        0 => "",
        _ => ", THE JOURNAL TAKES NOTHING",
    };
    format!(
        "{up} of {} devices up, {down} down; {} readings received, {store}{journal}",
        telemetry.devices.len(),
        telemetry.ledger.snapshot().received,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_is_one_line_that_names_what_is_wrong() {
        let telemetry = Telemetry::new("1", ["a".to_owned(), "b".to_owned()]);
        let line = state(&telemetry);
        assert_eq!(
            line,
            "0 of 2 devices up, 0 down; 0 readings received, database away"
        );
        telemetry.journal.stalled.set(1);
        assert!(state(&telemetry).ends_with("TAKES NOTHING"));
    }
}

//! The task that keeps the metrics of the load of operators.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use gridos_alarm::Now;
use gridos_pipeline::{AlarmLoad, Views};
use gridos_telemetry::Telemetry;

/// How often what ends by time is looked for.
const TICK: Duration = Duration::from_secs(1);

/// Follows the alarms for ever.
pub(super) async fn run(views: Views, telemetry: Arc<Telemetry>) {
    let began = Instant::now();
    let now = || Now {
        wall: SystemTime::now().into(),
        mono: began.elapsed(),
    };
    let mut changed = views.alarms.changed();
    let mut load = AlarmLoad::new(views.alarms, views.book, telemetry, now());
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = changed.changed() => load.follow(now()),
            _ = ticks.tick() => load.show(now()),
        }
    }
}

//! What is said of an outstation in the log: not a line for each fragment, whatever it does.

use std::fmt::Display;
use std::time::Instant;

use gridos_dnp3::app::Iin;
use gridos_dnp3::master::{Failure, Gap, Task};
use gridos_telemetry::DeviceStats;

use crate::quiet::{Quiet, Told, if_any};

/// What was said of one outstation; what is kept back is counted, and told with the next line.
#[derive(Debug)]
pub(super) struct Diary {
    is_up: Told<bool>,
    states: Quiet<2>,
    restarts: Quiet<2>,
    overflows: Quiet<2>,
    indications: Quiet<4>,
    tasks: Quiet<4>,
}

impl Diary {
    pub(super) fn new() -> Self {
        Self {
            is_up: Told::new(None),
            states: Quiet::default(),
            restarts: Quiet::default(),
            overflows: Quiet::default(),
            indications: Quiet::default(),
            tasks: Quiet::default(),
        }
    }

    /// It answers.
    pub(super) fn on_up(&mut self, stats: &DeviceStats, outstation: impl Display, now: Instant) {
        if let Some(kept_back) = self.is_up.tell(true, &mut self.states, now) {
            let (device, kept_back) = (stats.name(), if_any(kept_back));
            tracing::info!(device, %outstation, kept_back, "device is up");
        }
    }

    /// It cannot be reached.
    pub(super) fn on_down(
        &mut self,
        stats: &DeviceStats,
        outstation: impl Display,
        why: &dyn Display,
        now: Instant,
    ) {
        if let Some(kept_back) = self.is_up.tell(false, &mut self.states, now) {
            let (device, kept_back) = (stats.name(), if_any(kept_back));
            tracing::warn!(device, %outstation, kept_back, %why, "device is down");
        }
    }

    /// It may have lost events.
    pub(super) fn on_loss(&mut self, stats: &DeviceStats, gap: Gap, reason: &str, now: Instant) {
        let losses = match gap {
            Gap::Restart => &mut self.restarts,
            Gap::Overflow => &mut self.overflows,
        };
        if let Some(kept_back) = losses.say(now) {
            let (device, kept_back) = (stats.name(), if_any(kept_back));
            tracing::warn!(device, reason, kept_back, "events may be lost");
        }
    }

    /// It has begun or ceased to indicate something.
    pub(super) fn on_indication(
        &mut self,
        stats: &DeviceStats,
        indication: Iin,
        is_set: bool,
        now: Instant,
    ) {
        if let Some(kept_back) = self.indications.say(now) {
            let (device, kept_back) = (stats.name(), if_any(kept_back));
            tracing::info!(device, %indication, is_set, kept_back, "the outstation indicates");
        }
    }

    /// It did not do what it was asked.
    pub(super) fn on_task_failed(
        &mut self,
        stats: &DeviceStats,
        task: Task,
        failure: Failure,
        now: Instant,
    ) {
        if let Some(kept_back) = self.tasks.say(now) {
            let (device, kept_back) = (stats.name(), if_any(kept_back));
            tracing::warn!(device, ?task, %failure, kept_back, "task failed");
        }
    }
}

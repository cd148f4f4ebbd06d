//! A device as JSON shows it.

use std::collections::HashMap;
use std::time::Instant;

use gridos_model::{AlarmFacts, DeviceIndex, Timestamp};
use gridos_telemetry::DeviceStats;
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::Time;
use crate::scans::{Seconds, seconds};
use crate::state::ApiState;

/// How one device does.
#[derive(Serialize, ToSchema)]
pub(crate) struct Device<'a> {
    name: &'a str,
    /// What it speaks.
    protocol: &'static str,
    state: &'static str,
    points: usize,
    /// Alarms of it and of its points that are active and not hidden.
    alarms: usize,
    /// The share of its connection's time that its scan classes take together; above 1 they cannot
    /// keep their periods. Null if it is not polled.
    load: Option<f64>,
    readings: u64,
    polls: u64,
    failures: u64,
    overruns: u64,
    last_answer: Option<Time>,
    /// The member of the fleet that has it; null where devices are not shared, or while nobody has it.
    owner: Option<String>,
    /// What last went wrong, also after it recovered.
    last_error: Option<String>,
    /// When that was.
    last_error_time: Option<Time>,
    /// Whether it kept failing and is asked more rarely until it answers.
    demoted: bool,
    /// The registers that it refuses to be read; empty if there is none.
    refused_registers: String,
    points_refused: u64,
    /// The first points that it has and the config does not; empty if there is none.
    unmapped_points: String,
    /// Values that came of such points.
    unmapped_values: u64,
    /// How far the times of its readings may be off.
    uncertainty: Seconds,
}

impl<'a> Device<'a> {
    /// The device at `at` with its `stats`; `alarms` are those of all devices.
    pub(crate) fn new(
        state: &'a ApiState,
        at: DeviceIndex,
        stats: &DeviceStats,
        alarms: &HashMap<DeviceIndex, usize>,
        now: Instant,
    ) -> Self {
        let entry = state.directory.device(at);
        let last_error = stats.last_error();
        let (last_error, last_error_time) = last_error
            .map(|error| (error.text, Time(error.time.into())))
            .unzip();
        Self {
            name: entry.name(),
            protocol: state.protocols.get(at.get()).copied().unwrap_or_default(),
            state: stats.state().label(),
            points: entry.whole().len(),
            alarms: alarms.get(&at).copied().unwrap_or(0),
            load: stats.load(now),
            readings: stats.readings.get(),
            polls: stats.polls.get(),
            failures: stats.failures.get(),
            overruns: stats.overruns.get(),
            last_answer: stats
                .last_answer()
                .map(|nanos| Time(Timestamp::from_nanos(nanos))),
            owner: state.telemetry.fleet.owner(entry.name()),
            last_error,
            last_error_time,
            demoted: stats.is_demoted(),
            refused_registers: stats.refused(),
            points_refused: stats.points_refused.get(),
            unmapped_points: stats.unmapped_points(),
            unmapped_values: stats.unmapped.get(),
            uncertainty: seconds(&stats.uncertainty, now),
        }
    }
}

/// How many alarms of each device are active and not hidden; those without are left out.
pub(crate) fn alarms_by_device(state: &ApiState) -> HashMap<DeviceIndex, usize> {
    let mut counts = HashMap::new();
    let table = state.alarms.table();
    let shown = |facts: &AlarmFacts| facts.is_active() && !facts.is_hidden();
    for case in table.cases.values().filter(|case| shown(&case.facts)) {
        if let Some(entry) = state.book.find(case.alarm) {
            *counts.entry(entry.device).or_default() += 1;
        }
    }
    counts
}

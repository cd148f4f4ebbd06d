//! `GET /api/v1/alarms/summary`: how many alarms are in which state.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use gridos_model::{AlarmFacts, AlarmFlags, AlarmState, Priority};
use gridos_pipeline::{AlarmCounts, AlarmTable};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::{Time, json, now};
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::problem::ProblemAnswer;
use crate::state::{Api, ApiState};

#[derive(Serialize, ToSchema)]
#[schema(as = AlarmSummary)]
struct Summary {
    time: Time,
    /// The last record that the counts know of.
    sequence: u64,
    /// How many are not at rest, and how many are configured.
    total: usize,
    configured: usize,
    /// For how many the horn sounds.
    sounding: usize,
    /// The highest priority that waits for somebody to acknowledge; null if nothing waits.
    highest_unacknowledged: Option<&'static str>,
    /// By the state that is displayed.
    states: BTreeMap<&'static str, usize>,
    /// Of those that are not hidden.
    priorities: BTreeMap<&'static str, Waiting>,
    areas: BTreeMap<String, Waiting>,
}

/// How many wait for somebody.
#[derive(Clone, Copy, Default, Serialize, ToSchema)]
pub(crate) struct Waiting {
    active: usize,
    unacknowledged: usize,
}

/// How many alarms are in which state.
#[utoipa::path(
    get,
    path = "/api/v1/alarms/summary",
    tag = "alarms",
    operation_id = "alarm_summary",
    responses(
        (status = 200, body = Summary, description = "How many alarms are in which state"),
        (status = 400, response = ProblemAnswer),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn summary(
    State(api): State<Arc<Api>>,
    parameters: Parameters,
) -> Result<Response, Problem> {
    parameters.only(&[])?;
    let state = &api.state;
    let table = state.alarms.table();
    let counts = &table.counts;
    let shown = |state: &AlarmState| *state != AlarmState::Normal;
    let states = AlarmState::ALL.into_iter().filter(shown);
    Ok(json(&Summary {
        time: Time(now()),
        sequence: table.sequence,
        total: table.cases.len(),
        configured: state.book.len(),
        sounding: counts.sounding(),
        highest_unacknowledged: counts.highest_unacknowledged().map(Priority::name),
        states: states
            .map(|state| (state.name(), counts.state(state)))
            .collect(),
        priorities: Waiting::by_priority(counts),
        areas: areas(state, &table),
    }))
}

/// Every area, also those where nothing is.
fn areas(state: &ApiState, table: &AlarmTable) -> BTreeMap<String, Waiting> {
    let areas = state.book.areas();
    let mut counts: BTreeMap<_, _> = areas
        .iter()
        .map(|area| (area.to_string(), Waiting::default()))
        .collect();
    for case in table.cases.values().filter(|case| !case.facts.is_hidden()) {
        let Some(entry) = state.book.find(case.alarm) else {
            continue;
        };
        if let Some(waiting) = counts.get_mut(&*entry.area) {
            waiting.count(&case.facts);
        }
    }
    counts
}

impl Waiting {
    /// Of those that are not hidden.
    pub(crate) fn by_priority(counts: &AlarmCounts) -> BTreeMap<&'static str, Self> {
        let waiting = Priority::ALL.map(|priority| {
            let waiting = Self {
                active: counts.active(priority),
                unacknowledged: counts.unacknowledged(priority),
            };
            (priority.name(), waiting)
        });
        waiting.into()
    }

    fn count(&mut self, facts: &AlarmFacts) {
        let is_waiting = facts.flags.contains(AlarmFlags::UNACKNOWLEDGED);
        self.active += usize::from(facts.is_active());
        self.unacknowledged += usize::from(is_waiting);
    }
}

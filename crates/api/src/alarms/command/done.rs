//! What became of each of several commands.

use gridos_alarm::Outcome;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Problem, Shape};

/// What became of one of several commands.
#[derive(Serialize, ToSchema)]
pub(in crate::alarms) struct Done {
    alarm: String,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Shape>)]
    problem: Option<Problem>,
}

impl Done {
    /// What a command about `alarm` came to.
    pub(in crate::alarms) fn new(alarm: String, outcome: Result<Outcome, Problem>) -> Self {
        let (outcome, problem) = match outcome {
            Ok(outcome) => (Some(outcome), None),
            Err(problem) => (None, Some(problem)),
        };
        Self {
            alarm,
            status: problem.as_ref().map_or(200, Problem::status),
            changed: outcome.as_ref().map(|outcome| outcome.is_changed),
            version: outcome.map(|outcome| outcome.version),
            problem,
        }
    }

    pub(in crate::alarms) fn is_done(&self) -> bool {
        self.problem.is_none()
    }
}

//! What one look found, and what to do about it.

use std::fmt::Display;

use serde_json::{Value, json};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    /// As it should be.
    Ok,
    /// The engine runs, but not as well as it could, or not for long.
    Warning,
    /// The engine does not run, or loses readings.
    Problem,
}

impl Grade {
    /// As people and machines read it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

/// What one look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// What was looked at: a word that stays the same.
    pub(crate) check: &'static str,
    pub(crate) grade: Grade,
    /// What was seen.
    pub(crate) what: String,
    /// What to do; empty if nothing is to be done.
    pub(crate) advice: String,
}

impl Finding {
    /// All is well with `check`.
    pub(crate) fn ok(check: &'static str, what: impl Display) -> Self {
        Self {
            check,
            grade: Grade::Ok,
            what: what.to_string(),
            advice: String::new(),
        }
    }

    /// It works, but.
    pub(crate) fn warning(check: &'static str, what: impl Display, advice: impl Display) -> Self {
        Self {
            check,
            grade: Grade::Warning,
            what: what.to_string(),
            advice: advice.to_string(),
        }
    }

    /// It does not work.
    pub(crate) fn problem(check: &'static str, what: impl Display, advice: impl Display) -> Self {
        Self {
            grade: Grade::Problem,
            ..Self::warning(check, what, advice)
        }
    }

    /// For machines.
    pub(crate) fn as_json(&self) -> Value {
        json!({
            "check": self.check,
            "grade": self.grade.name(),
            "what": self.what,
            "advice": self.advice,
        })
    }
}

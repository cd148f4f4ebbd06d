//! The verdict, and what it rests on.

use std::fmt;

use serde::Serialize;

/// What is concluded. The worst finding decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// As good as it must be.
    Pass,
    /// Nobody can tell: too little is known. Never to be taken for a pass.
    Inconclusive,
    /// Not good enough.
    Fail,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Fail => "fail",
        })
    }
}

/// What was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The candidate still tells something.
    Presence,
    /// None of its processes ended and began anew.
    Restarts,
    /// There is enough to look at.
    Samples,
    /// No reading was lost.
    Loss,
    /// All that came was kept.
    Completeness,
    /// Scans are answered well.
    Success,
    /// Scans do not go wrong.
    Errors,
    /// Batches are stored within the objective.
    Latency,
    /// No more errors than stable has.
    ErrorsAgainstStable,
    /// Not slower than stable.
    LatencyAgainstStable,
    /// Not later than stable, from when batches were due.
    LatenessAgainstStable,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Presence => "presence",
            Self::Restarts => "restarts",
            Self::Samples => "samples",
            Self::Loss => "loss",
            Self::Completeness => "completeness",
            Self::Success => "success",
            Self::Errors => "errors",
            Self::Latency => "latency",
            Self::ErrorsAgainstStable => "errors against stable",
            Self::LatencyAgainstStable => "latency against stable",
            Self::LatenessAgainstStable => "lateness against stable",
        })
    }
}

/// What one look found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: Check,
    /// What it leads to.
    pub decision: Decision,
    /// Why, in words.
    pub why: String,
    /// The candidate's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<f64>,
    /// Stable's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stable: Option<f64>,
    /// What it was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bound: Option<f64>,
    /// Where the candidate's true share lies, with 95 % confidence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<(f64, f64)>,
    /// How likely chance alone would make it so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Cliff's delta: −1 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta: Option<f64>,
    /// What it rests on: scans, batches, readings or intervals of the candidate.
    pub samples: u64,
}

impl Finding {
    pub(crate) fn new(check: Check, decision: Decision, why: String) -> Self {
        Self {
            check,
            decision,
            why,
            candidate: None,
            stable: None,
            bound: None,
            interval: None,
            p: None,
            delta: None,
            samples: 0,
        }
    }
}

/// The verdict.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// What is concluded.
    pub decision: Decision,
    /// All that was looked at.
    pub findings: Vec<Finding>,
}

impl Verdict {
    /// The worst of the findings; without any, nothing is concluded.
    pub(crate) fn of(findings: Vec<Finding>) -> Self {
        let worst = findings.iter().map(|finding| finding.decision).max();
        Self {
            decision: worst.unwrap_or(Decision::Inconclusive),
            findings,
        }
    }
}

impl fmt::Display for Verdict {
    /// The decision, and a line for each finding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.decision)?;
        for Finding {
            check,
            decision,
            why,
            ..
        } in &self.findings
        {
            write!(f, "\n  {decision:<12} {check}: {why}")?;
        }
        Ok(())
    }
}

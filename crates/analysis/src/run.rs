//! An AnalysisRun: metrics measured by Argo's rules.

use std::fmt;
use std::time::Duration;

use crate::Metric;

/// How a measurement, a metric or a whole run stands; the worst decides, and the later is the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Good.
    Successful,
    /// Not over.
    Running,
    /// Nobody can tell: a rollout pauses for a person.
    Inconclusive,
    /// It could not be measured: a rollout is aborted.
    Error,
    /// Bad: a rollout is aborted.
    Failed,
}

impl Phase {
    /// As Argo writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Successful => "Successful",
            Self::Running => "Running",
            Self::Inconclusive => "Inconclusive",
            Self::Error => "Error",
            Self::Failed => "Failed",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What one measurement came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Successful, Inconclusive, Error or Failed.
    pub phase: Phase,
    /// Why it is an error.
    pub error: Option<String>,
}

/// A run under way.
#[derive(Clone, Debug)]
pub struct AnalysisRun {
    tracks: Vec<Track>,
    began: Duration,
    /// After how long a metric without an interval is measured again that was in error.
    retry: Duration,
    is_terminated: bool,
}

#[derive(Clone, Debug)]
struct Track {
    metric: Metric,
    /// Measurements that were no error.
    count: u32,
    failed: i64,
    inconclusive: i64,
    successes_in_row: i64,
    errors_in_row: i64,
    last: Option<Duration>,
    /// Set once, when it is over.
    ended: Option<Phase>,
}

/// Argo's retry of a metric that was in error and has no interval.
const RETRY: Duration = Duration::from_secs(10);

impl AnalysisRun {
    /// Begins at `now`; where times are divided by `speed`, so are the metrics' already
    /// ([`Metric::faster`]).
    pub fn new(metrics: Vec<Metric>, now: Duration, speed: f64) -> Self {
        let tracks = metrics.into_iter().map(|metric| Track {
            metric,
            count: 0,
            failed: 0,
            inconclusive: 0,
            successes_in_row: 0,
            errors_in_row: 0,
            last: None,
            ended: None,
        });
        Self {
            tracks: tracks.collect(),
            began: now,
            retry: RETRY.div_f64(speed),
            is_terminated: false,
        }
    }

    /// The metrics, by their numbers.
    pub fn metrics(&self) -> impl Iterator<Item = &Metric> {
        self.tracks.iter().map(|track| &track.metric)
    }

    /// The numbers of the metrics that are to be measured now.
    pub fn poll_due(&self, now: Duration) -> Vec<usize> {
        let due = |track: &Track| self.due(track).is_some_and(|due| due <= now);
        let numbered = self.tracks.iter().enumerate();
        numbered
            .filter(|(_, track)| due(track))
            .map(|(n, _)| n)
            .collect()
    }

    /// When the next one is to be measured, if any is.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.tracks.iter().filter_map(|track| self.due(track)).min()
    }

    fn due(&self, track: &Track) -> Option<Duration> {
        if self.is_over() || track.phase(self.is_terminated) != Phase::Running {
            return None;
        }
        match track.last {
            None => Some(self.began + track.metric.initial_delay),
            Some(last) => Some(last + track.metric.interval.unwrap_or(self.retry)),
        }
    }

    /// Takes what the query of a metric was answered: a value per series, or why there was no
    /// answer.
    pub fn handle_answer(
        &mut self,
        metric: usize,
        answer: Result<&[f64], String>,
        now: Duration,
    ) -> Measured {
        let Some(track) = self.tracks.get_mut(metric) else {
            let error = Some("there is no such metric".to_owned());
            return Measured {
                phase: Phase::Error,
                error,
            };
        };
        let measured = match answer.and_then(|values| judged(&track.metric, values)) {
            Ok(phase) => Measured { phase, error: None },
            Err(error) => Measured {
                phase: Phase::Error,
                error: Some(error),
            },
        };
        track.take(measured.phase, now);
        measured
    }

    /// Ends it early: what has not failed by now is taken as successful, as Argo does when a
    /// rollout ends.
    pub fn terminate(&mut self) {
        self.is_terminated = true;
    }

    /// How it stands. One metric that is not successful ends the whole run.
    pub fn phase(&self) -> Phase {
        let is_ending = self.is_over();
        let phases = self.tracks.iter().map(|track| track.phase(is_ending));
        let mut worst = Phase::Successful;
        for phase in phases {
            if phase == Phase::Running {
                return Phase::Running;
            }
            worst = worst.max(phase);
        }
        worst
    }

    /// How many successes in a row a metric has, and how many it needs; none if its count ends it.
    pub fn successes_in_row(&self, metric: usize) -> Option<(i64, i64)> {
        let track = self.tracks.get(metric)?;
        let needed = track.metric.consecutive_success_limit;
        (needed > 0).then_some((track.successes_in_row, needed))
    }

    /// How a metric stands.
    pub fn metric_phase(&self, metric: usize) -> Option<Phase> {
        let track = self.tracks.get(metric)?;
        Some(track.phase(self.is_over()))
    }

    fn is_over(&self) -> bool {
        let ended = self.tracks.iter().filter_map(|track| track.ended);
        self.is_terminated || ended.into_iter().any(|phase| phase > Phase::Running)
    }
}

impl Track {
    fn take(&mut self, phase: Phase, now: Duration) {
        self.last = Some(now);
        if phase == Phase::Error {
            self.errors_in_row += 1;
        } else {
            self.errors_in_row = 0;
            self.count += 1;
        }
        match phase {
            Phase::Successful => self.successes_in_row += 1,
            Phase::Running | Phase::Inconclusive | Phase::Error | Phase::Failed => {
                self.successes_in_row = 0;
            }
        }
        self.failed += i64::from(phase == Phase::Failed);
        self.inconclusive += i64::from(phase == Phase::Inconclusive);
        if self.ended.is_none() {
            self.ended = self.end();
        }
    }

    fn end(&self) -> Option<Phase> {
        let metric = &self.metric;
        if metric.failure_limit >= 0 && self.failed > metric.failure_limit {
            return Some(Phase::Failed);
        }
        if metric.inconclusive_limit >= 0 && self.inconclusive > metric.inconclusive_limit {
            return Some(Phase::Inconclusive);
        }
        if metric.consecutive_error_limit >= 0
            && self.errors_in_row > metric.consecutive_error_limit
        {
            return Some(Phase::Error);
        }
        let in_row = metric.consecutive_success_limit;
        if in_row > 0 && self.successes_in_row >= in_row {
            return Some(Phase::Successful);
        }
        let is_counted_out = metric
            .effective_count()
            .is_some_and(|count| self.count >= count);
        is_counted_out.then_some(match (in_row > 0, metric.failure_limit >= 0) {
            (false, _) => Phase::Successful,
            // Neither of both limits was reached.
            (true, true) => Phase::Inconclusive,
            (true, false) => Phase::Failed,
        })
    }

    fn phase(&self, is_ending: bool) -> Phase {
        match self.ended {
            Some(phase) => phase,
            None if is_ending => Phase::Successful,
            None => Phase::Running,
        }
    }
}

/// Argo's table of both conditions: failure goes before success; with both written and neither
/// true, nobody can tell.
fn judged(metric: &Metric, values: &[f64]) -> Result<Phase, String> {
    let success = metric
        .success
        .as_ref()
        .map(|c| c.holds(values))
        .transpose()?;
    let failure = metric
        .failure
        .as_ref()
        .map(|c| c.holds(values))
        .transpose()?;
    Ok(match (success, failure) {
        (_, Some(true)) | (Some(false), None) => Phase::Failed,
        (Some(true) | None, _) => Phase::Successful,
        (Some(false), Some(false)) => Phase::Inconclusive,
    })
}

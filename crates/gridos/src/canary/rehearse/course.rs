//! The course of a roll-out: steps, analysis beside them, and what follows.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use gridos_analysis::{AnalysisRun, Metric, Phase, Step, TemplateUse};
use tokio::time::sleep;

use super::error::RehearseError;
use super::scraper::SCRAPE;
use super::site::Site;
use super::telling::{Back, Measurement, Telling};
use super::wording;
use crate::canary::{Manifests, Prometheus};
use crate::config::parse_duration;

/// How a rehearsal ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Promoted,
    RolledBack,
    /// Nobody could tell; a cluster would wait for a person, and here is none.
    Undecided,
    /// Somebody ended it before it was decided.
    Interrupted,
}

/// A rate over fewer scrapes than these says little.
const WINDOW_MIN: Duration = SCRAPE.saturating_mul(5);
/// Measurements that follow each other sooner rest on the same scrapes, so that one stall of the machine
/// would show in all of them.
const INTERVAL_MIN: Duration = Duration::from_millis(1_500);
/// How long the candidate shows that it has all devices.
const PROMOTED_FOR: Duration = Duration::from_secs(1);
/// How often is looked what is due.
const TICK: Duration = Duration::from_millis(50);
/// How often a fault from outside comes again.
const STRIKE_EVERY: Duration = Duration::from_millis(300);

/// A roll-out under way.
pub(super) struct Course<'a> {
    manifests: Manifests,
    speed: f64,
    telling: &'a Telling,
    began: Instant,
    weight: u8,
    step: usize,
    background: Option<Run>,
    struck: Option<Instant>,
}

/// Analysis under way, with what it is called.
struct Run {
    name: String,
    run: AnalysisRun,
    /// What each metric was last.
    last: Vec<Option<f64>>,
}

/// Why a course does not go on.
struct Halt {
    by: String,
    phase: Phase,
    /// What the metric came to.
    came_to: String,
}

impl<'a> Course<'a> {
    pub(super) fn new(manifests: Manifests, speed: f64, telling: &'a Telling) -> Self {
        Self {
            manifests,
            speed,
            telling,
            began: Instant::now(),
            weight: 0,
            step: 0,
            background: None,
            struck: None,
        }
    }

    /// Goes through the steps, and promotes or rolls back.
    pub(super) async fn run(mut self, site: &mut Site) -> Result<Ending, RehearseError> {
        let steps = self.manifests.rollout.steps.clone();
        self.telling.steps(weights(&steps));
        for (number, step) in steps.iter().enumerate() {
            self.step = number;
            self.begin_background(site)?;
            if let Some(halt) = self.take(step, site).await? {
                return self.roll_back(halt, site).await;
            }
        }
        if let Some(mut background) = self.background.take() {
            background.run.terminate();
            if background.run.phase() != Phase::Successful {
                let halt = background.halt();
                return self.roll_back(halt, site).await;
            }
        }
        let moved = site.set_share(100, self.telling).await?;
        self.telling.share(100, moved, site.devices());
        self.telling.promoted();
        // So that the candidate has had all of them for a moment.
        sleep(PROMOTED_FOR).await;
        Ok(Ending::Promoted)
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn begin_background(&mut self, site: &Site) -> Result<(), RehearseError> {
        let Some(background) = self.manifests.rollout.background.clone() else {
            return Ok(());
        };
        if self.background.is_none() && self.step >= background.starting_step {
            self.background = Some(self.begin(&background.analysis, site)?);
        }
        Ok(())
    }

    fn begin(&self, analysis: &TemplateUse, site: &Site) -> Result<Run, RehearseError> {
        let mut instead = BTreeMap::new();
        instead.insert("prometheus".to_owned(), site.prometheus_url().to_owned());
        let window = self.manifests.default_of(analysis, "window");
        if let Some(window) = window.and_then(|window| parse_duration(window).ok()) {
            let window = window.div_f64(self.speed).max(WINDOW_MIN);
            instead.insert("window".to_owned(), format!("{}ms", window.as_millis()));
        }
        let metrics = self.manifests.metrics(analysis, &site.sides(), &instead)?;
        let metrics: Vec<Metric> = metrics
            .into_iter()
            .map(|metric| self.scaled(metric))
            .collect();
        Ok(Run {
            name: analysis.templates.join(", "),
            last: vec![None; metrics.len()],
            run: AnalysisRun::new(metrics, self.now(), self.speed),
        })
    }

    /// Times as short as the speed wants and as scrapes allow.
    fn scaled(&self, metric: Metric) -> Metric {
        let mut metric = metric.faster(self.speed);
        metric.interval = metric.interval.map(|interval| interval.max(INTERVAL_MIN));
        if !metric.initial_delay.is_zero() {
            metric.initial_delay = metric.initial_delay.max(WINDOW_MIN);
        }
        metric
    }

    async fn take(&mut self, step: &Step, site: &mut Site) -> Result<Option<Halt>, RehearseError> {
        match step {
            Step::SetWeight(weight) => {
                self.weight = *weight;
                let moved = site.set_share(*weight, self.telling).await?;
                self.telling.share(*weight, moved, site.devices());
                Ok(None)
            }
            Step::Pause(None) => {
                self.telling
                    .note("a pause for a person, who says yes at once here");
                Ok(None)
            }
            Step::Pause(Some(time)) => {
                let short = time.div_f64(self.speed).max(WINDOW_MIN);
                let until = Instant::now() + short;
                // A fault from outside comes when the candidate has been at work for a moment.
                self.struck.get_or_insert(Instant::now() + short / 5);
                self.attend(None, Some(until), site).await
            }
            Step::Analysis(analysis) => {
                let run = self.begin(analysis, site)?;
                self.attend(Some(run), None, site).await
            }
        }
    }

    /// Measures what is due, until the time is over, the inline analysis has ended, or something is
    /// in the way.
    async fn attend(
        &mut self,
        mut inline: Option<Run>,
        until: Option<Instant>,
        site: &mut Site,
    ) -> Result<Option<Halt>, RehearseError> {
        let prometheus = site.prometheus();
        let mut background = self.background.take();
        let halt = loop {
            if self.struck.is_some_and(|at| at <= Instant::now()) {
                site.strike(self.telling).await;
                self.struck = Some(Instant::now() + STRIKE_EVERY);
            }
            for run in background.iter_mut().chain(&mut inline) {
                self.measure(run, &prometheus).await;
            }
            let bad = background
                .iter()
                .chain(&inline)
                .find(|run| run.run.phase() > Phase::Running);
            if let Some(bad) = bad {
                break Some(bad.halt());
            }
            if let Some(run) = inline
                .as_ref()
                .filter(|run| run.run.phase() == Phase::Successful)
            {
                self.telling.analysis(self.weight, &run.name, &run.values());
                break None;
            }
            if until.is_some_and(|until| until <= Instant::now()) {
                break None;
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let what = inline.as_ref().map(|run| run.name.as_str());
            self.telling.live(self.weight, what, left);
            sleep(TICK).await;
        };
        self.background = background;
        Ok(halt)
    }

    async fn measure(&self, run: &mut Run, prometheus: &Prometheus) {
        for number in run.run.poll_due(self.now()) {
            let Some(metric) = run.run.metrics().nth(number).cloned() else {
                continue;
            };
            let answer = prometheus.query(&metric.query).await;
            let answer = answer.map_err(|error| error.to_string());
            let values = answer.clone().unwrap_or_default();
            let answer = answer.as_ref().map(Vec::as_slice).map_err(Clone::clone);
            let measured = run.run.handle_answer(number, answer, self.now());
            if let Some(last) = run.last.get_mut(number) {
                *last = values.first().copied();
            }
            self.telling.measured(&Measurement {
                weight: self.weight,
                analysis: &run.name,
                metric: &metric,
                values: &values,
                measured: &measured,
                in_row: run.run.successes_in_row(number),
            });
        }
    }

    async fn roll_back(self, halt: Halt, site: &mut Site) -> Result<Ending, RehearseError> {
        let decided = Instant::now();
        let back = Back {
            percent: self.weight,
            metric: &halt.by,
            phase: halt.phase,
            came_to: &halt.came_to,
        };
        self.telling.rolling_back(&back);
        let moved = site.set_share(0, self.telling).await?;
        self.telling.rolled_back(&back, moved, decided.elapsed());
        Ok(match halt.phase {
            Phase::Inconclusive => Ending::Undecided,
            Phase::Successful | Phase::Running | Phase::Error | Phase::Failed => Ending::RolledBack,
        })
    }
}

/// The shares of the steps; behind the last one the candidate has all.
fn weights(steps: &[Step]) -> Vec<u8> {
    let weights = steps.iter().filter_map(|step| match step {
        Step::SetWeight(weight) => Some(*weight),
        Step::Pause(_) | Step::Analysis(_) => None,
    });
    let mut weights: Vec<u8> = weights.collect();
    if weights.last() != Some(&100) {
        weights.push(100);
    }
    weights
}

impl Run {
    fn halt(&self) -> Halt {
        let phase = self.run.phase();
        let mut metrics = self.run.metrics().enumerate();
        let worst = metrics.find(|(number, _)| self.run.metric_phase(*number) == Some(phase));
        let Some((number, metric)) = worst else {
            return Halt {
                by: self.name.clone(),
                phase,
                came_to: String::new(),
            };
        };
        let last = self.last.get(number).copied().flatten();
        let last = last.map_or(wording::NONE.to_owned(), |last| {
            wording::value(&metric.name, last)
        });
        Halt {
            by: metric.name.clone(),
            phase,
            came_to: format!("is {last}, must be {}", wording::demand(metric)),
        }
    }

    /// Each metric with what it was last.
    fn values(&self) -> Vec<(String, Option<f64>)> {
        let names = self.run.metrics().map(|metric| metric.name.clone());
        names.zip(self.last.iter().copied()).collect()
    }
}

//! What a rehearsal tells: a page on a terminal, else lines for people; or JSON.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use gridos_analysis::{Measured, Metric, Phase};
use serde_json::{Value, json};

use super::course::Ending;
use super::live::{Live, Row};
use super::share::{Held, Moved};
use super::wording;
use crate::cli::{CanaryRehearse, RehearsedFault};
use crate::color::{self, BAD, FAINT, GOOD, TITLE, WARNING};
use crate::output;

/// Signs of the bar, one for each 5 %.
const BAR: usize = 20;

/// Where it is told.
#[derive(Debug)]
pub(super) enum Telling {
    /// A line each.
    Json,
    /// Lines for people; of each metric, what was told last.
    Lines(Mutex<BTreeMap<String, Phase>>),
    /// A page that changes.
    Live(Mutex<Live>),
}

/// One measurement.
pub(super) struct Measurement<'a> {
    pub(super) weight: u8,
    pub(super) analysis: &'a str,
    pub(super) metric: &'a Metric,
    pub(super) values: &'a [f64],
    pub(super) measured: &'a Measured,
    /// Successes in a row, and how many are needed.
    pub(super) in_row: Option<(i64, i64)>,
}

/// Why a candidate is rolled back.
pub(super) struct Back<'a> {
    pub(super) percent: u8,
    pub(super) metric: &'a str,
    pub(super) phase: Phase,
    /// What the metric came to at last, and what it should have been.
    pub(super) came_to: &'a str,
}

impl Telling {
    pub(super) fn new(args: &CanaryRehearse) -> Self {
        match (args.json, color::is_terminal()) {
            (true, _) => Self::Json,
            (false, false) => Self::Lines(Mutex::default()),
            (false, true) => Self::Live(Mutex::new(Live::new(title(args)))),
        }
    }

    /// Whoever started it may not read on; the rehearsal goes on all the same.
    fn tell(&self, event: &str, mut fields: Value, words: impl FnOnce() -> String) {
        match self {
            Self::Json => {
                fields["event"] = json!(event);
                let _ = output::json(&fields);
            }
            Self::Lines(_) => {
                let _ = output::line(words());
            }
            Self::Live(_) => {}
        }
    }

    /// Whether a line is to tell what a metric came to: people want to know when that changes.
    fn is_news(&self, metric: &str, phase: Phase) -> bool {
        let Self::Lines(told) = self else {
            return true;
        };
        let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
        let before = told.insert(metric.to_owned(), phase);
        phase != before.unwrap_or(Phase::Successful)
    }

    fn page(&self, change: impl FnOnce(&mut super::live::Page)) {
        if let Self::Live(live) = self {
            live.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .change(change);
        }
    }

    /// What is being started: it takes some seconds.
    pub(super) fn starting(&self, what: &str) {
        self.page(|page| page.now = format!("starting {what} …"));
    }

    pub(super) fn ending(&self) {
        self.page(|page| page.now = "waiting until both engines have stored all …".to_owned());
    }

    pub(super) fn began(&self, args: &CanaryRehearse, urls: &[String; 2], prometheus: &str) {
        let fault = args.fault.map(|fault| format!("{fault:?}").to_lowercase());
        let [stable, candidate] = urls;
        let fields = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "devices": args.devices,
            "speed": args.speed,
            "fault": fault,
            "stable": stable,
            "candidate": candidate,
            "prometheus": prometheus,
        });
        let title = title(args);
        let places = [
            format!("stable     {stable}"),
            format!("candidate  {candidate}"),
            format!("Prometheus {prometheus}"),
        ];
        self.tell("began", fields, || {
            format!("{}\n{}\n", color::paint(TITLE, &title), places.join("\n"))
        });
        self.page(|page| {
            let faint = places
                .iter()
                .map(|place| color::paint(FAINT, format_args!("  {place}")));
            page.places = faint.collect();
        });
    }

    pub(super) fn steps(&self, steps: Vec<u8>) {
        self.page(|page| page.steps = steps);
    }

    /// The devices are on their way.
    pub(super) fn handing_over(&self, held: Held, goal: Held) {
        self.page(|page| {
            page.held = held;
            page.now = format!(
                "handing devices over: the candidate has {} of {}, stable {} of {}",
                held.candidate, goal.candidate, held.stable, goal.stable
            );
        });
    }

    pub(super) fn share(&self, percent: u8, moved: Moved, devices: usize) {
        let fields = json!({ "percent": percent, "moved": moved.devices, "candidate_devices": moved.candidate, "devices": devices });
        self.tell("share", fields, || {
            format!(
                "{} {} of {devices} devices are the candidate's",
                bar(percent),
                moved.candidate
            )
        });
        self.page(|page| page.share = Some(percent));
    }

    pub(super) fn note(&self, text: &str) {
        self.tell("note", json!({ "text": text }), || text.to_owned());
    }

    pub(super) fn measured(&self, of: &Measurement<'_>) {
        let Measured { phase, error } = of.measured;
        let came_to = of.came_to();
        self.page(|page| {
            page.measured(Row {
                metric: of.metric.name.clone(),
                value: came_to.clone(),
                demand: wording::demand(of.metric),
                phase: *phase,
                in_row: of.in_row,
            });
        });
        if !self.is_news(&of.metric.name, *phase) {
            return;
        }
        // What is no number has no place in JSON but as text.
        let values: Vec<Value> = of.values.iter().map(|value| number(*value)).collect();
        let fields = json!({
            "percent": of.weight,
            "analysis": of.analysis,
            "metric": of.metric.name,
            "values": values,
            "phase": phase.name(),
            "error": error,
        });
        self.tell("measured", fields, || {
            let why = error.clone().unwrap_or(came_to);
            format!(
                "     {} {}: {} {why} {}",
                color::paint(style(*phase), phase.name()),
                of.metric.name,
                wording::label(&of.metric.name),
                color::paint(
                    FAINT,
                    format_args!("(must be {})", wording::demand(of.metric))
                )
            )
        });
    }

    pub(super) fn analysis(&self, percent: u8, name: &str, values: &[(String, Option<f64>)]) {
        let all: serde_json::Map<String, Value> = values
            .iter()
            .map(|(name, value)| (name.clone(), value.map_or(Value::Null, number)))
            .collect();
        let fields =
            json!({ "percent": percent, "analysis": name, "phase": "Successful", "values": all });
        self.tell("analysis", fields, || {
            let shown = |(name, value): &(String, Option<f64>)| {
                let value = value.map_or("–".to_owned(), |value| wording::value(name, value));
                format!("{} {value}", wording::label(name))
            };
            let values: Vec<String> = values.iter().map(shown).collect();
            format!("     {} {}", color::paint(GOOD, "good"), values.join(", "))
        });
    }

    /// What goes on at this moment.
    pub(super) fn live(&self, percent: u8, analysis: Option<&str>, left: Option<Duration>) {
        self.page(|page| {
            let left = left.map_or(0.0, |left| left.as_secs_f64());
            page.now = match analysis {
                None => format!("at {percent} %: letting it work, {left:.0} s left"),
                Some(name) => format!("at {percent} %: judging it by {name}"),
            };
        });
    }

    pub(super) fn promoted(&self) {
        let words = color::paint(GOOD, "promoted: the candidate is stable now");
        self.tell("promoted", json!({}), || words.clone());
        self.page(|page| {
            page.is_promoted = Some(true);
            page.outcome.push(words);
        });
    }

    /// It is decided, and stable gets all devices again.
    pub(super) fn rolling_back(&self, back: &Back<'_>) {
        let words = back.words("rolling back");
        self.page(|page| {
            page.is_promoted = Some(false);
            page.outcome = vec![words];
        });
    }

    pub(super) fn rolled_back(&self, back: &Back<'_>, moved: Moved, took: Duration) {
        let seconds = took.as_secs_f64();
        let fields = json!({
            "percent": back.percent, "metric": back.metric, "phase": back.phase.name(), "moved": moved.devices,
            "candidate_devices": moved.candidate, "seconds": seconds,
        });
        let words = format!(
            "{}\nStable has all devices again, {seconds:.1} s after that was decided.",
            back.words("rolled back")
        );
        self.tell("rolled_back", fields, || words.clone());
        self.page(|page| page.outcome = vec![words]);
    }

    pub(super) fn ledger(&self, ledger: &Value) {
        let words = ledger_words(ledger);
        self.tell("ledger", ledger.clone(), || format!("\n{words}"));
        self.page(|page| page.outcome.push(words));
    }

    /// How it ended, and what to do now.
    pub(super) fn ended(&self, ending: Ending) {
        let outcome = match ending {
            Ending::Promoted => "promoted",
            Ending::RolledBack => "rolled_back",
            Ending::Undecided => "undecided",
            Ending::Interrupted => "interrupted",
        };
        let what_now = format!("\n{}", what_now(ending));
        self.tell("ended", json!({ "outcome": outcome }), || what_now.clone());
        if let Self::Live(live) = self {
            let mut live = live.lock().unwrap_or_else(PoisonError::into_inner);
            live.change(|page| {
                page.now.clear();
                page.outcome.push(what_now);
            });
            let _ = output::show(live.end());
        }
    }
}

impl Measurement<'_> {
    /// The value, in words where there is none.
    fn came_to(&self) -> String {
        let shown = self
            .values
            .iter()
            .map(|value| wording::value(&self.metric.name, *value));
        let shown: Vec<String> = shown.collect();
        match shown.as_slice() {
            [] => wording::NONE.to_owned(),
            shown => shown.join(", "),
        }
    }
}

impl Back<'_> {
    fn words(&self, what: &str) -> String {
        let Self {
            percent,
            metric,
            phase,
            came_to,
        } = self;
        let why = match phase {
            Phase::Inconclusive => "nobody can tell whether it is good",
            Phase::Error => "it cannot be measured",
            Phase::Failed | Phase::Successful | Phase::Running => "it is not good enough",
        };
        let label = wording::label(metric);
        let head = format!("{what} at {percent} %: {why}.");
        format!(
            "{}\n{label} {came_to} ({metric} is {phase}).",
            color::paint(style(*phase), head)
        )
    }
}

fn title(args: &CanaryRehearse) -> String {
    let (devices, speed) = (args.devices, args.speed);
    let fault = rehearsed(args.fault);
    format!("{devices} simulated devices, {fault}, {speed} times as fast")
}

fn rehearsed(fault: Option<RehearsedFault>) -> &'static str {
    match fault {
        None => "a good candidate",
        Some(RehearsedFault::Latency) => "a candidate that stores late",
        Some(RehearsedFault::Errors) => "a candidate that gets errors",
        Some(RehearsedFault::Loss) => "a candidate that loses readings",
        Some(RehearsedFault::Idle) => "a candidate that takes no devices",
        Some(RehearsedFault::Crash) => "a candidate that crashes",
    }
}

fn ledger_words(ledger: &Value) -> String {
    let carried = match ledger["carried_over"].as_u64() {
        Some(1..) => format!(" and {} carried over the crash", ledger["carried_over"]),
        Some(0) | None => String::new(),
    };
    let balance = match ledger["is_balanced"].as_bool() {
        Some(true) => "balanced",
        Some(false) | None => "NOT BALANCED",
    };
    let longest = ledger["longest_without_a_poll_seconds"].as_f64();
    let longest = match longest.filter(|_| ledger["handed_over"] != 0) {
        Some(longest) => format!(",\nno device without a poll for more than {longest:.1} s"),
        None => String::new(),
    };
    format!(
        "{} readings received{carried}, {} stored, {} lost, {} refused: {balance}.\n\
         {} hand-overs, {} requests of two masters at once{longest}.",
        ledger["received"],
        ledger["stored"],
        ledger["lost"],
        ledger["refused"],
        ledger["handed_over"],
        ledger["asked_by_both"]
    )
}

fn what_now(ending: Ending) -> &'static str {
    match ending {
        Ending::Promoted => {
            "What now: see a bad one rolled back: gridos canary rehearse --fault errors"
        }
        Ending::RolledBack => {
            "What now: in a cluster Git still names the bad version:\n\
             revert its commit, or the next sync tries it again."
        }
        Ending::Undecided => {
            "What now: a cluster would wait for a person here. Find out why nobody can tell:\n\
             has it devices, is it scraped, is the machine busy with something else?"
        }
        Ending::Interrupted => {
            "Interrupted: nothing is decided of the candidate. All that was started is ended."
        }
    }
}

fn style(phase: Phase) -> anstyle::Style {
    match phase {
        Phase::Successful => GOOD,
        Phase::Running | Phase::Inconclusive => WARNING,
        Phase::Error | Phase::Failed => BAD,
    }
}

fn number(value: f64) -> Value {
    if value.is_finite() {
        json!(value)
    } else {
        json!(value.to_string())
    }
}

fn bar(percent: u8) -> String {
    let full = usize::from(percent) * BAR / 100;
    format!(
        "{percent:>3} % {}{}",
        "█".repeat(full),
        "░".repeat(BAR - full)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nan_has_a_place_in_json() {
        assert_eq!(number(f64::NAN), json!("NaN"));
        assert_eq!(
            bar(20),
            format!(" 20 % {}{}", "█".repeat(4), "░".repeat(16))
        );
    }

    #[test]
    fn why_it_is_rolled_back_is_told_in_words() {
        let back = Back {
            percent: 20,
            metric: "error-rate",
            phase: Phase::Failed,
            came_to: "is 8.31 %, must be < 5 %",
        };
        let told = anstream::adapter::strip_str(&back.words("rolled back")).to_string();
        assert_eq!(
            told,
            "rolled back at 20 %: it is not good enough.\n\
             scans gone wrong is 8.31 %, must be < 5 % (error-rate is Failed)."
        );
    }
}

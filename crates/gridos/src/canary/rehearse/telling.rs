//! What a rehearsal tells: lines for people, with one that lives on a terminal; or JSON.

use std::time::Duration;

use gridos_analysis::{Measured, Metric, Phase};
use serde_json::{Value, json};

use super::course::Ending;
use super::share::Moved;
use crate::cli::CanaryRehearse;
use crate::color::{self, BAD, FAINT, GOOD, TITLE, WARNING};
use crate::output;

/// Signs of the bar, one for each 5 %.
const BAR: usize = 20;

/// Where it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    is_json: bool,
    is_live: bool,
}

/// One measurement.
pub(super) struct Measurement<'a> {
    pub(super) weight: u8,
    pub(super) analysis: &'a str,
    pub(super) metric: &'a Metric,
    pub(super) values: &'a [f64],
    pub(super) measured: &'a Measured,
}

impl Telling {
    pub(super) fn new(is_json: bool) -> Self {
        Self {
            is_json,
            is_live: !is_json && color::is_terminal(),
        }
    }

    /// Whoever started it may not read on; the rehearsal goes on all the same.
    fn tell(self, event: &str, mut fields: Value, words: impl FnOnce() -> String) {
        if self.is_json {
            fields["event"] = json!(event);
            let _ = output::json(&fields);
            return;
        }
        if self.is_live {
            let _ = output::drawn("\r\x1b[2K");
        }
        let _ = output::line(words());
    }

    pub(super) fn began(self, args: &CanaryRehearse, urls: &[String; 2], prometheus: &str) {
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
        self.tell("began", fields, || {
            let fault = fault.map_or("a good candidate".to_owned(), |f| {
                format!("a candidate with a fault: {f}")
            });
            format!(
                "{}\nstable     {stable}\ncandidate  {candidate}\nPrometheus {prometheus}\n",
                color::paint(
                    TITLE,
                    format_args!(
                        "{} simulated devices, {fault}, {} times as fast",
                        args.devices, args.speed
                    )
                )
            )
        });
    }

    pub(super) fn share(self, percent: u8, moved: Moved, devices: usize) {
        let fields = json!({ "percent": percent, "moved": moved.devices, "candidate_devices": moved.candidate, "devices": devices });
        self.tell("share", fields, || {
            format!(
                "{} {} of {devices} devices are the candidate's",
                bar(percent),
                moved.candidate
            )
        });
    }

    pub(super) fn note(self, text: &str) {
        self.tell("note", json!({ "text": text }), || text.to_owned());
    }

    pub(super) fn measured(self, of: &Measurement<'_>) {
        let Measured { phase, error } = of.measured;
        if !self.is_json && *phase == Phase::Successful {
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
            let values: Vec<String> = of.values.iter().map(|value| shown(*value)).collect();
            let condition = of
                .metric
                .success
                .as_ref()
                .map_or("", |condition| condition.text());
            let why = match (error, values.as_slice()) {
                (Some(error), _) => error.clone(),
                (None, []) => "nothing is known of it".to_owned(),
                (None, values) => values.join(", "),
            };
            format!(
                "     {} {}: {why} {}",
                color::paint(style(*phase), phase.name()),
                of.metric.name,
                color::paint(FAINT, format_args!("(good: {condition})"))
            )
        });
    }

    pub(super) fn analysis(self, percent: u8, name: &str, values: &[(String, Option<f64>)]) {
        let all: serde_json::Map<String, Value> = values
            .iter()
            .map(|(name, value)| (name.clone(), value.map_or(Value::Null, number)))
            .collect();
        let fields =
            json!({ "percent": percent, "analysis": name, "phase": "Successful", "values": all });
        self.tell("analysis", fields, || {
            let values: Vec<String> = values
                .iter()
                .map(|(name, value)| format!("{name} {}", value.map_or("–".to_owned(), shown)))
                .collect();
            format!("     {} {}", color::paint(GOOD, "good"), values.join(", "))
        });
    }

    /// What goes on at this moment, where it can be drawn over.
    pub(super) fn live(self, percent: u8, what: &str, left: Option<Duration>) {
        if !self.is_live {
            return;
        }
        let left = left.map_or(String::new(), |left| {
            format!(", {:.0} s left", left.as_secs_f64())
        });
        let _ = output::drawn(&format!("\r\x1b[2K{} {what}{left}", bar(percent)));
    }

    pub(super) fn promoted(self) {
        self.tell("promoted", json!({}), || {
            color::paint(GOOD, "promoted: the candidate is stable now")
        });
    }

    pub(super) fn rolled_back(
        self,
        percent: u8,
        moved: Moved,
        by: &str,
        phase: Phase,
        took: Duration,
    ) {
        let seconds = took.as_secs_f64();
        let fields = json!({
            "percent": percent, "metric": by, "phase": phase.name(), "moved": moved.devices,
            "candidate_devices": moved.candidate, "seconds": seconds,
        });
        self.tell("rolled_back", fields, || {
            let who = match phase {
                Phase::Inconclusive => "a cluster would wait for a person; here is none, and nobody passes so. ",
                Phase::Successful | Phase::Running | Phase::Error | Phase::Failed => "",
            };
            let text = format!(
                "rolled back at {percent} %: {by} is {phase}. {who}Stable has all devices again, in {seconds:.1} s"
            );
            color::paint(style(phase), text)
        });
    }

    pub(super) fn ledger(self, ledger: &Value) {
        self.tell("ledger", ledger.clone(), || {
            let carried = match ledger["carried_over"].as_u64() {
                Some(1..) => format!(" and {} carried over the crash", ledger["carried_over"]),
                Some(0) | None => String::new(),
            };
            let balance = match ledger["is_balanced"].as_bool() {
                Some(true) => "balanced",
                Some(false) | None => "NOT BALANCED",
            };
            format!(
                "\n{} readings received{carried}, {} stored, {} lost, {} refused: {balance}; {} hand-overs, {} with two masters at once",
                ledger["received"],
                ledger["stored"],
                ledger["lost"],
                ledger["refused"],
                ledger["handed_over"],
                ledger["asked_by_both"]
            )
        });
    }

    pub(super) fn ended(self, ending: Ending) {
        if self.is_json {
            let ending = match ending {
                Ending::Promoted => "promoted",
                Ending::RolledBack => "rolled_back",
                Ending::Undecided => "undecided",
            };
            self.tell("ended", json!({ "outcome": ending }), String::new);
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

/// Four digits behind the point at most.
fn shown(value: f64) -> String {
    let text = format!("{value:.4}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
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
    fn numbers_are_shown_short_and_nan_as_what_it_is() {
        assert_eq!(
            [1.0, 0.5, 1280.0, 0.9996, f64::NAN].map(shown),
            ["1", "0.5", "1280", "0.9996", "NaN"]
        );
        assert_eq!(number(f64::NAN), json!("NaN"));
        assert_eq!(
            bar(20),
            format!(" 20 % {}{}", "█".repeat(4), "░".repeat(16))
        );
    }
}

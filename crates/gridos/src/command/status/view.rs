//! The status as a page of text.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;

use crate::client::AskError;
use crate::color::{BAD, FAINT, GOOD, TITLE, WARNING, paint};
use crate::size::show_bytes;

/// Names of stages as people say them, in the order of the way.
const STAGES: [(&str, &str); 4] = [
    ("ring", "wire to pipeline"),
    ("alarm", "wire to alarm"),
    ("durable", "wire to durable"),
    ("stored", "wire to stored"),
];
const PRIORITIES: [&str; 4] = ["urgent", "high", "medium", "low"];
/// Alarms of the engine that are shown.
const ENGINE_ALARMS_MAX: usize = 8;

/// What an engine says, on a page that fits a terminal of 80 columns and 24 lines.
pub(super) fn page(seen: &Value, url: &str) -> String {
    let status = &seen["status"];
    let mut page = Page::default();
    page.head(status, url);
    page.checks(&status["checks"]);
    page.ledger(&status["ledger"], status);
    page.stages(&status["stages"]);
    page.journal(&status["journal"]);
    page.store(&status["store"]);
    page.devices(status);
    page.alarms(&seen["alarms"]);
    page.engine_alarms(&status["engine_alarms"]);
    page.0
}

/// The page while nobody answers: what was true before, with its age, is not shown as if it still were.
pub(super) fn lost(error: &AskError, url: &str, last: Option<(Duration, &str)>) -> String {
    let mut page = format!("{}  {url}\n\n{error}\n", paint(BAD, "NOT CONNECTED"));
    if let Some((age, last)) = last {
        let age = lasting(Some(age.as_secs_f64()));
        let _ = writeln!(page, "\n{}\n", paint(WARNING, format!("STALE: {age} old")));
        for line in anstream::adapter::strip_str(last).to_string().lines() {
            let _ = writeln!(page, "{}", paint(FAINT, line));
        }
    }
    page
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn line(&mut self, name: &str, text: &str) {
        // Writing to a text does not fail.
        let _ = writeln!(self.0, "{name:<10}{text}");
    }

    fn head(&mut self, status: &Value, url: &str) {
        let health = text(&status["status"]);
        let style = match health {
            "ok" => GOOD,
            "degraded" => WARNING,
            _ => BAD,
        };
        let _ = writeln!(
            self.0,
            "{}  {}  GridOS {}, up {}  {}\n",
            paint(TITLE, text(&status["engine"])),
            paint(style, health.to_uppercase()),
            text(&status["version"]),
            lasting(status["uptime_seconds"].as_f64()),
            paint(FAINT, url)
        );
    }

    /// Only what is not well.
    fn checks(&mut self, checks: &Value) {
        for (name, check) in checks.as_object().into_iter().flatten() {
            let style = match text(&check["status"]) {
                "ok" => continue,
                "degraded" => WARNING,
                _ => BAD,
            };
            self.line(name, &paint(style, text(&check["detail"])));
        }
    }

    fn ledger(&mut self, ledger: &Value, status: &Value) {
        let rate = match status["readings_per_second"].as_f64() {
            Some(rate) => format!("{rate:.0} a second"),
            None => "rate not known yet".to_owned(),
        };
        let count = |name: &str| number(&ledger[name]);
        self.line(
            "readings",
            &format!(
                "{rate}; received {}, stored {}",
                count("received"),
                count("stored")
            ),
        );
        let missing = format!(
            "refused {}, lost {}, quarantined {}",
            count("refused"),
            count("lost"),
            count("quarantined")
        );
        let is_whole = ledger["lost"].as_u64() == Some(0);
        let balance = match ledger["balanced"].as_bool() {
            Some(true) => "balanced".to_owned(),
            Some(false) | None => paint(BAD, "NOT BALANCED; please report this"),
        };
        let missing = if is_whole {
            missing
        } else {
            paint(WARNING, missing)
        };
        self.line("ledger", &format!("{balance}; {missing}"));
    }

    fn stages(&mut self, stages: &Value) {
        for (name, shown) in STAGES {
            let ms = |quantile: &str| match stages[name][quantile].as_f64() {
                Some(ms) => format!("{ms:>8.1}"),
                None => format!("{:>8}", "–"),
            };
            let text = format!(
                "{shown:<17}p50 {}  p95 {}  p99 {}  ms",
                ms("p50_ms"),
                ms("p95_ms"),
                ms("p99_ms")
            );
            self.line(if name == "ring" { "latency" } else { "" }, &text);
        }
    }

    fn journal(&mut self, journal: &Value) {
        let bytes = |name: &str| show_bytes(journal[name].as_u64().unwrap_or(0));
        let lasts = match journal["autonomy_seconds"].as_f64() {
            Some(seconds) => format!("lasts {} without the database", lasting(Some(seconds))),
            None => "how long it lasts is not known yet".to_owned(),
        };
        let style = match text(&journal["rung"]) {
            "normal" => None,
            "warn" => Some(WARNING),
            _ => Some(BAD),
        };
        let state = format!("{}, {} free, {lasts}", bytes("bytes"), bytes("room_bytes"));
        self.line(
            "journal",
            &style.map_or(state.clone(), |style| paint(style, state)),
        );
    }

    fn store(&mut self, store: &Value) {
        let backlog = show_bytes(store["backlog_bytes"].as_u64().unwrap_or(0));
        let state = match store["connected"].as_bool() {
            Some(true) => format!("connected, {backlog} wait"),
            Some(false) | None => paint(WARNING, format!("AWAY, {backlog} wait in the journal")),
        };
        let trouble = match store["trouble"].as_str() {
            Some(trouble) => format!("; {trouble}"),
            None => String::new(),
        };
        self.line("database", &format!("{state}{trouble}"));
    }

    fn devices(&mut self, status: &Value) {
        let count = |name: &str| number(&status["devices"][name]);
        let down = match status["devices"]["down"].as_u64() {
            Some(0) => "0 down".to_owned(),
            Some(_) | None => paint(WARNING, format!("{} down", count("down"))),
        };
        let text = format!(
            "{} up, {down}, {} not known yet; {} points",
            count("up"),
            count("unknown"),
            number(&status["points"])
        );
        self.line("devices", &text);
        if let left @ 1.. = status["retired"]["points"].as_u64().unwrap_or(0) {
            let left = number(&left.into());
            let text = format!(
                "{left} points that reloads removed keep their memory until the next start"
            );
            self.line("", &text);
        }
    }

    fn alarms(&mut self, alarms: &Value) {
        for (at, priority) in PRIORITIES.into_iter().enumerate() {
            let waiting = &alarms["priorities"][priority];
            let (active, unseen) = (&waiting["active"], &waiting["unacknowledged"]);
            let text = format!(
                "{priority:<8}{:>7} active {:>7} not acknowledged",
                number(active),
                number(unseen)
            );
            let is_there = active.as_u64() != Some(0) || unseen.as_u64() != Some(0);
            let text = match priority {
                "urgent" if is_there => paint(BAD, text),
                "high" if is_there => paint(WARNING, text),
                _ => text,
            };
            self.line(if at == 0 { "alarms" } else { "" }, &text);
        }
    }

    fn engine_alarms(&mut self, alarms: &Value) {
        let all = alarms.as_array().map(Vec::as_slice).unwrap_or_default();
        for alarm in all.iter().take(ENGINE_ALARMS_MAX) {
            let style = match text(&alarm["severity"]) {
                "critical" => BAD,
                _ => WARNING,
            };
            let told = format!("{}: {}", text(&alarm["alarm"]), text(&alarm["detail"]));
            self.line("engine", &paint(style, told));
        }
        if let more @ 1.. = all.len().saturating_sub(ENGINE_ALARMS_MAX) {
            self.line("", &format!("and {more} more"));
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

/// With a space between thousands.
fn number(value: &Value) -> String {
    let Some(number) = value.as_u64() else {
        return "?".to_owned();
    };
    let digits = number.to_string();
    let mut shown = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(' ');
        }
        shown.push(digit);
    }
    shown
}

/// A time in its two largest units.
fn lasting(seconds: Option<f64>) -> String {
    let Some(seconds) = seconds else {
        return "?".to_owned();
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is beyond is shown as the most"
    )]
    let seconds = seconds.clamp(0.0, 1e12) as u64;
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_and_numbers_are_for_people() {
        let shown = [5.0, 90.0, 7_260.0, 180_000.0].map(|seconds| lasting(Some(seconds)));
        assert_eq!(shown, ["5 s", "1 min 30 s", "2 h 1 min", "2 d 2 h"]);
        assert_eq!(lasting(None), "?");
        let shown = [0, 999, 1_000, 1_234_567].map(|n| number(&json!(n)));
        assert_eq!(shown, ["0", "999", "1 000", "1 234 567"]);
    }

    #[test]
    fn what_is_no_longer_true_is_marked() {
        let error = AskError::WhoAsks;
        let page = page(
            &json!({ "status": { "engine": "north", "status": "ok" } }),
            "http://h/",
        );
        let lost = lost(&error, "http://h/", Some((Duration::from_secs(75), &page)));
        // Nothing of the page before keeps its colours.
        let (now, before) = lost.split_once("STALE: 1 min 15 s old").unwrap();
        assert!(now.contains("NOT CONNECTED"), "{now}");
        let lines = before.lines().skip(1).filter(|line| !line.is_empty());
        let faint = FAINT.to_string();
        assert!(
            lines.into_iter().all(|line| line.starts_with(&faint)),
            "{before:?}"
        );
        assert!(before.contains("north  OK"), "{before}");
        assert!(!super::lost(&error, "http://h/", None).contains("STALE"));
    }

    #[test]
    fn a_page_says_what_is_not_well_and_survives_what_it_does_not_know() {
        let seen = json!({ "status": {
            "engine": "north",
            "status": "degraded",
            "checks": {
                "journal": { "status": "ok", "detail": "" },
                "database": { "status": "degraded", "detail": "the database is away" },
            },
            "ledger": { "balanced": true, "lost": 0 },
            "retired": { "devices": 1, "points": 1_200 },
            "engine_alarms": (0..10).map(|n| json!({ "alarm": format!("a{n}") })).collect::<Vec<_>>(),
        } });
        let page = anstream::adapter::strip_str(&page(&seen, "http://h/")).to_string();
        assert!(
            page.starts_with("north  DEGRADED  GridOS ?, up ?  http://h/\n"),
            "{page}"
        );
        assert!(
            page.contains("\ndatabase  the database is away\n"),
            "{page}"
        );
        assert!(!page.contains("\njournal   \n"), "{page}");
        assert!(
            page.contains("ledger    balanced; refused ?, lost 0"),
            "{page}"
        );
        assert!(page.ends_with("and 2 more\n"), "{page}");
        assert!(
            page.contains("\n          1 200 points that reloads removed"),
            "{page}"
        );
        let nothing = super::page(&json!({}), "http://h/");
        assert!(nothing.contains("NOT BALANCED"), "{nothing}");
    }
}

//! What the queries of the analysis templates come to, by a real Prometheus' own engine: of good, bad, idle
//! and absent candidates, and of a machine that both share.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::metrics;

const CANDIDATE: &str = "7d9f";
const STABLE: &str = "54c8";

/// What a metric is by its conditions.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Is {
    Good,
    Bad,
    /// Neither: inconclusive.
    Unclear,
}
use Is::{Bad, Good, Unclear};

/// What one side does in each 15 s; `None`: it is not scraped.
type Does = Option<Deeds>;

#[derive(Clone, Copy)]
struct Deeds {
    /// Scans that are answered, refused, passed over, and not answered.
    scans: [u32; 4],
    /// Batches that are stored within 0.1 s, within 0.5 s, and later.
    stored: [u32; 3],
    /// Batches that are stored later than 0.5 s after they were due.
    overdue: u32,
    /// Readings that come, that are refused for want of room, and that are lost.
    readings: [u32; 3],
    /// Readings that are lost before the first scrape.
    lost_before: u32,
    /// Whether it crashes and is back before the next scrape.
    crashes: bool,
}

const FINE: Deeds = Deeds {
    scans: [100, 0, 0, 0],
    stored: [100, 0, 0],
    overdue: 0,
    readings: [4_000, 0, 0],
    lost_before: 0,
    crashes: false,
};
const IDLE: Deeds = Deeds {
    scans: [0; 4],
    stored: [0; 3],
    overdue: 0,
    readings: [0; 3],
    lost_before: 0,
    crashes: false,
};

/// What is tried, what the candidate and stable do, what metrics are then, and those that are something else.
type Case = (&'static str, Does, Does, Is, Vec<(&'static str, Is)>);

fn cases() -> Vec<Case> {
    let scans = |scans| Some(Deeds { scans, ..FINE });
    let stored = |stored| Some(Deeds { stored, ..FINE });
    let overdue = |overdue| Some(Deeds { overdue, ..FINE });
    let readings = |readings| Some(Deeds { readings, ..FINE });
    let fine = Some(FINE);
    let all = |is: Is, but: &[&'static str]| but.iter().map(|name| (*name, is)).collect();
    vec![
        ("both are fine", fine, fine, Good, vec![]),
        (
            "the candidate is idle",
            Some(IDLE),
            fine,
            Unclear,
            all(Good, &["no-data-loss", "alive", "restarts"]),
        ),
        ("the candidate is not there", None, fine, Unclear, vec![]),
        (
            "stable is not there",
            fine,
            None,
            Good,
            all(Unclear, &["latency-vs-stable", "lateness-vs-stable"]),
        ),
        (
            "stable has no devices left",
            fine,
            Some(IDLE),
            Good,
            all(Unclear, &["latency-vs-stable", "lateness-vs-stable"]),
        ),
        (
            "a bad candidate is bad without stable, too",
            scans([92, 8, 0, 0]),
            None,
            Good,
            vec![
                ("success-rate", Bad),
                ("error-rate", Bad),
                ("latency-vs-stable", Unclear),
                ("lateness-vs-stable", Unclear),
            ],
        ),
        (
            "exactly five of a hundred are too many",
            scans([95, 5, 0, 0]),
            fine,
            Good,
            all(Bad, &["success-rate", "error-rate"]),
        ),
        (
            "devices that are away are no errors",
            scans([90, 0, 0, 10]),
            fine,
            Good,
            all(Bad, &["success-rate"]),
        ),
        (
            "scans that are passed over are errors",
            scans([90, 0, 10, 0]),
            scans([96, 0, 4, 0]),
            Good,
            all(Bad, &["success-rate", "error-rate"]),
        ),
        (
            "stable has half of it at the same time",
            scans([90, 0, 10, 0]),
            scans([95, 0, 5, 0]),
            Good,
            all(Unclear, &["success-rate", "error-rate"]),
        ),
        (
            "exactly ninety-five of a hundred are enough",
            stored([0, 95, 5]),
            stored([0, 95, 5]),
            Good,
            vec![],
        ),
        (
            "more than five of a hundred are stored late",
            stored([94, 0, 6]),
            fine,
            Good,
            all(Bad, &["latency-p95", "latency-vs-stable"]),
        ),
        (
            "stable stores late as well",
            stored([70, 0, 30]),
            stored([75, 0, 25]),
            Good,
            all(Unclear, &["latency-p95"]),
        ),
        (
            "the candidate is within the objective, and slower than stable",
            stored([0, 100, 0]),
            fine,
            Good,
            all(Bad, &["latency-vs-stable"]),
        ),
        (
            "overdue alone, as where scans begin late",
            overdue(6),
            fine,
            Good,
            all(Bad, &["lateness-vs-stable"]),
        ),
        (
            "devices that are slow for both",
            overdue(60),
            overdue(30),
            Good,
            vec![],
        ),
        (
            "one reading of two thousand is not kept",
            readings([4_000, 2, 0]),
            fine,
            Good,
            vec![],
        ),
        (
            "one of five hundred is not kept",
            readings([4_000, 8, 0]),
            fine,
            Good,
            all(Bad, &["completeness"]),
        ),
        (
            "readings are lost",
            readings([40_000, 0, 1]),
            fine,
            Good,
            all(Bad, &["no-data-loss"]),
        ),
        (
            "readings were lost before anybody looked",
            Some(Deeds {
                lost_before: 1,
                ..FINE
            }),
            fine,
            Good,
            all(Bad, &["no-data-loss"]),
        ),
        (
            "stable lost some, and began anew",
            fine,
            Some(Deeds {
                lost_before: 1,
                crashes: true,
                ..FINE
            }),
            Good,
            vec![],
        ),
        (
            "the candidate crashes and is back before the next scrape",
            Some(Deeds {
                crashes: true,
                ..FINE
            }),
            fine,
            Good,
            all(Bad, &["restarts"]),
        ),
        (
            "it loses some and crashes",
            Some(Deeds {
                lost_before: 1,
                crashes: true,
                ..FINE
            }),
            fine,
            Good,
            all(Bad, &["no-data-loss", "restarts"]),
        ),
    ]
}

/// The series of a side.
fn series(hash: &str, deeds: Deeds) -> Vec<Value> {
    // It begins with `from`; the crash is a minute before the time of all questions.
    let counting = |name: &str, labels: String, from: u32, each: u32| {
        let values = match deeds.crashes {
            true => format!("{from}+{each}x35 0+{each}x4"),
            false => format!("{from}+{each}x40"),
        };
        json!({
            "series": format!("{name}{{{labels},rollouts_pod_template_hash=\"{hash}\"}}"),
            "values": values,
        })
    };
    // A counter that has counted for long, so that nothing is near its birth.
    let counter = |name: &str, labels: String, each: u32| counting(name, labels, 100_000, each);
    let of = |label: &str, value: &str| format!("{label}=\"{value}\",protocol=\"modbus\"");
    let mut all = Vec::new();
    let outcomes = ["answered", "refused", "skipped", "unavailable"];
    for (outcome, each) in outcomes.iter().zip(deeds.scans) {
        all.push(counter("gridos_scans_total", of("outcome", outcome), each));
    }
    for outcome in ["error", "held_back"] {
        all.push(counter("gridos_scans_total", of("outcome", outcome), 0));
    }
    let [quick, within, late] = deeds.stored;
    let batches = quick + within + late;
    for (family, bounds) in [
        (
            "gridos_stage_seconds",
            [("0.1", quick), ("0.5", quick + within), ("2.5", batches)],
        ),
        (
            "gridos_due_seconds",
            [
                ("0.1", 0),
                ("0.5", batches.saturating_sub(deeds.overdue)),
                ("2.5", batches),
            ],
        ),
    ] {
        for (le, each) in bounds.into_iter().chain([("+Inf", batches)]) {
            let labels = format!("{},le=\"{le}\"", of("stage", "stored"));
            all.push(counter(&format!("{family}_bucket"), labels, each));
        }
        let labels = of("stage", "stored");
        all.push(counter(&format!("{family}_count"), labels, batches));
    }
    let [came, refused, lost] = deeds.readings;
    let name = "gridos_readings_received_total";
    all.push(counter(name, "job=\"gridos\"".to_owned(), came));
    let name = "gridos_readings_refused_total";
    all.push(counter(name, "reason=\"ring_full\"".to_owned(), refused));
    // What clients post and no device has is theirs.
    all.push(counter(name, "reason=\"invalid\"".to_owned(), 500));
    let name = "gridos_readings_quarantined_total";
    all.push(counter(name, "job=\"gridos\"".to_owned(), 0));
    let name = "gridos_readings_lost_total";
    let damaged = "reason=\"damaged\"".to_owned();
    all.push(counting(name, damaged, deeds.lost_before, lost));
    all.push(json!({
        "series": format!("up{{rollouts_pod_template_hash=\"{hash}\"}}"),
        "values": "1+0x40",
    }));
    all
}

/// How many numbers of the answer the condition holds for; conditions are for one number alone.
fn holding(query: &str, condition: &str) -> String {
    match condition.strip_prefix("len(result) == 1 && result[0] ") {
        Some(comparison) => format!("count(({query}) {comparison})"),
        None => {
            assert_eq!(condition, "false");
            "count(vector(1) > 2)".to_owned()
        }
    }
}

#[test]
fn every_query_is_good_bad_or_unclear_as_it_should_be() {
    let mut tests = Vec::new();
    for (name, candidate, stable, usual, others) in cases() {
        let mut input = Vec::new();
        for (hash, does) in [(CANDIDATE, candidate), (STABLE, stable)] {
            input.extend(does.into_iter().flat_map(|deeds| series(hash, deeds)));
        }
        let mut asked = Vec::new();
        for (metric, written) in metrics() {
            let other = others.iter().find(|(other, _)| *other == metric);
            let expected = other.map_or(usual, |(_, expected)| *expected);
            for (condition, holds) in [
                (written.success, expected == Good),
                (written.failure, expected == Bad),
            ] {
                let condition = condition.unwrap();
                let samples = match holds {
                    true => json!([{ "labels": "{}", "value": 1 }]),
                    false => json!([]),
                };
                asked.push(json!({
                    "expr": holding(&written.query, condition.text()),
                    "eval_time": "10m",
                    "exp_samples": samples,
                }));
            }
        }
        tests.push(json!({
            "name": name, "interval": "15s", "input_series": input, "promql_expr_test": asked,
        }));
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("queries.yml");
    // JSON is YAML.
    fs::write(&file, json!({ "tests": tests }).to_string()).unwrap();
    let ran = Command::new("promtool")
        .args(["test", "rules"])
        .arg(&file)
        .output();
    let Ok(ran) = ran else {
        assert!(
            std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING").is_none(),
            "run tests/run install"
        );
        eprintln!("skipped: promtool is not installed");
        return;
    };
    let told = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{told}");
}

//! The rules for Prometheus: well-formed, tested one by one, and with the engine's own objectives.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use gridos_telemetry::OBJECTIVES;

use super::root;

const PROMTOOL: &str = "promtool";

fn folder() -> PathBuf {
    root().join("deploy/prometheus")
}

/// The files of rules, and of their tests, in a folder, by name.
fn files(folder: PathBuf) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_of_rules = |path: &PathBuf| path.extension().is_some_and(|end| end == "yml");
    let mut files: Vec<_> = entries.filter(is_of_rules).collect();
    files.sort();
    files
}

fn text(files: Vec<PathBuf>) -> String {
    files
        .iter()
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}

/// What stands behind `key` in the lines of `text`.
fn named(text: &str, key: &str) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim);
    let found = lines.filter_map(|line| line.trim_start_matches("- ").strip_prefix(key));
    found.map(|name| name.trim().to_owned()).collect()
}

/// Runs promtool; nothing if it is not installed, where a test may be skipped.
fn promtool(args: &[&str], files: &[PathBuf]) {
    let ran = Command::new(PROMTOOL).args(args).args(files).output();
    let Ok(output) = ran else {
        let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
        assert!(
            nothing.is_none(),
            "{PROMTOOL} is not installed; run tests/run install"
        );
        eprintln!("skipped: {PROMTOOL} is not installed");
        return;
    };
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
}

#[test]
fn promtool_finds_nothing_wrong_with_the_rules() {
    promtool(&["check", "rules"], &files(folder()));
}

#[test]
fn the_rules_do_what_their_tests_say() {
    promtool(&["test", "rules"], &files(folder().join("tests")));
}

#[test]
fn every_rule_has_a_test() {
    let (rules, tests) = (text(files(folder())), text(files(folder().join("tests"))));
    let (alerts, tested) = (named(&rules, "alert:"), named(&tests, "alertname:"));
    assert!(alerts.len() >= 25, "{alerts:?}");
    assert_eq!(alerts, tested);
    for alert in &alerts {
        for name in [
            format!("- name: {alert} fires"),
            format!("- name: {alert} stays silent"),
        ] {
            assert!(tests.contains(&name), "no test '{name}'");
        }
    }
    let asked: Vec<_> = named(&tests, "expr:").into_iter().collect();
    let asked = asked.join("\n");
    for record in named(&rules, "record:") {
        assert!(asked.contains(&record), "no test asks {record}");
    }
}

#[test]
fn every_alert_says_how_bad_it_is_and_what_to_do() {
    let rules = text(files(folder()));
    let alerts: Vec<_> = rules.split("- alert: ").skip(1).collect();
    for alert in alerts {
        let name = alert.lines().next().unwrap();
        let line = |key: &str| {
            let found = alert.lines().find_map(|line| line.trim().strip_prefix(key));
            found.unwrap_or_else(|| panic!("{name} has no {key}"))
        };
        let severity = line("labels: {severity: ");
        assert!(
            ["warning}", "critical}"].contains(&severity),
            "{name}: {severity}"
        );
        for key in ["summary: \"", "runbook: \""] {
            assert!(line(key).len() > 20, "{name}: {key}");
        }
    }
}

#[test]
fn the_objectives_are_those_of_the_engine() {
    let recording = fs::read_to_string(folder().join("recording.yml")).unwrap();
    for (stage, objective) in OBJECTIVES {
        let (stage, le) = (stage.label(), objective.as_secs_f64());
        let asked = format!("gridos_stage_seconds_bucket{{stage=\"{stage}\",le=\"{le}\"}}");
        assert!(recording.contains(&asked), "{asked}");
    }
}

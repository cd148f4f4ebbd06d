//! Nothing refers to a series that there is none of: dashboards, rules, docs, what is deployed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gridos_telemetry::{BUCKET_BOUNDS, Metric, Values, catalogue};

use super::root;

/// Words that begin as series do: roles of the database in examples, and families of series.
const NO_SERIES: [&str; 6] = [
    "gridos_admin",
    "gridos_owner",
    "gridos_reader",
    "gridos_writer",
    "gridos_alarm_",
    "gridos_alarms_",
];
const PLACES: [&str; 7] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "docs",
    "deploy",
    "examples",
    "benches",
];
const KINDS: [&str; 8] = ["md", "json", "yml", "yaml", "toml", "sh", "tpl", "service"];

/// All files in which somebody may refer to series.
fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left: Vec<_> = PLACES.iter().map(|place| root().join(place)).collect();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap();
            left.extend(entries.map(|entry| entry.unwrap().path()));
        } else if let Some(kind) = path.extension().and_then(|kind| kind.to_str())
            && KINDS.contains(&kind)
        {
            found.push(path);
        }
    }
    found
}

/// The words of `text` that begin with `prefix`, each with what follows it.
fn words<'a>(text: &'a str, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.match_indices(prefix).filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        if before.is_some_and(is_part) {
            return None;
        }
        let rest = &text[at..];
        let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        Some((&rest[..end], &rest[end..]))
    })
}

fn metric_of(name: &str) -> Option<&'static Metric> {
    let is_of = |metric: &&Metric| metric.sample_names().iter().any(|sample| sample == name);
    let base = |metric: &&Metric| metric.name == name;
    catalogue()
        .iter()
        .find(|metric| is_of(metric) || base(metric))
}

/// The names that recording rules give.
fn recorded() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("deploy/prometheus/recording.yml")).unwrap();
    let lines = text.lines();
    let records = lines.filter_map(|line| line.trim().strip_prefix("- record: "));
    records.map(str::to_owned).collect()
}

/// The matchers behind a name, as `label`, `value or expression`, if braces follow.
fn matchers(after: &str) -> Vec<(String, String)> {
    // In JSON the quotes are escaped.
    let after = after.replace("\\\"", "\"");
    let Some(inside) = after.strip_prefix('{') else {
        return Vec::new();
    };
    let Some((inside, _)) = inside.split_once('}') else {
        return Vec::new();
    };
    let pairs = inside.split("\",").filter_map(|pair| {
        let (label, value) = pair.split_once('"')?;
        let label = label.trim().trim_end_matches(['=', '~', '!']);
        Some((label.to_owned(), value.trim_end_matches('"').to_owned()))
    });
    pairs.collect()
}

/// Whether a series of `metric` can have `label` with each alternative of `value`; labels of the
/// target are the scraper's.
fn is_possible(metric: &Metric, label: &str, value: &str) -> bool {
    const OF_THE_TARGET: [&str; 5] = [
        "instance",
        "job",
        "rollouts_pod_template_hash",
        "pod",
        "namespace",
    ];
    if OF_THE_TARGET.contains(&label) || value.contains("{{") || value.contains('$') {
        return true;
    }
    if label == "le" {
        let bounds = BUCKET_BOUNDS.map(|bound| bound.as_secs_f64().to_string());
        return value == "+Inf" || bounds.iter().any(|bound| bound == value);
    }
    let Some(known) = metric.labels().find(|known| known.name == label) else {
        // A target may be selected by what it is.
        return label == "role" || label == "version";
    };
    match known.values {
        Values::Listed(values) => value.split('|').all(|one| values.contains(&one)),
        Values::Version | Values::Areas => true,
    }
}

/// What in `text` refers to nothing.
fn faults(text: &str, recorded: &BTreeSet<String>) -> (usize, Vec<String>) {
    let (mut seen, mut faults) = (0, Vec::new());
    for (name, after) in words(text, "gridos_") {
        if NO_SERIES.contains(&name) {
            continue;
        }
        seen += 1;
        let Some(metric) = metric_of(name) else {
            faults.push(format!("no series {name}"));
            continue;
        };
        for (label, value) in matchers(after) {
            if !is_possible(metric, &label, &value) {
                faults.push(format!("no {name} with {label}=\"{value}\""));
            }
        }
    }
    for (name, _) in words(text, "gridos:") {
        seen += 1;
        if !recorded.contains(name) {
            faults.push(format!("no rule records {name}"));
        }
    }
    (seen, faults)
}

#[test]
fn nothing_refers_to_a_series_that_there_is_none_of() {
    let recorded = recorded();
    let (mut seen, mut all) = (0, Vec::new());
    for file in files() {
        let text = fs::read_to_string(&file).unwrap();
        let (here, faults) = faults(&text, &recorded);
        seen += here;
        let shown = file
            .strip_prefix(root())
            .unwrap_or(&file)
            .display()
            .to_string();
        all.extend(faults.into_iter().map(|fault| format!("{shown}: {fault}")));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert!(seen > 300, "only {seen} references are found");
}

#[test]
fn a_reference_to_nothing_is_found() {
    let recorded = BTreeSet::from(["gridos:some:ratio".to_owned()]);
    let wrong = [
        "rate(gridos_readings_recieved_total[5m])",
        "gridos_stage_seconds_bucket{stage=\"stred\",le=\"0.5\"}",
        "gridos_stage_seconds_bucket{stage=\"stored\",le=\"0.6\"}",
        "gridos_devices{instance=\\\"$instance\\\",state=\\\"gone\\\"}",
        "gridos_scans_total{outcome=~\"error|vanished\"}",
        "gridos_readings_stored_total{stage=\"stored\"}",
        "gridos:other:ratio > 1",
        "(gridos_readings_stored)",
    ];
    for text in wrong {
        assert_eq!(faults(text, &recorded).1.len(), 1, "{text}");
    }
    let right = "sum(gridos_stage_seconds_count{stage=\"stored\",job=\"x\"}) / gridos:some:ratio \
                 + gridos_role{role=\"canary\"} + gridos_scans_total{outcome=~\"error|skipped\"}";
    assert_eq!(faults(right, &recorded), (4, Vec::new()));
}

#[test]
fn every_dashboard_and_rule_file_is_looked_at() {
    let files = files();
    let has = |name: &str| files.iter().any(|file| file.ends_with(Path::new(name)));
    for name in [
        "examples/grafana/dashboards/engine.json",
        "deploy/prometheus/rules.yml",
        "deploy/prometheus/recording.yml",
        "deploy/prometheus/alarms.yml",
        "docs/reference/metrics.md",
    ] {
        assert!(has(name), "{name}");
    }
}

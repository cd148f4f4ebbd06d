//! The rules and dashboards in `examples/` name only metrics that there are.

#![cfg(test)]

use std::fs;
use std::path::Path;

use gridos_telemetry::{Kind, Metric, catalogue};

/// The words that begin as names of metrics do.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("gridos_"))
}

/// How often files of that folder name metrics, each of which there is.
fn named(folder: &str) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(folder);
    let mut seen = 0;
    for file in fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
    {
        let text = fs::read_to_string(&file).unwrap();
        for name in names(&text) {
            let is_known = catalogue()
                .iter()
                .any(|metric| series(metric).contains(&name.to_owned()));
            assert!(is_known, "{name} in {}", file.display());
            seen += 1;
        }
    }
    seen
}

/// The names of the series of a metric.
fn series(metric: &Metric) -> Vec<String> {
    match metric.kind() {
        Kind::Histogram => ["bucket", "sum", "count"]
            .map(|part| format!("{}_{part}", metric.name))
            .to_vec(),
        Kind::Counter | Kind::Gauge => vec![metric.name.to_owned()],
    }
}

#[test]
fn rules_name_metrics_that_there_are() {
    assert_eq!(named("prometheus"), 5);
}

#[test]
fn dashboards_name_metrics_that_there_are() {
    assert_eq!(named("grafana/dashboards"), 25);
}

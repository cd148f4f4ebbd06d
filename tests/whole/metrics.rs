//! What the engine tells of itself: the first scrape against the catalogue, everything that refers to
//! it, and the rules for Prometheus.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gridos_telemetry::{BUCKET_BOUNDS, Kind, catalogue};
use tempfile::TempDir;

use crate::support::engine::Process;
use crate::support::http::Client;

mod hdr_log;
mod references;
mod rules;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// An engine with areas, some devices that nobody serves, and none that posts.
fn config(dir: &TempDir) -> String {
    let text = format!(
        "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
         [[profile]]\nname = \"p\"\nprotocol = \"push\"\n\
         point = [{{ name = \"a\", limits = {{ high = 5 }} }}]\n\
         [[device]]\nname = \"one\"\nprofile = \"p\"\narea = \"north\"\n\
         [[device]]\nname = \"two\"\nprofile = \"p\"\narea = \"south\"\n",
        dir.path().join("data").display()
    );
    let file = dir.path().join("engine.toml");
    fs::write(&file, text).unwrap();
    file.display().to_string()
}

/// Where an engine serves, by the line in which it says so as JSON.
fn address(line: &str) -> String {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    line["address"].as_str().unwrap().to_owned()
}

/// The samples of a scrape: name and labels, and the value.
fn samples(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap()).collect()
}

/// All samples that the catalogue promises of an engine with these areas.
fn promised(areas: &[&str]) -> BTreeSet<String> {
    let version = env!("CARGO_PKG_VERSION");
    let mut all = BTreeSet::new();
    for metric in catalogue() {
        for labels in metric.series(version, areas) {
            let pairs: Vec<_> = labels
                .iter()
                .map(|(name, value)| format!("{name}=\"{value}\""))
                .collect();
            let plain = |name: &str, pairs: &[String]| match pairs.is_empty() {
                true => name.to_owned(),
                false => format!("{name}{{{}}}", pairs.join(",")),
            };
            for name in metric.sample_names() {
                if metric.kind() != Kind::Histogram || !name.ends_with("_bucket") {
                    all.insert(plain(&name, &pairs));
                    continue;
                }
                let bounds = BUCKET_BOUNDS
                    .iter()
                    .map(|bound| bound.as_secs_f64().to_string());
                for le in bounds.chain(["+Inf".to_owned()]) {
                    let pairs = [pairs.clone(), vec![format!("le=\"{le}\"")]].concat();
                    all.insert(plain(&name, &pairs));
                }
            }
        }
    }
    all
}

/// A counter that is born at 5 has no increase: the first losses would be seen by nobody.
#[test]
fn the_first_scrape_has_every_series_with_every_label() {
    let dir = TempDir::new().unwrap();
    let mut engine = Process::spawn(
        std::process::Command::new(crate::support::engine::binary())
            .args(["run", &config(&dir), "--json"])
            .env("GRIDOS_ROLE", "canary"),
        &dir.path().join("log"),
    );
    let line = engine.wait_for("http://");
    let mut client = Client::connect(&address(&line)).unwrap();
    let scrape = client.get("/metrics").unwrap();
    assert_eq!(scrape.status, 200);
    let samples = samples(&scrape.body);
    let found: BTreeSet<_> = samples.iter().map(|(name, _)| (*name).to_owned()).collect();
    let promised = promised(&["north", "south"]);
    let missing: Vec<_> = promised.difference(&found).collect();
    let unknown: Vec<_> = found.difference(&promised).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "missing {missing:?}, unknown {unknown:?}"
    );
    let value = |series: &str| {
        let found = samples.iter().find(|(name, _)| *name == series);
        found.unwrap_or_else(|| panic!("no {series}")).1
    };
    // What stays at 0 in an engine that has nothing to do, and is read at the first loss.
    for series in [
        "gridos_readings_lost_total{reason=\"damaged\"}",
        "gridos_readings_refused_total{reason=\"ring_full\"}",
        "gridos_scans_total{protocol=\"dnp3\",outcome=\"error\"}",
        "gridos_scans_expected_total{protocol=\"modbus\"}",
        "gridos_ring_full_seconds_total",
        "gridos_back_pressure_seconds_total{protocol=\"http\"}",
        "gridos_stage_seconds_bucket{stage=\"stored\",protocol=\"http\",le=\"0.5\"}",
        "gridos_due_seconds_count{stage=\"durable\",protocol=\"modbus\"}",
        "gridos_role{role=\"stable\"}",
    ] {
        assert_eq!(value(series), "0", "{series}");
    }
    assert_eq!(value("gridos_role{role=\"canary\"}"), "1");
}

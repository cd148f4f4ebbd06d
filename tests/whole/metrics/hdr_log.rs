//! `gridos run --hdr-log`, read back.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use rustix::process::Signal;
use tempfile::TempDir;

use super::{address, config};
use crate::support::engine::Process;
use crate::support::http::Client;

/// Only a hang takes as long.
const PATIENCE: Duration = Duration::from_secs(120);
const POSTS: usize = 5;

/// The histograms of each tag, all intervals together.
fn read(log: &[u8]) -> BTreeMap<String, Histogram<u64>> {
    let mut all = BTreeMap::new();
    let mut end = Duration::ZERO;
    for entry in IntervalLogIterator::new(log) {
        let LogEntry::Interval(line) = entry.unwrap() else {
            continue;
        };
        assert!(line.start_timestamp() + line.duration() >= end);
        end = line.start_timestamp();
        let bytes = STANDARD.decode(line.encoded_histogram()).unwrap();
        let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
        assert!(!histogram.is_empty());
        let tag = line.tag().unwrap().as_str().to_owned();
        let sum = all.entry(tag).or_insert_with(|| Histogram::new(2).unwrap());
        sum.add(&histogram).unwrap();
    }
    all
}

#[test]
fn the_log_of_latencies_has_every_batch_once_per_stage() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("latencies.hlog");
    let (config, path) = (config(&dir), file.display().to_string());
    let args = ["run", &config, "--json", "--hdr-log", &path];
    let mut engine = Process::start(&args, &dir.path().join("log"));
    let line = engine.wait_for("http://");
    let mut client = Client::connect(&address(&line)).unwrap();
    for value in 0..POSTS {
        let body = format!("{{\"readings\":[{{\"point\":\"one.a\",\"value\":{value}}}]}}");
        assert_eq!(
            client.post("/api/v1/scada/data", &body).unwrap().status,
            200
        );
    }
    // While it is written, whole lines can be read.
    let began = Instant::now();
    while read(&fs::read(&file).unwrap()).is_empty() {
        assert!(began.elapsed() < PATIENCE, "nothing is written");
        crate::support::patience::look_again();
    }
    engine.signal(Signal::INT);
    let (status, _) = engine.wait();
    assert!(status.success());
    let log = read(&fs::read(&file).unwrap());
    let tags: Vec<_> = log.keys().map(String::as_str).collect();
    assert_eq!(
        tags,
        [
            "due-alarm",
            "due-durable",
            "due-stored",
            "due-wire",
            "wire-alarm",
            "wire-durable",
            "wire-ring",
            "wire-stored"
        ]
    );
    for (tag, histogram) in &log {
        assert_eq!(histogram.len(), POSTS as u64, "{tag}");
    }
    // Microseconds: nothing is durable in less than one, nor in more than the test took.
    let durable = log["wire-durable"].max();
    assert!(u128::from(durable) <= began.elapsed().as_micros() + 60_000_000 && durable > 1);
    assert!(log["due-stored"].max() >= log["wire-alarm"].min());
}

#[test]
fn a_log_that_cannot_be_written_is_told_at_once() {
    let dir = TempDir::new().unwrap();
    let (config, nowhere) = (config(&dir), dir.path().join("no/such/folder.hlog"));
    let nowhere = nowhere.display().to_string();
    let args = ["run", &config, "--hdr-log", &nowhere];
    let log = dir.path().join("log");
    let (status, _) = Process::start(&args, &log).wait();
    let told = fs::read_to_string(&log).unwrap();
    assert!(!status.success());
    assert!(
        told.contains("--hdr-log") && told.contains("no/such/folder.hlog"),
        "{told}"
    );
}

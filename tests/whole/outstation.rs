//! `gridos probe dnp3` against `gridos simulate dnp3`.

use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Process, binary};

/// What `probe dnp3` says: whether it succeeded, on the output, and on the error output.
fn probe(args: &[&str]) -> (bool, String, String) {
    let output = Command::new(binary())
        .args(["probe", "dnp3"])
        .args(args)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// The first address in a line such as `2 outstations at 127.0.0.1:4711 to …; link addresses …`.
fn listening(line: &str) -> &str {
    let (_, after) = line.split_once(" at ").unwrap();
    after.split([' ', ';']).next().unwrap()
}

#[test]
fn the_values_of_an_outstation_are_read_and_its_events_left() {
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("log");
    let args = ["simulate", "dnp3", "--port-base", "0"];
    let mut outstation = Process::start(&args, &log);
    let line = outstation.wait_for("Ctrl-C ends");
    let at = listening(&line);
    let (good, shown, told) = probe(&[at]);
    assert!(good, "{told}");
    for expected in [
        "by the master 1\n",
        "link status: answered in ",
        "indications: ",
        "DEVICE_RESTART",
        "attribute 252 manufacturer name: GridOS\n",
        "\ndouble-bit binary input      0          on  ONLINE",
        "\noctet string ",
    ] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    let (_, shown, _) = probe(&[at, "--events", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    let points = shown["points"].as_array().unwrap();
    let frequency = points
        .iter()
        .find(|point| point["kind"] == "analog input" && point["index"] == 7);
    let frequency = frequency.unwrap()["value"].as_f64().unwrap();
    assert!((49.0..51.0).contains(&frequency), "{frequency}");
    assert!(shown["events"].is_array());
    outstation.signal(Signal::INT);
    let log = outstation.wait_for("events: ");
    assert!(log.contains(" 0 confirmed"), "{log}");
}

#[test]
fn wrong_addresses_are_told_apart() {
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("log");
    let args = [
        "simulate",
        "dnp3",
        "--port-base",
        "0",
        "--first-address",
        "4",
    ];
    let mut outstation = Process::start(&args, &log);
    let line = outstation.wait_for("Ctrl-C ends");
    let at = listening(&line);
    let (good, _, told) = probe(&[at, "--outstation", "10", "--timeout", "1s"]);
    assert!(!good);
    assert!(
        told.contains("not from link address 10; frames came from 4: try --outstation 4"),
        "{told}"
    );
    let (_, _, told) = probe(&[at, "--outstation", "4", "--master", "3", "--timeout", "1s"]);
    assert!(told.contains("speaks to the master 1, not to 3"), "{told}");
    let (_, _, told) = probe(&["127.0.0.1:1"]);
    assert!(told.contains("Its port is usually 20000"), "{told}");
    outstation.signal(Signal::INT);
    outstation.wait();
}

//! `gridos journal drain`: who ended while its database was away left a journal, and whoever is given its
//! folder stores the rest, without asking a device.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Process, binary};
use crate::support::http;

const READINGS: u64 = 500;

fn config(dir: &Path, store: &str) -> String {
    let path = dir.join("gridos.toml");
    let text = format!(
        "[engine]\nname = \"gone\"\ndata_dir = {:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[store]\n{store}\n\
         [[profile]]\nname = \"meter\"\nprotocol = \"push\"\npoint = [{{ name = \"v\" }}]\n\
         [[device]]\nname = \"meter\"\nprofile = \"meter\"\n",
        dir.join("data")
    );
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn drain(config: &str, within: &str) -> Output {
    let mut command = Command::new(binary());
    command.args(["journal", "drain", config, "--json", "--within", within]);
    command.output().unwrap()
}

#[test]
fn what_is_left_is_stored_and_a_journal_that_is_not_empty_says_so() {
    let dir = TempDir::new().unwrap();
    // A server that is not there: nobody listens at port 1.
    let away = config(
        dir.path(),
        "kind = \"postgres\"\nurl = \"postgres://gridos@127.0.0.1:1/gridos\"",
    );
    let mut engine = Process::start(&["run", &away, "--json"], &dir.path().join("engine.log"));
    let started: Value = serde_json::from_str(&engine.wait_for("started")).unwrap();
    let at = started["address"].as_str().unwrap().to_owned();
    let readings: Vec<_> = (0..READINGS)
        .map(|n| format!("{{\"point\":\"meter.v\",\"value\":{n}}}"))
        .collect();
    let body = format!("{{\"readings\":[{}]}}", readings.join(","));
    let answer = http::Client::connect(&at)
        .unwrap()
        .post("/api/v1/scada/data", &body);
    assert_eq!(answer.unwrap().status, 200);
    engine.signal(Signal::TERM);
    let (ended, told) = engine.wait();
    assert!(ended.success(), "{told}");

    let left = drain(&away, "1s");
    assert_eq!(left.status.code(), Some(1));
    let told = String::from_utf8_lossy(&left.stderr).into_owned();
    assert!(told.contains("do not remove its folder"), "{told}");

    let there = config(dir.path(), "kind = \"sqlite\"");
    let drained = drain(&there, "2min");
    let told: Value = serde_json::from_slice(&drained.stdout).unwrap();
    assert!(drained.status.success(), "{told}");
    assert_eq!(
        (&told["ledger"]["stored"], &told["stored_all"]),
        (&READINGS.into(), &true.into())
    );

    // Once is enough, and twice does no harm.
    let again = drain(&there, "2min");
    let told: Value = serde_json::from_slice(&again.stdout).unwrap();
    assert!(again.status.success(), "{told}");
    assert_eq!(
        (&told["ledger"]["stored"], &told["ledger"]["carried_over"]),
        (&0.into(), &0.into())
    );
}

//! `gridos demo` as a newcomer runs it: nothing else installed, data on the page, a clean end.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{self, Process};
use crate::support::http;

fn demo(dir: &Path, more: &[&str]) -> Process {
    let data_dir = dir.join("data");
    let mut args = vec!["demo", "--listen", "127.0.0.1:0", "--data-dir"];
    args.push(data_dir.to_str().unwrap());
    args.extend(more);
    Process::start(&args, &dir.join("log"))
}

fn json(address: &str, path: &str) -> Value {
    let answer = http::get(address, path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// Asks until `found` finds what it wants: the engine is at work, and nothing here is timed.
fn until<T>(address: &str, path: &str, mut found: impl FnMut(&Value) -> Option<T>) -> T {
    loop {
        if let Some(found) = found(&json(address, path)) {
            return found;
        }
        crate::support::patience::look_again();
    }
}

/// The number behind `name` in the ledger of a summary.
fn entry(summary: &str, name: &str) -> u64 {
    let line = summary
        .lines()
        .find(|line| line.trim().starts_with(name))
        .unwrap();
    let rest = line.trim().strip_prefix(name).unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

fn end(process: Process) -> String {
    process.signal(Signal::INT);
    let (status, summary) = process.wait();
    assert!(status.success(), "{summary}");
    assert!(
        summary.lines().any(|line| line.trim() == "balanced"),
        "{summary}"
    );
    summary
}

#[test]
fn readings_of_twenty_devices_are_polled_shown_and_stored() {
    let dir = TempDir::new().unwrap();
    let mut process = demo(dir.path(), &[]);
    let address = engine::address(&process.wait_for("http://"));
    until(&address, "/api/v1/scada/status", |status| {
        (status["devices"]["up"] == 20 && status["ledger"]["stored"].as_u64() > Some(1_000))
            .then_some(())
    });
    assert_eq!(http::get(&address, "/health").status, 200);
    let metrics = http::get(&address, "/metrics").body;
    let within = "gridos_stage_seconds_bucket{stage=\"stored\",protocol=\"modbus\",le=\"0.5\"}";
    assert!(metrics.contains(within));
    let page = http::get(&address, "/");
    assert!(page.status == 200 && page.body.contains("<html"));

    let voltage = "feeder-07.voltage_ab";
    let value = until(
        &address,
        &format!("/api/v1/scada/latest?point={voltage}"),
        |latest| latest["readings"][0]["value"].as_f64(),
    );
    assert!((15.0..25.0).contains(&value), "{value} kV");
    until(
        &address,
        &format!("/api/v1/scada/data?point={voltage}"),
        |data| (data["readings"].as_array()?.len() > 1).then_some(()),
    );
    let summary = end(process);
    let stored = entry(&summary, "stored");
    assert_eq!(entry(&summary, "received"), stored);
    assert_eq!(entry(&summary, "in flight"), 0);

    // A foreign reader finds the same: the plain sqlite3 shell on the plain view.
    let rows = sqlite(dir.path(), "select count(*) from reading");
    assert_eq!(rows.parse::<u64>().unwrap(), stored);
    let sql =
        format!("select value from reading where point = '{voltage}' order by ts desc limit 5");
    let values = sqlite(dir.path(), &sql);
    assert!(values.lines().count() > 1, "{values}");
    assert!(
        values
            .lines()
            .all(|value| (15.0..25.0).contains(&value.parse::<f64>().unwrap()))
    );

    // A second start continues on the same data.
    let mut process = demo(dir.path(), &[]);
    let address = engine::address(&process.wait_for("http://"));
    until(&address, "/api/v1/scada/status", |status| {
        (status["ledger"]["stored"].as_u64() > Some(1_000)).then_some(())
    });
    let stored = stored + entry(&end(process), "stored");
    let rows = sqlite(dir.path(), "select count(*) from reading");
    assert_eq!(rows.parse::<u64>().unwrap(), stored);
}

#[test]
fn it_ends_by_itself() {
    let dir = TempDir::new().unwrap();
    let (status, summary) = demo(dir.path(), &["--for", "2s"]).wait();
    assert!(status.success(), "{summary}");
    assert!(
        summary.contains("balanced") && entry(&summary, "stored") > 0,
        "{summary}"
    );
}

#[test]
fn a_port_in_use_is_one_clear_sentence() {
    let dir = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = refused(&[
        "demo",
        "--listen",
        &address,
        "--data-dir",
        path(&dir, "data"),
    ]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with(&format!("gridos: cannot listen at {address}"))
            && text.contains("--listen"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_one_clear_sentence() {
    let dir = TempDir::new().unwrap();
    // Root may write anywhere, but nobody can make a folder below a file.
    fs::write(dir.path().join("file"), "").unwrap();
    fs::set_permissions(dir.path().join("file"), fs::Permissions::from_mode(0o444)).unwrap();
    let output = refused(&[
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        path(&dir, "file/data"),
    ]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("file/data") && text.lines().count() == 1,
        "{text}"
    );
}

#[test]
fn a_corrupt_configuration_is_told_by_line() {
    let dir = TempDir::new().unwrap();
    let config = dir.path().join("bad.toml");
    fs::write(&config, "[http]\nlisten = 8080\n[jurnal]\n").unwrap();
    let output = refused(&["run", config.to_str().unwrap()]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.contains("bad.toml:2") && text.contains("bad.toml:3"),
        "{text}"
    );
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_foreign_file_as_database_is_refused() {
    let dir = TempDir::new().unwrap();
    fs::create_dir(dir.path().join("data")).unwrap();
    fs::write(
        dir.path().join("data/gridos.db"),
        "this is no database, but a letter\n".repeat(99),
    )
    .unwrap();
    let output = refused(&[
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        path(&dir, "data"),
    ]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("gridos.db"), "{text}");
}

fn refused(args: &[&str]) -> Output {
    let output = Command::new(engine::binary()).args(args).output().unwrap();
    assert!(!output.status.success());
    output
}

fn path(dir: &TempDir, name: &str) -> &'static str {
    let path = dir.path().join(name).to_str().unwrap().to_owned();
    Box::leak(path.into_boxed_str())
}

fn sqlite(dir: &Path, sql: &str) -> String {
    let output = Command::new("sqlite3")
        .arg(dir.join("data/gridos.db"))
        .arg(sql)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

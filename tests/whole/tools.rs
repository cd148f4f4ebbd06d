//! The tools of the command line against simulated devices.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use gridos::check::Report;
use gridos::config::Config;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Process, address, binary};
use crate::support::http;

fn gridos(args: &[&str]) -> Output {
    Command::new(binary()).args(args).output().unwrap()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&text(args)).unwrap()
}

/// What a command shows.
fn text(args: &[&str]) -> String {
    let output = gridos(args);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// The address in a line such as `1 devices at 127.0.0.1:4711 to 127.0.0.1:4711; Ctrl-C ends`.
fn listening(line: &str) -> &str {
    let (_, after) = line.split_once(" at ").unwrap();
    after.split([' ', ';']).next().unwrap()
}

#[test]
fn a_value_on_the_display_is_found_among_the_registers() {
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("log");
    let args = ["simulate", "modbus", "--devices", "1", "--port-base", "0"];
    let mut devices = Process::start(&args, &log);
    let line = devices.wait_for("Ctrl-C ends");
    let at = listening(&line);
    let shown = json(&[
        "probe",
        "modbus",
        at,
        "--input",
        "0..26",
        "--discrete",
        "0..6",
        "--json",
    ]);
    let blocks = shown["blocks"].as_array().unwrap();
    assert_eq!(blocks[0]["table"], "discrete_input");
    assert_eq!(blocks[1]["registers"].as_array().unwrap().len(), 27);
    let search = [
        "probe",
        "modbus",
        at,
        "--input",
        // Behind these the temperatures begin, which may be 50 as well.
        "4..15",
        "--find-order",
        "--json",
    ];
    let found = json(&[&search[..], &["--expect", "50", "--tolerance", "2%"]].concat());
    let best = &found["found"][0];
    assert_eq!(
        (&best["address"], &best["type"], &best["scale"]),
        (&10.into(), &"u16".into(), &0.001.into())
    );
    let absent = gridos(&["probe", "modbus", at, "--holding", "500"]);
    assert_eq!(absent.status.code(), Some(1));
    let told = String::from_utf8(absent.stdout).unwrap();
    assert!(
        told.contains("exception 2 (illegal data address)"),
        "{told}"
    );
    // The example of the help: some of these addresses are not there.
    let args = ["probe", "modbus", at, "--input", "0..100", "--find-order"];
    let found = gridos(&[&args[..], &["--expect", "50", "--tolerance", "2%"]].concat());
    let told = String::from_utf8_lossy(&found.stdout);
    assert!(
        found.status.success() && told.contains("input register 10"),
        "{told}"
    );
    let told = String::from_utf8_lossy(&found.stderr);
    assert!(told.contains("refused it: input register"), "{told}");
    let part = json(&["probe", "modbus", at, "--input", "4..100", "--json"]);
    let part = part["blocks"].as_array().unwrap();
    assert!(part[0]["registers"].is_array() && part[1]["exception"]["code"] == 2);
    let nobody = gridos(&["probe", "modbus", "127.0.0.1:1", "--holding", "0"]);
    let told = String::from_utf8(nobody.stderr).unwrap();
    assert!(told.contains("nothing listens at this port"), "{told}");
    devices.signal(Signal::INT);
    devices.wait();
}

/// The configuration that `discover` makes of a device at `at`, in `dir`.
fn discovered(at: &str, dir: &Path) -> Config {
    let path = dir.join("roof.toml");
    let path = path.to_str().unwrap();
    text(&["discover", "sunspec", at, "--profile", "roof", "-o", path]);
    let text = fs::read_to_string(path).unwrap();
    let no_variables: [(&str, &str); 0] = [];
    let config = Config::parse(&text, path, no_variables, &|path| fs::read(path));
    config.unwrap_or_else(|faults| panic!("{faults}\n{text}"))
}

/// Runs the configuration at `path` with `settings` and its data beside it; the engine, and where
/// its API is.
fn run(path: &Path, settings: &str) -> (Process, String) {
    let text = fs::read_to_string(path).unwrap();
    let data = path.with_extension("data");
    let data = data.to_str().unwrap();
    let places = format!("[engine]\ndata_dir = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\n");
    fs::write(path, places + settings + &text).unwrap();
    let engine = Process::start(
        &["run", path.to_str().unwrap()],
        &path.with_extension("log"),
    );
    let mut told = engine.log();
    while !told.contains("http://") {
        crate::support::patience::look_again();
        told = engine.log();
    }
    (engine, address(&told))
}

#[test]
fn a_discovered_inverter_is_polled_in_its_own_units() {
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("log");
    let mut inverter = Process::start(&["simulate", "sunspec", "--port", "0"], &log);
    let line = inverter.wait_for("Ctrl-C ends");
    let config = discovered(listening(&line), dir.path());
    assert!(Report::of(&config).unwrap().bounds.points > 40);
    let path = dir.path().join("roof.toml");
    let (engine, api) = run(&path, "[scan_class]\nslow = \"100ms\"\n");
    let latest = |point: &str| loop {
        let path = format!("/api/v1/scada/latest?point=roof-1.{point}");
        let answer = http::get(&api, &path);
        let readings: Value = serde_json::from_str(&answer.body).unwrap();
        let value = &readings["readings"][0]["value"];
        if let Some(value) = value.as_f64() {
            return value;
        }
    };
    assert!((49.97..=50.03).contains(&latest("inverter_Hz")));
    assert!((228.0..=233.0).contains(&latest("meter_PhV")));
    assert_eq!(latest("inverter_W") % 10.0, 0.0);
    assert_eq!(latest("mppt_module1_DCV"), 600.0);
    // Who it is are texts, from its registers to the store.
    let asked = |path: &str| loop {
        let answer = http::get(&api, path);
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        let reading = &answer["readings"][0];
        if let Some(text) = reading["text"].as_str() {
            assert_eq!(reading["value"], Value::Null);
            return text.to_owned();
        }
    };
    let maker = asked("/api/v1/scada/latest?point=roof-1.common_Mn");
    assert_eq!(maker, "GridOS");
    let model = asked("/api/v1/scada/data?point=roof-1.common_Md");
    assert_eq!(model, "Simulated inverter");
    engine.signal(Signal::INT);
    engine.wait();
    inverter.signal(Signal::INT);
    inverter.wait();
}

#[test]
fn a_discovered_outstation_is_collected() {
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("log");
    let mut outstation = Process::start(&["simulate", "dnp3", "--port-base", "0"], &log);
    let line = outstation.wait_for("Ctrl-C ends");
    let at = listening(&line);
    let path = dir.path().join("bay.toml");
    let file = path.to_str().unwrap();
    let ask = ["discover", "dnp3", at, "--outstation", "10"];
    let ask = [&ask[..], &["--master", "1", "--profile", "bay"]].concat();
    let told = text(&[&ask[..], &["-o", file]].concat());
    assert!(told.starts_with("26 points, written to "), "{told}");
    let made = fs::read_to_string(&path).unwrap();
    for expected in [
        "#   manufacturer name      GridOS\n",
        "    { name = \"analog_{n}\", analog = \"0..16\" },\n",
        "    { name = \"counter_0\", counter = 0 },\n",
    ] {
        assert!(made.contains(expected), "{expected}\n{made}");
    }
    // The first in the order of kinds: 4 binaries, 2 double-bits, a binary output, a counter.
    let cut = gridos(&[&ask[..], &["--max-points", "10"]].concat());
    let told = String::from_utf8(cut.stderr).unwrap();
    assert!(told.contains("has 26 points"), "{told}");
    assert!(told.contains("analog 2 and all behind it"), "{told}");
    let shown = String::from_utf8(cut.stdout).unwrap();
    assert!(shown.contains("analog = \"0..1\""), "{shown}");
    assert!(!shown.contains("octets"), "{shown}");
    assert!(text(&["check", file]).contains("  26\nalarms                  1: 1 link\n"));
    assert!(text(&["plan", file]).contains("26 points"));
    let (engine, api) = run(&path, "");
    let reading = |point: &str| loop {
        let path = format!("/api/v1/scada/latest?point=bay-1.{point}");
        let answer: Value = serde_json::from_str(&http::get(&api, &path).body).unwrap();
        let reading = &answer["readings"][0];
        if !(reading["value"].is_null() && reading["text"].is_null()) {
            return reading.clone();
        }
    };
    let frequency = reading("analog_7")["value"].as_f64().unwrap();
    assert!((49.0..51.0).contains(&frequency), "{frequency}");
    assert!(reading("octets_0")["text"].is_string());
    engine.signal(Signal::INT);
    engine.wait();
    outstation.signal(Signal::INT);
    outstation.wait();
}

#[test]
fn points_that_no_profile_names_are_told() {
    let dir = TempDir::new().unwrap();
    let log = dir.path().join("log");
    let mut outstation = Process::start(&["simulate", "dnp3", "--port-base", "0"], &log);
    let line = outstation.wait_for("Ctrl-C ends");
    let path = dir.path().join("bay.toml");
    let ask = ["discover", "dnp3", listening(&line), "--max-points", "10"];
    text(
        &[
            &ask[..],
            &["--profile", "bay", "-o", path.to_str().unwrap()],
        ]
        .concat(),
    );
    let (engine, api) = run(&path, "");
    let device = loop {
        let answer = http::get(&api, "/api/v1/devices");
        let answer: Value = serde_json::from_str(&answer.body).unwrap();
        let device = &answer["devices"][0];
        if device["unmapped_values"].as_u64() >= Some(16) {
            break device.clone();
        }
    };
    assert_eq!(device["unmapped_points"], "analog 2..16, octets 0");
    engine.signal(Signal::INT);
    engine.wait();
    let told = fs::read_to_string(path.with_extension("log")).unwrap();
    let told: Vec<_> = told
        .lines()
        .filter(|line| line.contains("no profile names"))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("analog 2..16, octets 0"), "{told:?}");
    outstation.signal(Signal::INT);
    outstation.wait();
}

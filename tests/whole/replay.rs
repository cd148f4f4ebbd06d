//! `gridos replay`: what one version makes of recorded input against what another makes of it. The
//! other version is this one with another configuration: what differs must be found, and nothing else.

mod own;
mod tap;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Process, address, binary};
use crate::support::http::get;

const DIFFERENT: i32 = 6;

fn replay(args: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.arg("replay").args(args).output().unwrap()
}

/// What it tells with --json, and with what it ended.
fn told(args: &[&str]) -> (i32, Value) {
    let output = replay(&[args, &["--json"]].concat());
    let text = String::from_utf8_lossy(&output.stdout);
    let value = serde_json::from_str(&text);
    let value = value.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), value)
}

fn write(dir: &Path, name: &str, text: &str) -> String {
    let path = dir.join(name);
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).to_str().unwrap().to_owned()
}

/// Two feeders with a limit that a wave from 90 to 110 crosses now and then.
fn config(dir: &Path, address: &str, more: &str) -> String {
    format!(
        "[engine]\ndata_dir = {:?}\n[http]\nlisten = \"{address}\"\n\
         [[profile]]\nname = \"meter\"\nprotocol = \"push\"\n\
         point = [{{ name = \"a\", unit = \"A\"{more} }}]\n\
         [[device]]\nname = \"feeder-1\"\nprofile = \"meter\"\n\
         [[device]]\nname = \"feeder-2\"\nprofile = \"meter\"\n",
        dir.join("data")
    )
}

/// The folder of the journal of an engine that was posted a wave.
fn journal(dir: &Path) -> String {
    let file = write(dir, "engine.toml", &config(dir, "127.0.0.1:0", ""));
    let mut engine = Process::start(&["run", &file, "--json"], &dir.join("log"));
    let started: Value = serde_json::from_str(&engine.wait_for("started")).unwrap();
    let at = started["address"].as_str().unwrap().to_owned();
    let mut client = crate::support::http::Client::connect(&at).unwrap();
    for step in 0..60_u32 {
        let value = 100.0 + 10.0 * (f64::from(step) / 5.0).sin();
        let body = format!(
            "{{\"readings\":[{{\"point\":\"feeder-1.a\",\"value\":{value}}},\
             {{\"point\":\"feeder-2.a\",\"value\":{}}}]}}",
            200.0 - value
        );
        assert_eq!(
            client.post("/api/v1/scada/data", &body).unwrap().status,
            200
        );
    }
    engine.signal(Signal::INT);
    assert!(engine.wait().0.success());
    path(dir, "data/journal")
}

#[test]
fn a_journal_is_judged_alike_until_a_limit_moves() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let journal = journal(dir);
    let limit = |limits: &str| config(dir, "127.0.0.1:0", &format!(", limits = {limits}"));
    let stable = write(
        dir,
        "stable.toml",
        &limit("{ high = 105.0, deadband = 1.0 }"),
    );
    let record = path(dir, "stable.jsonl");
    let recorded = replay(&[&stable, "--journal", &journal, "--record", &record]);
    assert!(recorded.status.success(), "{recorded:?}");
    let against = |config: &str| told(&[config, "--journal", &journal, "--against", &record]);

    let (code, same) = against(&stable);
    assert_eq!((code, &same["parity"]), (0, &Value::Bool(true)), "{same}");
    let counts = &same["candidate"]["counts"];
    assert_eq!(counts["readings"], 120, "{same}");
    assert!(counts["alarms"].as_u64().unwrap() >= 4, "{same}");
    assert_eq!(same["stable"]["counts"], *counts);

    // Twice the same is the same to the octet.
    let again = path(dir, "again.jsonl");
    replay(&[&stable, "--journal", &journal, "--record", &again]);
    assert_eq!(fs::read(&record).unwrap(), fs::read(&again).unwrap());

    let moved = write(
        dir,
        "moved.toml",
        &limit("{ high = 108.5, deadband = 1.0 }"),
    );
    let (code, other) = against(&moved);
    assert_eq!(
        (code, &other["parity"]),
        (DIFFERENT, &Value::Bool(false)),
        "{other}"
    );
    assert!(
        other["differences"]["alarm"]["only_stable"]
            .as_u64()
            .unwrap()
            > 0,
        "{other}"
    );
    assert_eq!(other["differences"]["reading"], Value::Null, "{other}");
    let first = &other["shown"][0];
    assert_eq!(first["stable"]["action"], "raised", "{first}");
    assert!(
        first["at"]
            .as_str()
            .unwrap()
            .starts_with("stream 1, position "),
        "{first}"
    );

    // Wide enough, it holds an alarm where the narrow one lets go.
    let wide = write(dir, "wide.toml", &limit("{ high = 105.0, deadband = 9.0 }"));
    assert_eq!(against(&wide).0, DIFFERENT);

    let text = replay(&[&moved, "--journal", &journal, "--against", &record]);
    let text = String::from_utf8(text.stdout).unwrap();
    for expected in [
        "the two differ",
        "alarm feeder-",
        "only stable: raised, from normal to high",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }

    // The other version runs beside, with its own configuration.
    let program = binary();
    let program = program.to_str().unwrap();
    let beside = |config: &str| {
        let stable = ["--stable", program, "--stable-config", &stable];
        told(&[&[config, "--journal", &journal][..], &stable].concat()).0
    };
    assert_eq!((beside(&stable), beside(&moved)), (0, DIFFERENT));
}

#[test]
fn a_record_that_cannot_be_used_is_no_parity() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let journal = journal(dir);
    let stable = write(dir, "stable.toml", &config(dir, "127.0.0.1:0", ""));
    let record = path(dir, "stable.jsonl");
    replay(&[&stable, "--journal", &journal, "--record", &record]);
    let text = fs::read_to_string(&record).unwrap();
    let cut = write(dir, "cut.jsonl", &text[..text.len() / 2]);
    let other = write(
        dir,
        "other.jsonl",
        &text.replacen("\"journal\"", "\"capture\"", 1),
    );
    for (file, expected) in [
        (cut, "it was cut off, or its version failed"),
        (other, "they cannot be compared"),
        (stable.clone(), "is no line of a record"),
        (path(dir, "gone"), "cannot be read"),
    ] {
        let output = replay(&[&stable, "--journal", &journal, "--against", &file]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let failing = replay(&[&stable, "--journal", &journal, "--stable", "/bin/false"]);
    let told = String::from_utf8_lossy(&failing.stderr).into_owned();
    assert!(told.contains("/bin/false ended with"), "{told}");
    let nothing = replay(&[&stable, "--journal", &journal]);
    assert_eq!(nothing.status.code(), Some(2));
}

#[test]
fn the_journal_of_a_polling_engine_is_replayed_to_parity_with_itself() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let data = path(dir, "data");
    let args = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--devices",
        "3",
        "--data-dir",
        &data,
    ];
    let mut engine = Process::start(&args, &dir.join("log"));
    let at = address(&engine.wait_for("page and API"));
    loop {
        let status: Value = serde_json::from_str(&get(&at, "/api/v1/scada/status").body).unwrap();
        if status["ledger"]["stored"].as_u64().unwrap() > 500 {
            break;
        }
        std::thread::yield_now();
    }
    engine.signal(Signal::INT);
    engine.wait();
    // Whoever replays need not know the devices: those that are unknown are told, and not judged.
    let config = write(dir, "gridos.toml", &config(dir, "127.0.0.1:0", ""));
    let program = binary();
    let (code, told) = told(&[
        &config,
        "--journal",
        &data,
        "--stable",
        program.to_str().unwrap(),
    ]);
    assert_eq!(code, 0, "{told}");
    assert!(told["same"].as_u64().unwrap() > 500, "{told}");
    assert_eq!(told["candidate"]["counts"]["faults"], 0, "{told}");
}

/// A capture of `../shared/captures`; `None` with a word where the folder is absent.
fn shared(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    let found = Some(folder.join(name)).filter(|path| path.is_file());
    if found.is_none() {
        eprintln!("skipped: {name} is not in ../shared/captures");
    }
    found
}

/// An engine of one outstation: as in `icsnpp/dnp3_example.pcap`.
fn outstation(dir: &Path, more: &str) -> String {
    format!(
        "[engine]\ndata_dir = {:?}\n[dnp3]\nmaster = 100\n\
         [[profile]]\nname = \"bay\"\nprotocol = \"dnp3\"\npoint = [\
         {{ name = \"breaker\", binary = 0 }}, {{ name = \"current\", analog = 0{more} }}, \
         {{ name = \"voltage\", analog = 1 }}]\n\
         [[device]]\nname = \"bay-1\"\nprofile = \"bay\"\naddress = \"10.10.20.8:20000\"\noutstation = 5\n",
        dir.join("data")
    )
}

#[test]
fn a_capture_of_dnp3_is_decoded_alike_until_a_scale_changes() {
    let Some(capture) = shared("icsnpp/dnp3_example.pcap") else {
        return;
    };
    let capture = capture.to_str().unwrap();
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let stable = write(dir, "stable.toml", &outstation(dir, ""));
    let record = path(dir, "stable.jsonl");
    let recorded = replay(&[&stable, "--capture", capture, "--record", &record]);
    assert!(recorded.status.success(), "{recorded:?}");
    let against = |config: &str| told(&[config, "--capture", capture, "--against", &record]);
    let (code, same) = against(&stable);
    assert_eq!(code, 0, "{same}");
    // 97 integrity polls answer with these points.
    assert!(
        same["capture"]["dnp3_fragments"].as_u64().unwrap() >= 97,
        "{same}"
    );
    assert!(
        same["candidate"]["counts"]["readings"].as_u64().unwrap() >= 97 * 3,
        "{same}"
    );

    let scaled = write(dir, "scaled.toml", &outstation(dir, ", scale = 0.5"));
    let (code, other) = against(&scaled);
    assert_eq!(code, DIFFERENT, "{other}");
    let kinds = other["differences"].as_object().unwrap();
    assert_eq!(kinds.keys().collect::<Vec<_>>(), ["reading"], "{other}");
    assert!(
        other["differences"]["reading"]["changed"].as_u64().unwrap() > 0,
        "{other}"
    );
    for shown in other["shown"].as_array().unwrap() {
        assert_eq!(shown["stable"]["point"], "bay-1.current", "{shown}");
    }
}

#[test]
fn a_capture_of_modbus_is_decoded_alike_until_a_scale_changes() {
    let Some(capture) = shared("icsnpp/modbus_example.pcap") else {
        return;
    };
    let capture = capture.to_str().unwrap();
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let config = |more: &str| {
        format!(
            "[engine]\ndata_dir = {:?}\n[[profile]]\nname = \"two\"\nprotocol = \"modbus\"\npoint = [\
             {{ name = \"a\", holding = 1{more} }}, {{ name = \"b\", holding = 8 }}, \
             {{ name = \"c\", coil = 2 }}]\n\
             [[device]]\nname = \"plc\"\nprofile = \"two\"\naddress = \"192.0.2.7:502\"\nunit = 5\n",
            dir.join("data")
        )
    };
    let stable = write(dir, "stable.toml", &config(""));
    let record = path(dir, "stable.jsonl");
    let at = ["--capture", capture, "--at", "plc=127.0.0.1:502"];
    let recorded = replay(&[&[&*stable][..], &at, &["--record", &record]].concat());
    assert!(recorded.status.success(), "{recorded:?}");
    let against = |config: &str| told(&[&[config][..], &at, &["--against", &record]].concat());
    let (code, same) = against(&stable);
    assert_eq!(code, 0, "{same}");
    assert_eq!(same["capture"]["modbus_answers"], 2, "{same}");
    assert_eq!(same["candidate"]["counts"]["readings"], 3, "{same}");
    let scaled = write(dir, "scaled.toml", &config(", offset = 1"));
    let (code, other) = against(&scaled);
    assert_eq!(code, DIFFERENT, "{other}");
    assert_eq!(other["differences"]["reading"]["changed"], 1, "{other}");
    // Nobody of that name, or nobody at that place, is told and no parity.
    let nobody = [
        "--capture",
        capture,
        "--at",
        "plx=127.0.0.1:502",
        "--record",
        "-",
    ];
    let output = replay(&[&[&*stable][..], &nobody].concat());
    assert_eq!(output.status.code(), Some(1));
}

/// Whatever a capture holds, it is replayed to its end, and twice to the same.
#[test]
fn hostile_captures_are_replayed_to_parity() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let config = write(dir, "stable.toml", &outstation(dir, ""));
    for name in [
        "zeek/modbus__fuzz-72.pcap",
        "zeek/dnp3__dnp3.pcap",
        "suricata-verify/dnp3__dnp3-max-points__test.pcap",
        "suricata-verify/dnp3__dnp3-too-long-reassembly-response__input.pcap",
    ] {
        let Some(capture) = shared(name) else { return };
        let program = binary();
        let args = [
            "--capture",
            capture.to_str().unwrap(),
            "--stable",
            program.to_str().unwrap(),
        ];
        let (code, told) = told(&[&[&*config][..], &args].concat());
        assert_eq!(code, 0, "{name}: {told}");
    }
}

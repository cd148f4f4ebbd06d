//! `gridos journal` as its users run it: beside a running engine, on a damaged journal, and for
//! repairing one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gridos_journal::{LayoutBook, Options, Streams};
use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmKind, AlarmRecord, DirectoryBuilder, Level,
    Note, Point, Quality, Suppression, Timestamp,
};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::engine::{Process, address, binary};
use crate::support::http::get;

fn journal(args: &[&str]) -> Output {
    let mut command = Command::new(binary());
    command.arg("journal").args(args).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(args: &[&str]) -> Value {
    let output = journal(args);
    serde_json::from_str(&text(&output)).unwrap_or_else(|_| panic!("{}", told(&output)))
}

/// A demo whose data is in `dir`; running.
fn demo(dir: &Path) -> (Process, String) {
    let data = dir.join("data");
    let args = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--devices",
        "3",
        "--data-dir",
        data.to_str().unwrap(),
    ];
    let mut engine = Process::start(&args, &dir.join("log"));
    let line = engine.wait_for("page and API");
    let at = address(&line);
    (engine, at)
}

/// The journal of a demo that ran until it had stored something; its folder and its only segment.
fn finished(dir: &Path) -> (String, PathBuf) {
    let (engine, at) = demo(dir);
    loop {
        let status: Value = serde_json::from_str(&get(&at, "/api/v1/scada/status").body).unwrap();
        if status["ledger"]["stored"].as_u64().unwrap() > 200 {
            break;
        }
        crate::support::patience::look_again();
    }
    engine.signal(Signal::INT);
    engine.wait();
    let root = dir.join("data/journal");
    let segment = root.join("000001/00000000000000000000.journal");
    assert!(segment.is_file());
    (root.to_str().unwrap().to_owned(), segment)
}

fn change(path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    change(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Bytes of the segment up to the last octet that was written.
fn written(segment: &Path) -> usize {
    let bytes = fs::read(segment).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    (last + 1).next_multiple_of(16)
}

#[test]
fn a_running_engine_is_looked_at_and_not_disturbed() {
    let dir = TempDir::new().unwrap();
    let (engine, at) = demo(dir.path());
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    let summary = loop {
        let info = json(&["info", data, "--json"]);
        if info["streams"][0]["readings"].as_u64().unwrap() > 100 {
            break info;
        }
    };
    let stream = &summary["streams"][0];
    assert_eq!(stream["stream"], "000001");
    assert!(stream["oldest"].as_str().unwrap() <= stream["newest"].as_str().unwrap());
    assert_eq!(stream["damaged_headers"], 0);
    let verified = journal(&["verify", data]);
    assert!(verified.status.success(), "{}", told(&verified));
    assert!(text(&verified).contains("stream 000001: whole"));
    let repair = journal(&["repair", data]);
    assert!(!repair.status.success());
    assert!(told(&repair).contains("in use"), "{}", told(&repair));
    let status: Value = serde_json::from_str(&get(&at, "/api/v1/scada/status").body).unwrap();
    assert_eq!(status["live"], true);
    engine.signal(Signal::INT);
    engine.wait();
}

#[test]
fn records_are_shown_with_their_names_and_filtered() {
    let dir = TempDir::new().unwrap();
    let (root, _) = finished(dir.path());
    let lines = |args: &[&str]| -> Vec<Value> {
        let output = journal(&[&["dump", &root], args].concat());
        assert!(output.status.success(), "{}", told(&output));
        let lines = text(&output);
        let values = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        values.collect()
    };
    let all = lines(&[]);
    let sweeps: Vec<_> = all.iter().filter(|line| line["kind"] == "sweep").collect();
    assert!(!sweeps.is_empty());
    assert!(all.iter().all(|line| line["stream"] == "000001"));
    let named = sweeps
        .iter()
        .find(|line| line["values"]["current_a"].is_number());
    let named = named.unwrap();
    assert!(named["device"].as_str().unwrap().starts_with("feeder-"));
    let total: u64 = json(&["info", &root, "--json"])["streams"][0]["readings"]
        .as_u64()
        .unwrap();
    let counted: usize = all
        .iter()
        .map(|line| match line["kind"].as_str().unwrap() {
            "sweep" => line["values"].as_object().unwrap().len(),
            kind @ ("events" | "texts") => line[kind].as_array().unwrap().len(),
            _ => 0,
        })
        .sum();
    assert_eq!(counted as u64, total);

    let device = named["device"].as_str().unwrap();
    let own = lines(&["--device", device]);
    assert!(!own.is_empty() && own.len() < all.len());
    assert!(
        own.iter()
            .all(|line| line["device"] == device || line["kind"] == "alarms")
    );
    assert_eq!(lines(&["--limit", "2"]), all[..2]);
    let second = all[1]["position"].as_u64().unwrap().to_string();
    assert_eq!(lines(&["--from-position", &second]), all[1..]);
    assert_eq!(lines(&["--until-position", &second]), all[..1]);
    assert_eq!(lines(&["--stream", "000002"]), [] as [Value; 0]);
    let middle = sweeps[sweeps.len() / 2]["received"].as_str().unwrap();
    let (early, late) = (lines(&["--until", middle]), lines(&["--from", middle]));
    assert_eq!(early.len() + late.len(), all.len());
    assert!(!early.is_empty() && !late.is_empty());
}

#[test]
fn what_happened_to_alarms_is_shown_with_names() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().to_str().unwrap();
    let mut builder = DirectoryBuilder::default();
    for device in ["d", "e"] {
        builder
            .add(device, vec![Point::new("p", "V")], &[])
            .unwrap();
    }
    let directory = builder.build();
    let book = LayoutBook::open(dir.path()).unwrap();
    book.add(directory.layouts().map(AsRef::as_ref)).unwrap();
    let mut stream = Streams::open(dir.path())
        .unwrap()
        .begin(Options::default())
        .unwrap();
    let at = Timestamp::from_millis(1_000);
    let raised = |sequence, owner, kind| AlarmRecord {
        sequence,
        alarm: AlarmId::of(owner, kind),
        occurrence: sequence,
        action: AlarmAction::Raised,
        is_annunciated: true,
        from: Level::Normal,
        time: at,
        received: at,
        value: f64::NAN,
        quality: Quality::OFFLINE,
        after: AlarmFacts {
            level: Level::Abnormal,
            worst: Level::Abnormal,
            flags: AlarmFlags::UNACKNOWLEDGED,
            suppression: Suppression::LINK,
            ..AlarmFacts::REST
        },
        note: None,
    };
    let shelved = AlarmRecord {
        note: Some(Box::new(Note {
            by: "ana".into(),
            ..Note::default()
        })),
        ..raised(3, "nobody", AlarmKind::Link)
    };
    stream.append_alarms(&[
        raised(1, "d.p", AlarmKind::Quality),
        raised(2, "e", AlarmKind::Link),
        shelved,
    ]);
    stream.write().unwrap();
    drop(stream);
    let lines = |args: &[&str]| -> Vec<Value> {
        let output = journal(&[&["dump", root], args].concat());
        assert!(output.status.success(), "{}", told(&output));
        let lines = text(&output);
        let lines = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    };
    let all = lines(&[]);
    let alarms = all[0]["alarms"].as_array().unwrap();
    let unknown = AlarmId::of("nobody", AlarmKind::Link).to_string();
    let names: Vec<_> = alarms
        .iter()
        .map(|row| row["alarm"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["d.p:quality", "e:link", &*unknown]);
    let first = &alarms[0];
    assert_eq!(
        (&first["action"], &first["annunciated"]),
        (&json!("raised"), &json!(true))
    );
    let after = &first["after"];
    assert_eq!(
        (&after["state"], &after["level"]),
        (&json!("suppressed"), &json!("abnormal"))
    );
    assert_eq!(
        (&after["flags"], &after["suppression"]),
        (&json!(["unacknowledged"]), &json!(["link"]))
    );
    assert_eq!(
        (&first["value"], &first["quality"]),
        (&json!("NaN"), &json!(["offline"]))
    );
    assert_eq!(alarms[2]["note"]["by"], "ana");
    for (device, sequence) in [("d", 1), ("e", 2)] {
        let own = lines(&["--device", device]);
        let own = own[0]["alarms"].as_array().unwrap();
        assert_eq!((own.len(), &own[0]["sequence"]), (1, &json!(sequence)));
    }
}

#[test]
fn damage_is_found_kept_and_repaired_and_the_rest_is_stored() {
    let dir = TempDir::new().unwrap();
    let (root, segment) = finished(dir.path());
    let clean = json(&["verify", &root, "--json"]);
    assert_eq!(clean["whole"], true);
    let frames = clean["streams"][0]["frames"].as_u64().unwrap();
    assert!(frames > 20);
    let end = written(&segment);
    change(&segment, |bytes| {
        bytes[10] ^= 1;
        bytes[end / 2] ^= 1;
        bytes.truncate(end);
        bytes.extend([9; 50]);
    });

    // With its only header gone the stream is known by its frames.
    let output = journal(&["verify", &root]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("gridos journal repair can rebuild it"),
        "{}",
        text(&output)
    );
    change(&segment, |bytes| bytes[10] ^= 1);

    let output = journal(&["verify", &root]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output);
    assert!(shown.contains("stream 000001: DAMAGED"), "{shown}");
    assert!(shown.contains("the octets are damaged"), "{shown}");
    assert!(
        shown.contains(&format!("note: {} at {end}", segment.display())),
        "{shown}"
    );
    assert!(
        told(&output).contains("1 damaged places"),
        "{}",
        told(&output)
    );

    let before = fs::read(&segment).unwrap();
    let planned = journal(&["repair", &root]);
    assert!(planned.status.success(), "{}", told(&planned));
    assert!(text(&planned).contains("2 repairs to do; nothing was changed"));
    assert_eq!(fs::read(&segment).unwrap(), before);
    assert!(!Path::new(&root).join("quarantine").exists());

    let done = json(&["repair", &root, "--write", "--json"]);
    let repairs = done["repairs"].as_array().unwrap();
    let actions: Vec<_> = repairs.iter().map(|repair| &repair["action"]).collect();
    assert_eq!(actions, ["keep", "cut"]);
    for repair in repairs {
        let number = |key: &str| usize::try_from(repair[key].as_u64().unwrap()).unwrap();
        let copy = fs::read(repair["copy"].as_str().unwrap()).unwrap();
        let at = number("offset");
        assert_eq!(copy, before[at..at + number("bytes")]);
    }
    assert_eq!(
        fs::read(&segment).unwrap(),
        before[..end],
        "only the tail is cut"
    );
    let again = journal(&["repair", &root, "--write"]);
    assert!(
        text(&again).contains("nothing to repair"),
        "{}",
        text(&again)
    );

    let output = journal(&["verify", &root, "--json"]);
    assert_eq!(output.status.code(), Some(1), "the damage is still there");
    let after: Value = serde_json::from_str(&text(&output)).unwrap();
    assert_eq!(after["streams"][0]["damages"], 1);
    assert_eq!(after["streams"][0]["frames"], frames - 1);

    // The engine goes on with it.
    let (engine, at) = demo(dir.path());
    let status: Value = serde_json::from_str(&get(&at, "/api/v1/scada/status").body).unwrap();
    assert_eq!(status["live"], true);
    engine.signal(Signal::INT);
    engine.wait();
}

#[test]
fn what_a_database_has_is_shown_with_a_configuration() {
    let dir = TempDir::new().unwrap();
    let (root, _) = finished(dir.path());
    let config = dir.path().join("g.toml");
    let data = dir.path().join("data");
    let text_of = |data: &Path| {
        let path = data.join("gridos.db");
        format!(
            "[engine]\ndata_dir = \"{}\"\n[store]\npath = \"{}\"\n",
            data.display(),
            path.display()
        )
    };
    fs::write(&config, text_of(&data)).unwrap();
    let config = config.to_str().unwrap();
    let info = json(&["info", config, "--json"]);
    let stream = &info["streams"][0];
    assert_eq!(stream["stored"]["position"], stream["until_position"]);
    assert_eq!(info["disk_limit"], 8_u64 << 30);
    let output = journal(&["info", config]);
    assert!(text(&output).contains("stored up to"), "{}", text(&output));
    assert!(
        text(&output).contains("0 B with 0 readings wait"),
        "{}",
        text(&output)
    );
    // Asking makes no database.
    fs::remove_file(data.join("gridos.db")).unwrap();
    let info = json(&["info", config, "--json"]);
    let why = info["streams"][0]["stored"]["error"].as_str().unwrap();
    assert!(why.contains("there is no database"), "{why}");
    assert!(!data.join("gridos.db").exists());

    let output = journal(&["info", dir.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        told(&output).contains("there is no journal"),
        "{}",
        told(&output)
    );
    assert!(Path::new(&root).is_dir());
}

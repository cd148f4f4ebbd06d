//! The commands that ask a running engine, against a running engine.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::{gridos, text};
use crate::support::engine::{Process, binary};
use crate::support::http::Client;

struct Engine {
    process: Process,
    address: String,
    url: String,
    _dir: TempDir,
}

/// An engine with one device that posts, and one alarm.
fn start() -> Engine {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("gridos.toml");
    let config = format!(
        "[engine]\nname = \"north\"\ndata_dir = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
         [[profile]]\nname = \"meter\"\nprotocol = \"push\"\n\
         point = [{{ name = \"load\", unit = \"MW\", limits = {{ high = 10, deadband = 1, priority = \"high\" }} }}]\n\
         [[device]]\nname = \"m1\"\nprofile = \"meter\"\n",
        dir.path().join("data").display()
    );
    std::fs::write(&path, config).unwrap();
    let arguments = ["run", path.to_str().unwrap(), "--json"];
    let mut process = Process::start(&arguments, &dir.path().join("log"));
    let started: Value = serde_json::from_str(&process.wait_for("started")).unwrap();
    let address = started["address"].as_str().unwrap().to_owned();
    Engine {
        process,
        url: format!("http://{address}"),
        address,
        _dir: dir,
    }
}

impl Engine {
    /// Makes the alarm come; answered when it is durable.
    fn raise(&self) {
        let mut client = Client::connect(&self.address).unwrap();
        let body = r#"{"readings": [{"point": "m1.load", "value": 12}]}"#;
        let answer = client.post("/api/v1/scada/data", body).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    fn list(&self, more: &[&str]) -> Vec<Value> {
        let output = gridos(&[&["alarms", "list", "--json", "--url", &self.url], more].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        let told = text(&output.stdout);
        told.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

#[test]
fn status_shows_an_engine_and_its_health_decides_the_exit_code() {
    let engine = start();
    let output = gridos(&["status", "--url", &engine.url]);
    let page = text(&output.stdout);
    assert!(page.starts_with("north  "), "{page}");
    for name in [
        "readings", "ledger", "latency", "journal", "database", "devices", "alarms",
    ] {
        assert!(page.contains(&format!("\n{name} ")), "{name}: {page}");
    }
    assert!(
        !page.contains('\x1b') && page.contains("ledger    balanced"),
        "{page}"
    );
    let output = gridos(&["status", "--url", &engine.url, "--json"]);
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    let code = match seen["status"]["status"].as_str().unwrap() {
        "ok" => 0,
        "degraded" => 3,
        _ => 1,
    };
    assert_eq!(output.status.code(), Some(code), "{seen}");
    assert_eq!(seen["alarms"]["configured"], 1);
    let url = engine.url.clone();
    engine.process.kill();
    assert_eq!(gridos(&["status", "--url", &url]).status.code(), Some(1));
}

#[test]
fn watching_goes_on_when_the_engine_is_gone_and_says_so() {
    let engine = start();
    let dir = TempDir::new().unwrap();
    let arguments = [
        "status",
        "--watch",
        "--every",
        "100ms",
        "--json",
        "--url",
        &engine.url,
    ];
    let mut watch = Process::start(&arguments, &dir.path().join("log"));
    let line = watch.wait_for("\"status\"");
    let seen: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(seen["status"]["engine"], "north");
    engine.process.kill();
    let line = watch.wait_for("\"error\"");
    assert!(line.contains("no engine answers"), "{line}");
    watch.signal(rustix::process::Signal::INT);
    let (status, _) = watch.wait();
    assert!(status.success());
}

/// On a terminal, which `script` makes: another screen, drawn over, and given back at the end.
#[test]
fn watching_on_a_terminal_gives_the_screen_back() {
    let engine = start();
    let line = format!(
        "timeout --foreground --signal=INT 6 {} status --watch --every 200ms --url {}",
        binary().display(),
        engine.url
    );
    let output = Command::new("script")
        .args(["--quiet", "--command", &line, "/dev/null"])
        .env("TERM", "xterm")
        .output()
        .unwrap();
    let told = text(&output.stdout);
    assert!(told.starts_with("\x1b[?1049h\x1b[?25l"), "{told:?}");
    assert!(told.ends_with("\x1b[?25h\x1b[?1049l"), "{told:?}");
    assert!(
        told.matches("\x1b[H").count() > 1 && told.contains("north"),
        "{told:?}"
    );
    drop(engine);
}

/// Without an answer the page is marked as what it is, on a terminal of 40 columns that it does not leave.
#[test]
fn watching_on_a_terminal_marks_what_is_stale_and_keeps_its_width() {
    let engine = start();
    let dir = TempDir::new().unwrap();
    let line = format!(
        "stty cols 40 rows 30; exec {} status --watch --every 200ms --url {}",
        binary().display(),
        engine.url
    );
    let log = std::fs::File::create(dir.path().join("screen")).unwrap();
    let mut script = Command::new("script")
        .args(["--quiet", "--flush", "--command", &line, "/dev/null"])
        .env("TERM", "xterm")
        .stdin(std::process::Stdio::null())
        .stdout(log)
        .spawn()
        .unwrap();
    let screen = || std::fs::read_to_string(dir.path().join("screen")).unwrap_or_default();
    let wait_for = |what: &str| {
        let began = std::time::Instant::now();
        while !screen().contains(what) {
            assert!(began.elapsed().as_secs() < 120, "{what}: {:?}", screen());
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    };
    wait_for("balanced");
    engine.process.kill();
    wait_for("STALE");
    wait_for("NOT CONNECTED");
    script.kill().unwrap();
    script.wait().unwrap();
    let drawn = screen();
    let lines = drawn.split("\r\n").filter(|line| !line.contains("\x1b[H"));
    for line in lines {
        let plain = anstream::adapter::strip_str(line).to_string();
        assert!(plain.chars().count() <= 40, "{plain:?}");
    }
}

#[test]
fn alarms_are_listed_acknowledged_and_shelved() {
    let engine = start();
    assert!(engine.list(&[]).is_empty());
    let nothing = gridos(&["alarms", "list", "--url", &engine.url]);
    assert_eq!(text(&nothing.stdout), "no alarms\n");
    engine.raise();
    let listed = engine.list(&["--unacknowledged", "--active", "--device", "m1"]);
    assert_eq!(listed[0]["name"], "m1.load:limit");
    let table = text(&gridos(&["alarms", "list", "--url", &engine.url]).stdout);
    assert!(table.starts_with("PRIORITY"), "{table}");
    let row = table.lines().nth(1).unwrap();
    assert!(
        row.starts_with("high") && row.contains("m1.load:limit") && row.contains("12 MW"),
        "{row}"
    );
    assert!(engine.list(&["--priority-min", "urgent"]).is_empty());
    let occurrence = listed[0]["occurrence"].to_string();
    let act = |args: &[&str]| {
        let by = ["--by", "anna", "--url", &engine.url];
        gridos(&[&["alarms"], args, &by[..]].concat())
    };
    let another = format!("1{occurrence}");
    let wrong = act(&["ack", "m1.load:limit", "--occurrence", &another]);
    assert_eq!(wrong.status.code(), Some(1));
    let acked = act(&["ack", "m1.load:limit", "--occurrence", &occurrence]);
    assert!(acked.status.success(), "{}", text(&acked.stderr));
    assert_eq!(
        text(&acked.stdout),
        "m1.load:limit is acknowledged; its state is acknowledged\n"
    );
    assert!(engine.list(&["--unacknowledged"]).is_empty());
    let arguments = [
        "shelve",
        "m1.load:limit",
        "--for",
        "1h",
        "--comment",
        "painted",
    ];
    let shelved = act(&arguments);
    assert!(shelved.status.success(), "{}", text(&shelved.stderr));
    assert!(engine.list(&[]).is_empty());
    let hidden = engine.list(&["--hidden"]);
    assert_eq!(
        (&hidden[0]["state"], &hidden[0]["hidden"]["by"]),
        (&"shelved".into(), &"anna".into()),
        "{hidden:?}"
    );
    let unshelved = act(&["unshelve", "m1.load:limit", "--json"]);
    let answer: Value = serde_json::from_slice(&unshelved.stdout).unwrap();
    assert_eq!(
        (&answer["changed"], &answer["alarm"]["hidden"]),
        (&true.into(), &Value::Null)
    );
    let unknown = act(&["unshelve", "m9.load:limit"]);
    assert_eq!(unknown.status.code(), Some(1));
}

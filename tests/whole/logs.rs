//! What the engine logs: JSON, its level, and a bounded number of lines when a fleet is lost at once.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use gridos_sim::modbus::Fleet;
use gridos_sim::substation::Feeder;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::Process;
use crate::support::http::Client;

/// More than are shown of one kind within a minute.
const DEVICES: usize = 250;
const SHOWN_MAX: usize = 100;
/// Only a hang takes as long.
const PATIENCE: Duration = Duration::from_secs(120);

fn config(dir: &TempDir, ports: impl Iterator<Item = u16>) -> String {
    let mut text = format!(
        "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n[log]\nformat = \"json\"\n\
         [scan_class]\nfast = \"500ms\"\n\
         [[profile]]\nname = \"p\"\nprotocol = \"modbus\"\nscan = \"fast\"\ntimeout = \"300ms\"\n\
         point = [{{ name = \"a\", input = 0 }}]\n",
        dir.path().join("data").display()
    );
    for port in ports {
        text += &format!(
            "[[device]]\nname = \"feeder-{port}\"\nprofile = \"p\"\naddress = \"127.0.0.1:{port}\"\n"
        );
    }
    text
}

fn lines(log: &str) -> Vec<Value> {
    let lines = log.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect()
}

fn count(lines: &[Value], message: &str) -> usize {
    lines
        .iter()
        .filter(|line| line["message"] == message)
        .count()
}

#[test]
fn a_fleet_that_is_lost_at_once_is_told_in_a_bounded_number_of_lines_and_a_sum() {
    let dir = TempDir::new().unwrap();
    // Nobody listens at these; they stay taken, so that nobody else does.
    let held: Vec<TcpListener> = (0..DEVICES)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let ports: Vec<u16> = held
        .iter()
        .map(|one| one.local_addr().unwrap().port())
        .collect();
    drop(held);
    let path = dir.path().join("gridos.toml");
    std::fs::write(&path, config(&dir, ports.into_iter())).unwrap();
    let log = dir.path().join("log");
    let mut engine = Process::start(&["run", path.to_str().unwrap(), "--json"], &log);
    let started: Value = serde_json::from_str(&engine.wait_for("started")).unwrap();
    assert_eq!(started["devices"], DEVICES);
    let mut client = Client::connect(started["address"].as_str().unwrap()).unwrap();
    let mut down = || -> Value {
        let status = client.get("/api/v1/scada/status").unwrap();
        let status: Value = serde_json::from_str(&status.body).unwrap();
        status["devices"]["down"].clone()
    };
    let until = Instant::now() + PATIENCE;
    while down() != DEVICES {
        assert!(Instant::now() < until, "{}", engine.log());
    }
    engine.signal(rustix::process::Signal::TERM);
    let text = || std::fs::read_to_string(&log).unwrap();
    let (status, told) = engine.wait();
    assert!(status.success(), "{}", text());
    let lines = lines(&text());
    let down = count(&lines, "device is down");
    assert!((SHOWN_MAX..=3 * SHOWN_MAX).contains(&down), "{down}");
    let sums = lines.iter().filter(|line| line["what"] == "device is down");
    let left_out: u64 = sums.map(|line| line["lines"].as_u64().unwrap()).sum();
    assert!(
        left_out >= (DEVICES - 2 * SHOWN_MAX) as u64,
        "{left_out}: {}",
        text()
    );
    let every = lines
        .iter()
        .all(|line| line["level"].is_string() && line["timestamp"].is_string());
    assert!(every, "{}", text());
    let ended: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(ended["event"], "ended");
    assert_eq!(ended["ledger"]["balanced"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_leaves_out_what_is_below_it() {
    let dir = TempDir::new().unwrap();
    let fleet = Fleet::serve(IpAddr::V4(Ipv4Addr::LOCALHOST), 0, (0..2).map(Feeder::new));
    let fleet = fleet.await.unwrap();
    let ports: Vec<u16> = fleet.addresses().map(|address| address.port()).collect();
    let text = config(&dir, ports.into_iter());
    let text = text.replace("format = \"json\"", "level = \"error\"");
    let path = dir.path().join("gridos.toml");
    std::fs::write(&path, text).unwrap();
    let log = dir.path().join("log");
    let arguments = ["run", path.to_str().unwrap(), "--for", "1s"];
    let engine = Process::start(&arguments, &log);
    let (status, told) = tokio::task::spawn_blocking(|| engine.wait()).await.unwrap();
    assert!(status.success());
    assert_eq!((&*told, &*std::fs::read_to_string(&log).unwrap()), ("", ""));
    fleet.stop().await;
}

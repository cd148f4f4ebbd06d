//! The disk is full while the database is away: what the engine then takes, gives up and tells.
//!
//! On a small file system of its own, which only root may mount.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Process, free_address};
use crate::support::http::{Client, get};

const READINGS_PER_POST: u64 = 4_000;
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A file system of 10 MiB in memory; gone when dropped.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=10m", "gridos-test"])
            .arg(folder.path())
            .output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self { folder });
        }
        let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
        assert!(nothing.is_none(), "a small file system cannot be mounted");
        eprintln!("skipped: only root may mount a small file system");
        None
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: the engine may still be ending.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Somebody who holds the SQLite file: to the engine the database is away.
struct Holder(Child);

impl Holder {
    fn hold(database: &Path) -> Self {
        let mut shell = Command::new("sqlite3")
            .arg(database)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = shell.stdin.as_mut().unwrap();
        stdin.write_all(b"begin exclusive;\n.print held\n").unwrap();
        let mut line = String::new();
        let stdout = shell.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        assert_eq!(line.trim(), "held");
        Self(shell)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

struct Rig {
    engine: Process,
    address: String,
    database: PathBuf,
    holder: Option<Holder>,
    disk: SmallDisk,
    /// Holds the database and the log, on another disk.
    _dir: TempDir,
}

/// A client that posts readings, none twice, until it is told to end.
struct Poster {
    stop: Arc<AtomicBool>,
    acknowledged: JoinHandle<u64>,
}

impl Poster {
    fn start(address: &str) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, address) = (Arc::clone(&stop), address.to_owned());
        let acknowledged = std::thread::spawn(move || {
            let mut client = Client::connect(&address).unwrap();
            let (mut next, mut acknowledged) = (0, 0);
            while !stopped.load(Ordering::Acquire) {
                let readings = next..next + READINGS_PER_POST;
                next = readings.end;
                let status = client.post("/api/v1/scada/data", &body(readings));
                match status.unwrap().status {
                    200 => acknowledged += READINGS_PER_POST,
                    // Or it waited in vain, and may be stored all the same.
                    other => assert!(matches!(other, 503 | 504), "{other}"),
                }
            }
            acknowledged
        });
        Self { stop, acknowledged }
    }

    /// Ends it; returns how many readings were acknowledged.
    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Release);
        self.acknowledged.join().unwrap()
    }
}

impl Rig {
    fn start(when_full: &str) -> Option<Self> {
        let disk = SmallDisk::mount()?;
        let dir = TempDir::new().unwrap();
        let database = dir.path().join("gridos.db");
        let holder = Holder::hold(&database);
        let address = free_address();
        let config = dir.path().join("full.toml");
        let text = format!(
            "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"{address}\"\n\
             [journal]\nsegment_size = \"1MiB\"\ndisk_limit = \"1GiB\"\nwhen_full = \"{when_full}\"\n\
             [store]\npath = \"{}\"\n\
             [[profile]]\nname = \"meter\"\nprotocol = \"push\"\npoint = [{{ name = \"n\" }}]\n\
             [[device]]\nname = \"meter\"\nprofile = \"meter\"\n",
            disk.path().display(),
            database.display(),
        );
        fs::write(&config, text).unwrap();
        let log = dir.path().join("log");
        let engine = Process::start(&["run", config.to_str().unwrap()], &log);
        let rig = Self {
            engine,
            address,
            database,
            holder: Some(holder),
            disk,
            _dir: dir,
        };
        let began = Instant::now();
        while Client::connect(&rig.address).is_err() {
            assert!(began.elapsed() < PATIENCE, "{}", rig.engine.log());
            crate::support::patience::look_again();
        }
        Some(rig)
    }

    fn status(&self) -> Value {
        serde_json::from_str(&get(&self.address, "/api/v1/scada/status").body).unwrap()
    }

    fn wait(&self, done: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let status = self.status();
            if done(&status) {
                return status;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "{status}\n{}",
                self.engine.log()
            );
            crate::support::patience::look_again();
        }
    }

    /// The database comes back, and gets everything.
    fn drain(&mut self) -> Value {
        self.holder = None;
        self.wait(|status| {
            status["store"]["connected"] == true && number(&status["ledger"]["in_journal"]) == 0
        })
    }

    fn query(&self, sql: &str) -> Vec<String> {
        let output = Command::new("sqlite3")
            .arg(&self.database)
            .arg(sql)
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

fn body(values: std::ops::Range<u64>) -> String {
    let readings: Vec<_> = values
        .map(|value| format!("{{\"point\":\"meter.n\",\"value\":{value}}}"))
        .collect();
    format!("{{\"readings\":[{}]}}", readings.join(","))
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn alarms(status: &Value) -> Vec<&str> {
    let alarms = status["engine_alarms"].as_array().unwrap().iter();
    alarms
        .map(|alarm| alarm["alarm"].as_str().unwrap())
        .collect()
}

/// The newest readings find room, and what is given up for them is told everywhere.
#[test]
fn a_full_disk_gives_up_the_oldest_and_tells() {
    let Some(mut rig) = Rig::start("drop_oldest") else {
        return;
    };
    let poster = Poster::start(&rig.address);
    rig.wait(|status| number(&status["journal"]["given_up"]["segments"]) >= 4);
    let acknowledged = poster.end();
    let status = rig.wait(|status| status["ready"] == true);
    let given_up = number(&status["journal"]["given_up"]["readings"]);
    assert!(given_up > 20_000, "{given_up}");
    assert!(alarms(&status).contains(&"journal_given_up"), "{status}");
    assert_eq!(status["ledger"]["balanced"], true, "{status}");
    assert!(
        rig.engine
            .log()
            .contains("the oldest readings are given up")
    );
    let metrics = get(&rig.address, "/metrics").body;
    assert!(!metrics.contains("gridos_journal_given_up_segments_total 0"));
    let stones = fs::read_dir(rig.disk.path().join("journal/000001")).unwrap();
    let stones = stones.filter(|file| {
        let path = file.as_ref().unwrap().path();
        path.extension().is_some_and(|suffix| suffix == "given-up")
    });
    assert_eq!(stones.count(), 1);

    let status = rig.drain();
    let ledger = &status["ledger"];
    let (stored, lost) = (number(&ledger["stored"]), number(&ledger["lost"]));
    assert_eq!(number(&ledger["lost_by"]["given_up"]), lost);
    assert!(lost >= given_up, "{lost} {given_up}");
    assert_eq!(stored + lost, acknowledged);
    assert_eq!(ledger["balanced"], true);
    assert!(alarms(&status).contains(&"journal_given_up"), "it stands");
    let rows = rig.query("select count(*) from reading");
    assert_eq!(rows, [stored.to_string()]);
    let rows =
        rig.query("select sum(readings) from quarantine where reason like 'the disk was full%'");
    assert_eq!(rows, [lost.to_string()]);
    let rows =
        rig.query("select distinct device is null, reason, from_ts <= until_ts from device_gap");
    assert_eq!(rows, ["1|journal_full|1"]);
    rig.engine.signal(Signal::INT);
    let log = rig.engine.log();
    let (ended, _) = rig.engine.wait();
    assert!(ended.success(), "{log}");
}

/// Nothing more is taken, nothing is lost, and all goes on when the database is back.
#[test]
fn a_full_disk_holds_and_loses_nothing() {
    let Some(mut rig) = Rig::start("hold") else {
        return;
    };
    let poster = Poster::start(&rig.address);
    let is_full = |status: &Value| status["journal"]["rung"] == "full" && status["ready"] == false;
    let status = rig.wait(is_full);
    assert!(alarms(&status).contains(&"journal_full"), "{status}");
    let detail = status["checks"]["journal"]["detail"].as_str().unwrap();
    assert!(detail.contains("used up"), "{detail}");
    assert_eq!(get(&rig.address, "/health/ready").status, 503);
    let log = rig.engine.log();
    assert!(
        log.contains("the journal is full: nothing more is taken"),
        "{log}"
    );

    rig.drain();
    rig.wait(|status| status["ready"] == true && !alarms(status).contains(&"journal_full"));
    let acknowledged = poster.end();
    let status = rig.drain();
    let ledger = &status["ledger"];
    assert_eq!(
        (number(&ledger["lost"]), &ledger["balanced"]),
        (0, &Value::Bool(true))
    );
    assert_eq!(number(&ledger["stored"]), acknowledged);
    let rows = rig.query("select count(*), count(distinct value) from reading");
    assert_eq!(rows, [format!("{acknowledged}|{acknowledged}")]);
    rig.engine.signal(Signal::INT);
    let (ended, _) = rig.engine.wait();
    assert!(ended.success());
}

//! The engine is killed with -9 at random moments under load: what was acknowledged is all there,
//! once, and nothing is there twice.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gridos_sim::modbus::Fleet;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::{Process, free_address};
use crate::support::http::Client;
use crate::support::postgres::{Cluster, SUPERUSER};
use crate::support::random::{self, Random};

const KILLS: usize = 20;
const CLIENTS: usize = 3;
const READINGS_PER_POST: u64 = 20;
/// The engine is killed after at most so many acknowledged posts.
const POSTS_PER_LIFE_MAX: u64 = 60;
const DEVICES: usize = 5;
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The database as a foreign reader sees it.
trait Database {
    fn config(&self) -> String;
    /// Rows of text columns.
    fn query(&self, sql: &str) -> Vec<Vec<String>>;
}

struct Sqlite {
    file: PathBuf,
}

impl Database for Sqlite {
    fn config(&self) -> String {
        "kind = \"sqlite\"".to_owned()
    }

    fn query(&self, sql: &str) -> Vec<Vec<String>> {
        rows(
            Command::new("sqlite3")
                .args(["-separator", "|"])
                .arg(&self.file)
                .arg(sql),
        )
    }
}

struct Postgres {
    url: String,
}

impl Database for Postgres {
    fn config(&self) -> String {
        format!("kind = \"postgres\"\nurl = \"{}\"", self.url)
    }

    fn query(&self, sql: &str) -> Vec<Vec<String>> {
        rows(Command::new("psql").args([
            "-XAtF",
            "|",
            "-v",
            "ON_ERROR_STOP=1",
            &self.url,
            "-c",
            sql,
        ]))
    }
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_in_sqlite() {
    let dir = TempDir::new().unwrap();
    let database = Sqlite {
        file: dir.path().join("data/gridos.db"),
    };
    storm(dir.path(), &database);
}

#[test]
fn nothing_acknowledged_is_lost_or_doubled_in_postgresql() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let Some(cluster) = runtime.block_on(Cluster::start()) else {
        return;
    };
    runtime.block_on(cluster.create_database("grid"));
    let dir = TempDir::new().unwrap();
    let url = format!("postgres://{SUPERUSER}@127.0.0.1:{}/grid", cluster.port());
    storm(dir.path(), &Postgres { url });
}

fn storm(dir: &Path, database: &dyn Database) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let fleet = runtime
        .block_on(Fleet::start(localhost, 0, DEVICES, 7))
        .unwrap();
    let address = free_address();
    let config = dir.join("gridos.toml");
    fs::write(&config, config_text(dir, &address, &fleet, database)).unwrap();
    let seed = random::seed();
    println!("seed {seed}");
    let mut random = Random::new(seed);

    let load = Load::new(&address);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let load = &load;
            scope.spawn(move || load.post_until_stopped(client));
        }
        for _ in 0..KILLS {
            let process = start(dir, &config);
            let target =
                load.acknowledged.load(Ordering::Acquire) + random.below(POSTS_PER_LIFE_MAX);
            while load.acknowledged.load(Ordering::Acquire) < target {
                assert!(!load.stop.load(Ordering::Acquire), "a client has failed");
                crate::support::patience::look_again();
            }
            process.kill();
        }
        load.stop.store(true, Ordering::Release);
    });

    let process = start(dir, &config);
    drain(&address);
    process.signal(Signal::INT);
    let (status, _) = process.wait();
    assert!(
        status.success(),
        "{}",
        fs::read_to_string(dir.join("log")).unwrap()
    );
    check(database, &load);
}

fn start(dir: &Path, config: &Path) -> Process {
    Process::start(&["run", config.to_str().unwrap()], &dir.join("log"))
}

/// Waits until all that earlier lives left is stored, and some of what this one was given: the
/// database must go on by itself after a kill.
fn drain(address: &str) {
    let began = Instant::now();
    loop {
        assert!(began.elapsed() < PATIENCE, "the database does not go on");
        let Ok(mut client) = Client::connect(address) else {
            crate::support::patience::look_again();
            continue;
        };
        let Ok(answer) = client.get("/api/v1/scada/status") else {
            continue;
        };
        let status: Value = serde_json::from_str(&answer.body).unwrap();
        let ledger = &status["ledger"];
        let stored = ledger["stored"].as_u64().unwrap();
        if stored > ledger["carried_over"].as_u64().unwrap() {
            return;
        }
    }
}

fn check(database: &dyn Database, load: &Load) {
    let twice = database.query(
        "select point, ts, count(*) from reading group by point, ts having count(*) > 1 limit 5",
    );
    assert_eq!(twice, Vec::<Vec<String>>::new(), "stored twice");
    for client in 0..CLIENTS {
        let sql = format!("select value from reading where point = 'meter.c{client}'");
        let stored: Vec<u64> = database
            .query(&sql)
            .iter()
            .map(|row| whole(&row[0]))
            .collect();
        let set: HashSet<u64> = stored.iter().copied().collect();
        assert_eq!(
            set.len(),
            stored.len(),
            "client {client}: a value is there twice"
        );
        let acknowledged = load.values[client].lock().unwrap();
        let lost: Vec<_> = acknowledged
            .iter()
            .filter(|value| !set.contains(value))
            .collect();
        assert!(lost.is_empty(), "client {client}: lost {lost:?}");
        assert!(!acknowledged.is_empty());
    }
    let polled = database.query("select count(*) from reading where point like 'feeder-%'");
    assert!(whole(&polled[0][0]) > 0, "nothing was polled");
    check_downtimes(database);
}

/// Between two lives is a gap, in which nothing was received.
fn check_downtimes(database: &dyn Database) {
    let gaps = "select count(*) from gap where reason = 'engine_down' and from_ts < until_ts";
    let gaps = whole(&database.query(gaps)[0][0]);
    assert!((1..=KILLS as u64).contains(&gaps), "{gaps} gaps");
    for table in ["sweep", "event"] {
        let received = database.query(&format!(
            "select count(*) from {table} as batch join gap on batch.received > gap.from_ts and \
             batch.received < gap.until_ts where gap.reason = 'engine_down'"
        ));
        assert_eq!(
            whole(&received[0][0]),
            0,
            "{table} received while no engine ran"
        );
    }
}

fn config_text(dir: &Path, address: &str, fleet: &Fleet, database: &dyn Database) -> String {
    let points: Vec<_> = (0..CLIENTS)
        .map(|n| format!("{{ name = \"c{n}\" }}"))
        .collect();
    let mut text = format!(
        "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"{address}\"\n\
         [journal]\nsegment_size = \"1MiB\"\n[store]\n{}\n[scan_class]\nquick = \"50ms\"\n\
         [[profile]]\nname = \"meter\"\nprotocol = \"push\"\npoint = [{}]\n\
         [[profile]]\nname = \"feeder\"\nprotocol = \"modbus\"\nscan = \"quick\"\n\
         point = [{{ name = \"ia\", input = 0 }}, {{ name = \"ib\", input = 1 }}]\n\
         [[device]]\nname = \"meter\"\nprofile = \"meter\"\n",
        dir.join("data").display(),
        database.config(),
        points.join(", "),
    );
    for (n, address) in fleet.addresses().enumerate() {
        text += &format!(
            "[[device]]\nname = \"feeder-{n}\"\naddress = \"{address}\"\nprofile = \"feeder\"\n"
        );
    }
    text
}

/// Clients that post for ever, and remember what was acknowledged.
struct Load {
    address: String,
    stop: AtomicBool,
    acknowledged: AtomicU64,
    values: Vec<Mutex<Vec<u64>>>,
}

impl Load {
    fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            stop: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
            values: (0..CLIENTS).map(|_| Mutex::default()).collect(),
        }
    }

    /// Never posts a value again: a post without an answer may or may not have been kept.
    fn post_until_stopped(&self, client: usize) {
        let mut value = 0;
        while !self.stop.load(Ordering::Acquire) {
            let Ok(mut connection) = Client::connect(&self.address) else {
                crate::support::patience::look_again();
                continue;
            };
            loop {
                let values = value..value + READINGS_PER_POST;
                value = values.end;
                match connection.post("/api/v1/scada/data", &body(client, values.clone())) {
                    Ok(answer) if answer.status == 200 => {
                        self.values[client].lock().unwrap().extend(values);
                        self.acknowledged.fetch_add(1, Ordering::AcqRel);
                    }
                    // Turned away, or waited for in vain: then it may have been kept.
                    Ok(answer) if matches!(answer.status, 503 | 504) => {}
                    Ok(answer) => {
                        self.stop.store(true, Ordering::Release);
                        panic!("{}: {}", answer.status, answer.body);
                    }
                    Err(_) => break,
                }
                if self.stop.load(Ordering::Acquire) {
                    break;
                }
            }
        }
    }
}

/// Readings of one point, a microsecond apart from each other and from those of all other posts.
fn body(client: usize, values: std::ops::Range<u64>) -> String {
    let day = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        / 86_400
        - 1;
    let readings: Vec<_> = values
        .map(|value| {
            let time = gridos_model::Timestamp::from_micros(
                i64::try_from(day * 86_400_000_000 + value).unwrap(),
            );
            format!("{{\"point\":\"meter.c{client}\",\"time\":\"{time}\",\"value\":{value}}}")
        })
        .collect();
    format!("{{\"readings\":[{}]}}", readings.join(","))
}

fn rows(command: &mut Command) -> Vec<Vec<String>> {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| line.split('|').map(str::to_owned).collect())
        .collect()
}

/// A whole number as databases print it: `17`, `17.0`.
fn whole(text: &str) -> u64 {
    text.strip_suffix(".0").unwrap_or(text).parse().unwrap()
}

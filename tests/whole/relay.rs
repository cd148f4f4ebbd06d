//! An engine ships its journal over a real cluster of NATS servers to writers as processes, which put it into a real
//! PostgreSQL: whatever is killed, cut off or wiped, every reading is stored once, and the journal was
//! never trimmed beyond what the database has.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use gridos_sim::modbus::Fleet;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::engine::{Process, free_address};
use crate::support::http::{self, Client};
use crate::support::nats;
use crate::support::postgres::{Cluster, SUPERUSER, Shutdown};

/// The longest that anything may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(180);
const READINGS_PER_POST: u64 = 200;
const DEVICES: usize = 3;
/// Servers of NATS, each with all that is shipped.
const NODES: usize = 3;
const WRITERS: usize = 2;

struct Site {
    // What is used last is dropped last.
    engine: Option<Process>,
    writers: Vec<Option<Process>>,
    address: String,
    nats: nats::Cluster,
    database: Cluster,
    runtime: Runtime,
    /// Until they are stopped.
    fleet: Option<Fleet>,
    url: String,
    folder: TempDir,
}

impl Site {
    fn new() -> Option<Self> {
        let nats = nats::Cluster::start(NODES)?;
        let runtime = Runtime::new().unwrap();
        let database = runtime.block_on(Cluster::start())?;
        runtime.block_on(database.create_database("grid"));
        let localhost = std::net::Ipv4Addr::LOCALHOST.into();
        let fleet = runtime.block_on(Fleet::start(localhost, 0, DEVICES, 7));
        let url = format!("postgres://{SUPERUSER}@127.0.0.1:{}/grid", database.port());
        let site = Self {
            engine: None,
            writers: (0..WRITERS).map(|_| None).collect(),
            address: free_address(),
            nats,
            database,
            runtime,
            fleet: Some(fleet.unwrap()),
            url,
            folder: TempDir::new().unwrap(),
        };
        fs::write(site.config(), site.text()).unwrap();
        Some(site)
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("gridos.toml")
    }

    fn text(&self) -> String {
        let mut text = format!(
            "[engine]\nname = \"north\"\ndata_dir = {:?}\n[http]\nlisten = \"{}\"\n\
             [journal]\nsegment_size = \"1MiB\"\nkeep = \"0s\"\ndisk_limit = \"16MiB\"\n\
             [store]\nkind = \"postgres\"\nurl = \"{}\"\n\
             [relay]\nservers = \"{}\"\nreplicas = {NODES}\nsize_limit = \"64MiB\"\n\
             [scan_class]\nquick = \"50ms\"\n\
             [[profile]]\nname = \"meter\"\nprotocol = \"push\"\npoint = [{{ name = \"c\" }}]\n\
             [[profile]]\nname = \"feeder\"\nprotocol = \"modbus\"\nscan = \"quick\"\n\
             point = [{{ name = \"ia\", input = 0 }}, {{ name = \"ib\", input = 1 }}]\n\
             [[device]]\nname = \"meter\"\nprofile = \"meter\"\n",
            self.folder.path().join("data"),
            self.address,
            self.url,
            self.nats.servers(),
        );
        for (n, address) in self.fleet.iter().flat_map(Fleet::addresses).enumerate() {
            text += &format!(
                "[[device]]\nname = \"feeder-{n}\"\naddress = \"{address}\"\nprofile = \"feeder\"\n"
            );
        }
        text
    }

    fn start_engine(&mut self) {
        let config = self.config();
        let args = ["run", config.to_str().unwrap(), "--json"];
        let mut engine = Process::start(&args, &self.folder.path().join("engine.log"));
        engine.wait_for("started");
        self.engine = Some(engine);
    }

    /// Ends it in order; its ledger.
    fn end_engine(&mut self) -> Value {
        let engine = self.engine.take().unwrap();
        engine.signal(Signal::INT);
        let (status, output) = engine.wait();
        assert!(status.success(), "{}", self.log("engine"));
        let events = output
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        let ended = events.rev().find(|event: &Value| event["event"] == "ended");
        ended.unwrap_or_else(|| panic!("{output}"))["ledger"].take()
    }

    fn stop_devices(&mut self) {
        let fleet = self.fleet.take().unwrap();
        self.runtime.block_on(fleet.stop());
    }

    /// Ends them in order, so that they close the minutes that are open.
    fn end_writers(&mut self) {
        for writer in self.writers.iter_mut().filter_map(Option::take) {
            writer.signal(Signal::INT);
            let (status, told) = writer.wait();
            assert!(status.success(), "{told}");
        }
    }

    fn start_writer(&mut self, nth: usize) {
        let config = self.config();
        let mut command = Command::new(crate::support::engine::binary());
        command
            .args([
                "writer",
                config.to_str().unwrap(),
                "--name",
                &format!("w{nth}"),
            ])
            .env("GRIDOS__HTTP__LISTEN", "127.0.0.1:0");
        let log = self.folder.path().join(format!("w{nth}.log"));
        self.writers[nth] = Some(Process::spawn(&mut command, &log));
    }

    fn kill_writer(&mut self, nth: usize) {
        self.writers[nth].take().unwrap().kill();
    }

    /// Waits, and looks all the while that the journal has what the database has not.
    fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            self.check_journal();
            let (log, writers) = (self.log("engine"), [self.log("w0"), self.log("w1")]);
            assert!(
                began.elapsed() < PATIENCE,
                "{what}: not within {PATIENCE:?}\n{log}\n{}",
                writers.join("\n")
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn log(&self, name: &str) -> String {
        let path = self.folder.path().join(format!("{name}.log"));
        fs::read_to_string(path).unwrap_or_default()
    }

    fn status(&self) -> Value {
        let Ok(answer) = Client::connect(&self.address)
            .and_then(|mut client| client.get("/api/v1/scada/status"))
        else {
            return Value::Null;
        };
        serde_json::from_str(&answer.body).unwrap()
    }

    fn stored(&self) -> u64 {
        self.status()["ledger"]["stored"].as_u64().unwrap_or(0)
    }

    fn metric(&self, name: &str) -> f64 {
        let text = http::get(&self.address, "/metrics").body;
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}"))
            .trim()
            .parse()
            .unwrap()
    }

    /// What is trimmed, the database has. The journal is looked at first: the database only gets on.
    fn check_journal(&self) {
        let Some((dir, oldest)) = oldest(&self.folder.path().join("data/journal")) else {
            return;
        };
        if oldest == 0 {
            return;
        }
        let Some(rows) = self.try_query("select max(position) from stream_position") else {
            return;
        };
        let stored: u64 = rows[0][0].parse().unwrap();
        assert!(
            oldest <= stored,
            "{dir:?} begins at {oldest}, the database has {stored}"
        );
    }

    fn try_query(&self, sql: &str) -> Option<Vec<Vec<String>>> {
        let command = ["-XAtF", "|", "-v", "ON_ERROR_STOP=1", &self.url, "-c", sql];
        let output = Command::new("psql").args(command).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let row = |line: &str| line.split('|').map(ToOwned::to_owned).collect();
        output
            .status
            .success()
            .then(|| text.lines().map(row).collect())
    }

    fn query(&self, sql: &str) -> Vec<Vec<String>> {
        self.try_query(sql).unwrap_or_else(|| panic!("{sql}"))
    }

    fn gets_on(&self, what: &str) {
        let before = self.stored();
        self.until(what, || self.stored() > before + 500);
    }
}

/// Where the youngest stream of the journal begins.
fn oldest(root: &Path) -> Option<(PathBuf, u64)> {
    let names = |dir: &Path| -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(dir) else {
            return Vec::new();
        };
        entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .collect()
    };
    let dir = names(root).into_iter().filter(|path| path.is_dir()).max()?;
    let base = |path: PathBuf| {
        let name = path
            .file_name()?
            .to_str()?
            .strip_suffix(".journal")?
            .to_owned();
        name.parse::<u64>().ok()
    };
    let oldest = names(&dir).into_iter().filter_map(base).min()?;
    Some((dir, oldest))
}

/// Posts counted values, and remembers which were acknowledged.
struct Load {
    address: String,
    stop: AtomicBool,
    posts: AtomicU64,
    acknowledged: Mutex<Vec<u64>>,
}

impl Load {
    fn run(&self) {
        let mut value = 0;
        while !self.stop.load(Ordering::Acquire) {
            let Ok(mut client) = Client::connect(&self.address) else {
                std::thread::yield_now();
                continue;
            };
            while !self.stop.load(Ordering::Acquire) {
                let values = value..value + READINGS_PER_POST;
                value = values.end;
                match client.post("/api/v1/scada/data", &body(values.clone())) {
                    Ok(answer) if answer.status == 200 => {
                        self.acknowledged.lock().unwrap().extend(values);
                        self.posts.fetch_add(1, Ordering::AcqRel);
                    }
                    Ok(answer) => {
                        assert!(matches!(answer.status, 429 | 503 | 504), "{}", answer.body)
                    }
                    Err(_) => break,
                }
                // Some thousand readings a second: more than a MiB of journal now and then.
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }

    fn until_posted(&self, more: u64) {
        let target = self.posts.load(Ordering::Acquire) + more;
        let began = Instant::now();
        while self.posts.load(Ordering::Acquire) < target {
            assert!(began.elapsed() < PATIENCE, "posts are not acknowledged");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn body(values: std::ops::Range<u64>) -> String {
    let day = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        / 86_400
        - 1;
    let readings: Vec<_> = values
        .map(|value| {
            let micros = i64::try_from(day * 86_400_000_000 + value).unwrap();
            let time = gridos_model::Timestamp::from_micros(micros);
            format!("{{\"point\":\"meter.c\",\"time\":\"{time}\",\"value\":{value}}}")
        })
        .collect();
    format!("{{\"readings\":[{}]}}", readings.join(","))
}

#[test]
fn whatever_fails_between_every_reading_is_stored_once() {
    let Some(mut site) = Site::new() else {
        return;
    };
    (0..WRITERS).for_each(|nth| site.start_writer(nth));
    site.start_engine();
    let load = Load {
        address: site.address.clone(),
        stop: AtomicBool::new(false),
        posts: AtomicU64::new(0),
        acknowledged: Mutex::default(),
    };
    std::thread::scope(|scope| {
        let posting = scope.spawn(|| load.run());
        let told =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| trouble(&mut site, &load)));
        load.stop.store(true, Ordering::Release);
        posting.join().unwrap();
        if let Err(panic) = told {
            std::panic::resume_unwind(panic);
        }
    });
    site.until("all is stored", || {
        let ledger = &site.status()["ledger"];
        let left = ledger["in_journal"].as_u64();
        left.is_some_and(|left| left < 1_000)
    });
    let before = site.end_engine();
    // What the last moments left is shipped by the next life, beside what comes then.
    site.start_engine();
    site.gets_on("the next life stores as well");
    site.stop_devices();
    site.until("all of both lives is stored", || {
        let ledger = &site.status()["ledger"];
        ledger["in_journal"] == 0 && ledger["in_ring"] == 0
    });
    let ledgers = [before, site.end_engine()];
    check(&site, &load);
    every_reading_is_a_row(&site, &ledgers);
    site.end_writers();
    every_minute_has_its_readings(&site);
}

fn trouble(site: &mut Site, load: &Load) {
    site.gets_on("readings are stored");

    for nth in 0..WRITERS {
        site.kill_writer(nth);
        site.gets_on("the other writer goes on");
        site.start_writer(nth);
    }

    // It hangs, another stands in, and it wakes: for a moment both write the same.
    for nth in 0..WRITERS {
        site.writers[nth].as_ref().unwrap().signal(Signal::STOP);
        site.gets_on("another stands in");
        site.writers[nth].as_ref().unwrap().signal(Signal::CONT);
        site.gets_on("nothing is in the way of the other");
    }

    // Two of three servers have all, whoever was in the lead.
    for node in 0..NODES {
        site.nats.kill_node(node);
        site.gets_on("two servers are enough");
        site.nats.start_node(node);
        site.gets_on("three again");
    }

    (0..NODES).for_each(|node| site.nats.kill_node(node));
    site.until("the engine tells that nothing can be shipped", || {
        site.metric("gridos_relay_reachable ") < 0.5
            && site.status()["store"]["connected"] == Value::Bool(false)
    });
    load.until_posted(50);
    (0..NODES).for_each(|node| site.nats.start_node(node));
    site.gets_on("what waited is shipped");

    // The stream and the writers hold what the database has not, and it is lost.
    site.database.stop(Shutdown::Immediate);
    load.until_posted(50);
    (0..WRITERS).for_each(|nth| site.kill_writer(nth));
    (0..NODES).for_each(|node| site.nats.wipe_node(node));
    load.until_posted(10);
    (0..NODES).for_each(|node| site.nats.start_node(node));
    load.until_posted(10);
    (0..WRITERS).for_each(|nth| site.start_writer(nth));
    site.runtime.block_on(site.database.resume());
    site.until("what was lost is shipped again", || {
        site.metric("gridos_relay_resent_total ") > 0.5
    });
    site.gets_on("what was lost is stored");

    site.database.stop(Shutdown::Fast);
    load.until_posted(50);
    site.runtime.block_on(site.database.resume());
    site.gets_on("the database is back");

    // Enough that the journal is trimmed: what could never be wrong proves nothing.
    site.until("stored segments go", || {
        oldest(&site.folder.path().join("data/journal")).is_some_and(|(_, base)| base > 0)
    });
}

fn check(site: &Site, load: &Load) {
    let twice =
        "select point, ts, count(*) from reading group by point, ts having count(*) > 1 limit 5";
    assert_eq!(site.query(twice), Vec::<Vec<String>>::new(), "stored twice");
    assert_eq!(
        site.query("select count(*) from quarantine")[0][0],
        "0",
        "quarantined"
    );
    let acknowledged = load.acknowledged.lock().unwrap();
    assert!(acknowledged.len() > 10_000, "{}", acknowledged.len());
    site.until("every acknowledged reading is stored", || {
        let rows = site.query("select value::bigint from reading where point = 'meter.c'");
        let stored: HashSet<u64> = rows.iter().map(|row| row[0].parse().unwrap()).collect();
        assert_eq!(stored.len(), rows.len(), "a value is there twice");
        acknowledged.iter().all(|value| stored.contains(value))
    });
}

/// What the ledgers of all lives say came and was kept is there, and no more: of devices, too.
fn every_reading_is_a_row(site: &Site, ledgers: &[Value]) {
    let sum = |key: &str| -> u64 { ledgers.iter().map(|l| l[key].as_u64().unwrap()).sum() };
    let count = |sql: &str| -> u64 { site.query(sql)[0][0].parse().unwrap() };
    assert!(ledgers.iter().all(|l| l["balanced"] == true), "{ledgers:?}");
    assert_eq!((sum("lost"), sum("in_ring")), (0, 0), "{ledgers:?}");
    let rows = count("select count(*) from reading");
    assert_eq!(rows, sum("received") - sum("refused"), "{ledgers:?}");
    assert!(count("select count(*) from reading where point like 'feeder-%'") > 0);
}

/// Each minute once, and all readings of it.
fn every_minute_has_its_readings(site: &Site) {
    let wrong = "select point, ts, reading.count, minute.count \
         from (select point, date_trunc('minute', ts) as ts, count(*) from reading group by 1, 2) as reading \
         full join reading_1m as minute using (point, ts) \
         where reading.count is distinct from minute.count limit 5";
    assert_eq!(site.query(wrong), Vec::<Vec<String>>::new());
}

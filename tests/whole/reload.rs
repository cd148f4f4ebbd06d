//! The configuration is reloaded while the engine runs: what is untouched notices nothing, what is
//! faulty changes nothing, and nothing is lost or stored twice.

mod dnp3;
mod engineers;
mod stalled;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gridos_sim::modbus::Fleet;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::support::engine::Process;
use crate::support::http::{Answer, Client};
use crate::support::random::{self, Random};

const RELOADS: usize = 20;
const DEVICES: usize = 6;
/// The longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Everything a test needs: simulated devices, a folder, and where the engine is.
struct Site {
    runtime: Runtime,
    fleet: Fleet,
    folder: TempDir,
    address: String,
}

/// What is configured of one device.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    /// Which of the simulated devices it is.
    at: SocketAddr,
    profile: &'static str,
    /// The limit of its first point.
    high: Option<u32>,
}

type Plan = BTreeMap<String, Wanted>;

impl Site {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let fleet = runtime
            .block_on(Fleet::start(localhost, 0, DEVICES, 7))
            .unwrap();
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            runtime,
            fleet,
            folder: TempDir::new().unwrap(),
            address: free.local_addr().unwrap().to_string(),
        }
    }

    fn device(&self, n: usize) -> SocketAddr {
        self.fleet.addresses().nth(n).unwrap()
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("gridos.toml")
    }

    fn text(&self, plan: &Plan) -> String {
        let data = self.folder.path().join("data");
        let mut text = format!(
            "[engine]\ndata_dir = {data:?}\n[http]\nlisten = \"{}\"\n[scan_class]\nquick = \"50ms\"\n\
             [[profile]]\nname = \"two\"\nprotocol = \"modbus\"\nscan = \"quick\"\n\
             point = [{{ name = \"ia\", input = 0 }}, {{ name = \"ib\", input = 1 }}]\n\
             [[profile]]\nname = \"three\"\nprotocol = \"modbus\"\nscan = \"quick\"\n\
             point = [{{ name = \"ia\", input = 0 }}, {{ name = \"ib\", input = 1 }}, \
             {{ name = \"ic\", input = 2 }}]\n\
             [[profile]]\nname = \"meter\"\nprotocol = \"push\"\npoint = [{{ name = \"c\" }}]\n\
             [[device]]\nname = \"meter\"\nprofile = \"meter\"\n",
            self.address
        );
        for (name, wanted) in plan {
            let Wanted { at, profile, high } = wanted;
            write!(
                text,
                "[[device]]\nname = \"{name}\"\nprofile = \"{profile}\"\naddress = \"{at}\"\n"
            )
            .unwrap();
            if let Some(high) = high {
                writeln!(text, "[device.point.ia.limits]\nhigh = {high}").unwrap();
            }
        }
        text
    }

    fn write(&self, plan: &Plan) {
        fs::write(self.config(), self.text(plan)).unwrap();
    }

    fn start(&self) -> Process {
        let log = self.folder.path().join("log");
        let process = Process::start(&["run", self.config().to_str().unwrap()], &log);
        self.until("it answers", |_| Client::connect(&self.address).is_ok());
        process
    }

    fn ask(&self, path: &str) -> Value {
        let answer = self.client().get(path).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    fn client(&self) -> Client {
        Client::connect(&self.address).unwrap()
    }

    fn reload(&self) -> Answer {
        self.client().post("/api/v1/config/reload", "").unwrap()
    }

    /// Reloads, which must be taken; what was reported.
    fn reloaded(&self) -> Value {
        let answer = self.reload();
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            let log = fs::read_to_string(self.folder.path().join("log"));
            assert!(
                began.elapsed() < PATIENCE,
                "{what}\n{}",
                log.unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The devices by their names.
    fn devices(&self) -> BTreeMap<String, Value> {
        let found = self.ask("/api/v1/devices?values=3");
        let devices = found["devices"].as_array().unwrap().iter();
        devices
            .map(|device| (device["name"].as_str().unwrap().to_owned(), device.clone()))
            .collect()
    }

    fn readings_of(&self, device: &str) -> u64 {
        let devices = self.devices();
        devices
            .get(device)
            .map_or(0, |device| device["readings"].as_u64().unwrap())
    }

    /// Rows of the database, whose columns are text.
    fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let file = self.folder.path().join("data/gridos.db");
        let output = Command::new("sqlite3")
            .args(["-separator", "|"])
            .arg(file)
            .arg(sql)
            .output()
            .unwrap();
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

    /// Ends the engine in order; its ledger must be balanced.
    fn stop(&self, process: Process) {
        process.signal(Signal::INT);
        let (status, _) = process.wait();
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        assert!(status.success(), "{log}");
        assert!(
            log.contains("balanced") && !log.contains("please report this"),
            "{log}"
        );
    }

    /// The same; nothing may be stored twice of points that have one reading at a time.
    fn end(&self, process: Process) {
        self.stop(process);
        let twice =
            "select point, ts, count(*) from reading group by point, ts having count(*) > 1";
        assert_eq!(self.query(twice), Vec::<Vec<String>>::new(), "stored twice");
    }
}

fn wanted(at: SocketAddr, profile: &'static str, high: Option<u32>) -> Wanted {
    Wanted { at, profile, high }
}

/// Passes bytes between the engine and a device; counts the connections.
async fn gate(device: SocketAddr, connections: Arc<AtomicUsize>) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::AcqRel);
            tokio::spawn(async move {
                let mut server = TcpStream::connect(device).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    address
}

#[test]
fn what_is_untouched_goes_on_over_its_connection() {
    let site = Site::new();
    let connections = Arc::new(AtomicUsize::new(0));
    let gate = site
        .runtime
        .block_on(gate(site.device(0), Arc::clone(&connections)));
    let mut plan = Plan::from([
        ("kept".to_owned(), wanted(gate, "two", None)),
        ("other".to_owned(), wanted(site.device(1), "two", None)),
    ]);
    site.write(&plan);
    let process = site.start();
    site.until("both are polled", |site| {
        site.readings_of("kept") > 0 && site.readings_of("other") > 0
    });

    // SIGHUP adds a device, which is then polled.
    plan.insert("new".to_owned(), wanted(site.device(2), "three", None));
    site.write(&plan);
    process.signal(Signal::HUP);
    site.until("the new one is polled", |site| site.readings_of("new") > 0);
    let values = &site.devices()["new"]["values"];
    assert_eq!(values.as_array().unwrap().len(), 3, "{values}");

    // A changed map, and a device that is gone.
    plan.get_mut("other").unwrap().profile = "three";
    plan.remove("new");
    site.write(&plan);
    let report = site.reloaded();
    assert_eq!(
        report["devices"]["removed"]["names"],
        serde_json::json!(["new"])
    );
    assert_eq!(
        report["devices"]["changed"]["names"],
        serde_json::json!(["other"])
    );
    assert_eq!(report["devices"]["untouched"], 2);
    // The place of `new`, and the two points of `other` that are three now.
    let retired = &site.ask("/api/v1/scada/status")["retired"];
    assert_eq!(retired["devices"], 1, "{retired}");
    assert!(retired["points"].as_u64().unwrap() >= 3, "{retired}");
    assert_eq!(
        site.devices().keys().collect::<Vec<_>>(),
        ["kept", "meter", "other"]
    );
    site.until("the changed one is polled", |site| {
        site.readings_of("other") > 0
    });
    assert!(
        site.client()
            .get("/api/v1/scada/latest?point=other.ic")
            .unwrap()
            .status
            == 200
    );
    let gone = site
        .client()
        .get("/api/v1/scada/latest?point=new.ia")
        .unwrap();
    assert_eq!(gone.status, 404, "{}", gone.body);

    // Limits count at once.
    plan.get_mut("kept").unwrap().high = Some(0);
    site.write(&plan);
    let report = site.reloaded();
    assert_eq!(
        report["alarms"]["added"]["names"],
        serde_json::json!(["kept.ia:limit"])
    );
    site.until("the alarm is raised", |site| {
        site.ask("/api/v1/alarms")["alarms"]
            .as_array()
            .is_some_and(|alarms| alarms.iter().any(|alarm| alarm["name"] == "kept.ia:limit"))
    });
    plan.get_mut("kept").unwrap().high = Some(4_000_000_000);
    site.write(&plan);
    assert_eq!(
        site.reloaded()["alarms"]["changed"]["names"],
        serde_json::json!(["kept.ia:limit"])
    );
    assert_eq!(site.reloaded()["changed"], false);

    let kept = site.devices()["kept"].clone();
    assert_eq!(kept["failures"], 0, "{kept}");
    site.end(process);
    assert_eq!(
        connections.load(Ordering::Acquire),
        1,
        "it was connected to anew"
    );
    assert_eq!(
        site.query("select * from device_gap"),
        Vec::<Vec<String>>::new()
    );
    let stored = site.query("select count(distinct point) from reading where point like 'new.%'");
    assert_eq!(stored[0][0], "3");
}

#[test]
fn what_cannot_be_taken_changes_nothing_and_says_why() {
    let site = Site::new();
    let plan = Plan::from([("a".to_owned(), wanted(site.device(0), "two", None))]);
    site.write(&plan);
    let process = site.start();
    site.until("it is polled", |site| site.readings_of("a") > 0);
    let good = site.text(&plan);
    let problem = |answer: &Answer| -> Value { serde_json::from_str(&answer.body).unwrap() };

    // Faults are told all at once, with their lines.
    let broken =
        good.replace("input = 1", "inptu = 1") + "[[device]]\nname = \"b\"\nprofile = \"no\"\n";
    fs::write(site.config(), &broken).unwrap();
    let answer = site.reload();
    let told = problem(&answer);
    assert!(
        answer.status == 422 && told["faults"].as_array().unwrap().len() >= 3,
        "{told}"
    );
    let line = broken.lines().count();
    let place = format!("gridos.toml:{line}");
    assert!(answer.body.contains(&place), "{place} {told}");
    process.signal(Signal::HUP);
    site.until("it is in the log", |_| process.log().contains(&place));

    // What counts only at the start.
    fs::write(site.config(), good.clone() + "[journal]\nkeep = \"2d\"\n").unwrap();
    let answer = site.reload();
    assert_eq!(
        (answer.status, &problem(&answer)["needs_restart"]),
        (409, &serde_json::json!(["journal.keep differs"]))
    );

    // A text that is put: only if one has seen what is there, and dry at first.
    fs::write(site.config(), &good).unwrap();
    let mut next = plan.clone();
    next.insert("b".to_owned(), wanted(site.device(1), "two", None));
    let put = |query: &str, more: &str, text: &str| {
        site.client()
            .put(&format!("/api/v1/config{query}"), more, text)
            .unwrap()
    };
    assert_eq!(put("", "", &good).status, 428);
    let moved = put("", "if-match: \"other\"\r\n", &good);
    assert_eq!(moved.status, 412, "{}", moved.body);
    let tag = problem(&moved)["present_tag"].as_str().unwrap().to_owned();
    let seen = format!("if-match: {tag}\r\n");
    let dry = put("?dry_run=true", &seen, &site.text(&next));
    assert_eq!(
        (dry.status, &problem(&dry)["devices"]["added"]["names"]),
        (200, &serde_json::json!(["b"]))
    );
    assert_eq!(fs::read_to_string(site.config()).unwrap(), good);
    assert_eq!(put("", &seen, &broken).status, 422);
    assert_eq!(fs::read_to_string(site.config()).unwrap(), good);
    assert!(!site.devices().contains_key("b"));
    let taken = put("", &seen, &site.text(&next));
    assert_eq!(taken.status, 200, "{}", taken.body);
    assert_eq!(fs::read_to_string(site.config()).unwrap(), site.text(&next));
    let backup = site.folder.path().join("gridos.toml.bak");
    assert_eq!(fs::read_to_string(backup).unwrap(), good);
    site.until("it is polled", |site| site.readings_of("b") > 0);
    let shown = site.client().get("/api/v1/config").unwrap();
    assert_eq!(shown.body, site.text(&next));
    let metrics = site.client().get("/metrics").unwrap().body;
    for line in [
        "gridos_config_generation 2",
        "gridos_config_reloads_total{outcome=\"taken\"} 1",
        "gridos_config_reloads_total{outcome=\"refused\"} 5",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
    site.end(process);
}

/// What runs in the end is what an engine started with the last configuration would be.
#[test]
fn many_reloads_under_load_end_as_a_start_would() {
    let site = Site::new();
    let seed = random::seed();
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let mut plan = Plan::from([("d0".to_owned(), wanted(site.device(0), "two", None))]);
    site.write(&plan);
    let process = site.start();
    let posting = Posting::begin(&site);
    for _ in 0..RELOADS {
        change(&mut plan, &site, &mut random);
        site.write(&plan);
        site.reloaded();
    }
    let posted = posting.end();
    site.until("all are polled", |site| {
        plan.keys()
            .all(|name| site.devices()[name]["state"] == "up")
    });
    let reloaded = Shown::of(&site);
    site.end(process);
    let stored = site.query("select count(*) from reading where point = 'meter.c'");
    assert_eq!(stored[0][0], posted.to_string());

    let process = site.start();
    site.until("all are polled", |site| {
        plan.keys()
            .all(|name| site.devices()[name]["state"] == "up")
    });
    assert_eq!(Shown::of(&site), reloaded);
    site.end(process);
}

/// Adds, removes or changes a device.
fn change(plan: &mut Plan, site: &Site, random: &mut Random) {
    let n = usize::try_from(random.below(DEVICES as u64)).unwrap();
    let name = format!("d{n}");
    let limit = |random: &mut Random| match random.below(3) {
        0 => None,
        1 => Some(0),
        _ => Some(4_000_000_000),
    };
    let high = limit(random);
    match (random.below(4), plan.contains_key(&name)) {
        (0, true) => {
            plan.remove(&name);
        }
        (1, true) => plan.get_mut(&name).unwrap().high = high,
        (_, _) => {
            let profile = if random.below(2) == 0 { "two" } else { "three" };
            plan.insert(name, wanted(site.device(n), profile, high));
        }
    }
}

/// What of an engine does not depend on how long it runs.
#[derive(Debug, PartialEq)]
struct Shown {
    devices: BTreeMap<String, (Value, Value)>,
    thresholds: Vec<(String, Value, Value)>,
}

impl Shown {
    fn of(site: &Site) -> Self {
        // Whether somebody posts is no matter of the configuration.
        let devices = site
            .devices()
            .into_iter()
            .filter(|(name, _)| name != "meter");
        let thresholds = site.ask("/api/v1/alarms/thresholds?limit=1000");
        let thresholds = thresholds["thresholds"].as_array().unwrap().iter();
        let mut thresholds: Vec<_> = thresholds
            .map(|one| {
                let alarm = one["alarm"].as_str().unwrap().to_owned();
                (alarm, one["definition"].clone(), one["version"].clone())
            })
            .collect();
        thresholds.sort_by(|a, b| a.0.cmp(&b.0));
        Self {
            devices: devices
                .map(|(name, device)| (name, (device["points"].clone(), device["state"].clone())))
                .collect(),
            thresholds,
        }
    }
}

/// Somebody who posts all the time; what is acknowledged must be stored, once.
struct Posting {
    stop: Arc<std::sync::atomic::AtomicBool>,
    thread: std::thread::JoinHandle<u64>,
}

impl Posting {
    fn begin(site: &Site) -> Self {
        let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let (stopped, address) = (Arc::clone(&stop), site.address.clone());
        let thread = std::thread::spawn(move || {
            let mut client = Client::connect(&address).unwrap();
            let mut posted = 0;
            while !stopped.load(Ordering::Acquire) {
                let time = gridos_model::Timestamp::from_micros(
                    1_700_000_000_000_000 + i64::try_from(posted).unwrap(),
                );
                let body = format!(
                    "{{\"readings\":[{{\"point\":\"meter.c\",\"time\":\"{time}\",\"value\":{posted}}}]}}"
                );
                let answer = client.post("/api/v1/scada/data", &body).unwrap();
                assert_eq!(answer.status, 200, "{}", answer.body);
                posted += 1;
            }
            posted
        });
        Self { stop, thread }
    }

    fn end(self) -> u64 {
        self.stop.store(true, Ordering::Release);
        self.thread.join().unwrap()
    }
}

/// The folder of the configuration may not be written to.
#[test]
fn a_file_that_cannot_be_written_is_said_to_be_so() {
    let site = Site::new();
    let plan = Plan::from([("a".to_owned(), wanted(site.device(0), "two", None))]);
    site.write(&plan);
    let process = site.start();
    // Nothing can take the place of a folder's own name, whoever asks.
    fs::create_dir(beside(&site.config(), ".new")).unwrap();
    let next = site.text(&plan) + "# another one\n";
    let answer = site
        .client()
        .put("/api/v1/config", "if-match: *\r\n", &next)
        .unwrap();
    assert_eq!(answer.status, 409, "{}", answer.body);
    assert!(answer.body.contains("cannot be written"), "{}", answer.body);
    assert_eq!(fs::read_to_string(site.config()).unwrap(), site.text(&plan));
    site.end(process);
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

//! Where the configuration is reloaded: simulated devices, a folder, and an engine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use gridos_sim::modbus::Fleet;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{DEVICES, PATIENCE};
use crate::support::engine::Process;
use crate::support::http::{Answer, Client};

/// Everything a test needs: simulated devices, a folder, and where the engine is.
pub(super) struct Site {
    pub(super) runtime: Runtime,
    pub(super) fleet: Fleet,
    pub(super) folder: TempDir,
    pub(super) address: String,
}

/// What is configured of one device.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wanted {
    /// Which of the simulated devices it is.
    pub(super) at: SocketAddr,
    pub(super) profile: &'static str,
    /// The limit of its first point.
    pub(super) high: Option<u32>,
}

pub(super) type Plan = BTreeMap<String, Wanted>;

impl Site {
    pub(super) fn new() -> Self {
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

    pub(super) fn device(&self, n: usize) -> SocketAddr {
        self.fleet.addresses().nth(n).unwrap()
    }

    pub(super) fn config(&self) -> PathBuf {
        self.folder.path().join("gridos.toml")
    }

    pub(super) fn text(&self, plan: &Plan) -> String {
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

    pub(super) fn write(&self, plan: &Plan) {
        fs::write(self.config(), self.text(plan)).unwrap();
    }

    pub(super) fn start(&self) -> Process {
        let log = self.folder.path().join("log");
        let process = Process::start(&["run", self.config().to_str().unwrap()], &log);
        self.until("it answers", |_| Client::connect(&self.address).is_ok());
        process
    }

    pub(super) fn ask(&self, path: &str) -> Value {
        let answer = self.client().get(path).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    pub(super) fn client(&self) -> Client {
        Client::connect(&self.address).unwrap()
    }

    pub(super) fn reload(&self) -> Answer {
        self.client().post("/api/v1/config/reload", "").unwrap()
    }

    /// Reloads, which must be taken; what was reported.
    pub(super) fn reloaded(&self) -> Value {
        let answer = self.reload();
        assert_eq!(answer.status, 200, "{}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    pub(super) fn until(&self, what: &str, mut is_so: impl FnMut(&Self) -> bool) {
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
    pub(super) fn devices(&self) -> BTreeMap<String, Value> {
        let found = self.ask("/api/v1/devices?values=3");
        let devices = found["devices"].as_array().unwrap().iter();
        devices
            .map(|device| (device["name"].as_str().unwrap().to_owned(), device.clone()))
            .collect()
    }

    pub(super) fn readings_of(&self, device: &str) -> u64 {
        let devices = self.devices();
        devices
            .get(device)
            .map_or(0, |device| device["readings"].as_u64().unwrap())
    }

    /// Rows of the database, whose columns are text.
    pub(super) fn query(&self, sql: &str) -> Vec<Vec<String>> {
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
    pub(super) fn stop(&self, process: Process) {
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
    pub(super) fn end(&self, process: Process) {
        self.stop(process);
        let twice =
            "select point, ts, count(*) from reading group by point, ts having count(*) > 1";
        assert_eq!(self.query(twice), Vec::<Vec<String>>::new(), "stored twice");
    }
}

pub(super) fn wanted(at: SocketAddr, profile: &'static str, high: Option<u32>) -> Wanted {
    Wanted { at, profile, high }
}

//! Simulated devices that watch their masters, a NATS cluster, and members as processes.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gridos_sim::modbus::{Masters, Memory, Seen, Server, Table};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::support::engine::{Process, binary};
use crate::support::http;
use crate::support::nats::Cluster;

/// The longest that anything may take before a test fails.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);
/// A device that was asked within this time has a master.
const FRESH: Duration = Duration::from_secs(2);
/// Longer than NATS needs to elect another leader: some ten seconds.
pub(super) const LEASE: &str = "15s";

pub(super) struct Site {
    pub(super) runtime: Runtime,
    pub(super) nats: Cluster,
    devices: Vec<(Server, Arc<Masters>)>,
    pub(super) folder: TempDir,
    /// How long others wait for a member that says nothing.
    pub(super) lease: &'static str,
    /// The points of the devices.
    pub(super) points: &'static str,
    /// What else is in the configuration of each member.
    pub(super) plant: String,
}

pub(super) struct Member {
    pub(super) name: String,
    pub(super) process: Process,
    address: String,
}

impl Site {
    /// With `devices` devices, each on a port of its own, and three servers of NATS.
    pub(super) fn new(devices: usize) -> Option<Self> {
        Self::with(Cluster::start(3)?, devices)
    }

    /// With one server of NATS.
    pub(super) fn small(devices: usize) -> Option<Self> {
        Self::with(Cluster::start(1)?, devices)
    }

    fn with(nats: Cluster, devices: usize) -> Option<Self> {
        let runtime = Runtime::new().unwrap();
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let memory = Memory::default();
        memory.set_registers(Table::HoldingRegister, 0, &[7, 8]);
        let memory = Arc::new(memory);
        let devices = (0..devices).map(|_| {
            let masters = Arc::<Masters>::default();
            let server = Server::bind_watched(here, Arc::clone(&memory) as _, Arc::clone(&masters));
            (runtime.block_on(server).unwrap(), masters)
        });
        Some(Self {
            devices: devices.collect(),
            runtime,
            nats,
            folder: TempDir::new().unwrap(),
            lease: LEASE,
            points: "{ name = \"a\", holding = 0 }, { name = \"b\", holding = 1 }",
            plant: String::new(),
        })
    }

    /// The file of a member. Answers are waited for long: a request that was given up and that a busy
    /// machine reads late looks like another master's.
    pub(super) fn config(&self, name: &str, servers: &str, more: &str) -> PathBuf {
        let data = self.folder.path().join(name);
        let Self { lease, points, .. } = self;
        let replicas = self.nats.nodes();
        let mut text = format!(
            "[engine]\nname = \"{name}\"\ndata_dir = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\n\
             [fleet]\nservers = \"{servers}\"\nlease = \"{lease}\"\nreplicas = {replicas}\n{more}\n\
             [modbus]\ntimeout = \"5s\"\n[scan_class]\nquick = \"100ms\"\n\
             [[profile]]\nname = \"two\"\nprotocol = \"modbus\"\nscan = \"quick\"\n\
             alarm_defaults = [{{ kind = \"stale\", after = \"4s\" }}]\n\
             point = [{points}]\n{}",
            self.plant
        );
        for (n, (server, _)) in self.devices.iter().enumerate() {
            let address = server.local_addr();
            text += &format!(
                "[[device]]\nname = \"d{n}\"\nprofile = \"two\"\naddress = \"{address}\"\n"
            );
        }
        let path = self.folder.path().join(format!("{name}.toml"));
        fs::write(&path, text).unwrap();
        path
    }

    /// A member that knows all servers.
    pub(super) fn join(&self, name: &str) -> Member {
        self.join_by(name, &self.nats.servers(), "")
    }

    pub(super) fn join_by(&self, name: &str, servers: &str, more: &str) -> Member {
        let config = self.config(name, servers, more);
        let log = self.folder.path().join(format!("{name}.log"));
        let args = ["run", config.to_str().unwrap(), "--json"];
        let mut process = Process::start(&args, &log);
        let started: Value = serde_json::from_str(&process.wait_for("started")).unwrap();
        Member {
            name: name.to_owned(),
            process,
            address: started["address"].as_str().unwrap().to_owned(),
        }
    }

    /// What [`fleet_command`] answers for this fleet.
    pub(super) fn ask(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let config = self.config("ask", &self.nats.servers(), "");
        fleet_command(&config, args)
    }

    /// What `gridos doctor` says of a member's configuration.
    pub(super) fn doctor(&self) -> String {
        let config = self.config("ask", &self.nats.servers(), "");
        let output = Command::new(binary())
            .args(["doctor", "--json", "--devices", "0"])
            .arg(config)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Gives the canary its share.
    pub(super) fn share(&self, percent: &str) {
        let (code, _, wrong) = self.ask(&["share", percent]);
        assert_eq!(code, Some(0), "{wrong}");
    }

    /// Waits until `is_so`; the logs of `members` are told if it does not come to that.
    pub(super) fn until(&self, what: &str, members: &[&Member], mut is_so: impl FnMut() -> bool) {
        let began = Instant::now();
        while !is_so() {
            if began.elapsed() > PATIENCE {
                let told = members.iter().map(|member| {
                    let log = member.process.log();
                    let tail: Vec<_> = log.lines().rev().take(30).collect();
                    let (name, fleet) = (&member.name, member.fleet());
                    format!("--- {name}: {fleet}\n{}", tail.join("\n"))
                });
                let told: Vec<_> = told.collect();
                panic!("{what}\n{}", told.join("\n"));
            }
            sleep(Duration::from_millis(50));
        }
        eprintln!("{:6.1} s  {what}", began.elapsed().as_secs_f64());
    }

    /// Whether every device was asked a short while ago.
    pub(super) fn are_all_asked(&self) -> bool {
        let mut masters = self.devices.iter().map(|(_, masters)| masters);
        masters.all(|masters| masters.last_asked().is_some_and(|at| at.elapsed() < FRESH))
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.devices
            .iter()
            .map(|(_, masters)| masters.seen())
            .collect()
    }

    /// Waits until every device was asked `times` times more.
    pub(super) fn let_poll(&self, times: u64, members: &[&Member]) {
        let before = self.seen();
        self.until("all are asked for a while", members, || {
            let now = self.seen();
            let mut both = before.iter().zip(&now);
            both.all(|(before, now)| now.requests >= before.requests + times)
        });
    }

    /// No device ever had two masters.
    pub(super) fn check_masters(&self) {
        for (n, seen) in self.seen().iter().enumerate() {
            assert_eq!(seen.overlaps, 0, "d{n} had two masters: {seen:?}");
        }
    }
}

impl Member {
    /// What it says of the fleet; null while it knows nothing.
    pub(super) fn fleet(&self) -> Value {
        let answer = http::get(&self.address, "/api/v1/scada/status");
        let status: Value = serde_json::from_str(&answer.body).unwrap();
        status["fleet"].clone()
    }

    /// How many devices it has.
    pub(super) fn held(&self) -> u64 {
        self.fleet()["held"].as_u64().unwrap_or(0)
    }

    pub(super) fn fences(&self) -> u64 {
        self.fleet()["fences"].as_u64().unwrap_or(0)
    }

    /// The owner of each device, as it shows them.
    pub(super) fn owners(&self) -> Vec<Option<String>> {
        let answer = http::get(&self.address, "/api/v1/devices");
        let devices: Value = serde_json::from_str(&answer.body).unwrap();
        let owner = |device: &Value| device["owner"].as_str().map(str::to_owned);
        devices["devices"]
            .as_array()
            .unwrap()
            .iter()
            .map(owner)
            .collect()
    }

    /// What it answers to `body` at `path`.
    pub(super) fn post(&self, path: &str, body: &str) -> http::Answer {
        let mut client = http::Client::connect(&self.address).unwrap();
        client.post(path, body).unwrap()
    }

    /// What it shows at `path`.
    pub(super) fn get(&self, path: &str) -> Value {
        let answer = http::get(&self.address, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        serde_json::from_str(&answer.body).unwrap()
    }

    /// How many alarms are active.
    pub(super) fn alarms(&self) -> u64 {
        let answer = http::get(&self.address, "/api/v1/scada/status");
        let status: Value = serde_json::from_str(&answer.body).unwrap();
        status["alarms"]["active"].as_u64().unwrap()
    }

    /// Ends it as an operator does; what it says at its end.
    pub(super) fn end(self) -> Value {
        self.process.signal(Signal::TERM);
        let (status, rest) = self.process.wait();
        assert!(status.success(), "{}: {status}", self.name);
        let ended = rest
            .lines()
            .find(|line| line.contains("\"ended\""))
            .unwrap();
        serde_json::from_str(ended).unwrap()
    }
}

/// What `gridos fleet` with these arguments answers: how it ended, what it told, and what is wrong.
pub(super) fn fleet_command(config: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(binary())
        .arg("fleet")
        .args(args)
        .arg(config)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let wrong = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), told, wrong)
}

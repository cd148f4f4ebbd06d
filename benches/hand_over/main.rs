//! Devices that go from one engine of a fleet to another and back: how long nobody asks each of them.
//!
//! `cargo build --release && cargo bench -p gridos-benches --bench hand_over`: one NATS server, two members as
//! processes (`GRIDOS=path` for another binary), and devices that are read every 100 ms, all on the same processors.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a bench stops at the first surprise"
)]

mod support;

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use gridos_sim::modbus::{Masters, Memory, Server, Table};
use support::nats::Cluster;

const DEVICES: usize = 200;
const ROUNDS: usize = 6;
/// What a device that stays where it is waits between two polls.
const SCAN_MS: u64 = 100;
const PATIENCE: Duration = Duration::from_secs(90);

/// A member; killed when dropped.
struct Member(Child);

impl Drop for Member {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn main() {
    let Some(nats) = Cluster::start(1) else {
        return;
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let memory = Memory::default();
    memory.set_registers(Table::HoldingRegister, 0, &[7, 8]);
    let memory = Arc::new(memory);
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let devices = (0..DEVICES).map(|_| {
        let masters = Arc::<Masters>::default();
        let server = Server::bind_watched(here, Arc::clone(&memory) as _, Arc::clone(&masters));
        (runtime.block_on(server).expect("a port"), masters)
    });
    let devices: Vec<_> = devices.collect();
    let folder = tempfile::tempdir().expect("a folder");
    let addresses: Vec<_> = devices
        .iter()
        .map(|(server, _)| server.local_addr())
        .collect();
    let config = |name, role| configure(folder.path(), name, role, &nats, &addresses);
    let stable = config("stable", "stable");
    let _members = [stable.clone(), config("canary", "canary")].map(|path| start(&path));
    let changes = |(_, masters): &(Server, Arc<Masters>)| masters.seen().changes.len();
    until(|| devices.iter().all(|(_, m)| m.last_asked().is_some()));

    let mut gaps = Vec::new();
    for round in 1..=ROUNDS {
        let before: Vec<_> = devices.iter().map(changes).collect();
        let began = Instant::now();
        gridos(&["fleet", "share", ["0", "100"][round % 2]], &stable);
        until(|| {
            devices
                .iter()
                .zip(&before)
                .all(|(d, before)| changes(d) > *before)
        });
        println!("{DEVICES} devices moved within {:?}", began.elapsed());
        for ((_, masters), before) in devices.iter().zip(before) {
            gaps.extend_from_slice(&masters.seen().changes[before..]);
        }
    }
    gaps.sort();
    let at = |percent: usize| gaps[(gaps.len() - 1) * percent / 100];
    println!(
        "nobody asks a device that moves for: p50 {:?}, p90 {:?}, p99 {:?}, at most {:?}; scans are {SCAN_MS} ms apart",
        at(50),
        at(90),
        at(99),
        at(100)
    );
    let overlaps: u64 = devices
        .iter()
        .map(|(_, masters)| masters.seen().overlaps)
        .sum();
    assert_eq!(overlaps, 0, "devices had two masters");
}

fn configure(
    folder: &Path,
    name: &str,
    role: &str,
    nats: &Cluster,
    devices: &[SocketAddr],
) -> PathBuf {
    let data = folder.join(name);
    let mut text = format!(
        "[engine]\nname = \"{name}\"\ndata_dir = {data:?}\n[http]\nlisten = \"127.0.0.1:0\"\n\
         [fleet]\nservers = \"{}\"\nreplicas = 1\nlease = \"5s\"\nrole = \"{role}\"\n\
         [scan_class]\nquick = \"{SCAN_MS}ms\"\n\
         [[profile]]\nname = \"two\"\nprotocol = \"modbus\"\nscan = \"quick\"\n\
         point = [{{ name = \"a\", holding = 0, limits = {{ high = 5, deadband = 1 }} }}]\n",
        nats.servers()
    );
    for (n, address) in devices.iter().enumerate() {
        text +=
            &format!("[[device]]\nname = \"d{n}\"\nprofile = \"two\"\naddress = \"{address}\"\n");
    }
    let path = folder.join(format!("{name}.toml"));
    fs::write(&path, text).unwrap();
    path
}

fn binary() -> PathBuf {
    let built = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/gridos");
    std::env::var_os("GRIDOS").map_or_else(|| built.into(), PathBuf::from)
}

fn start(config: &Path) -> Member {
    let log = File::create(config.with_extension("log")).unwrap();
    let started = Command::new(binary())
        .arg("run")
        .arg(config)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    Member(started.expect("build gridos first, or name it in GRIDOS"))
}

fn gridos(args: &[&str], config: &Path) {
    let ended = Command::new(binary())
        .args(args)
        .arg(config)
        .stdout(Stdio::null())
        .status();
    assert!(ended.unwrap().success());
}

fn until(mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "the devices do not move");
        sleep(Duration::from_millis(20));
    }
}

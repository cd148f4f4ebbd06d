//! Captures of what an engine and simulated devices say to each other.

use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use gridos_sim::{dnp3, modbus};
use tokio::runtime::Runtime;

use super::tap::{Tap, capture};
use super::*;

/// The longest that the engine may take to have polled both.
const PATIENCE: Duration = Duration::from_secs(120);
/// Where the devices are in the capture.
const FEEDER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 7), 502);
const BAY: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 8), 20_000);
/// What is to be seen of each, at least.
const READINGS: u64 = 100;

/// An engine of a Modbus device and an outstation.
fn engine(dir: &Path, feeder: &str, bay: &str, outstation: u16, more: &str) -> String {
    format!(
        "[engine]\ndata_dir = {:?}\n[http]\nlisten = \"127.0.0.1:0\"\n[scan_class]\nquick = \"50ms\"\n\
         [[profile]]\nname = \"feeder\"\nprotocol = \"modbus\"\nscan = \"quick\"\n\
         point = [{{ name = \"ia\", input = 0{more} }}, {{ name = \"ib\", input = 1 }}]\n\
         [[profile]]\nname = \"bay\"\nprotocol = \"dnp3\"\nunsolicited = false\nclass_poll = \"100ms\"\n\
         point = [{{ name = \"p0\", analog = 0{more} }}, {{ name = \"p1\", analog = 1 }}]\n\
         [[device]]\nname = \"feeder-1\"\nprofile = \"feeder\"\naddress = \"{feeder}\"\n\
         [[device]]\nname = \"bay-1\"\nprofile = \"bay\"\naddress = \"{bay}\"\noutstation = {outstation}\n",
        dir.join("data")
    )
}

/// Runs an engine with that configuration until both devices brought enough.
fn polled(dir: &Path, config: &str) {
    let file = write(dir, "engine.toml", config);
    let mut engine = Process::start(&["run", &file, "--json"], &dir.join("log"));
    let started: Value = serde_json::from_str(&engine.wait_for("started")).unwrap();
    let at = started["address"].as_str().unwrap().to_owned();
    let began = Instant::now();
    let has_enough = || {
        let told: Value = serde_json::from_str(&get(&at, "/api/v1/devices").body).unwrap();
        let devices = told["devices"].as_array().unwrap();
        devices
            .iter()
            .all(|device| device["readings"].as_u64().unwrap() >= READINGS)
    };
    while !has_enough() {
        assert!(began.elapsed() < PATIENCE, "{}", engine.log());
        std::thread::sleep(Duration::from_millis(20));
    }
    engine.signal(Signal::INT);
    assert!(engine.wait().0.success());
}

/// A capture of both devices, and the link address of the outstation.
fn captured(dir: &Path) -> (String, u16) {
    let runtime = Runtime::new().unwrap();
    let localhost = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let feeders = runtime.block_on(modbus::Fleet::start(localhost, 0, 1, 7));
    let feeders = feeders.unwrap();
    let config = dnp3::FleetConfig {
        outstations: 1,
        process: dnp3::Process::Numbers(dnp3::Numbers {
            every: Duration::from_millis(20),
            ..dnp3::Numbers::default()
        }),
        ..dnp3::FleetConfig::default()
    };
    let bays = runtime.block_on(dnp3::Fleet::listen(localhost, 0, config));
    let bays = bays.unwrap();
    let outstation = bays.units()[0].address().raw();
    let tap = |mut addresses: Box<dyn Iterator<Item = _> + '_>| {
        runtime.block_on(Tap::before(addresses.next().unwrap()))
    };
    let feeder = tap(Box::new(feeders.addresses()));
    let bay = tap(Box::new(bays.addresses()));
    let [feeder_at, bay_at] = [&feeder, &bay].map(|tap| tap.address().to_string());
    polled(dir, &engine(dir, &feeder_at, &bay_at, outstation, ""));
    let file = path(dir, "both.pcap");
    fs::write(&file, capture(&[(&feeder, FEEDER), (&bay, BAY)])).unwrap();
    (file, outstation)
}

#[test]
fn what_own_devices_say_is_decoded_alike_until_a_scale_changes() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let (capture, outstation) = captured(dir);
    let config = |more: &str| {
        let (feeder, bay) = (FEEDER.to_string(), BAY.to_string());
        engine(dir, &feeder, &bay, outstation, more)
    };
    let stable = write(dir, "stable.toml", &config(""));
    let record = path(dir, "stable.jsonl");
    let recorded = replay(&[&stable, "--capture", &capture, "--record", &record]);
    assert!(recorded.status.success(), "{recorded:?}");
    let against = |config: &str| told(&[config, "--capture", &capture, "--against", &record]);

    let (code, same) = against(&stable);
    assert_eq!((code, &same["parity"]), (0, &Value::Bool(true)), "{same}");
    let number = |of: &Value| of.as_u64().unwrap();
    assert!(
        number(&same["capture"]["modbus_answers"]) >= READINGS / 2,
        "{same}"
    );
    assert!(number(&same["capture"]["dnp3_fragments"]) > 0, "{same}");
    let counts = &same["candidate"]["counts"];
    assert!(number(&counts["readings"]) >= 2 * READINGS, "{same}");
    assert_eq!(counts["faults"], 0, "{same}");

    let scaled = write(dir, "scaled.toml", &config(", scale = 0.5"));
    let (code, other) = against(&scaled);
    assert_eq!(code, DIFFERENT, "{other}");
    let kinds = other["differences"].as_object().unwrap();
    assert_eq!(kinds.keys().collect::<Vec<_>>(), ["reading"], "{other}");
    assert!(
        number(&other["differences"]["reading"]["changed"]) > 0,
        "{other}"
    );
    for shown in other["shown"].as_array().unwrap() {
        let point = shown["stable"]["point"].as_str().unwrap();
        assert!(["feeder-1.ia", "bay-1.p0"].contains(&point), "{shown}");
    }

    // Nobody of that name is told, and no parity.
    let nobody = [
        "--capture",
        &capture,
        "--at",
        "plx=192.0.2.7:502",
        "--record",
        "-",
    ];
    let output = replay(&[&[&*stable][..], &nobody].concat());
    assert_eq!(output.status.code(), Some(1));
}

/// A capture that ends in the middle of anything is replayed to its end, and twice to the same.
#[test]
fn a_capture_that_is_cut_is_replayed_to_parity() {
    let dir = TempDir::new().unwrap();
    let dir = dir.path();
    let (capture, outstation) = captured(dir);
    let (feeder, bay) = (FEEDER.to_string(), BAY.to_string());
    let config = write(
        dir,
        "stable.toml",
        &engine(dir, &feeder, &bay, outstation, ""),
    );
    let whole = fs::read(&capture).unwrap();
    let program = binary();
    for part in [2, 3, 5] {
        let cut = path(dir, "cut.pcap");
        fs::write(&cut, &whole[..whole.len() / part]).unwrap();
        let args = ["--capture", &cut, "--stable", program.to_str().unwrap()];
        let (code, told) = told(&[&[&*config][..], &args].concat());
        assert_eq!(code, 0, "{told}");
    }
}

//! What devices behind a bad line cost the others: the lateness of sound devices' scans beside as
//! many that answer late, short, twice, with nonsense or not at all, and without them.
//!
//! Both halves are measured in turn in one run. The bad devices' delays are longer than their
//! timeout, and they share the collector, its connects and the machine's cores with the others.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_benches::{Fleet, POINTS};
use gridos_collect::modbus::{ModbusDevice, Via, start};
use gridos_model::DeviceEntry;
use gridos_ring::{Intake, Pool, ring};
use gridos_sim::modbus::{Device, Exception, Proxy, Read, Server, Spoil};
use gridos_telemetry::Telemetry;
use mimalloc::MiMalloc;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

/// The engine's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Sound devices, and as many bad ones.
const DEVICES: usize = 100;
const PERIOD: Duration = Duration::from_millis(100);
const TIMEOUT: Duration = Duration::from_millis(40);
const ROUNDS: usize = 3;
const MEASURED: Duration = Duration::from_secs(5);
const BATCHES: usize = 8_192;

struct Constant;

impl Device for Constant {
    fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception> {
        words.fill(read.start ^ 1_234);
        Ok(())
    }

    fn bits(&self, _read: Read, bits: &mut [bool]) -> Result<(), Exception> {
        bits.fill(true);
        Ok(())
    }
}

/// How late the scans of the sound devices began.
#[derive(Clone, Copy)]
struct Lateness {
    mean: Duration,
    /// The 99th percentile over the devices of the largest one of each.
    worst: Duration,
    overruns: u64,
    failures: u64,
}

fn main() {
    let devices = runtime();
    let (server, proxies) = devices.block_on(lines());
    let port = server.local_addr().port();
    // A loopback address each, so that the collector takes them for as many devices.
    let sound = (1..=DEVICES).map(|n| {
        let last = u8::try_from(n).expect("no more devices than addresses");
        SocketAddr::from((Ipv4Addr::new(127, 2, 0, last), port))
    });
    let sound: Vec<_> = sound.collect();
    let bad: Vec<_> = proxies.iter().map(Proxy::local_addr).collect();
    println!(
        "                     mean lateness   p99 of largest   overruns   failures of the bad"
    );
    let (mut alone, mut beside) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        alone.push(measure(&sound, &[]));
        beside.push(measure(&sound, &bad));
    }
    let (alone, beside) = (median(alone), median(beside));
    show("alone", alone);
    show("beside bad devices", beside);
    let ratio = |of: fn(&Lateness) -> Duration| {
        of(&beside).as_secs_f64() / of(&alone).as_secs_f64().max(f64::MIN_POSITIVE)
    };
    println!(
        "beside / alone       {:>13.2} {:>16.2}",
        ratio(|lateness| lateness.mean),
        ratio(|lateness| lateness.worst)
    );
    drop(proxies);
    devices.block_on(server.stop());
}

fn show(what: &str, lateness: Lateness) {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1e3;
    println!(
        "{what:<20} {:>10.3} ms {:>13.3} ms {:>10} {:>10}",
        milliseconds(lateness.mean),
        milliseconds(lateness.worst),
        lateness.overruns,
        lateness.failures
    );
}

/// A sound server, and as many bad lines to it as there are bad devices.
async fn lines() -> (Server, Vec<Proxy>) {
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let server = Server::bind(any, Arc::new(Constant)).await;
    let server = server.expect("a free port");
    let mut proxies = Vec::new();
    for line in 0..DEVICES as u64 {
        let script = move |n: u64| Spoil::random(line << 32 | n, 2 * TIMEOUT);
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, server.local_addr().port()));
        let proxy = Proxy::start(target, script).await;
        proxies.push(proxy.expect("a free port"));
    }
    (server, proxies)
}

fn measure(sound: &[SocketAddr], bad: &[SocketAddr]) -> Lateness {
    let addresses: Vec<_> = sound.iter().chain(bad).copied().collect();
    let fleet = Fleet::new(addresses.len()).expect("a plain fleet");
    let names = (0..addresses.len()).map(|n| format!("feeder-{n}"));
    let telemetry = Arc::new(Telemetry::new("0", names));
    let (producer, mut consumer) = ring(BATCHES);
    let pool = Pool::new(2 * BATCHES, POINTS);
    let intake = Intake::new(pool.clone(), producer, Arc::clone(&telemetry));
    let runtime = runtime();
    runtime.block_on(async {
        let (stop, stopped) = watch::channel(false);
        let plan = Arc::new(fleet.plan.clone());
        let entries = fleet.directory.devices().iter().zip(&addresses);
        let device = |(entry, address): (&DeviceEntry, &SocketAddr)| ModbusDevice {
            device: fleet.directory.find_device(entry.name()).expect("a device"),
            host: address.ip().to_string(),
            port: address.port(),
            unit: 1,
            plan: Arc::clone(&plan),
            layouts: entry.groups().to_vec(),
            whole: Arc::clone(entry.whole()),
            scan_periods: vec![PERIOD],
            timeout: TIMEOUT,
            connect_timeout: ModbusDevice::CONNECT_TIMEOUT,
            reconnect_max: PERIOD,
            via: Via::Tcp,
            connections: ModbusDevice::CONNECTIONS,
            probe_max: PERIOD,
        };
        let devices = entries.map(device).collect();
        let collector = start(devices, ModbusDevice::CONNECTS_AT_ONCE, intake, stopped);
        let collector = collector.expect("a fleet that fits its layouts");
        let until = Instant::now() + MEASURED;
        while Instant::now() < until {
            while let Some(slot) = consumer.pop() {
                pool.give(slot.batch);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.send_replace(true);
        collector.join().await;
    });
    runtime.shutdown_background();
    lateness(&telemetry, sound.len())
}

fn lateness(telemetry: &Telemetry, sound: usize) -> Lateness {
    let now = Instant::now();
    let of = |n: usize| telemetry.devices.get(n).expect("a device of the board");
    let summaries: Vec<_> = (0..sound)
        .flat_map(|n| {
            let device = of(n);
            let scans = device.scans().iter();
            scans
                .map(|scan| scan.lateness.summary(now))
                .collect::<Vec<_>>()
        })
        .collect();
    let mut largest: Vec<_> = summaries.iter().map(|summary| summary.max).collect();
    largest.sort();
    let count = u32::try_from(summaries.len()).expect("a hundred devices");
    Lateness {
        mean: summaries.iter().map(|s| s.mean).sum::<Duration>() / count,
        worst: largest[largest.len() * 99 / 100],
        overruns: (0..sound).map(|n| of(n).overruns.get()).sum(),
        failures: (sound..telemetry.devices.len())
            .map(|n| of(n).failures.get())
            .sum(),
    }
}

fn median(mut all: Vec<Lateness>) -> Lateness {
    all.sort_by_key(|lateness| lateness.worst);
    all[all.len() / 2]
}

fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime")
}

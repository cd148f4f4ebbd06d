//! Polls over sockets: the sessions of the collector beside a bare loop of writes and reads, with
//! the same simulated devices, in one run.
//!
//! Devices, sessions and loop share the machine's cores, so the ratio is what counts. The loop
//! does nothing but send a request and read 259 bytes. The least that a poll must do beside is
//! measured as well: the loop that also checks the answer, decodes 125 registers and leaves them in
//! the ring with the time they came. The session does this too, and keeps its schedule, its patience and its
//! metrics.

#![expect(clippy::expect_used, reason = "a bench stops at the first surprise")]

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use gridos_benches::{Fleet, POINTS};
use gridos_collect::modbus::{ModbusDevice, Via, start};
use gridos_modbus::{Question, Told};
use gridos_model::{DeviceEntry, TimeQuality, Timestamp};
use gridos_ring::{Consumer, Intake, Pool, ring};
use gridos_sim::modbus::{Device, Exception, Read, Server};
use gridos_telemetry::Telemetry;
use mimalloc::MiMalloc;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The engine's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const CONNECTIONS: [u16; 3] = [1, 100, 1_000];
/// Each side is measured so often, in turn.
const ROUNDS: usize = 3;
const MEASURED: Duration = Duration::from_secs(3);
const WARM_UP: Duration = Duration::from_secs(1);
/// The collector should reach this part of what the loop reaches.
const GOAL: f64 = 0.9;
/// Both ends of every connection are in this process.
const FILES: u64 = 4_096;
const BATCHES: usize = 8_192;

/// 125 holding registers of unit 1 from address 0.
const REQUEST: [u8; 12] = [0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 125];
const ANSWER_BYTES: usize = 9 + 2 * POINTS;

/// A device that has every register and costs next to nothing.
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

fn main() {
    allow_files();
    let devices = Builder::new_multi_thread().enable_all().build();
    let devices = devices.expect("a runtime for the devices");
    // One listener; every connection has a loopback address of its own, so that the collector
    // takes them for as many devices.
    let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let server = devices.block_on(Server::bind(any, Arc::new(Constant)));
    let server = server.expect("a free port");
    let port = server.local_addr().port();
    if let Some((side, connections)) = one_side() {
        let polls = measure(side, connections, port);
        println!("{polls:.0} polls/s over {connections} connections");
        return devices.block_on(server.stop());
    }
    println!(
        "connections     loop, polls/s   least   collector   registers/s   ratio   to the least"
    );
    for connections in CONNECTIONS {
        let mut rates = [Side::Loop, Side::Least, Side::Collector].map(|side| (side, Vec::new()));
        for _ in 0..ROUNDS {
            for (side, rates) in &mut rates {
                rates.push(measure(*side, connections, port));
            }
        }
        let [bare, least, collected] = rates.map(|(_, rates)| median(rates));
        let ratio = collected / bare;
        let verdict = if ratio < GOAL { "below the goal" } else { "" };
        let registers = collected * POINTS as f64;
        let to_least = collected / least;
        println!(
            "{connections:>11} {bare:>17.0} {least:>7.0} {collected:>11.0} {registers:>13.0} {ratio:>7.3} {to_least:>14.3} {verdict}"
        );
    }
    devices.block_on(server.stop());
}

#[derive(Clone, Copy)]
enum Side {
    Loop,
    Least,
    Collector,
}

/// Polls a second.
fn measure(side: Side, connections: u16, port: u16) -> f64 {
    match side {
        Side::Loop => measure_loop(connections, port),
        Side::Least | Side::Collector => measure_kept(side, connections, port),
    }
}

/// One side alone, for a profiler: `cargo bench --bench polls -- collector 100`.
fn one_side() -> Option<(Side, u16)> {
    let arguments: Vec<_> = std::env::args().collect();
    let at = |n: usize| arguments.get(n).map(String::as_str);
    let side = match at(1)? {
        "loop" => Side::Loop,
        "least" => Side::Least,
        "collector" => Side::Collector,
        _ => return None,
    };
    Some((side, at(2)?.parse().ok()?))
}

fn address(n: u16) -> IpAddr {
    let [high, low] = n.to_be_bytes();
    IpAddr::V4(Ipv4Addr::new(127, 1, high, low.max(1)))
}

/// The addresses of so many devices; the last byte of none is 0.
fn addresses(connections: u16) -> impl Iterator<Item = IpAddr> {
    let usable = (1..=u16::MAX).filter(|n| n % 256 != 0);
    usable.map(address).take(connections.into())
}

/// Polls a second of the bare loop.
fn measure_loop(connections: u16, port: u16) -> f64 {
    let polls = Arc::new(AtomicU64::new(0));
    let over = Arc::new(AtomicBool::new(false));
    let runtime = runtime();
    let rate = runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for ip in addresses(connections) {
            let (polls, over) = (Arc::clone(&polls), Arc::clone(&over));
            tasks.spawn(ask(SocketAddr::new(ip, port), polls, over));
        }
        let rate = rate(|| polls.load(Ordering::Relaxed)).await;
        over.store(true, Ordering::Relaxed);
        while let Some(ended) = tasks.join_next().await {
            ended.expect("no panic").expect("a sound connection");
        }
        rate
    });
    runtime.shutdown_background();
    rate
}

async fn ask(address: SocketAddr, polls: Arc<AtomicU64>, over: Arc<AtomicBool>) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut answer = [0; ANSWER_BYTES];
    while !over.load(Ordering::Relaxed) {
        stream.write_all(&REQUEST).await?;
        stream.read_exact(&mut answer).await?;
        polls.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// The loop with the least that a poll must do: what came is checked, decoded and left at `intake`.
async fn keep(device: ModbusDevice, intake: Intake, over: Arc<AtomicBool>) -> io::Result<()> {
    let mut stream = TcpStream::connect((device.host.as_str(), device.port)).await?;
    stream.set_nodelay(true)?;
    let request = &device.plan.requests()[0];
    let mut memory = device.plan.memory();
    let question = Question {
        transaction: 0,
        unit: device.unit,
        table: request.table(),
        start: request.start(),
        count: request.count(),
    };
    // One byte more, so that the runtime knows that nothing is left.
    let mut room = [0; ANSWER_BYTES + 1];
    while !over.load(Ordering::Relaxed) {
        stream.write_all(&question.to_bytes()).await?;
        let bytes = stream.read(&mut room).await?;
        let (wire, now) = (Instant::now(), Timestamp::from(SystemTime::now()));
        let answer = question.answer(&room[..bytes]).expect("an answer");
        let (Some(Told::Values(values)), Some(mut batch)) = (answer, intake.take()) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        batch.start_sweep(&device.layouts[0], now, TimeQuality::Synchronised, now);
        let swept = request.sweep(values.answer(), &mut memory, &mut batch);
        swept.expect("as many registers as were asked for");
        // What finds no room is not counted.
        let _ = intake.offer(batch, wire, None);
    }
    Ok(())
}

/// Polls a second whose answers end in the ring.
fn measure_kept(side: Side, connections: u16, port: u16) -> f64 {
    let fleet = Fleet::new(connections.into()).expect("a plain fleet");
    let names = (0..connections).map(|n| format!("feeder-{n}"));
    let telemetry = Arc::new(Telemetry::new("0", names));
    let (producer, consumer) = ring(BATCHES);
    let pool = Pool::new(2 * BATCHES, POINTS);
    let intake = Intake::new(pool.clone(), producer, Arc::clone(&telemetry));
    let over = Arc::new(AtomicBool::new(false));
    let draining = Arc::clone(&over);
    let drain = std::thread::spawn(move || drain(consumer, &pool, &draining));
    let runtime = runtime();
    let devices = devices(&fleet, connections, port);
    let rate = runtime.block_on(async {
        match side {
            Side::Collector => collect(devices, intake, &telemetry).await,
            Side::Loop | Side::Least => keep_all(devices, intake, &telemetry).await,
        }
    });
    runtime.shutdown_background();
    over.store(true, Ordering::Relaxed);
    drain.join().expect("no panic");
    let cells = &telemetry.modbus;
    let failures = cells.timeouts.get() + cells.exceptions.get() + cells.protocol_errors.get();
    assert_eq!(failures, 0, "every answer must be read");
    rate
}

async fn collect(devices: Vec<ModbusDevice>, intake: Intake, telemetry: &Telemetry) -> f64 {
    let (stop, stopped) = watch::channel(false);
    let collector = start(devices, ModbusDevice::CONNECTS_AT_ONCE, intake, stopped);
    let collector = collector.expect("a fleet that fits its layouts");
    let rate = rate(|| telemetry.modbus.polls.get()).await;
    stop.send_replace(true);
    collector.join().await;
    rate
}

async fn keep_all(devices: Vec<ModbusDevice>, intake: Intake, telemetry: &Telemetry) -> f64 {
    let over = Arc::new(AtomicBool::new(false));
    let mut tasks = JoinSet::new();
    for device in devices {
        tasks.spawn(keep(device, intake.clone(), Arc::clone(&over)));
    }
    let rate = rate(|| telemetry.ledger.offered.get()).await / POINTS as f64;
    over.store(true, Ordering::Relaxed);
    while let Some(ended) = tasks.join_next().await {
        ended.expect("no panic").expect("a sound connection");
    }
    rate
}

fn devices(fleet: &Fleet, connections: u16, port: u16) -> Vec<ModbusDevice> {
    let plan = Arc::new(fleet.plan.clone());
    let directory = &fleet.directory;
    let device = |(entry, ip): (&DeviceEntry, IpAddr)| ModbusDevice {
        device: directory
            .find_device(entry.name())
            .expect("a device of its own"),
        host: ip.to_string(),
        port,
        unit: 1,
        plan: Arc::clone(&plan),
        layouts: entry.groups().to_vec(),
        whole: Arc::clone(entry.whole()),
        // Always due: the next request leaves when the answer has come.
        scan_periods: vec![Duration::from_nanos(1)],
        timeout: ModbusDevice::CONNECT_TIMEOUT,
        connect_timeout: ModbusDevice::CONNECT_TIMEOUT,
        reconnect_max: ModbusDevice::RECONNECT_MAX,
        via: Via::Tcp,
        connections: ModbusDevice::CONNECTIONS,
        probe_max: ModbusDevice::PROBE_MAX,
    };
    let entries = directory.devices().iter();
    entries.zip(addresses(connections)).map(device).collect()
}

fn drain(mut consumer: Consumer, pool: &Pool, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        match consumer.pop() {
            Some(slot) => pool.give(slot.batch),
            None => consumer.wait(Duration::from_millis(1)),
        }
    }
}

/// How much `count` grows in a second, after a warm-up.
async fn rate(count: impl Fn() -> u64) -> f64 {
    tokio::time::sleep(WARM_UP).await;
    let (before, began) = (count(), Instant::now());
    tokio::time::sleep(MEASURED).await;
    (count() - before) as f64 / began.elapsed().as_secs_f64()
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime")
}

fn allow_files() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let limit = Rlimit {
        current: Some(maximum.map_or(FILES, |maximum| maximum.min(FILES))),
        maximum,
    };
    setrlimit(Resource::Nofile, limit).expect("as many files as the hard limit allows");
}

//! What an outstation costs that has nothing to say.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::Collector;
use gridos_collect::dnp3::{Dnp3Device, MappedPoint, PointKind, PointMap, Recent, Via, start};
use gridos_dnp3::link::{Address, Pair, Reader, Recovery, Role};
use gridos_dnp3::master::Config;
use gridos_dnp3::transport::{FragmentMax, Segmenter};
use gridos_model::{DirectoryBuilder, Point};
use gridos_ring::{Intake, Pool, ring};
use gridos_telemetry::{DeviceState, Telemetry};
use tokio::sync::watch;

const OUTSTATIONS: u16 = 1_000;

/// Bytes of memory in use that are no file's. Exact: what `statm` tells lags behind by some pages for
/// each processor (proc(5)).
fn resident_bytes() -> usize {
    let maps = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = maps
        .lines()
        .find_map(|line| line.strip_prefix("Anonymous:"));
    let kibibytes: usize = line.unwrap().trim_end_matches("kB").trim().parse().unwrap();
    kibibytes * 1_024
}

/// Answers the first request of each connection, with `objects`, and then nothing.
fn serve(listener: &TcpListener, objects: &[u8]) -> Vec<std::net::TcpStream> {
    let mut streams = Vec::with_capacity(usize::from(OUTSTATIONS));
    for _ in 0..OUTSTATIONS {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 512];
        let count = stream.read(&mut bytes).unwrap();
        let mut reader = Reader::new(Recovery::Stream);
        let frame = reader.read(&mut &bytes[..count]).unwrap().unwrap();
        let mut request = vec![0; frame.payload.len()];
        frame.payload.copy_to(&mut request);
        let pair = Pair::new(Role::Outstation, frame.destination, frame.source).unwrap();
        let answer = [&[0xC0 | request[1] & 0x0F, 0x81, 0, 0], objects].concat();
        let mut frames = Vec::new();
        Segmenter::new().write_frames(&pair, &answer, &mut frames);
        stream.write_all(&frames).unwrap();
        streams.push(stream);
    }
    streams
}

#[tokio::test]
async fn an_idle_outstation_takes_little_memory() {
    let listeners: Vec<_> = (0..2)
        .map(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap())
        .collect();
    let addresses: Vec<SocketAddr> = listeners.iter().map(|l| l.local_addr().unwrap()).collect();
    let points: Vec<_> = (0..400)
        .map(|index| MappedPoint::new(PointKind::Analog, index))
        .collect();
    let map = Arc::new(PointMap::new(points).unwrap());
    let config = Arc::new(Config {
        disables_unsolicited: false,
        enables_unsolicited: gridos_dnp3::app::EventClasses::empty(),
        spread: Duration::ZERO,
        ..Config::default()
    });
    let mut builder = DirectoryBuilder::default();
    let device = |n| {
        let points = (0..400).map(|n| Point::new(&format!("a{n}"), "")).collect();
        let index = builder.add(&format!("rtu-{n}"), points, map.groups());
        index.unwrap()
    };
    let indices: Vec<_> = (0..2 * OUTSTATIONS).map(device).collect();
    let directory = builder.build();
    let names = directory.devices().iter().map(|d| d.name().to_owned());
    let telemetry = Arc::new(Telemetry::new("0", names));
    let (producer, mut consumer) = ring(64);
    let pool = Pool::new(128, 400);
    let intake = Intake::new(pool.clone(), producer, Arc::clone(&telemetry));
    let (stop, stopped) = watch::channel(false);
    let mut collector = Collector::default();
    // g30v2 from 0 to 399: a fragment of 1,209 octets, which each session has had in its memory.
    let mut objects = vec![30, 2, 0x01, 0, 0, 143, 1];
    objects.extend([1, 7, 0].repeat(400));
    let mut kept = Vec::new();
    let mut used = Vec::new();
    // The first thousand makes room that the second one then finds.
    for (n, listener) in listeners.into_iter().enumerate() {
        let first = n * usize::from(OUTSTATIONS);
        let devices = indices[first..first + usize::from(OUTSTATIONS)].iter();
        let devices: Vec<_> = devices
            .zip(10..)
            .map(|(device, outstation)| Dnp3Device {
                device: *device,
                // One connection each: names of one address.
                host: format!("127.0.{}.{}", outstation / 250, 1 + outstation % 250),
                port: addresses[n].port(),
                master: Address::from_raw(1),
                outstation: Address::from_raw(outstation),
                config: Arc::clone(&config),
                keep_alive: Some(Dnp3Device::KEEP_ALIVE),
                fragment_max: FragmentMax::default(),
                map: Arc::clone(&map),
                whole: Arc::clone(directory.device(*device).whole()),
                groups: directory.device(*device).groups().to_vec(),
                via: Via::Tcp,
                connect_timeout: Duration::from_secs(60),
                reconnect_max: Duration::from_secs(1),
                recent: Recent::default(),
            })
            .collect();
        let before = resident_bytes();
        // All at once: they are answered one after the other.
        let (connects, polls) = (512, 1_000);
        start(devices, connects, polls, &intake, &mut collector, &stopped).unwrap();
        let answer = objects.clone();
        let served = std::thread::spawn(move || serve(&listener, &answer));
        let waiting = async {
            loop {
                while let Some(slot) = consumer.pop() {
                    pool.give(slot.batch);
                }
                let up = telemetry.devices.count(DeviceState::Up);
                let polls = telemetry.dnp3.integrity_polls.get();
                if up == first + usize::from(OUTSTATIONS) && polls == up as u64 {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(120), waiting).await;
        waited.unwrap();
        kept.push(served.join().unwrap());
        used.push(resident_bytes().saturating_sub(before) / usize::from(OUTSTATIONS));
    }
    println!("bytes per idle outstation: {used:?}");
    stop.send(true).unwrap();
    collector.join().await;
    // 4 KiB, and some hundred bytes by which the runtime knows the socket.
    assert!(used[1] <= 4_608, "{used:?} bytes");
}

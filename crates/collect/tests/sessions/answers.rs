//! What becomes of exceptions, outages and failing units.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::rig::{Rig, Setup};
use gridos_modbus::{Kind, RegisterPoint, Table};
use gridos_model::{DeviceId, GapReason, Quality};
use gridos_sim::modbus::Table as SimTable;
use gridos_sim::modbus::{Device, Exception, Fault, Gateway, Memory, Proxy, Server, Spoil};
use gridos_telemetry::{DeviceState, Protocol};

const FREE_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

async fn serve(device: &Arc<Memory>) -> Server {
    let device: Arc<dyn Device> = Arc::clone(device) as _;
    Server::bind(crate::free_address(), device).await.unwrap()
}

/// A device of 40 input registers, each holding its address.
fn forty() -> (Arc<Memory>, Vec<RegisterPoint>) {
    let memory = Memory::default();
    let words: Vec<u16> = (0..40).collect();
    memory.set_registers(SimTable::InputRegister, 0, &words);
    let point = |at| RegisterPoint::new(&format!("p{at}"), Table::InputRegister, at, Kind::U16);
    (Arc::new(memory), (0..40).map(point).collect())
}

/// A sweep of the forty whose bad points are exactly `bad`.
fn is_all_but(values: &[f64], qualities: &[Quality], bad: &[u16]) -> bool {
    let is_right = |(at, (value, quality)): (u16, (&f64, &Quality))| {
        if bad.contains(&at) {
            value.is_nan() && quality.contains(Quality::DEVICE_ERROR)
        } else {
            *value == f64::from(at) && quality.is_good()
        }
    };
    let good = vec![Quality::GOOD; values.len()];
    let qualities = if qualities.is_empty() {
        &good
    } else {
        qualities
    };
    (0..).zip(values.iter().zip(qualities)).all(is_right)
}

#[tokio::test]
async fn refused_registers_are_found_and_the_rest_is_read() {
    let (memory, points) = forty();
    memory.refuse(SimTable::InputRegister, 7..=7, Exception::IllegalAddress);
    memory.refuse(SimTable::InputRegister, 20..=22, Exception::IllegalAddress);
    let server = serve(&memory).await;
    let mut rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    let bad: [u16; 4] = [7, 20, 21, 22];
    for _ in 0..50 {
        let sweep = rig.next().await;
        assert!(
            is_all_but(&sweep.values, &sweep.qualities, &bad),
            "{sweep:?}"
        );
    }
    let device = rig.device(0);
    assert_eq!(
        device.refused(),
        "input_register 7, input_register 20 to 22"
    );
    assert_eq!(device.points_refused.get(), 4);
    let error = device.last_error().unwrap().text;
    let expected = "exception 2 (illegal data address) for input_register 7, input_register 20 to \
                    22; the other registers are read";
    assert_eq!(error, expected);
    assert_eq!(device.state(), DeviceState::Up);
    assert_eq!(rig.telemetry.devices.points_refused(), 4);
    // Found once, then never asked for again.
    assert!(device.failures.get() < 40, "{}", device.failures.get());
    assert_eq!(rig.telemetry.modbus.connects.get(), 1);
    let asked = memory.reads().into_iter().rev().take(30);
    let touches = |at: u32| {
        asked
            .clone()
            .any(|read| (u32::from(read.start)..read.end()).contains(&at))
    };
    assert!(touches(6) && touches(8) && touches(39) && bad.iter().all(|at| !touches((*at).into())));
    rig.stop().await;
}

#[tokio::test]
async fn registers_that_are_repaired_are_read_after_an_outage() {
    let (memory, points) = forty();
    memory.refuse(SimTable::InputRegister, 7..=7, Exception::IllegalAddress);
    let server = serve(&memory).await;
    let setup = Setup {
        timeout: Duration::from_millis(50),
        ..Setup::new("d", server.local_addr(), points)
    };
    let mut rig = Rig::start(vec![setup]);
    assert!(rig.next().await.values[7].is_nan());
    memory.set_fault(Some(Fault::Silent));
    rig.until_state(0, DeviceState::Down).await;
    memory.refuse_nothing();
    memory.set_fault(None);
    while rig.next().await.values[7].is_nan() {}
    rig.until(|telemetry| telemetry.devices.points_refused() == 0)
        .await;
    assert_eq!(rig.device(0).refused(), "");
    rig.stop().await;
}

#[tokio::test]
async fn a_device_that_refuses_everything_says_so_once() {
    let (memory, points) = forty();
    memory.refuse(SimTable::InputRegister, 0..=99, Exception::IllegalAddress);
    let server = serve(&memory).await;
    let mut rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    let told = rig.next_of_all().await;
    assert!(told.is_void() && told.values.len() == 40);
    assert!(
        told.qualities
            .iter()
            .all(|q| q.contains(Quality::DEVICE_ERROR))
    );
    let failures = rig.device(0).failures.get();
    rig.until(|telemetry| telemetry.devices.get(0).unwrap().failures.get() > failures + 20)
        .await;
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    assert_eq!(rig.device(0).points_refused.get(), 40);
    memory.refuse_nothing();
    // Nothing came in between: the next batch is a good one.
    let sweep = rig.next_of_all().await;
    assert!(
        is_all_but(&sweep.values, &sweep.qualities, &[]),
        "{sweep:?}"
    );
    rig.stop().await;
}

#[tokio::test]
async fn a_busy_device_is_asked_again_within_the_scan() {
    let (memory, points) = forty();
    memory.set_fault(Some(Fault::Exception(Exception::Busy)));
    let server = serve(&memory).await;
    let mut rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    rig.until(|telemetry| telemetry.modbus.retries.get() == 2)
        .await;
    memory.set_fault(None);
    let sweep = rig.next_of_all().await;
    assert!(
        is_all_but(&sweep.values, &sweep.qualities, &[]),
        "{sweep:?}"
    );
    // All of that within the first scan.
    assert_eq!(sweep.gap, None);
    assert_eq!(rig.telemetry.modbus.connects.get(), 1);
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    rig.stop().await;
}

#[tokio::test]
async fn an_outage_is_told_once_and_its_gap_comes_with_the_next_sweep() {
    let (memory, points) = forty();
    let server = serve(&memory).await;
    let address = server.local_addr();
    let mut rig = Rig::start(vec![Setup::new("d", address, points)]);
    let mut last = rig.next().await;
    assert_eq!(last.gap, None);
    server.stop().await;
    let lost = loop {
        let next = rig.next_of_all().await;
        if next.is_void() {
            break next;
        }
        assert_eq!(next.gap, None);
        last = next;
    };
    assert!(
        lost.qualities
            .iter()
            .all(|q| q.contains(Quality::COMM_LOST))
    );
    assert_eq!(lost.gap, None);
    rig.until(|telemetry| telemetry.modbus.io_errors.get() > 5)
        .await;
    let _server = Server::bind(address, memory).await.unwrap();
    // Nothing else was told in between.
    let back = rig.next_of_all().await;
    let gap = back.gap.unwrap();
    assert_eq!(gap.device, DeviceId::of("d"));
    assert_eq!(gap.reason, GapReason::DeviceDown);
    assert!(gap.from >= last.time && gap.from < lost.time);
    assert_eq!(gap.until, back.time);
    assert_eq!(rig.next().await.gap, None);
    rig.stop().await;
}

#[tokio::test]
async fn scans_skipped_by_a_full_ring_make_a_gap() {
    let (memory, points) = forty();
    let server = serve(&memory).await;
    let setup = Setup::new("d", server.local_addr(), points);
    let mut rig = Rig::start_with(vec![setup], 10, 2, false);
    rig.until(|telemetry| telemetry.ring.full.get() >= 3).await;
    rig.drain();
    let sweeps = [rig.next().await, rig.next().await, rig.next().await];
    assert_eq!(
        [&sweeps[0], &sweeps[1]].map(|sweep| sweep.gap),
        [None, None]
    );
    let gap = sweeps[2].gap.unwrap();
    assert_eq!(gap.reason, GapReason::BackPressure);
    assert_eq!((gap.from, gap.until), (sweeps[1].time, sweeps[2].time));
    rig.stop().await;
}

/// What stands for a register that was not read never becomes a value, also when the register
/// comes back in the middle of a search.
#[tokio::test]
async fn a_register_that_comes_back_brings_its_own_value() {
    let (memory, points) = forty();
    memory.refuse(SimTable::InputRegister, 5..=5, Exception::IllegalAddress);
    let server = Server::bind(FREE_PORT.into(), Arc::clone(&memory) as _)
        .await
        .unwrap();
    let setup = Setup {
        timeout: Duration::from_millis(20),
        ..Setup::new("d", server.local_addr(), points)
    };
    let mut rig = Rig::start(vec![setup]);
    rig.until(|telemetry| telemetry.devices.points_refused() == 1)
        .await;
    memory.set_fault(Some(Fault::Silent));
    rig.until_state(0, DeviceState::Down).await;
    memory.refuse_nothing();
    memory.set_fault(None);
    let mut was_refused = false;
    loop {
        let sweep = rig.next().await;
        let place = sweep.points.iter().position(|name| name == "p5").unwrap();
        let value = sweep.values[place];
        assert!(value.is_nan() || value == 5.0, "{sweep:?}");
        if was_refused && value == 5.0 {
            break;
        }
        was_refused |= value.is_nan();
    }
    rig.stop().await;
}

/// Ten units of which all but the first are silent.
async fn silent_units() -> (Server, Arc<Memory>, Vec<Setup>) {
    let (good, points) = forty();
    let (silent, _) = forty();
    silent.set_fault(Some(Fault::Silent));
    let mut gateway = Gateway::default().with(1, Arc::clone(&good) as _);
    for unit in 2..=10 {
        gateway = gateway.with(unit, Arc::clone(&silent) as _);
    }
    let server = Server::bind(FREE_PORT.into(), Arc::new(gateway))
        .await
        .unwrap();
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let setup = |(name, unit)| Setup {
        unit,
        timeout: Duration::from_millis(20),
        ..Setup::new(name, server.local_addr(), points.clone())
    };
    let setups = names.into_iter().zip(1..).map(setup).collect();
    (server, silent, setups)
}

#[tokio::test]
async fn silent_units_rest_and_take_a_tenth_of_the_time_at_most() {
    let (_server, silent, setups) = silent_units().await;
    let mut rig = Rig::start(setups);
    rig.until(|telemetry| telemetry.devices.count(DeviceState::Down) == 9)
        .await;
    let (began, timeouts) = (Instant::now(), rig.telemetry.modbus.timeouts.get());
    let readings = rig.device(0).readings.get();
    rig.until(|telemetry| telemetry.devices.demoted() >= 2)
        .await;
    // Relative, so that a slow machine does not matter: for 20 ms in vain, 180 ms for the other.
    let waited = rig.telemetry.modbus.timeouts.get() - timeouts;
    let most = began.elapsed().as_millis() / 200 + 2;
    assert!(u128::from(waited) <= most, "{waited} of {most}");
    // A silent unit breaks the connection, and a rest before the next one would be everybody's.
    let sweeps = (rig.device(0).readings.get() - readings) / 40;
    assert!(sweeps >= 4 * waited, "{sweeps} sweeps for {waited} waits");
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    let demoted = rig
        .telemetry
        .devices
        .iter()
        .find(|device| device.is_demoted());
    let error = demoted.unwrap().last_error().unwrap().text;
    assert_eq!(error, "no answer within 20 ms");
    silent.set_fault(None);
    rig.until(|telemetry| telemetry.devices.count(DeviceState::Up) == 10)
        .await;
    assert_eq!(rig.telemetry.devices.demoted(), 0);
    for name in ["a", "e", "j"] {
        rig.next_of(name, "p0").await;
    }
    rig.stop().await;
}

#[tokio::test]
async fn units_are_spread_over_the_connections_allowed() {
    let (_server, silent, mut setups) = silent_units().await;
    silent.set_fault(None);
    for (n, setup) in setups.iter_mut().enumerate() {
        // On a slow machine a unit that seems silent would be connected to anew.
        setup.timeout = Duration::from_secs(60);
        // The most cautious device counts.
        setup.connections = if n == 4 { 3 } else { 8 };
    }
    let mut rig = Rig::start(setups);
    rig.until(|telemetry| telemetry.devices.count(DeviceState::Up) == 10)
        .await;
    assert_eq!(rig.telemetry.modbus.connections.get(), 3);
    assert_eq!(rig.telemetry.modbus.connects.get(), 3);
    for name in ["a", "b", "c", "j"] {
        rig.next_of(name, "p0").await;
    }
    rig.stop().await;
}

/// Devices that close a connection after some time are not down; the scan is asked anew.
#[tokio::test]
async fn a_connection_that_ends_between_scans_is_made_again_without_an_outage() {
    let (memory, points) = forty();
    let server = serve(&memory).await;
    let script = |n| {
        if n % 5 == 4 {
            Spoil::Cut(0)
        } else {
            Spoil::Pass
        }
    };
    let proxy = Proxy::start(server.local_addr(), script).await.unwrap();
    let mut rig = Rig::start(vec![Setup::new("d", proxy.local_addr(), points)]);
    while rig.telemetry.modbus.connects.get() < 6 {
        let sweep = rig.next_of_all().await;
        assert!(sweep.gap.is_none() && !sweep.is_void());
    }
    assert!(rig.telemetry.modbus.io_errors.get() >= 5);
    assert_eq!(rig.device(0).state(), DeviceState::Up);
    assert_eq!(rig.device(0).failures.get(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn scans_are_measured() {
    let (memory, points) = forty();
    let server = serve(&memory).await;
    let mut rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    for _ in 0..20 {
        rig.next().await;
    }
    let now = Instant::now();
    let device = rig.device(0);
    let scan = &device.scans()[0];
    assert_eq!(scan.period(), Duration::from_millis(5));
    let round_trip = scan.round_trip.summary(now);
    assert!(round_trip.count >= 20 && round_trip.mean > Duration::ZERO);
    assert!(round_trip.max >= round_trip.mean && scan.load(now) > 0.0);
    assert!(scan.scans.get() >= 20 && scan.lateness.summary(now).count >= 20);
    assert!(rig.device(0).uncertainty.summary(now).max > Duration::ZERO);
    let scans = &rig.telemetry.scans;
    assert!(scans.round_trip(Protocol::Modbus).buckets().count() >= 20);
    assert!(scans.lateness(Protocol::Modbus).buckets().count() >= 20);
    rig.stop().await;
}

//! What is late counts from when it was due, and every scan that was due is accounted for.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use crate::rig::{Rig, Setup};
use gridos_modbus::{Kind, RegisterPoint, Table};
use gridos_sim::modbus::Table as SimTable;
use gridos_sim::modbus::{Device, Exception, Fault, Memory, Proxy, Server, Spoil};
use gridos_telemetry::{BUCKET_BOUNDS, Buckets, Protocol, ScanOutcome, Telemetry};

const FREE_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);
/// Each answer comes so much later; the scans of the rig are due every 5 ms.
const LATE: Duration = Duration::from_millis(60);

async fn device() -> (Arc<Memory>, Server, Vec<RegisterPoint>) {
    let memory = Arc::new(Memory::default());
    memory.set_registers(SimTable::InputRegister, 0, &[7]);
    let device: Arc<dyn Device> = Arc::clone(&memory) as _;
    let server = Server::bind(FREE_PORT.into(), device).await.unwrap();
    let point = RegisterPoint::new("p", Table::InputRegister, 0, Kind::U16);
    (memory, server, vec![point])
}

fn above(buckets: &Buckets, bound: Duration) -> u64 {
    assert!(BUCKET_BOUNDS.contains(&bound));
    let below = buckets.cumulative().find(|(le, _)| *le == bound);
    buckets.count() - below.unwrap().1
}

fn ended(telemetry: &Telemetry, outcome: ScanOutcome) -> u64 {
    telemetry.scans.ended(Protocol::Modbus, outcome)
}

/// Every scan that was due ended in one way, or is under way on one of `lines` connections.
fn assert_accounted(telemetry: &Telemetry, lines: u64) {
    // What ends meanwhile was expected before.
    let ended: u64 = ScanOutcome::ALL
        .iter()
        .map(|outcome| ended(telemetry, *outcome))
        .sum();
    let expected = telemetry.scans.expected(Protocol::Modbus);
    assert!(expected >= ended, "{expected} expected, {ended} ended");
    assert!(
        expected - ended <= lines,
        "{expected} expected, {ended} ended"
    );
}

/// Of twelve scans that were due while one answer was awaited, eleven are passed over. Their lateness
/// counts: else a line that is too slow would show only the few scans that began on it.
#[tokio::test]
async fn scans_that_are_passed_over_are_late() {
    let (_memory, server, points) = device().await;
    let slow = |_| Spoil::Delay(LATE);
    let proxy = Proxy::start(server.local_addr(), slow).await.unwrap();
    let mut rig = Rig::start(vec![Setup::new("d", proxy.local_addr(), points)]);
    for _ in 0..6 {
        rig.next().await;
    }
    let telemetry = Arc::clone(&rig.telemetry);
    rig.stop().await;
    let (skipped, lateness) = (
        ended(&telemetry, ScanOutcome::Skipped),
        telemetry.scans.lateness(Protocol::Modbus).buckets(),
    );
    assert!(skipped >= 5 * 10, "{skipped}");
    assert_eq!(lateness.count(), telemetry.scans.expected(Protocol::Modbus));
    // Those that were due in the first half of the wait are later than a few periods.
    let late = above(&lateness, Duration::from_millis(20));
    assert!(late >= 5 * 6, "{late} of {}", lateness.count());
    assert_accounted(&telemetry, 1);
}

/// The slowest of all requests are those that were given up: left out, they would make it look fast.
#[tokio::test]
async fn a_timeout_counts_as_a_round_trip_and_as_unavailable() {
    let (memory, server, points) = device().await;
    memory.set_fault(Some(Fault::Silent));
    let setup = Setup {
        timeout: LATE,
        ..Setup::new("d", server.local_addr(), points)
    };
    let rig = Rig::start(vec![setup]);
    rig.until(|telemetry| telemetry.modbus.timeouts.get() >= 3)
        .await;
    let telemetry = Arc::clone(&rig.telemetry);
    rig.stop().await;
    let (timeouts, trips) = (
        telemetry.modbus.timeouts.get(),
        telemetry.scans.round_trip(Protocol::Modbus).buckets(),
    );
    assert_eq!(trips.count(), timeouts);
    assert_eq!(above(&trips, Duration::from_millis(50)), timeouts);
    assert!(ended(&telemetry, ScanOutcome::Unavailable) >= timeouts);
    assert_eq!(ended(&telemetry, ScanOutcome::Answered), 0);
    assert_accounted(&telemetry, 1);
}

#[tokio::test]
async fn a_scan_that_the_device_refuses_is_told_apart() {
    let (memory, server, points) = device().await;
    memory.set_fault(Some(Fault::Exception(Exception::IllegalFunction)));
    let rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    rig.until(|telemetry| ended(telemetry, ScanOutcome::Refused) >= 3)
        .await;
    memory.set_fault(Some(Fault::ShortReply));
    rig.until(|telemetry| ended(telemetry, ScanOutcome::Error) >= 1)
        .await;
    memory.set_fault(None);
    rig.until(|telemetry| ended(telemetry, ScanOutcome::Answered) >= 3)
        .await;
    let telemetry = Arc::clone(&rig.telemetry);
    rig.stop().await;
    assert_accounted(&telemetry, 1);
}

/// The ring has two slots, and nobody empties it for a while.
#[tokio::test]
async fn time_without_room_is_counted_until_there_is_some() {
    let (_memory, server, points) = device().await;
    let setup = Setup::new("d", server.local_addr(), points);
    let rig = Rig::start_with(vec![setup], 10, 2, false);
    rig.until(|telemetry| ended(telemetry, ScanOutcome::HeldBack) >= 3)
        .await;
    let pressure = &rig.telemetry.pressure;
    assert!(pressure.ring_full.is_open() && pressure.held_back(Protocol::Modbus).is_open());
    assert!(!pressure.held_back(Protocol::Http).is_open());
    let telemetry = Arc::clone(&rig.telemetry);
    rig.stop().await;
    assert_accounted(&telemetry, 1);
}

/// The batch tells when its scan was due: before the answer was there, by what the line took at least.
#[tokio::test]
async fn a_batch_is_due_when_its_scan_was() {
    let (_memory, server, points) = device().await;
    let slow = |_| Spoil::Delay(LATE);
    let proxy = Proxy::start(server.local_addr(), slow).await.unwrap();
    let mut rig = Rig::start(vec![Setup::new("d", proxy.local_addr(), points)]);
    for _ in 0..4 {
        let batch = rig.next().await;
        assert!(batch.lead >= LATE, "{:?}", batch.lead);
        assert_eq!(batch.protocol, Protocol::Modbus);
    }
    rig.stop().await;
}

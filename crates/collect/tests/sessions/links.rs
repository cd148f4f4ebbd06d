//! What is told of the communication with devices that go away and return.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use gridos_modbus::{Kind, RegisterPoint, Table};
use gridos_model::LinkState::{Lost, Restored};
use gridos_model::{LinkState, Quality};
use gridos_sim::modbus::Table as SimTable;
use gridos_sim::modbus::{Device, Exception, Fault, Gateway, Memory, Server};
use gridos_telemetry::DeviceState;

use crate::free_address;
use crate::rig::{Arrived, Rig, Setup};

const FREE_PORT: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

async fn serve_at(address: SocketAddr, device: &Arc<Memory>) -> Server {
    let device: Arc<dyn Device> = Arc::clone(device) as _;
    Server::bind(address, device).await.unwrap()
}

fn input(name: &str, address: u16) -> RegisterPoint {
    RegisterPoint::new(name, Table::InputRegister, address, Kind::U16)
}

/// A device that is read with two requests, and a point of each: "near" and "far".
fn device() -> (Arc<Memory>, Vec<RegisterPoint>) {
    let memory = Memory::default();
    memory.set_registers(SimTable::InputRegister, 0, &[7]);
    memory.set_registers(SimTable::InputRegister, 1_000, &[8]);
    (
        Arc::new(memory),
        vec![input("near", 0), input("far", 1_000)],
    )
}

/// Everything up to the next change of the link, which is in the last batch.
async fn until_change(rig: &mut Rig) -> Vec<Arrived> {
    let mut arrived = Vec::new();
    while arrived
        .last()
        .is_none_or(|last: &Arrived| last.link.is_none())
    {
        arrived.push(rig.next_of_all().await);
    }
    arrived
}

/// The points of which these batches tell values.
fn valued(arrived: &[Arrived]) -> Vec<&str> {
    let batches = arrived.iter().filter(|batch| !batch.is_void());
    let points = batches.flat_map(|batch| batch.points.iter().map(String::as_str));
    let mut points: Vec<_> = points.collect();
    points.sort_unstable();
    points.dedup();
    points
}

fn lost_points(arrived: &[Arrived]) -> Vec<&str> {
    let is_lost = |batch: &&Arrived| {
        let qualities = &batch.qualities;
        !qualities.is_empty() && qualities.iter().all(|q| q.contains(Quality::COMM_LOST))
    };
    let points = arrived.iter().filter(is_lost);
    let points = points.flat_map(|batch| batch.points.iter().map(String::as_str));
    points.collect()
}

fn state(arrived: &Arrived) -> Option<LinkState> {
    arrived.link.map(|link| link.state)
}

fn changes(arrived: &[Arrived]) -> Vec<LinkState> {
    arrived.iter().filter_map(state).collect()
}

/// What a loss and the return look like: the loss stands with the first void, and the restoration
/// behind readings of all points.
async fn assert_away_and_back(rig: &mut Rig, back: impl Future<Output = ()>) {
    let before = until_change(rig).await;
    assert_eq!(lost_points(&before[..before.len() - 1]), [] as [&str; 0]);
    let first = before.last().unwrap();
    assert_eq!(state(first), Some(Lost));
    assert_eq!(lost_points(&before), ["near"]);
    let second = rig.next_of_all().await;
    assert_eq!((second.link, lost_points(&[second])), (None, vec!["far"]));
    back.await;
    let after = until_change(rig).await;
    assert_eq!(changes(&after), [Restored]);
    assert_eq!(valued(&after), ["far", "near"]);
    assert_eq!(lost_points(&after), [] as [&str; 0]);
}

#[tokio::test]
async fn a_device_that_goes_away_and_returns_is_lost_and_restored_once() {
    let (memory, points) = device();
    let server = serve_at(free_address(), &memory).await;
    let mut rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    // A device that answers from the start on was never lost.
    rig.next_of("d", "near").await;
    rig.next_of("d", "far").await;
    for _ in 0..3 {
        memory.set_fault(Some(Fault::Close));
        assert_away_and_back(&mut rig, async { memory.set_fault(None) }).await;
    }
    let left = rig.stop().await;
    assert_eq!(changes(&left), []);
}

#[tokio::test]
async fn a_device_that_is_absent_from_the_start_is_lost_at_once() {
    let (memory, points) = device();
    let server = serve_at(free_address(), &memory).await;
    let address = server.local_addr();
    server.stop().await;
    let mut rig = Rig::start(vec![Setup::new("d", address, points)]);
    let mut server = None;
    let back = async { server = Some(serve_at(address, &memory).await) };
    assert_away_and_back(&mut rig, back).await;
    assert_eq!(changes(&rig.stop().await), []);
}

/// Half a round is none: what was heard before a device went down again does not count.
#[tokio::test]
async fn a_device_of_which_one_request_fails_stays_lost() {
    let (memory, points) = device();
    let server = serve_at(free_address(), &memory).await;
    let mut rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    memory.refuse(
        SimTable::InputRegister,
        1_000..=1_000,
        Exception::GatewayTarget,
    );
    let before = until_change(&mut rig).await;
    assert_eq!(changes(&before), [Lost]);
    // It goes up with each answer of the one, and down with each of the other.
    let mut nears = 0;
    while nears < 4 {
        let next = rig.next_of_all().await;
        assert_eq!(next.link, None);
        nears += usize::from(valued(&[next]) == ["near"]);
    }
    memory.refuse_nothing();
    let after = until_change(&mut rig).await;
    assert_eq!(changes(&after), [Restored]);
    // The other one may have been answered before.
    assert_eq!(valued(&after).first(), Some(&"far"));
    rig.stop().await;
}

#[tokio::test]
async fn what_a_device_refuses_keeps_nobody_waiting() {
    let (memory, points) = device();
    memory.refuse(
        SimTable::InputRegister,
        1_000..=1_000,
        Exception::IllegalAddress,
    );
    let server = serve_at(free_address(), &memory).await;
    let mut rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    rig.next_of("d", "near").await;
    memory.set_fault(Some(Fault::Close));
    assert_eq!(changes(&until_change(&mut rig).await), [Lost]);
    memory.set_fault(None);
    let after = until_change(&mut rig).await;
    assert_eq!(changes(&after), [Restored]);
    // That it is refused is told before.
    let is_refused = |batch: &Arrived| {
        let qualities = &batch.qualities;
        batch.points == ["far"] && qualities.iter().all(|q| q.contains(Quality::DEVICE_ERROR))
    };
    assert!(after.iter().any(is_refused), "{after:?}");
    rig.stop().await;
}

#[tokio::test]
async fn units_behind_one_address_are_lost_each_for_itself() {
    let (good, points) = device();
    let (bad, _) = device();
    let gateway = Gateway::default().with(1, Arc::clone(&good) as _);
    let gateway: Arc<dyn Device> = Arc::new(gateway.with(2, Arc::clone(&bad) as _));
    let server = Server::bind(FREE_PORT.into(), gateway).await.unwrap();
    let setups = [("good", 1), ("bad", 2)].map(|(name, unit)| Setup {
        unit,
        ..Setup::new(name, server.local_addr(), points.clone())
    });
    let mut rig = Rig::start(setups.into());
    rig.next_of("bad", "near").await;
    bad.set_fault(Some(Fault::Exception(Exception::GatewayTarget)));
    let before = until_change(&mut rig).await;
    let lost = before.last().unwrap();
    assert_eq!((lost.device.as_str(), state(lost)), ("bad", Some(Lost)));
    assert_eq!(lost.link.unwrap().device.get(), 1);
    bad.set_fault(None);
    let after = until_change(&mut rig).await;
    let restored = after.last().unwrap();
    assert_eq!(
        (restored.device.as_str(), state(restored)),
        ("bad", Some(Restored))
    );
    assert_eq!(rig.device(0).failures.get(), 0);
    rig.stop().await;
}

#[tokio::test]
async fn a_device_that_is_only_read_rarely_is_restored_by_its_first_answer() {
    let (memory, points) = device();
    let server = serve_at(free_address(), &memory).await;
    let address = server.local_addr();
    server.stop().await;
    let setup = Setup {
        period: Duration::from_secs(3_600),
        ..Setup::new("d", address, points)
    };
    let mut rig = Rig::start(vec![setup]);
    assert_eq!(changes(&until_change(&mut rig).await), [Lost]);
    let _server = serve_at(address, &memory).await;
    let after = until_change(&mut rig).await;
    assert_eq!(changes(&after), [Restored]);
    assert_eq!(valued(&after).len(), 1, "{after:?}");
    rig.stop().await;
}

/// Another device fills the ring, most often before this one is lost.
#[tokio::test]
async fn a_loss_that_finds_no_room_is_told_when_there_is_some() {
    let (memory, points) = device();
    let server = serve_at(free_address(), &memory).await;
    let absent = serve_at(free_address(), &memory).await;
    let address = absent.local_addr();
    absent.stop().await;
    let setups = vec![
        Setup::new("good", server.local_addr(), points.clone()),
        Setup {
            period: Duration::from_millis(200),
            // One request: a scan that a full ring ends begins anew.
            ..Setup::new("lost", address, points[..1].to_vec())
        },
    ];
    let mut rig = Rig::start_with(setups, 10, 1, false);
    rig.until(|telemetry| telemetry.ring.full.get() >= 3).await;
    rig.until_state(1, DeviceState::Down).await;
    assert_eq!(rig.telemetry.ledger.offered.get(), 1);
    rig.drain();
    let before = until_change(&mut rig).await;
    assert_eq!(changes(&before), [Lost]);
    assert_eq!(lost_points(&before), ["near"]);
    let _server = serve_at(address, &memory).await;
    let after = until_change(&mut rig).await;
    assert_eq!(changes(&after), [Restored]);
    assert_eq!(after.last().unwrap().device, "lost");
    rig.stop().await;
}

#[tokio::test]
async fn a_restoration_that_finds_no_room_does_not_wait_for_the_next_scan() {
    let (memory, points) = device();
    let server = serve_at(free_address(), &memory).await;
    let address = server.local_addr();
    server.stop().await;
    let setup = Setup {
        period: Duration::from_secs(3_600),
        ..Setup::new("d", address, points)
    };
    // Room for what is lost, and for the first answer.
    let mut rig = Rig::start_with(vec![setup], 10, 3, false);
    rig.until_state(0, DeviceState::Down).await;
    let _server = serve_at(address, &memory).await;
    rig.until(|telemetry| telemetry.ring.full.get() >= 1).await;
    rig.drain();
    assert_eq!(changes(&until_change(&mut rig).await), [Lost]);
    let after = until_change(&mut rig).await;
    assert_eq!(changes(&after), [Restored]);
    assert_eq!(valued(&after).len(), 1);
    rig.stop().await;
}

//! Reports by exception, powers of ten and clocks of the device, over a session.

use std::sync::Arc;
use std::time::Duration;

use crate::rig::{Arrived, Rig, Setup};
use gridos_modbus::{Clock, Kind, Order, RegisterPoint, Report, Table};
use gridos_model::Quality;
use gridos_sim::modbus::Table as SimTable;
use gridos_sim::modbus::{Device, Exception, Memory, Server};

async fn serve(device: &Arc<Memory>) -> Server {
    let device: Arc<dyn Device> = Arc::clone(device) as _;
    Server::bind(crate::free_address(), device).await.unwrap()
}

fn device(words: &[u16]) -> Arc<Memory> {
    let memory = Memory::default();
    memory.set_registers(SimTable::InputRegister, 0, words);
    Arc::new(memory)
}

fn input(name: &str, address: u16, kind: Kind) -> RegisterPoint {
    RegisterPoint::new(name, Table::InputRegister, address, kind)
}

/// The next batches until `count` of them are of `point`, those among them that are not.
async fn others_until(rig: &mut Rig, point: &str, count: usize) -> Vec<Arrived> {
    let (mut others, mut found) = (Vec::new(), 0);
    while found < count {
        let next = rig.next().await;
        if next.points == [point] {
            found += 1;
        } else {
            others.push(next);
        }
    }
    others
}

#[tokio::test]
async fn what_is_reported_by_exception_comes_as_events_when_it_moved() {
    let memory = device(&[0, 90]);
    let server = serve(&memory).await;
    let reported = RegisterPoint {
        report: Some(Report {
            deadband: 5.0,
            at_least: Duration::from_secs(86_400),
            edges: [93.0].into(),
        }),
        ..input("reported", 1, Kind::U16)
    };
    let points = vec![input("swept", 0, Kind::U16), reported];
    let mut rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    let first = rig.next_of("d", "reported").await;
    assert_eq!((first.points.len(), &*first.values), (1, &[90.0][..]));
    assert!(first.qualities.is_empty() && first.time <= first.received);
    // Within the deadband, far from the edge: one scan may be under way with the old value.
    memory.set_registers(SimTable::InputRegister, 1, &[92]);
    assert!(others_until(&mut rig, "swept", 20).await.is_empty());
    memory.set_registers(SimTable::InputRegister, 1, &[93]);
    assert_eq!(rig.next_of("d", "reported").await.values, [93.0]);
    assert!(others_until(&mut rig, "swept", 20).await.is_empty());
    memory.set_registers(SimTable::InputRegister, 1, &[98]);
    assert_eq!(rig.next_of("d", "reported").await.values, [98.0]);
    rig.stop().await;
}

#[tokio::test]
async fn a_text_comes_at_first_when_it_changes_and_after_an_outage() {
    let memory = device(&[7, 0x5631, 0x2e30, 0]);
    let server = serve(&memory).await;
    let address = server.local_addr();
    let points = vec![
        input("swept", 0, Kind::U16),
        input("version", 1, Kind::Text(3)),
    ];
    let mut rig = Rig::start(vec![Setup::new("d", address, points)]);
    let first = rig.next_of("d", "version").await;
    assert_eq!(
        (first.texts, first.values),
        (vec!["V1.0".to_owned()], vec![])
    );
    assert!(first.qualities.is_empty() && first.time <= first.received);
    assert!(others_until(&mut rig, "swept", 20).await.is_empty());
    memory.set_registers(SimTable::InputRegister, 2, &[0x2e31]);
    assert_eq!(rig.next_of("d", "version").await.texts, ["V1.1"]);
    assert!(others_until(&mut rig, "swept", 20).await.is_empty());
    server.stop().await;
    let lost = loop {
        let next = rig.next_of_all().await;
        if next.points == ["version"] {
            break next;
        }
    };
    assert_eq!(lost.texts, [""]);
    assert_eq!(lost.qualities, [Quality::COMM_LOST]);
    let back: Arc<dyn Device> = Arc::clone(&memory) as _;
    let _server = Server::bind(address, back).await.unwrap();
    let told = rig.next_of("d", "version").await;
    assert_eq!(
        (&*told.texts, &*told.qualities),
        (&["V1.1".to_owned()][..], &[][..])
    );
    assert!(others_until(&mut rig, "swept", 20).await.is_empty());
    rig.stop().await;
}

/// A text that the engine had no room for is told with the next answer.
#[tokio::test]
async fn a_text_that_was_not_taken_is_told_again() {
    let memory = device(&[7, 0x4142]);
    let server = serve(&memory).await;
    let points = vec![
        input("swept", 0, Kind::U16),
        input("name", 1, Kind::Text(1)),
    ];
    let setup = Setup::new("d", server.local_addr(), points);
    // The sweep of the first answer fills the ring.
    let mut rig = Rig::start_with(vec![setup], 10, 1, false);
    rig.until(|telemetry| telemetry.ring.full.get() >= 1).await;
    rig.drain();
    assert_eq!(rig.next_of("d", "name").await.texts, ["AB"]);
    rig.stop().await;
}

#[tokio::test]
async fn a_power_of_ten_of_another_request_is_remembered_by_the_session() {
    let memory = device(&[2_301]);
    memory.set_registers(SimTable::InputRegister, 500, &[0xffff]);
    let server = serve(&memory).await;
    let scaled = RegisterPoint {
        exponent: Some("sf".to_owned()),
        ..input("v", 0, Kind::U16)
    };
    let points = vec![scaled, input("sf", 500, Kind::I16)];
    let mut rig = Rig::start(vec![Setup::new("d", server.local_addr(), points)]);
    rig.next_of("d", "sf").await;
    let voltage = rig.next_of("d", "v").await;
    assert_eq!(voltage.values, [230.1]);
    rig.stop().await;
}

#[tokio::test]
async fn a_clock_that_the_device_refuses_costs_no_point_its_value() {
    let memory = device(&[0, 0, 7]);
    memory.set_registers(SimTable::InputRegister, 500, &[8]);
    memory.refuse(SimTable::InputRegister, 0..=1, Exception::IllegalAddress);
    let server = serve(&memory).await;
    let setup = Setup {
        clock: Some(Clock {
            table: Table::InputRegister,
            address: 0,
            kind: Kind::Unix32,
            order: Order::ABCD,
            scan: 0,
            is_synchronised: false,
            tolerance: Duration::from_secs(60),
        }),
        ..Setup::new(
            "d",
            server.local_addr(),
            vec![input("a", 2, Kind::U16), input("b", 500, Kind::U16)],
        )
    };
    let mut rig = Rig::start(vec![setup]);
    for _ in 0..10 {
        let (a, b) = (rig.next_of("d", "a").await, rig.next_of("d", "b").await);
        assert_eq!((a.values, b.values), (vec![7.0], vec![8.0]));
        let is_good = |qualities: Vec<Quality>| qualities.iter().all(|quality| quality.is_good());
        assert!(is_good(a.qualities) && is_good(b.qualities));
    }
    assert_eq!(rig.device(0).refused(), "input_register 0 to 1");
    rig.stop().await;
}

//! Devices that come and go while others are polled.

use std::net::Ipv4Addr;
use std::sync::Arc;

use gridos_modbus::{Kind, RegisterPoint, Table};
use gridos_model::Timestamp;
use gridos_sim::modbus::{Device, Gateway, Memory, Server, Table as SimTable};

use crate::rig::{Rig, Setup};

const NAMES: [&str; 3] = ["one", "two", "three"];
/// So many batches show that a device is left alone.
const SOME: usize = 100;

fn memory() -> Arc<dyn Device> {
    let memory = Memory::default();
    memory.set_registers(SimTable::InputRegister, 0, &[7]);
    Arc::new(memory)
}

/// Three units behind one gateway.
async fn gateway() -> (Server, Rig) {
    let units = (1..=3).fold(Gateway::default(), |gateway, unit| {
        gateway.with(unit, memory())
    });
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), Arc::new(units));
    let server = server.await.unwrap();
    let point = RegisterPoint::new("a", Table::InputRegister, 0, Kind::U16);
    let setup = |(name, unit)| Setup {
        unit,
        ..Setup::new(name, server.local_addr(), vec![point.clone()])
    };
    let rig = Rig::start(NAMES.into_iter().zip(1..).map(setup).collect());
    (server, rig)
}

fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}

#[tokio::test]
async fn units_come_and_go_over_the_connection_of_their_neighbours() {
    let (_server, mut rig) = gateway().await;
    for name in NAMES {
        rig.next_of(name, "a").await;
    }
    rig.remove(1).await;
    let removed = now();
    for _ in 0..SOME {
        let next = rig.next_of_all().await;
        let is_left = next.device == "two" && next.received > removed;
        assert!(
            !is_left && next.gap.is_none() && !next.is_void(),
            "{next:?}"
        );
    }
    rig.add(1).await;
    let added = now();
    while rig.next_of("two", "a").await.received < added {}
    for name in NAMES {
        rig.next_of(name, "a").await;
    }
    assert_eq!(rig.telemetry.modbus.connects.get(), 1);
    assert_eq!(
        rig.device(0).failures.get() + rig.device(2).failures.get(),
        0
    );
    rig.stop().await;
}

#[tokio::test]
async fn a_connection_ends_with_its_last_unit_and_begins_with_the_next() {
    let (_server, mut rig) = gateway().await;
    for index in 0..3 {
        rig.remove(index).await;
    }
    rig.until(|telemetry| telemetry.modbus.connections.get() == 0)
        .await;
    rig.add(2).await;
    let added = now();
    while rig.next_of("three", "a").await.received < added {}
    assert_eq!(rig.telemetry.modbus.connections.get(), 1);
    rig.stop().await;
}

//! Connections that end, outstations that restart and that call.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gridos_dnp3::app::Value;
use gridos_dnp3::outstation::{Kept, PointKind};
use gridos_sim::dnp3::Fleet;

use crate::master::{Master, Told};
use crate::station::{Put, listen, points, port, put, still, until_confirmed};

fn counted(start: u32) -> Vec<Put> {
    let count = |n| Put::new(PointKind::Counter, 2, Value::Uint32(start + n));
    (0..20).map(count).collect()
}

/// The values of the events that were told.
fn events(told: &[Told]) -> Vec<u64> {
    let events = told.iter().filter(|told| told.variation.0 == 22);
    events.map(|told| told.value.as_u64().unwrap()).collect()
}

#[tokio::test]
async fn what_happened_while_the_master_was_away_is_told_once() {
    let fleet = listen(still(points())).await;
    let Some(mut master) = Master::connect(port(&fleet)) else {
        return;
    };
    master.until_started().await;
    drop(master);
    put(&fleet.units()[0], &counted(0), true);
    let mut master = Master::connect(port(&fleet)).unwrap();
    assert_eq!(until_confirmed(&fleet, 20).await, 0);
    put(&fleet.units()[0], &counted(20), true);
    assert_eq!(until_confirmed(&fleet, 40).await, 0);
    master
        .until(|master| events(&master.told).len() >= 40)
        .await;
    assert!(events(&master.told).into_iter().eq(0..40));
}

#[tokio::test]
async fn a_connection_that_ends_loses_nothing() {
    let fleet = listen(still(points())).await;
    let Some(mut master) = Master::connect(port(&fleet)) else {
        return;
    };
    master.until_started().await;
    for round in 1..=3_u32 {
        put(&fleet.units()[0], &counted(20 * (round - 1)), true);
        master.cut();
        assert_eq!(
            until_confirmed(&fleet, usize::try_from(20 * round).unwrap()).await,
            0
        );
    }
    // What was told when the connection ended comes again: this master does not know it again.
    master.take();
    let mut told = events(&master.told);
    told.sort_unstable();
    told.dedup();
    assert!(told.into_iter().eq(0..60));
}

#[tokio::test]
async fn an_outstation_that_restarts_is_read_again() {
    let fleet = listen(still(points())).await;
    let Some(mut master) = Master::connect(port(&fleet)) else {
        return;
    };
    master.until_started().await;
    master.told.clear();
    master.tasks.clear();
    fleet.units()[0].with(|outstation, at| outstation.restart(at, Kept::Nothing));
    master.until_started().await;
    assert!(master.has_done("CLEAR_RESTART"));
    assert!(master.has_done("STARTUP_INTEGRITY_POLL"));
    put(&fleet.units()[0], &counted(0), true);
    assert_eq!(until_confirmed(&fleet, 20).await, 0);
    master
        .until(|master| events(&master.told).len() >= 20)
        .await;
    assert!(events(&master.told).into_iter().eq(0..20));
    master.read_alone(&[(1, 0)]).await;
    assert_eq!(master.indications, [0, 0]);
}

#[tokio::test]
async fn outstations_that_call_are_read_and_call_again() {
    let Some(mut master) = Master::start(&[]) else {
        return;
    };
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, master.port()));
    let fleet = Fleet::call(address, Duration::from_millis(20), still(points())).unwrap();
    master.until_started().await;
    put(&fleet.units()[0], &counted(0), true);
    assert_eq!(until_confirmed(&fleet, 20).await, 0);
    master.restart();
    master.until_started().await;
    assert!(fleet.units()[0].connections() >= 2);
    master.told.clear();
    put(&fleet.units()[0], &counted(20), true);
    assert_eq!(until_confirmed(&fleet, 40).await, 0);
    master
        .until(|master| events(&master.told).len() >= 20)
        .await;
    assert!(events(&master.told).into_iter().eq(20..40));
}

//! Outstations that call their master.

use std::net::Ipv4Addr;
use std::time::Duration;

use gridos_dnp3::app::EventClasses;
use gridos_dnp3::link::StationConfig;
use gridos_dnp3::outstation::{NullUnsolicited, OutstationConfig, UnsolicitedConfig};
use gridos_sim::dnp3::{Fleet, FleetConfig, Numbers, Process};
use tokio::net::TcpListener;

use crate::master::{Master, Stored, store};
use crate::port::free_port;

fn calling() -> FleetConfig {
    FleetConfig {
        outstation: OutstationConfig {
            unsolicited: Some(UnsolicitedConfig {
                enabled_at_start: EventClasses::all(),
                null: NullUnsolicited::OnConnect,
                ..UnsolicitedConfig::default()
            }),
            ..OutstationConfig::default()
        },
        process: Process::Numbers(Numbers {
            events_max: 10,
            ..Numbers::default()
        }),
        ..FleetConfig::default()
    }
}

async fn listener() -> TcpListener {
    // It may go away and come back.
    let address = (Ipv4Addr::LOCALHOST, free_port());
    TcpListener::bind(address).await.unwrap()
}

async fn accept(listener: &TcpListener) -> Master {
    Master::new(listener.accept().await.unwrap().0)
}

#[tokio::test]
async fn they_call_again_and_tell_what_was_not_confirmed() {
    let listener = listener().await;
    let pause = Duration::from_millis(10);
    let fleet = Fleet::call(listener.local_addr().unwrap(), pause, calling()).unwrap();
    assert_eq!(fleet.addresses().len(), 0);
    for round in 0_u64..3 {
        let mut master = accept(&listener).await;
        let (outstation, null) = master.receive().await.unwrap();
        assert_eq!((outstation, null.len()), (10, 4));
        master.confirm(outstation, &null).await.unwrap();
        let (outstation, events) = master.receive().await.unwrap();
        let mut stored = Stored::new();
        store(&mut stored, outstation, &events);
        assert!(
            stored[&10].iter().copied().eq(0..10),
            "not confirmed, so offered again"
        );
        assert_eq!(fleet.report().outstations[0].connections, round + 1);
    }
    let mut master = accept(&listener).await;
    while fleet.report().confirmed() < 10 {
        let (outstation, fragment) = master.receive().await.unwrap();
        master.confirm(outstation, &fragment).await.unwrap();
        tokio::task::yield_now().await;
        if fleet.report().buffered() == 10 && fragment.len() > 4 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert_eq!(fleet.stop().await.confirmed(), 10);
}

#[tokio::test]
async fn they_call_until_somebody_is_there() {
    let address = listener().await.local_addr().unwrap();
    let pause = Duration::from_millis(5);
    let fleet = Fleet::call(address, pause, calling()).unwrap();
    tokio::time::sleep(Duration::from_millis(30)).await;
    assert_eq!(fleet.report().outstations[0].connections, 0);
    let listener = TcpListener::bind(address).await.unwrap();
    assert!(accept(&listener).await.receive().await.is_ok());
}

#[tokio::test]
async fn each_line_calls_by_itself() {
    let listener = listener().await;
    let config = FleetConfig {
        outstations: 6,
        per_line: 2,
        ..calling()
    };
    let pause = Duration::from_secs(1);
    let _fleet = Fleet::call(listener.local_addr().unwrap(), pause, config).unwrap();
    let mut addresses = Vec::new();
    for _ in 0..3 {
        let mut master = accept(&listener).await;
        for _ in 0..2 {
            addresses.push(master.receive().await.unwrap().0);
        }
    }
    addresses.sort_unstable();
    assert_eq!(addresses, [10, 11, 12, 13, 14, 15]);
}

#[tokio::test]
async fn a_silent_master_is_left() {
    let listener = listener().await;
    let mut config = calling();
    config.line.link = StationConfig {
        keep_alive: Some(Duration::from_millis(20)),
        answer_timeout: Duration::from_millis(20),
        ..StationConfig::default()
    };
    let pause = Duration::from_millis(5);
    let _fleet = Fleet::call(listener.local_addr().unwrap(), pause, config).unwrap();
    // This one reads nothing and answers nothing.
    let silent = accept(&listener).await;
    let mut other = accept(&listener).await;
    drop(silent);
    // This one answers for the link layer.
    let (_, null) = other.receive().await.unwrap();
    other.confirm(10, &null).await.unwrap();
    other.receive().await.unwrap();
}

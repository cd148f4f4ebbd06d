//! Events that count, from the outstations to a store and back as confirms.

use std::time::Duration;

use gridos_dnp3::app::EventClasses;
use gridos_dnp3::outstation::{EventCapacities, OutstationConfig, UnsolicitedConfig};
use gridos_sim::dnp3::{Fleet, FleetConfig, Numbers, Process};

use crate::master::{Master, Stored, listen, store};

fn counting(outstations: usize, per_line: usize, events_max: u64) -> FleetConfig {
    FleetConfig {
        outstations,
        per_line,
        outstation: OutstationConfig {
            unsolicited: Some(UnsolicitedConfig {
                enabled_at_start: EventClasses::all(),
                ..UnsolicitedConfig::default()
            }),
            ..OutstationConfig::default()
        },
        process: Process::Numbers(Numbers {
            burst: 50,
            every: Duration::from_millis(20),
            events_max,
            ..Numbers::default()
        }),
        ..FleetConfig::default()
    }
}

/// Stores and confirms what one line says, until `enough` numbers are stored.
async fn collect(fleet: &Fleet, line: usize, enough: usize) -> Stored {
    let mut master = Master::connect(fleet, line).await;
    let mut stored = Stored::new();
    while stored.values().map(|numbers| numbers.len()).sum::<usize>() < enough {
        let (outstation, fragment) = master.receive().await.unwrap();
        store(&mut stored, outstation, &fragment);
        master.confirm(outstation, &fragment).await.unwrap();
    }
    stored
}

#[tokio::test]
async fn all_events_of_all_outstations_are_confirmed_and_reported() {
    let mut fleet = listen(counting(12, 3, 1_000)).await;
    let mut stored = Stored::new();
    for line in 0..4 {
        stored.extend(collect(&fleet, line, 3_000).await);
    }
    fleet.process_ended().await;
    let report = fleet.stop().await;
    assert_eq!(
        (report.produced(), report.overflowed(), report.forgotten()),
        (12_000, 0, 0)
    );
    assert_eq!(stored.len(), 12);
    for outstation in &report.outstations {
        let numbers = &stored[&outstation.address.raw()];
        assert!(numbers.iter().copied().eq(0..1_000));
        // The last confirm may have been on its way when the fleet stopped.
        assert_eq!(
            outstation.ledger.confirmed().len() + outstation.buffered,
            1_000
        );
        assert!(
            outstation
                .ledger
                .confirmed()
                .iter()
                .all(|number| numbers.contains(&number))
        );
        assert_eq!(outstation.connections, 1);
    }
}

#[tokio::test]
async fn what_is_lost_before_a_master_comes_is_reported_by_number() {
    let mut config = counting(1, 1, 500);
    config.outstation.capacities = EventCapacities::all(100);
    let mut fleet = listen(config).await;
    fleet.process_ended().await;
    let report = fleet.report();
    let ledger = &report.outstations[0].ledger;
    assert!(ledger.overflowed().ranges().eq([0..=399]));
    assert!(ledger.lost_after_sending().is_empty());
    assert_eq!((report.buffered(), report.confirmed()), (100, 0));
    let stored = collect(&fleet, 0, 100).await;
    assert!(stored[&10].iter().copied().eq(400..500));
}

#[tokio::test]
async fn a_stopped_process_makes_no_events() {
    let mut fleet = listen(counting(2, 1, u64::MAX)).await;
    let stored = collect(&fleet, 0, 200).await;
    assert!(stored[&10].len() >= 200);
    fleet.stop_process();
    fleet.process_ended().await;
    let produced = fleet.report().produced();
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(fleet.report().produced(), produced);
}

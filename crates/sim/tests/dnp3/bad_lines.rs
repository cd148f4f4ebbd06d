//! Lines that are bad on purpose: no event is lost that a master confirmed.

use std::time::Duration;

use gridos_dnp3::app::{EventClasses, Iin};
use gridos_dnp3::outstation::{
    Every, Faults, NullUnsolicited, OutstationConfig, UnsolicitedConfig,
};
use gridos_sim::dnp3::{FleetConfig, LineFaults, Numbers, Odds, Process};

use crate::master::{Master, Stored, listen, store};

fn bad(line: LineFaults, faults: Faults) -> FleetConfig {
    let mut config = FleetConfig {
        outstation: OutstationConfig {
            fragment_bytes: 400,
            unsolicited: Some(UnsolicitedConfig {
                enabled_at_start: EventClasses::all(),
                null: NullUnsolicited::OnConnect,
                confirm_timeout: Duration::from_millis(20),
                ..UnsolicitedConfig::default()
            }),
            ..OutstationConfig::default()
        },
        faults,
        process: Process::Numbers(Numbers {
            burst: 20,
            every: Duration::from_millis(10),
            events_max: 800,
            ..Numbers::default()
        }),
        ..FleetConfig::default()
    };
    config.line.faults = line;
    config
}

/// A master that comes again whenever the line breaks, until all events are confirmed.
async fn survive(config: FleetConfig) -> u64 {
    let mut fleet = listen(config).await;
    let mut stored = Stored::new();
    let mut connections = 0;
    while fleet.report().confirmed() < 800 {
        connections += 1;
        assert!(connections < 10_000);
        let mut master = Master::connect(&fleet, 0).await;
        loop {
            // A broken frame may have been the last one for a while.
            let wait = Duration::from_millis(100);
            let Ok(Ok((outstation, fragment))) = tokio::time::timeout(wait, master.receive()).await
            else {
                break;
            };
            store(&mut stored, outstation, &fragment);
            if master.confirm(outstation, &fragment).await.is_err() {
                break;
            }
        }
    }
    fleet.process_ended().await;
    let report = fleet.stop().await;
    assert_eq!((report.produced(), report.overflowed()), (800, 0));
    assert!(stored[&10].iter().copied().eq(0..800));
    connections
}

#[tokio::test]
async fn connections_that_break() {
    let line = LineFaults {
        drop: Odds::one_in(6),
        ..LineFaults::default()
    };
    assert!(survive(bad(line, Faults::default())).await > 3);
}

#[tokio::test]
async fn frames_that_are_cut() {
    let line = LineFaults {
        cut: Odds::one_in(6),
        ..LineFaults::default()
    };
    assert!(survive(bad(line, Faults::default())).await > 3);
}

#[tokio::test]
async fn noise_and_wrong_bits() {
    let line = LineFaults {
        corrupt: Odds::one_in(8),
        garbage: Odds::one_in(3),
        ..LineFaults::default()
    };
    survive(bad(line, Faults::default())).await;
}

#[tokio::test]
async fn confirms_that_get_lost_and_come_twice() {
    let faults = Faults {
        lose_confirm: Every::nth(3),
        repeat_confirm: Every::nth(2),
        stuck: Iin::CLASS_1_EVENTS,
        ..Faults::default()
    };
    survive(bad(LineFaults::default(), faults)).await;
}

#[tokio::test]
async fn octets_that_drip() {
    let config = bad(
        LineFaults {
            drip: Some(Duration::from_micros(200)),
            ..LineFaults::default()
        },
        Faults::default(),
    );
    let fleet = listen(config).await;
    let mut master = Master::connect(&fleet, 0).await;
    let start = std::time::Instant::now();
    let (outstation, null) = master.receive().await.unwrap();
    assert_eq!((outstation, null.len()), (10, 4));
    assert!(start.elapsed() >= Duration::from_micros(16 * 200));
}

#[tokio::test]
async fn fragments_without_an_end_are_none() {
    let line = LineFaults {
        never_last: true,
        ..LineFaults::default()
    };
    let fleet = listen(bad(line, Faults::default())).await;
    let mut master = Master::connect(&fleet, 0).await;
    let wait = Duration::from_millis(100);
    assert!(tokio::time::timeout(wait, master.receive()).await.is_err());
}

//! Simulated outstations on lines that break, and a disk that loses: each event is stored once.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use gridos_collect::dnp3::{MappedPoint, PointKind};
use gridos_dnp3::app::EventClasses;
use gridos_dnp3::master::Config;
use gridos_dnp3::outstation::{OutstationConfig, RetryStyle, UnsolicitedConfig};
use gridos_model::{LinkState, Quality};
use gridos_sim::dnp3::{Fleet, FleetConfig, LineConfig, LineFaults, Numbers, Odds, Process};

use crate::outstation::PATIENCE;
use crate::rig::{Rig, Setup, quiet};

const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn hasty() -> Config {
    Config {
        response_timeout: Duration::from_millis(300),
        outstation_confirm_timeout: Duration::from_millis(100),
        enables_unsolicited: EventClasses::all(),
        retry: gridos_dnp3::master::Retry {
            first: Duration::from_millis(10),
            longest: Duration::from_millis(50),
        },
        scan_interval_min: Duration::from_millis(10),
        ..quiet()
    }
}

fn fleet(style: RetryStyle, faults: LineFaults, per_line: usize, events_max: u64) -> FleetConfig {
    let unsolicited = UnsolicitedConfig {
        confirm_timeout: Duration::from_millis(100),
        retry_style: style,
        hold_count: 5,
        hold_time: Duration::from_millis(5),
        ..UnsolicitedConfig::default()
    };
    let base = FleetConfig::default();
    FleetConfig {
        outstations: NAMES.len(),
        per_line,
        line: LineConfig {
            faults,
            ..base.line
        },
        outstation: OutstationConfig {
            confirm_timeout: Duration::from_millis(100),
            unsolicited: Some(unsolicited),
            ..OutstationConfig::default()
        },
        process: Process::Numbers(Numbers {
            burst: 7,
            every: Duration::from_millis(10),
            events_max,
            ..Numbers::default()
        }),
        ..base
    }
}

/// Collects all events of a fleet; one batch in `lost_one_in` is lost by the disk.
async fn collect(config: FleetConfig, lost_one_in: u64) {
    let per_line = config.per_line;
    let lines_break = config.line.faults != LineFaults::default();
    let Process::Numbers(Numbers { events_max, .. }) = config.process else {
        panic!("numbers are counted");
    };
    let fleet = Fleet::listen(LOCALHOST, 0, config).await.unwrap();
    let addresses: Vec<_> = fleet.addresses().collect();
    let setups = NAMES.iter().enumerate().map(|(n, name)| Setup {
        outstation: 10 + u16::try_from(n).unwrap(),
        points: (0..3)
            .map(|index| MappedPoint::new(PointKind::Analog, index))
            .collect(),
        config: hasty(),
        ..Setup::new(name, addresses[n / per_line])
    });
    let mut rig = Rig::start_with(setups.collect(), 256);
    let mut stored: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut links: BTreeMap<String, Vec<LinkState>> = BTreeMap::new();
    let mut batches = 0_u64;
    let storing = async {
        loop {
            while let Some(mut batch) = rig.try_next_of_all() {
                if let Some(state) = batch.link_state() {
                    links.entry(batch.device.clone()).or_default().push(state);
                }
                let Some(receipt) = batch.receipt.take() else {
                    continue;
                };
                batches += 1;
                if batches.checked_rem(lost_one_in) == Some(0) {
                    continue;
                }
                let events = batch
                    .readings
                    .iter()
                    .filter(|reading| !reading.quality.contains(Quality::NO_SOURCE_TIME));
                let number = |value: f64| value.to_string().parse::<u64>().unwrap();
                let numbers = events.map(|reading| number(reading.value));
                stored.entry(batch.device).or_default().extend(numbers);
                receipt.redeem(batches);
            }
            let report = fleet.report();
            let is_over = report.produced() == events_max * NAMES.len() as u64;
            if is_over && report.buffered() == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, storing)
        .await
        .expect("all events should be confirmed");
    let report = fleet.stop().await;
    assert_eq!((report.overflowed(), report.forgotten()), (0, 0));
    assert_eq!(stored.len(), NAMES.len());
    for numbers in stored.values_mut() {
        numbers.sort_unstable();
        let all: Vec<_> = (0..events_max).collect();
        assert_eq!(*numbers, all, "{:?}", rig.telemetry.dnp3);
    }
    // Losses and restorations take turns.
    for states in links.values() {
        let turns = [LinkState::Lost, LinkState::Restored].into_iter().cycle();
        let turns: Vec<_> = turns.take(states.len()).collect();
        assert_eq!(*states, turns);
    }
    let is_restored = links.values().any(|states| states.len() >= 2);
    assert!(is_restored || !lines_break, "{links:?}");
    rig.stop().await;
}

#[tokio::test]
async fn good_lines_lose_nothing() {
    let config = fleet(RetryStyle::Identical, LineFaults::default(), 1, 300);
    collect(config, 0).await;
}

#[tokio::test]
async fn lines_that_break_lose_nothing_and_repeat_nothing() {
    for style in [RetryStyle::Identical, RetryStyle::Regenerated] {
        let faults = LineFaults {
            drop: Odds::one_in(30),
            cut: Odds::one_in(40),
            corrupt: Odds::one_in(25),
            garbage: Odds::one_in(10),
            ..LineFaults::default()
        };
        collect(fleet(style, faults, 1, 300), 0).await;
    }
}

#[tokio::test]
async fn a_disk_that_loses_loses_nothing_in_the_end() {
    for per_line in [1, 4] {
        let faults = LineFaults {
            drop: Odds::one_in(50),
            ..LineFaults::default()
        };
        let config = fleet(RetryStyle::Regenerated, faults, per_line, 300);
        collect(config, 5).await;
    }
}

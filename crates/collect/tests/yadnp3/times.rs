//! Times of events, which the outstation tells when it is asked for them, and its clock.

use std::time::{Duration, SystemTime};

use gridos_collect::dnp3::PointKind;
use gridos_dnp3::app::{EventClasses, Selection, Variation};
use gridos_dnp3::master::{Config, Poll, TimeSync};
use gridos_model::Quality;

use crate::outstation::{Mode, Outstation, Put, SOME_TIME, brisk};
use crate::rig::Rig;
use crate::takings::{Told, events, no_more_events};

/// A master that asks for events in these variations.
pub(crate) fn asking(variations: &[(u8, u8)]) -> Config {
    let selections = variations.iter();
    let selections =
        selections.map(|(group, number)| Selection::all(Variation::new(*group, *number)));
    Config {
        polls: vec![Poll::new(selections.collect(), Duration::from_millis(20)).unwrap()],
        enables_unsolicited: EventClasses::empty(),
        ..brisk()
    }
}

/// Values at times of their own; those in a counter have 16 bits.
fn timed() -> Vec<Put> {
    use PointKind::{Analog, AnalogOutput, Binary, BinaryOutput, Counter, DoubleBit};
    let put = Put::new;
    vec![
        put(Binary, 0, 1.0).at(SOME_TIME),
        put(Binary, 0, 0.0).at(SOME_TIME + 1),
        // Farther away than a relative time can tell.
        put(Binary, 1, 1.0)
            .at(SOME_TIME + 65_536)
            .flagged(0x21, Quality::CHATTER_FILTER),
        // Earlier than the one before.
        put(Binary, 2, 1.0).at(SOME_TIME - 1),
        put(DoubleBit, 3, 3.0).at(SOME_TIME + 999),
        put(DoubleBit, 3, 1.0).at(SOME_TIME + 65_535),
        put(BinaryOutput, 4, 1.0).at(SOME_TIME + 2),
        put(Counter, 1, 65_535.0)
            .at(0xFFFF_FFFF_FFFF)
            .flagged(0x41, Quality::DISCONTINUITY),
        put(Analog, 0, -1.5).at(SOME_TIME + 3),
        put(Analog, 0, 0.25)
            .at(SOME_TIME + 4)
            .flagged(0x41, Quality::REFERENCE_ERR),
        put(AnalogOutput, 5, 1_048_576.5).at(SOME_TIME + 5),
    ]
}

/// Asks for events of those variations.
async fn ask_for(variations: &[(u8, u8)], puts: &[Put]) {
    let Some(mut outstation) = Outstation::start(&[]) else {
        return;
    };
    let mut rig = Rig::start(vec![outstation.setup(asking(variations))]);
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    outstation.put(puts, Mode::Always);
    let expected: Vec<_> = puts.iter().map(Told::timed).collect();
    assert_eq!(events(&mut rig, puts.len()).await, expected);
    outstation.until_empty(&mut rig).await;
    no_more_events(&mut rig, puts.len() as u64);
    rig.stop().await;
}

#[tokio::test]
async fn absolute_times_arrive_to_the_millisecond() {
    let variations = [(2, 2), (4, 2), (11, 2), (22, 5), (32, 7), (42, 7)];
    ask_for(&variations, &timed()).await;
}

#[tokio::test]
async fn relative_times_short_counters_and_doubles_arrive() {
    let mut puts = timed();
    puts.push(Put::new(PointKind::Analog, 1, 1.0 / 3.0));
    puts.push(Put::new(PointKind::AnalogOutput, 1, -1e300));
    // A clock that is not synchronised has a common time of its own.
    puts.push(Put {
        is_synchronised: false,
        ..Put::new(PointKind::Binary, 3, 1.0).at(SOME_TIME + 70_000)
    });
    let variations = [(2, 3), (4, 3), (11, 2), (22, 6), (32, 8), (42, 8)];
    ask_for(&variations, &puts).await;
}

#[tokio::test]
async fn integers_with_times_arrive() {
    let mut puts = timed();
    puts.retain(|put| put.value.fract() == 0.0);
    puts.push(Put::new(PointKind::Analog, 1, -32_768.0).at(SOME_TIME + 6));
    puts.push(Put::new(PointKind::AnalogOutput, 1, 32_767.0).at(SOME_TIME + 7));
    let variations = [(2, 2), (4, 2), (11, 2), (22, 5), (32, 4), (42, 4)];
    ask_for(&variations, &puts).await;
    puts.push(Put::new(PointKind::Analog, 1, -2_147_483_648.0).at(SOME_TIME + 6));
    let variations = [(2, 2), (4, 2), (11, 2), (22, 5), (32, 3), (42, 3)];
    ask_for(&variations, &puts).await;
}

#[tokio::test]
async fn times_of_a_clock_that_wants_to_be_set_are_not_trusted() {
    let Some(mut outstation) = Outstation::start(&["--needs-time"]) else {
        return;
    };
    let mut rig = Rig::start(vec![outstation.setup(asking(&[(2, 2)]))]);
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    let put = Put::new(PointKind::Binary, 0, 1.0);
    outstation.put(&[put], Mode::Always);
    let expected = Told {
        quality: Quality::CLOCK_UNSYNCHRONISED,
        ..Told::timed(&put)
    };
    assert_eq!(events(&mut rig, 1).await, [expected]);
    assert_eq!(outstation.report()["times"], serde_json::json!([]));
    rig.stop().await;
}

/// The time of day.
pub(crate) fn unix_ms() -> i64 {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    i64::try_from(since_epoch.unwrap().as_millis()).unwrap()
}

async fn set_clock(how: TimeSync) {
    let Some(mut outstation) = Outstation::start(&["--needs-time"]) else {
        return;
    };
    let before = unix_ms();
    let config = Config {
        time_sync: how,
        ..asking(&[(2, 2)])
    };
    let mut rig = Rig::start(vec![outstation.setup(config)]);
    rig.until(|t| t.dnp3.clocks_set.get() == 1).await;
    let after = unix_ms();
    let report = outstation.report();
    let times = report["times"].as_array().unwrap();
    let [time] = &times[..] else {
        panic!("it is set once: {report}");
    };
    // Half of the way there and back is added, of which some may be no way.
    let latest = after + (after - before);
    let time = time.as_i64().unwrap();
    assert!(
        (before..=latest).contains(&time),
        "{before} {time} {latest}"
    );
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    let put = Put::new(PointKind::Binary, 0, 1.0);
    outstation.put(&[put], Mode::Always);
    assert_eq!(events(&mut rig, 1).await, [Told::timed(&put)]);
    rig.stop().await;
}

#[tokio::test]
async fn a_clock_is_set_as_in_a_network() {
    set_clock(TimeSync::Lan).await;
}

#[tokio::test]
async fn a_clock_is_set_as_on_a_serial_line() {
    set_clock(TimeSync::Serial).await;
}

//! More than goes into one fragment, and more than the outstation can keep.

use std::collections::BTreeMap;
use std::time::Duration;

use gridos_collect::dnp3::PointKind;
use gridos_dnp3::app::{EventClasses, Selection};
use gridos_dnp3::master::{Config, Poll};
use gridos_model::GapReason;
use gridos_telemetry::{DeadLetterFate, FragmentFate, LossReason};

use crate::outstation::{KINDS, Mode, Outstation, Put, brisk, points};
use crate::rig::{Rig, Setup};
use crate::takings::{Told, all_of, events, keep_present, next, no_more_events, present};

const POINTS: u16 = 150;

/// All of them.
const WHOLE: usize = KINDS.len() * POINTS as usize;

/// The kinds that can be given a value, and how many different ones each is given.
const VALUES: [(PointKind, u16); 6] = [
    (PointKind::Binary, 2),
    (PointKind::DoubleBit, 4),
    (PointKind::BinaryOutput, 2),
    (PointKind::Counter, 60_000),
    (PointKind::Analog, 60_000),
    (PointKind::AnalogOutput, 60_000),
];

/// A value for every point of these kinds.
fn one_of_each(round: u16) -> Vec<Put> {
    let puts = VALUES.into_iter().flat_map(|(kind, values)| {
        (0..POINTS).map(move |index| {
            let value = (index + 7 * round + 1) % values;
            Put::new(kind, index, f64::from(value))
        })
    });
    puts.collect()
}

fn setup(outstation: &Outstation, config: Config) -> Setup {
    Setup {
        points: points(POINTS),
        ..outstation.setup(config)
    }
}

#[tokio::test]
async fn present_values_in_many_fragments_arrive_whole() {
    // More than 16 fragments: their numbers begin anew.
    let Some(mut outstation) = Outstation::start(&["--points", "150", "--fragment", "249"]) else {
        return;
    };
    let puts = one_of_each(0);
    outstation.put(&puts, Mode::Never);
    let mut rig = Rig::start(vec![setup(&outstation, brisk())]);
    let told = present(&mut rig, WHOLE).await;
    for expected in puts.iter().map(Told::untimed) {
        assert_eq!(told[&expected.point], expected);
    }
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    assert!(rig.telemetry.dnp3.fragments(FragmentFate::Answer) > 16);
    assert_eq!(rig.telemetry.dnp3.dead_letters(DeadLetterFate::Taken), 0);
    rig.stop().await;
}

/// Puts events in by the thousand; how often are they told unasked?
async fn thousands(arguments: &[&str], config: Config) -> Option<u64> {
    let arguments = [&["--points", "150"], arguments].concat();
    let mut outstation = Outstation::start(&arguments)?;
    let mut rig = Rig::start(vec![setup(&outstation, config)]);
    present(&mut rig, WHOLE).await;
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    let puts: Vec<_> = (0..3).flat_map(one_of_each).collect();
    for part in puts.chunks(one_of_each(0).len()) {
        outstation.put(part, Mode::Always);
    }
    let expected: Vec<_> = puts.iter().map(Told::untimed).collect();
    let told = events(&mut rig, puts.len()).await;
    for (n, pair) in told.iter().zip(&expected).enumerate() {
        assert_eq!(pair.0, pair.1, "event {n}");
    }
    outstation.until_empty(&mut rig).await;
    no_more_events(&mut rig, puts.len() as u64);
    let unasked = rig.telemetry.dnp3.fragments(FragmentFate::Unsolicited);
    rig.stop().await;
    Some(unasked)
}

#[tokio::test]
async fn thousands_of_events_arrive_in_fragments_confirmed_one_by_one() {
    let period = Duration::from_millis(100);
    let classes = Selection::INTEGRITY[..3].to_vec();
    let config = Config {
        polls: vec![Poll::new(classes, period).unwrap()],
        enables_unsolicited: EventClasses::empty(),
        ..brisk()
    };
    if let Some(unasked) = thousands(&[], config).await {
        assert_eq!(unasked, 0);
    }
}

#[tokio::test]
async fn thousands_of_events_arrive_unasked() {
    if let Some(unasked) = thousands(&["--unsolicited"], brisk()).await {
        assert!(unasked > 1);
    }
}

#[tokio::test]
async fn events_that_waited_come_before_present_values() {
    let Some(mut outstation) = Outstation::start(&["--points", "150"]) else {
        return;
    };
    let puts = one_of_each(0);
    outstation.put(&puts, Mode::Always);
    let mut rig = Rig::start(vec![setup(&outstation, brisk())]);
    let mut told = Vec::new();
    while told.len() < puts.len() + WHOLE {
        let batch = next(&mut rig).await;
        told.extend(all_of(&batch));
    }
    let present = told.split_off(puts.len());
    let expected: Vec<_> = puts.iter().map(Told::untimed).collect();
    assert_eq!(told, expected);
    outstation.until_empty(&mut rig).await;
    assert_eq!(rig.telemetry.dnp3.events.get(), puts.len() as u64);
    let present: BTreeMap<_, _> = present.iter().map(|told| (&told.point, told)).collect();
    assert_eq!(present.len(), WHOLE);
    for expected in &expected {
        assert_eq!(present[&expected.point], expected);
    }
    rig.stop().await;
}

#[tokio::test]
async fn events_that_found_no_room_leave_a_gap_and_everything_is_read() {
    let Some(mut outstation) = Outstation::start(&["--events", "10"]) else {
        return;
    };
    let period = Duration::from_millis(20);
    let classes = Selection::INTEGRITY[..3].to_vec();
    let config = Config {
        polls: vec![Poll::new(classes, period).unwrap()],
        enables_unsolicited: EventClasses::empty(),
        ..brisk()
    };
    let mut rig = Rig::start(vec![outstation.setup(config)]);
    present(&mut rig, crate::outstation::WHOLE).await;
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    keep_present(&mut rig);
    let integrity_polls = rig.telemetry.dnp3.integrity_polls.get();
    let values = (0..25).map(f64::from);
    let puts: Vec<_> = values
        .map(|value| Put::new(PointKind::Analog, 2, value))
        .collect();
    outstation.put(&puts, Mode::Always);
    let first = next(&mut rig).await;
    let gap = first.gap.expect("events are lost");
    assert_eq!(gap.reason, GapReason::EventBufferOverflow);
    assert_eq!(gap.until, first.received);
    // The oldest are gone.
    let told: Vec<_> = first.readings.iter().map(|seen| seen.value).collect();
    let kept: Vec<_> = puts[15..].iter().map(|put| put.value).collect();
    assert_eq!(told, kept);
    rig.until(|t| t.dnp3.integrity_polls.get() > integrity_polls)
        .await;
    let told = present(&mut rig, crate::outstation::WHOLE).await;
    assert_eq!(told["a2"].value, 24.0);
    assert_eq!(rig.telemetry.dnp3.losses(LossReason::Overflow), 1);
    outstation.until_empty(&mut rig).await;
    no_more_events(&mut rig, 10);
    rig.stop().await;
}

#[tokio::test]
async fn events_that_found_no_room_before_the_connection_are_missed_as_well() {
    let Some(mut outstation) = Outstation::start(&["--events", "10", "--unsolicited"]) else {
        return;
    };
    let puts: Vec<_> = (0..11)
        .map(|value| Put::new(PointKind::Analog, 2, f64::from(value)))
        .collect();
    outstation.put(&puts, Mode::Always);
    let mut rig = Rig::start(vec![outstation.setup(brisk())]);
    let first = next(&mut rig).await;
    let reason = first.gap.map(|gap| gap.reason);
    assert_eq!(reason, Some(GapReason::EventBufferOverflow));
    let expected: Vec<_> = puts[1..].iter().map(Told::untimed).collect();
    assert_eq!(all_of(&first), expected);
    outstation.until_empty(&mut rig).await;
    no_more_events(&mut rig, 10);
    rig.stop().await;
}

//! What the outstation tells when its classes are polled.

use std::time::Duration;

use gridos_collect::dnp3::PointKind;
use gridos_dnp3::app::{Class, EventClasses, Selection, Variation};
use gridos_dnp3::master::{Assignments, Config, Poll};
use gridos_telemetry::{ConfirmSide, FragmentFate};
use serde_json::json;

use crate::outstation::{Mode, Outstation, Put, WHOLE, brisk};
use crate::rig::Rig;
use crate::takings::{Told, all_of, events, keep_present, next, no_more_events, present};
use crate::unasked::some_of_each;

fn polled(polls: Vec<Poll>) -> Config {
    Config {
        polls,
        enables_unsolicited: EventClasses::empty(),
        ..brisk()
    }
}

#[tokio::test]
async fn a_poll_of_the_classes_brings_their_events_and_empties_the_outstation() {
    let Some(mut outstation) = Outstation::start(&[]) else {
        return;
    };
    let period = Duration::from_millis(20);
    let classes = Selection::INTEGRITY[..3].to_vec();
    let config = polled(vec![Poll::new(classes, period).unwrap()]);
    let mut rig = Rig::start(vec![outstation.setup(config)]);
    let puts = some_of_each();
    let expected: Vec<_> = puts.iter().map(Told::untimed).collect();
    for round in 1..=3 {
        outstation.put(&puts, Mode::Always);
        assert_eq!(events(&mut rig, puts.len()).await, expected);
        outstation.until_empty(&mut rig).await;
        no_more_events(&mut rig, round * puts.len() as u64);
    }
    let cells = &rig.telemetry.dnp3;
    assert_eq!(cells.fragments(FragmentFate::Unsolicited), 0);
    assert!(cells.confirms(ConfirmSide::Answer) >= 3);
    rig.stop().await;
}

#[tokio::test]
async fn an_outstation_that_tells_nothing_unasked_is_polled_by_what_it_indicates() {
    let Some(mut outstation) = Outstation::start(&[]) else {
        return;
    };
    // The master wishes to be told unasked, which is refused. Present values are read, and the
    // answer indicates that events wait.
    let period = Duration::from_millis(20);
    let inputs = Selection::all(Variation::new(1, 0));
    let config = Config {
        polls: vec![Poll::new(vec![inputs], period).unwrap()],
        ..brisk()
    };
    let mut rig = Rig::start(vec![outstation.setup(config)]);
    let puts = some_of_each();
    outstation.put(&puts, Mode::Always);
    let expected: Vec<_> = puts.iter().map(Told::untimed).collect();
    assert_eq!(events(&mut rig, puts.len()).await, expected);
    outstation.until_empty(&mut rig).await;
    no_more_events(&mut rig, puts.len() as u64);
    rig.until(|t| t.dnp3.tasks_failed.get() >= 1).await;
    let error = rig.telemetry.devices.get(0).unwrap().last_error().unwrap();
    assert!(error.text.contains("refuses"), "{}", error.text);
    rig.stop().await;
}

#[tokio::test]
async fn classes_are_assigned_and_polled_apart() {
    let Some(mut outstation) = Outstation::start(&[]) else {
        return;
    };
    let points = |group| vec![Selection::all(Variation::new(group, 0))];
    let assignments = [
        (Class::One, points(1)),
        (Class::Two, points(20)),
        (Class::Zero, points(30)),
    ];
    let class_two = Selection::class(Class::Two);
    let period = Duration::from_millis(20);
    let config = Config {
        assignments: Assignments::new(assignments.to_vec()).unwrap(),
        ..polled(vec![Poll::new(vec![class_two], period).unwrap()])
    };
    let mut rig = Rig::start(vec![outstation.setup(config)]);
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    let assigned = json!([
        ["BinaryInput", "Class1"],
        ["Counter", "Class2"],
        ["AnalogInput", "Class0"]
    ]);
    assert_eq!(outstation.report()["classes"], assigned);
    let puts = some_of_each();
    outstation.put(&puts, Mode::Always);
    // Those of class 2 are polled, and those that stayed in class 1 are indicated and read then.
    let is_told = |put: &&Put| put.kind != PointKind::Analog;
    let expected: Vec<_> = puts.iter().filter(is_told).map(Told::untimed).collect();
    let told = events(&mut rig, expected.len()).await;
    let apart = |all: Vec<Told>| all.into_iter().partition::<Vec<_>, _>(Told::is_counter);
    let (expected, told) = (apart(expected), apart(told));
    assert_eq!(told, expected);
    outstation.until_empty(&mut rig).await;
    no_more_events(&mut rig, puts.iter().filter(is_told).count() as u64);
    rig.stop().await;
}

#[tokio::test]
async fn a_poll_of_a_few_events_brings_so_many_and_the_rest_is_read_as_indicated() {
    let Some(mut outstation) = Outstation::start(&[]) else {
        return;
    };
    let period = Duration::from_millis(20);
    let few = Selection::up_to(Class::One.variation(), 4);
    let config = polled(vec![Poll::new(vec![few], period).unwrap()]);
    let mut rig = Rig::start(vec![outstation.setup(config)]);
    present(&mut rig, WHOLE).await;
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    keep_present(&mut rig);
    let puts = some_of_each();
    outstation.put(&puts, Mode::Always);
    let mut told = all_of(&next(&mut rig).await);
    assert_eq!(told.len(), 4);
    told.extend(events(&mut rig, puts.len() - 4).await);
    let expected: Vec<_> = puts.iter().map(Told::untimed).collect();
    assert_eq!(told, expected);
    outstation.until_empty(&mut rig).await;
    no_more_events(&mut rig, puts.len() as u64);
    rig.stop().await;
}

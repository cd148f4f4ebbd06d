//! Report by exception against a naive reader of the rules.

#![cfg(test)]

use std::time::{Duration, Instant};

use gridos_modbus::{
    Answer, Kind, LastReport, Memory, Plan, PlanLimits, RegisterPoint, Report, Stamp, Table,
};
use gridos_model::{
    Batch, Directory, DirectoryBuilder, Point, Quality, Readings, TimeQuality, Timestamp,
};
use proptest::prelude::*;
use proptest::sample::select;

fn report(deadband: f64, at_least: u64, edges: &[f64]) -> Report {
    Report {
        deadband,
        at_least: Duration::from_secs(at_least),
        edges: edges.into(),
    }
}

fn value() -> impl Strategy<Value = f64> {
    let special = select(vec![
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        0.0,
        -0.0,
        5.0,
    ]);
    prop_oneof![8 => (-40..40_i32).prop_map(|n| f64::from(n) / 4.0), 1 => special]
}

/// The rules one by one, as the reference manual tells them.
fn naive(
    report: &Report,
    last: Option<&LastReport>,
    (value, quality): (f64, Quality),
    now: Instant,
) -> bool {
    let Some(last) = last else { return true };
    if quality != last.quality || now.duration_since(last.at) >= report.at_least {
        return true;
    }
    match (last.value.is_nan(), value.is_nan()) {
        (true, true) => return false,
        (true, false) | (false, true) => return true,
        (false, false) => {}
    }
    for edge in report.edges.iter() {
        if (last.value < *edge && value >= *edge) || (last.value >= *edge && value < *edge) {
            return true;
        }
    }
    if report.deadband == 0.0 {
        return value != last.value;
    }
    // Equal infinities have no distance.
    value != last.value && (value - last.value).abs() >= report.deadband
}

proptest! {
    #[test]
    fn what_is_due_is_what_the_rules_say(
        deadband in select(vec![0.0, 0.25, 1.0, 3.0, 1e9]),
        at_least in 1..20_u64,
        edges in proptest::collection::vec((-20..20_i32).prop_map(|n| f64::from(n) / 2.0), 0..5),
        series in proptest::collection::vec(
            (value(), select(vec![Quality::GOOD, Quality::GOOD, Quality::GOOD, Quality::OUT_OF_RANGE]), 0..8_u64),
            1..80,
        ),
    ) {
        let report = report(deadband, at_least, &edges);
        let mut now = Instant::now();
        let mut last: Option<LastReport> = None;
        for (value, quality, seconds) in series {
            now += Duration::from_secs(seconds);
            let is_due = report.is_due(last.as_ref(), value, quality, now);
            prop_assert_eq!(is_due, naive(&report, last.as_ref(), (value, quality), now));
            if is_due {
                last = Some(LastReport { value, quality, at: now });
            }
        }
    }
}

/// A device with the points a to d, of which a and c are swept.
struct Device {
    plan: Plan,
    memory: Memory,
    directory: Directory,
    now: Instant,
}

fn point(name: &str, address: u16, report: Option<Report>) -> RegisterPoint {
    RegisterPoint {
        report,
        ..RegisterPoint::new(name, Table::InputRegister, address, Kind::U16)
    }
}

impl Device {
    fn new(points: Vec<RegisterPoint>) -> Self {
        let plan = Plan::new(points, &PlanLimits::default()).unwrap();
        let names = plan.points().iter().map(|p| Point::new(&p.name, ""));
        let swept = plan.requests().iter().map(|r| r.sweep_points());
        let groups: Vec<_> = swept.filter(|points| !points.is_empty()).collect();
        let mut builder = DirectoryBuilder::default();
        builder.add("d", names.collect(), &groups).unwrap();
        Self {
            memory: plan.memory(),
            directory: builder.build(),
            now: Instant::now(),
            plan,
        }
    }

    /// What is told of an answer to the request at `position`.
    fn told(
        &mut self,
        position: usize,
        answer: Answer<'_>,
        stamp: &Stamp,
    ) -> Vec<(String, f64, Quality)> {
        let whole = self.directory.devices()[0].whole();
        let mut batch = Batch::default();
        batch.start_events(whole, stamp.time);
        let request = &self.plan.requests()[position];
        request
            .report(answer, &mut self.memory, stamp, self.now, &mut batch)
            .unwrap();
        let Some(Readings::Events(events)) = batch.readings() else {
            panic!("no events")
        };
        assert!(events.times.iter().all(|time| *time == stamp.time));
        let told = events.points.iter().zip(events.values).enumerate();
        told.map(|(at, (point, value))| {
            let name = whole.points()[*point as usize].name().to_owned();
            (
                name,
                *value,
                events.qualities.get(at).copied().unwrap_or_default(),
            )
        })
        .collect()
    }

    fn names(&mut self, words: &[u16]) -> Vec<String> {
        let stamp = Stamp::of_engine(Timestamp::EPOCH);
        let told = self.told(0, Answer::registers(words), &stamp);
        told.into_iter().map(|(name, ..)| name).collect()
    }
}

fn mixed() -> Device {
    Device::new(vec![
        point("a", 0, None),
        point("b", 1, Some(report(5.0, 60, &[100.0]))),
        point("c", 2, None),
        point("d", 3, Some(report(0.0, 600, &[]))),
        point("e", 500, Some(report(0.0, 60, &[]))),
    ])
}

#[test]
fn reported_points_stand_behind_the_swept_ones_of_their_request() {
    let device = mixed();
    let names: Vec<_> = device
        .plan
        .points()
        .iter()
        .map(|p| p.name.as_str())
        .collect();
    assert_eq!(names, ["a", "c", "b", "d", "e"]);
    let request = &device.plan.requests()[0];
    assert_eq!((request.start(), request.count()), (0, 4));
    assert_eq!(
        (
            request.points(),
            request.sweep_points(),
            request.reported_points()
        ),
        (0..4, 0..2, 2..4)
    );
    let alone = &device.plan.requests()[1];
    assert_eq!(
        (alone.sweep_points(), alone.reported_points()),
        (4..4, 4..5)
    );
    let mut sweep = Batch::default();
    let layout = &device.directory.devices()[0].groups()[0];
    sweep.start_sweep(
        layout,
        Timestamp::EPOCH,
        TimeQuality::Synchronised,
        Timestamp::EPOCH,
    );
    let mut memory = device.plan.memory();
    request
        .sweep(Answer::registers(&[1, 2, 3, 4]), &mut memory, &mut sweep)
        .unwrap();
    assert_eq!(sweep.readings().unwrap().values(), [1.0, 3.0]);
    // Without a memory nothing is held back.
    let (all, whole) = (
        device.plan.points().len(),
        device.directory.devices()[0].whole(),
    );
    assert_eq!(all, whole.len());
    sweep.start_sweep(
        whole,
        Timestamp::EPOCH,
        TimeQuality::Synchronised,
        Timestamp::EPOCH,
    );
    request.decode_registers(&[1, 2, 3, 4], &mut sweep).unwrap();
    assert_eq!(sweep.readings().unwrap().values(), [1.0, 3.0, 2.0, 4.0]);
}

#[test]
fn only_what_moved_is_told() {
    let mut device = mixed();
    assert_eq!(
        device.names(&[0, 90, 0, 7]),
        ["b", "d"],
        "the first time all"
    );
    assert!(
        device.names(&[1, 94, 1, 7]).is_empty(),
        "within the deadband"
    );
    assert_eq!(device.names(&[1, 95, 1, 7]), ["b"], "moved by the deadband");
    assert_eq!(
        device.names(&[1, 99, 1, 8]),
        ["d"],
        "b from its last report, not its last value"
    );
    assert_eq!(device.names(&[1, 100, 1, 8]), ["b"], "onto the edge");
    assert_eq!(device.names(&[1, 99, 1, 8]), ["b"], "off the edge");
    device.now += Duration::from_secs(59);
    assert!(device.names(&[1, 99, 1, 8]).is_empty());
    device.now += Duration::from_secs(1);
    assert_eq!(
        device.names(&[1, 99, 1, 8]),
        ["b"],
        "at least once a minute"
    );
}

#[test]
fn what_was_not_taken_is_told_again() {
    let mut device = mixed();
    assert_eq!(device.names(&[0, 90, 0, 7]).len(), 2);
    let plan = device.plan.clone();
    plan.requests()[0].forget(&mut device.memory);
    assert_eq!(device.names(&[0, 90, 0, 7]).len(), 2);
    plan.requests()[1].forget(&mut device.memory);
    assert!(
        device.names(&[0, 90, 0, 7]).is_empty(),
        "the other request's points stay told"
    );
}

#[test]
fn an_event_has_the_time_of_its_answer_and_says_how_good_that_is() {
    let mut device = mixed();
    let time = Timestamp::from_millis(1_000);
    let stamp = Stamp {
        time_quality: TimeQuality::Unsynchronised,
        ..Stamp::of_engine(time)
    };
    let told = device.told(1, Answer::registers(&[5]), &stamp);
    assert_eq!(told, [("e".to_owned(), 5.0, Quality::CLOCK_UNSYNCHRONISED)]);
    let lost = Stamp {
        time_quality: TimeQuality::None,
        ..stamp
    };
    let told = device.told(1, Answer::registers(&[5]), &lost);
    assert_eq!(
        told[0].2,
        Quality::NO_SOURCE_TIME,
        "a change of quality always passes"
    );
}

#[test]
fn an_answer_of_another_length_tells_nothing() {
    let mut device = mixed();
    let whole = std::sync::Arc::clone(device.directory.devices()[0].whole());
    let mut batch = Batch::default();
    batch.start_events(&whole, Timestamp::EPOCH);
    let stamp = Stamp::of_engine(Timestamp::EPOCH);
    let request = &device.plan.requests()[0];
    for answer in [Answer::registers(&[1; 3]), Answer::bits(&[true; 4])] {
        let told = request.report(answer, &mut device.memory, &stamp, device.now, &mut batch);
        assert!(told.is_err() && batch.is_empty());
    }
    assert_eq!(device.names(&[0, 90, 0, 7]).len(), 2);
}

#[test]
fn a_refused_point_is_told_once_and_again_when_it_is_back() {
    let mut device = mixed();
    device.names(&[0, 90, 0, 7]);
    device.memory.refuse(&(0..4), &[2]);
    let stamp = Stamp::of_engine(Timestamp::EPOCH);
    let told = device.told(0, Answer::registers(&[0, 0, 0, 7]), &stamp);
    assert_eq!(told.len(), 1);
    assert!(told[0].1.is_nan() && told[0].2.contains(Quality::DEVICE_ERROR));
    assert!(device.names(&[0, 0, 0, 7]).is_empty());
    device.memory.refuse(&(0..4), &[]);
    assert_eq!(device.names(&[0, 90, 0, 7]), ["b"]);
}

#[test]
fn coils_are_reported_too() {
    let coil = RegisterPoint {
        report: Some(report(0.0, 3_600, &[])),
        ..RegisterPoint::new("trip", Table::Coil, 0, Kind::Bool)
    };
    let mut device = Device::new(vec![coil]);
    let stamp = Stamp::of_engine(Timestamp::EPOCH);
    let mut told = |bit| device.told(0, Answer::bits(&[bit]), &stamp).len();
    assert_eq!(
        [told(false), told(false), told(true), told(true)],
        [1, 0, 1, 0]
    );
}

//! Each trap that alarm systems fall into, by its name.

use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{
    Condition, CountRule, Defined, Definition, Judge, Judged, Limits, Now, Reference,
};
use gridos_model::{
    AlarmId, Events, LayoutId, Level, LinkChange, LinkState, PointIndex, Quality, Readings, Sweep,
    TimeQuality, Timestamp,
};

use crate::world::{alarm_index, devices, index};

/// One device with two points; all alarms are of the first one, deviations from the second.
struct Plant {
    judge: Judge,
    defined: Vec<Defined>,
    seconds: u64,
}

/// A level reached, and the second of it.
type Step = (Level, i64);

/// 08:00 on some day.
const BEGIN: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis((BEGIN + seconds) * 1_000)
}

fn seconds(time: Timestamp) -> i64 {
    time.as_millis() / 1_000 - BEGIN
}

fn delayed(condition: Condition, on: u64, off: u64) -> Definition {
    let mut definition = Definition::new(condition);
    definition.on_delay = Duration::from_secs(on);
    definition.off_delay = Duration::from_secs(off);
    definition
}

fn high(limit: f64, deadband: f64) -> Condition {
    Condition::Limit(Limits::new(None, Some(limit), None, None, deadband).unwrap())
}

/// High at 100, high-high at 110, with a deadband of 2.
fn ladder() -> Condition {
    Condition::Limit(Limits::new(Some(110.0), Some(100.0), None, None, 2.0).unwrap())
}

impl Plant {
    fn new(definitions: impl IntoIterator<Item = Definition>) -> Self {
        let device = devices(&[2])[0];
        let alarm = |(n, definition): (u64, Definition)| {
            let is_pair = matches!(
                definition.condition,
                Condition::Deviation {
                    from: Reference::Point(_),
                    ..
                }
            );
            Defined {
                id: AlarmId::from_raw(n),
                device,
                point: (definition.condition != Condition::Link).then(|| index(0)),
                reference: is_pair.then(|| index(1)),
                definition: Arc::new(definition),
            }
        };
        let defined: Vec<_> = (0..).zip(definitions).map(alarm).collect();
        Self {
            judge: Judge::new(2, &[PointIndex::new(0)], &defined),
            defined,
            seconds: 0,
        }
    }

    fn of(condition: Condition) -> Self {
        Self::new([Definition::new(condition)])
    }

    fn now(&self) -> Now {
        Now {
            wall: at(i64::try_from(self.seconds).unwrap()),
            mono: Duration::from_secs(self.seconds),
        }
    }

    /// Events of the first point, each with the second it happened at, all received now.
    fn events(&mut self, events: &[(i64, f64, Quality)]) -> Vec<Judged> {
        let times: Vec<_> = events.iter().map(|(time, ..)| at(*time)).collect();
        let values: Vec<_> = events.iter().map(|(_, value, _)| *value).collect();
        let qualities: Vec<_> = events.iter().map(|(.., quality)| *quality).collect();
        let readings = Readings::Events(Events {
            layout: LayoutId::from_raw(1),
            received: self.now().wall,
            points: &vec![0; events.len()],
            times: &times,
            values: &values,
            qualities: &qualities,
        });
        let mut out = Vec::new();
        self.judge
            .on_readings(index(0), &readings, self.now(), &mut out);
        out
    }

    /// Good events.
    fn good(&mut self, events: &[(i64, f64)]) -> Vec<Step> {
        let good = |(time, value): &(i64, f64)| (*time, *value, Quality::GOOD);
        let events: Vec<_> = events.iter().map(good).collect();
        steps(&self.events(&events))
    }

    /// A value of the first point, without a time of its own.
    fn poll(&mut self, value: f64) -> Vec<Step> {
        self.sweep(&[value])
    }

    fn sweep(&mut self, values: &[f64]) -> Vec<Step> {
        let sweep = Readings::Sweep(Sweep {
            layout: LayoutId::from_raw(1),
            time: self.now().wall,
            time_quality: TimeQuality::None,
            received: self.now().wall,
            values,
            qualities: &[],
        });
        let mut out = Vec::new();
        self.judge
            .on_readings(index(0), &sweep, self.now(), &mut out);
        steps(&out)
    }

    /// Lets time pass and does what is due.
    fn pass(&mut self, seconds: u64) -> Vec<Step> {
        self.seconds += seconds;
        let mut out = Vec::new();
        self.judge.on_time(self.now(), &mut out);
        steps(&out)
    }

    fn redefine(&mut self, definition: Definition) -> Vec<Step> {
        self.defined[0].definition = Arc::new(definition);
        let mut out = Vec::new();
        self.judge
            .redefine(alarm_index(0), &self.defined[0], self.now(), &mut out);
        steps(&out)
    }

    fn restore(&mut self, level: Level) {
        self.judge.restore(alarm_index(0), level, self.now());
    }

    fn link(&mut self, state: LinkState) -> Vec<Step> {
        let change = LinkChange {
            device: self.defined[0].device,
            state,
            time: self.now().wall,
        };
        let mut out = Vec::new();
        self.judge.on_link(&change, self.now(), &mut out);
        steps(&out)
    }

    fn level(&self) -> Level {
        self.judge.level(alarm_index(0))
    }
}

fn steps(judged: &[Judged]) -> Vec<Step> {
    judged
        .iter()
        .map(|judged| (judged.to, seconds(judged.moment.time)))
        .collect()
}

#[test]
fn pitfall_1_what_is_no_measurement_neither_raises_nor_clears() {
    let bad = [
        (105.0, Quality::COMM_LOST),
        (105.0, Quality::LATE),
        (f64::NAN, Quality::GOOD),
        (f64::INFINITY, Quality::GOOD),
    ];
    let mut plant = Plant::of(ladder());
    plant.seconds = 9;
    for (value, quality) in bad {
        assert_eq!(plant.events(&[(0, value, quality)]), []);
    }
    assert_eq!(plant.good(&[(0, 105.0)]), [(Level::High, 0)]);
    for (value, quality) in bad {
        let value = if value == 105.0 { 1.0 } else { value };
        assert_eq!(plant.events(&[(1, value, quality)]), []);
    }
    assert_eq!(plant.good(&[(2, 1.0)]), [(Level::Normal, 2)]);
}

#[test]
fn pitfall_1_bad_quality_raises_its_own_alarm_and_touches_no_delay() {
    let mut plant = Plant::new([
        delayed(ladder(), 15, 0),
        Definition::new(Condition::Quality),
    ]);
    plant.good(&[(0, 105.0)]);
    plant.pass(10);
    let judged = plant.events(&[
        (10, f64::NAN, Quality::NOT_FINITE),
        (11, 1.0, Quality::COMM_LOST),
    ]);
    assert_eq!(steps(&judged), [(Level::Abnormal, 10)]);
    assert_eq!(plant.pass(4), []);
    assert_eq!(plant.pass(1), [(Level::High, 15)]);
    plant.seconds = 16;
    assert_eq!(plant.good(&[(16, 105.0)]), [(Level::Normal, 16)]);
}

#[test]
fn pitfall_2_a_clock_in_the_future_counts_as_received() {
    let mut plant = Plant::new([delayed(ladder(), 15, 0)]);
    assert_eq!(plant.good(&[(500, 105.0)]), []);
    assert_eq!(plant.pass(14), []);
    assert_eq!(plant.good(&[(14, 105.0)]), []);
    // What is before the delay's end by the right clock does not end it.
    plant.seconds = 20;
    assert_eq!(plant.good(&[(900, 105.0)]), [(Level::High, 15)]);
}

#[test]
fn pitfall_3_buffered_events_of_one_point_are_judged_in_order() {
    let mut plant = Plant::of(ladder());
    plant.seconds = 9;
    let judged = plant.good(&[(1, 105.0), (2, 50.0), (3, 120.0), (4, 99.0), (5, 98.0)]);
    let expected = [
        (Level::High, 1),
        (Level::Normal, 2),
        (Level::HighHigh, 3),
        (Level::High, 4),
        (Level::Normal, 5),
    ];
    assert_eq!(judged, expected);
}

#[test]
fn pitfall_3_a_delay_between_buffered_events_was_over_in_its_time() {
    let mut plant = Plant::new([delayed(ladder(), 15, 0)]);
    plant.seconds = 60;
    let judged = plant.good(&[(0, 105.0), (30, 50.0), (31, 105.0), (40, 50.0)]);
    assert_eq!(judged, [(Level::High, 15), (Level::Normal, 30)]);
    assert_eq!(plant.pass(100), []);
}

#[test]
fn pitfall_4_a_late_timer_does_nothing() {
    let mut plant = Plant::new([delayed(ladder(), 15, 0)]);
    plant.poll(105.0);
    assert_eq!(plant.judge.next_deadline(), Some(Duration::from_secs(15)));
    plant.seconds = 10;
    plant.poll(50.0);
    plant.seconds = 12;
    plant.poll(105.0);
    // The first timer would be due now.
    assert_eq!(plant.pass(5), []);
    assert_eq!(plant.judge.next_deadline(), Some(Duration::from_secs(27)));
    assert_eq!(plant.pass(10), [(Level::High, 27)]);
    assert_eq!(plant.judge.next_deadline(), None);
}

#[test]
fn pitfall_5_a_jump_of_the_time_of_day_ends_no_delay() {
    let mut plant = Plant::new([delayed(ladder(), 15, 0)]);
    plant.poll(105.0);
    let mut out = Vec::new();
    let jumped = Now {
        wall: at(3_600),
        mono: Duration::from_secs(14),
    };
    plant.judge.on_time(jumped, &mut out);
    assert_eq!(out, []);
    assert_eq!(plant.pass(15), [(Level::High, 15)]);
}

#[test]
fn pitfall_5_a_source_without_a_clock_proves_no_delay() {
    let mut plant = Plant::new([delayed(ladder(), 15, 0)]);
    plant.seconds = 60;
    let quality = Quality::CLOCK_UNSYNCHRONISED;
    assert_eq!(
        plant.events(&[(0, 105.0, quality), (30, 50.0, quality)]),
        []
    );
}

#[test]
fn pitfall_7_a_restored_alarm_goes_on_unconfirmed_without_a_word() {
    let mut plant = Plant::of(ladder());
    plant.restore(Level::HighHigh);
    assert_eq!(plant.level(), Level::HighHigh);
    assert!(!plant.judge.is_confirmed(alarm_index(0)));
    assert_eq!(plant.pass(600), []);
    assert_eq!(plant.poll(115.0), []);
    assert!(plant.judge.is_confirmed(alarm_index(0)));
    assert_eq!(plant.poll(50.0), [(Level::Normal, 600)]);
}

#[test]
fn pitfall_7_a_link_lost_before_a_restart_is_whole_when_its_device_answers() {
    let mut plant = Plant::of(Condition::Link);
    plant.restore(Level::Abnormal);
    assert_eq!(plant.pass(5), []);
    assert_eq!(plant.sweep(&[f64::NAN]), []);
    assert_eq!(plant.poll(1.0), [(Level::Normal, 5)]);
    assert_eq!(plant.link(LinkState::Lost), [(Level::Abnormal, 5)]);
    assert_eq!(plant.poll(1.0), []);
    assert_eq!(plant.link(LinkState::Restored), [(Level::Normal, 5)]);
}

#[test]
fn pitfall_7_nothing_is_stale_before_its_time_after_a_start() {
    let after = Duration::from_secs(30);
    let mut plant = Plant::of(Condition::Stale { after });
    assert_eq!(plant.pass(29), []);
    assert_eq!(plant.pass(1), [(Level::Abnormal, 30)]);
    assert_eq!(plant.poll(f64::NAN), []);
    assert_eq!(plant.poll(1.0), [(Level::Normal, 30)]);
    plant.seconds += 20;
    assert_eq!(plant.poll(1.0), []);
    assert_eq!(plant.pass(29), []);
    assert_eq!(plant.pass(1), [(Level::Abnormal, 80)]);
}

#[test]
fn pitfall_8_other_limits_are_judged_at_once_on_the_last_good_value() {
    let mut plant = Plant::of(high(100.0, 0.0));
    plant.poll(95.0);
    plant.poll(f64::NAN);
    plant.seconds = 7;
    assert_eq!(
        plant.redefine(Definition::new(high(90.0, 0.0))),
        [(Level::High, 7)]
    );
    assert_eq!(plant.redefine(delayed(high(90.0, 0.0), 60, 0)), []);
    assert_eq!(plant.level(), Level::High);
    assert_eq!(
        plant.redefine(delayed(high(100.0, 0.0), 60, 0)),
        [(Level::Normal, 7)]
    );
    let mut off = Definition::new(high(90.0, 0.0));
    plant.redefine(off.clone());
    off.is_enabled = false;
    assert_eq!(plant.redefine(off), []);
    assert_eq!(plant.level(), Level::Normal);
}

#[test]
fn pitfall_9_hysteresis_is_of_the_level_not_of_the_limit() {
    let mut plant = Plant::of(high(100.0, 5.0));
    plant.poll(101.0);
    plant.poll(97.0);
    // 97 never reached 99, but the alarm was active and is not back by the deadband.
    assert_eq!(plant.redefine(Definition::new(high(99.0, 5.0))), []);
    assert_eq!(plant.level(), Level::High);
    assert_eq!(plant.poll(94.5), []);
    assert_eq!(plant.poll(94.0), [(Level::Normal, 0)]);
}

#[test]
fn pitfall_10_missing_data_never_resolves() {
    let rule = CountRule {
        times: 2,
        within: Duration::from_secs(60),
    };
    let frozen = Condition::Frozen {
        after: Duration::from_secs(10),
    };
    let mut plant = Plant::new([ladder(), frozen, Condition::Quality].map(Definition::new));
    plant.poll(105.0);
    plant.seconds = 10;
    plant.poll(105.0);
    plant.sweep(&[f64::NAN]);
    assert_eq!(plant.pass(100_000), []);
    for alarm in 0..3 {
        assert_ne!(
            plant.judge.level(alarm_index(alarm)),
            Level::Normal,
            "{alarm}"
        );
    }
    // A chatter is over when nothing changes: that is its return, not a lack of data.
    let mut plant = Plant::of(Condition::Chatter(rule));
    for value in [1.0, 0.0, 1.0] {
        plant.poll(value);
    }
    assert_eq!(plant.level(), Level::Abnormal);
    assert_eq!(plant.pass(60), [(Level::Normal, 60)]);
}

#[test]
fn pitfall_12_a_jump_over_a_level_is_one_step_also_after_a_delay() {
    let mut plant = Plant::of(ladder());
    assert_eq!(plant.poll(120.0), [(Level::HighHigh, 0)]);
    assert_eq!(plant.poll(105.0), [(Level::High, 0)]);
    let mut plant = Plant::new([delayed(ladder(), 15, 0)]);
    plant.poll(120.0);
    assert_eq!(plant.pass(20), [(Level::HighHigh, 15)]);
}

#[test]
fn a_difference_of_two_points_of_one_sweep_is_judged_once_both_are_known() {
    let limits = Limits::new(None, Some(10.0), None, None, 0.0).unwrap();
    let from = Reference::Point("other".to_owned());
    let mut plant = Plant::of(Condition::Deviation { from, limits });
    assert_eq!(plant.sweep(&[5.0, 0.0]), []);
    assert_eq!(plant.sweep(&[105.0, 100.0]), []);
    // The other point alone moves the band, and a bad one freezes it.
    assert_eq!(plant.sweep(&[105.0, f64::NAN]), []);
    assert_eq!(plant.sweep(&[200.0, f64::NAN]), []);
    assert_eq!(plant.sweep(&[105.0, 90.0]), [(Level::High, 0)]);
    assert_eq!(plant.sweep(&[105.0, 100.0]), [(Level::Normal, 0)]);
}

#[test]
fn a_count_tells_what_never_lasts() {
    let mut definition = delayed(ladder(), 60, 0);
    definition.count = Some(CountRule {
        times: 3,
        within: Duration::from_secs(20),
    });
    let mut plant = Plant::new([definition]);
    let shakes = [
        (0, 105.0),
        (1, 50.0),
        (5, 105.0),
        (6, 50.0),
        (10, 105.0),
        (11, 50.0),
    ];
    plant.seconds = 11;
    assert_eq!(plant.good(&shakes), [(Level::High, 10)]);
    assert_eq!(plant.pass(8), []);
    assert_eq!(plant.pass(30), [(Level::Normal, 20)]);
}

#[test]
fn without_a_change_nothing_is_allocated() {
    let mut plant = Plant::new([delayed(ladder(), 5, 5), Definition::new(Condition::Quality)]);
    let mut out = Vec::new();
    for value in [1.0, 50.0, 99.0] {
        let sweep = Readings::Sweep(Sweep {
            layout: LayoutId::from_raw(1),
            time: at(0),
            time_quality: TimeQuality::None,
            received: at(0),
            values: &[value],
            qualities: &[],
        });
        plant
            .judge
            .on_readings(index(0), &sweep, plant.now(), &mut out);
    }
    assert_eq!(out.capacity(), 0);
    assert_eq!(plant.judge.next_deadline(), None);
}

//! The measures of a small plant, reckoned by hand.

#![cfg(test)]

use std::time::Duration;

use gridos_alarm::kpi::{KpiReport, Measures, Occurred, Standing, Targets};
use gridos_model::{AlarmAction, AlarmId, Priority, Timestamp};

const HOUR: i64 = 3_600;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

/// Two areas whose measures begin at second 0.
struct Plant {
    measures: Measures,
    sequence: u64,
}

impl Plant {
    fn new() -> Self {
        Self {
            measures: Measures::new(Targets::USUAL, at(0), 2),
            sequence: 0,
        }
    }

    fn occurs(&mut self, second: i64, alarm: u64, action: AlarmAction) {
        self.sequence += 1;
        let is_active = action != AlarmAction::Returned;
        self.measures.add(&Occurred {
            sequence: self.sequence,
            alarm: AlarmId::from_raw(alarm),
            area: usize::from(alarm >= 100),
            action,
            is_annunciated: action == AlarmAction::Raised,
            is_active,
            is_unacknowledged: action == AlarmAction::Raised || action == AlarmAction::Returned,
            is_hidden: action == AlarmAction::Shelved,
            priority: if alarm.is_multiple_of(10) {
                Priority::High
            } else {
                Priority::Low
            },
            time: at(second),
            received: at(second),
        });
    }

    fn report(self, until: i64) -> KpiReport {
        let areas = ["north".to_owned(), "south".to_owned()];
        let name = |alarm: AlarmId| format!("alarm-{}", alarm.raw());
        self.measures.finish(at(until), &areas, name)
    }
}

#[test]
fn load_and_floods_are_told_by_area() {
    let mut plant = Plant::new();
    // Twelve within the first ten minutes of the north, one in the south.
    for n in 0..12 {
        plant.occurs(n * 40, u64::try_from(n).unwrap() + 1, AlarmAction::Raised);
    }
    plant.occurs(500, 101, AlarmAction::Raised);
    let report = plant.report(HOUR);
    let [north, south] = &report.areas[..] else {
        panic!("two areas")
    };
    assert_eq!(
        (north.annunciations, north.average, north.peak),
        (12, 2.0, 12)
    );
    assert_eq!(north.windows_over_share, 1.0 / 6.0);
    let flood = &north.floods[0];
    // The eleventh made it one; fewer than five are left when the eighth (at 280 s) has gone.
    assert_eq!((flood.start, flood.end), (at(400), Some(at(880))));
    assert_eq!((&flood.first_out[..], flood.annunciations), ("alarm-1", 12));
    assert_eq!(north.flood_share, 480.0 / 3_600.0);
    assert_eq!((south.annunciations, south.floods.len()), (1, 0));
    assert_eq!((report.priorities.low, report.priorities.high), (12, 1));
    assert_eq!(report.priorities.shares, [12.0 / 13.0, 0.0, 1.0 / 13.0]);
    assert_eq!(report.bad_actors.len(), 10);
    assert_eq!(report.bad_actors_share, 10.0 / 13.0);
}

#[test]
fn signals_that_chatter_and_fleet_are_named() {
    let mut plant = Plant::new();
    for second in [0, 20, 40] {
        plant.occurs(second, 7, AlarmAction::Raised);
        plant.occurs(second + 5, 7, AlarmAction::Returned);
    }
    plant.occurs(100, 8, AlarmAction::Raised);
    plant.occurs(161, 8, AlarmAction::Returned);
    let report = plant.report(HOUR);
    assert_eq!((report.chattering_total, report.fleeting_total), (1, 1));
    assert_eq!(
        (&report.chattering[0].alarm[..], report.chattering[0].times),
        ("alarm-7", 1)
    );
    assert_eq!(report.fleeting[0].times, 3);
}

#[test]
fn what_stood_before_the_span_is_seen() {
    let mut plant = Plant::new();
    for (alarm, since) in [(1, -30 * HOUR), (2, -2 * HOUR)] {
        plant.measures.seed(&Standing {
            alarm: AlarmId::from_raw(alarm),
            raised: Some(at(since)),
            waiting: Some(at(since)),
            is_hidden: false,
        });
    }
    plant.occurs(60, 2, AlarmAction::Acknowledged);
    let report = plant.report(HOUR);
    assert_eq!((report.standing_total, report.stale_total), (2, 1));
    assert_eq!(report.standing[0].alarm, "alarm-1");
    assert_eq!(report.unacknowledged_total, 1);
    assert_eq!(report.acknowledgement.count, 1);
    assert_eq!(report.acknowledgement.max_seconds, 7_260.0);
}

#[test]
fn what_is_hidden_does_not_stand_before_operators() {
    let mut plant = Plant::new();
    for alarm in [1, 2] {
        plant.occurs(10, alarm, AlarmAction::Raised);
    }
    plant.occurs(20, 2, AlarmAction::Shelved);
    let report = plant.report(25 * HOUR);
    assert_eq!((report.standing_total, report.stale_total), (1, 1));
    assert_eq!(report.standing[0].alarm, "alarm-1");
}

/// An engine that lost its memory meets what stands as if it were new.
#[test]
fn what_stands_and_is_raised_again_is_one_activation() {
    let mut plant = Plant::new();
    for second in [0, 20, 40] {
        plant.occurs(second, 7, AlarmAction::Raised);
    }
    let report = plant.report(HOUR);
    assert_eq!((report.activations, report.chattering_total), (1, 0));
    // Operators were told all the same.
    assert_eq!(report.areas[0].annunciations, 3);
    assert_eq!(report.standing[0].since, at(0));
}

#[test]
fn what_began_before_the_span_goes_on_in_it_and_does_not_count() {
    let mut plant = Plant::new();
    for alarm in 1..=11 {
        plant.occurs(-59, alarm, AlarmAction::Raised);
    }
    plant.occurs(-30, 1, AlarmAction::Returned);
    plant.occurs(-20, 2, AlarmAction::Acknowledged);
    plant.occurs(-10, 1, AlarmAction::Raised);
    plant.occurs(-5, 1, AlarmAction::Returned);
    plant.occurs(0, 1, AlarmAction::Raised);
    let report = plant.report(HOUR);
    let north = &report.areas[0];
    assert_eq!((north.annunciations, report.activations), (1, 1));
    assert_eq!((report.priorities.low, report.fleeting_total), (1, 0));
    assert_eq!(report.acknowledgement.count, 0);
    // The third time within a minute is in the span.
    assert_eq!(report.chattering[0].alarm, "alarm-1");
    let flood = &north.floods[0];
    // Of thirteen annunciations the ninth, at -59 s, is the fifth from the end.
    assert_eq!((flood.start, flood.end), (at(-59), Some(at(541))));
    assert_eq!(north.flood_share, 541.0 / 3_600.0);
}

#[test]
fn waits_are_ranked() {
    let mut plant = Plant::new();
    for n in 1..=20 {
        let alarm = u64::try_from(n).unwrap();
        plant.occurs(n * HOUR, alarm, AlarmAction::Raised);
        plant.occurs(n * HOUR + n, alarm, AlarmAction::Acknowledged);
    }
    let waits = plant.report(30 * HOUR).acknowledgement;
    assert_eq!((waits.count, waits.p50_seconds), (20, 10.0));
    assert_eq!((waits.p95_seconds, waits.max_seconds), (19.0, 20.0));
}

#[test]
fn nothing_is_no_division() {
    let report = Plant::new().report(0);
    assert_eq!(report.areas[0].average, 0.0);
    assert_eq!(report.acknowledgement.count, 0);
    assert_eq!(report.targets.window, Duration::from_secs(600));
    let text = serde_json::to_value(&report).unwrap();
    assert_eq!(text["targets"]["window_seconds"], 600.0);
    assert_eq!(text["from"], "1970-01-01T00:00:00Z");
}

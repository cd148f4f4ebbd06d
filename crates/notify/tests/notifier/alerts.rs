//! What an operator reads at three in the morning.

use std::collections::BTreeMap;
use std::sync::Arc;

use gridos_alarm::{
    Case, Condition, CountRule, Defined, Definition, Limits, Reference, States, WhichStates,
};
use gridos_model::{
    AlarmAction, AlarmFacts, AlarmId, AlarmRecord, DirectoryBuilder, Level, Point, PointIndex,
    Priority, Quality, Timestamp,
};
use gridos_notify::Alert;
use gridos_pipeline::AlarmBook;

use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// The alert of the one alarm with that condition, raised at `level` by `value`.
fn alert(condition: Condition, unit: &str, level: Level, value: f64) -> Alert {
    let mut builder = DirectoryBuilder::default();
    let device = builder
        .add("west.feeder-07", vec![Point::new("voltage_ab", unit)], &[])
        .unwrap();
    let directory = Arc::new(builder.build());
    let is_of_device = condition == Condition::Link;
    let owner = if is_of_device {
        "west.feeder-07"
    } else {
        "west.feeder-07.voltage_ab"
    };
    let id = AlarmId::of(owner, condition.kind());
    let mut definition = Definition::new(condition);
    definition.response = "Call the west control room.".to_owned();
    let defined = Defined {
        id,
        device,
        point: (!is_of_device).then_some(PointIndex::new(0)),
        reference: None,
        definition: Arc::new(definition),
    };
    let book = AlarmBook::new(directory, [(defined, Arc::from("west"))]);
    let mut case = Case::new(id);
    case.apply(&AlarmRecord {
        sequence: 41,
        alarm: id,
        occurrence: 41,
        action: AlarmAction::Raised,
        is_annunciated: true,
        from: Level::Normal,
        time: Timestamp::from_millis(1_000),
        received: Timestamp::from_millis(1_500),
        value,
        quality: Quality::GOOD,
        after: AlarmFacts {
            level,
            worst: level,
            priority: Priority::High,
            ..AlarmFacts::REST
        },
        note: None,
    });
    Alert::of(&case, &book.find(id).unwrap(), unit)
}

fn limits() -> Limits {
    Limits::new(Some(22.0), Some(21.0), Some(19.0), None, 0.1).unwrap()
}

#[test]
fn an_alert_says_all_that_is_known() {
    // What 32 bits make of 22.4.
    let value = f64::from(22.4_f32);
    let alert = alert(Condition::Limit(limits()), "kV", Level::HighHigh, value);
    let expected = Alert {
        alarm: "west.feeder-07.voltage_ab:limit".to_owned(),
        occurrence: 41,
        device: "west.feeder-07".to_owned(),
        point: "voltage_ab".to_owned(),
        area: "west".to_owned(),
        kind: "limit".to_owned(),
        priority: "high".to_owned(),
        level: "high_high".to_owned(),
        value: Some(value),
        limit: Some(22.0),
        unit: "kV".to_owned(),
        response: "Call the west control room.".to_owned(),
        starts_ns: 1_500_000_000,
        ends_ns: None,
    };
    assert_eq!(alert, expected);
}

#[test]
fn every_kind_is_told_in_words() {
    let rule = CountRule {
        times: 3,
        within: 60 * SECOND,
    };
    let states = States {
        which: WhichStates::Abnormal(vec![0]),
        on_change_only: false,
    };
    let deviation = Condition::Deviation {
        from: Reference::Setpoint(20.0),
        limits: limits(),
    };
    let rate = Condition::Rate {
        limits: limits(),
        min_interval: SECOND,
    };
    let stale = Condition::Stale { after: SECOND };
    let frozen = Condition::Frozen { after: SECOND };
    let abnormal = Level::Abnormal;
    let told = BTreeMap::from([
        (
            "high-high at 22.4 kV, limit 22 kV",
            (Condition::Limit(limits()), Level::HighHigh, 22.4),
        ),
        (
            "low at -2e-5 kV, limit 19 kV",
            (Condition::Limit(limits()), Level::Low, -0.00002),
        ),
        (
            "low-low at 0 kV",
            (Condition::Limit(limits()), Level::LowLow, 0.0),
        ),
        (
            "deviation high at 42 kV, limit 21 kV",
            (deviation, Level::High, 42.0),
        ),
        (
            "change high at 30 kV, limit 21 kV/s",
            (rate, Level::High, 30.0),
        ),
        ("in state 0", (Condition::State(states), abnormal, 0.0)),
        (
            "changing too often",
            (Condition::Chatter(rule), abnormal, 1.0),
        ),
        ("of bad quality", (Condition::Quality, abnormal, f64::NAN)),
        ("without readings", (stale, abnormal, f64::NAN)),
        ("frozen at 20.1 kV", (frozen, abnormal, 20.1)),
    ]);
    for (what, (condition, level, value)) in told {
        let summary = alert(condition, "kV", level, value).summary();
        assert_eq!(summary, format!("west.feeder-07.voltage_ab: {what}"));
    }
    let lost = alert(Condition::Link, "", abnormal, f64::NAN);
    assert_eq!(lost.summary(), "west.feeder-07: communication lost");
    assert_eq!((lost.value, &*lost.point), (None, ""));
}

#[test]
fn numbers_are_short_whatever_their_size() {
    for (value, shown) in [
        (0.1 + 0.2, "0.3"),
        (123_456_789.0, "123456800"),
        (1e300, "1e300"),
        (1.5e-9, "1.5e-9"),
        (-101.25, "-101.25"),
    ] {
        let alert = alert(Condition::Limit(limits()), "", Level::LowLow, value);
        assert_eq!(
            alert.summary(),
            format!("west.feeder-07.voltage_ab: low-low at {shown}")
        );
    }
}

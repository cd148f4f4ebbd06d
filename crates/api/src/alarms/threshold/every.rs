//! Definitions of every kind, for tests of what must know them all.

use std::time::Duration;

use gridos_alarm::{
    Condition, CountRule, Deadbands, Definition, Limits, LimitsSpec, Priorities, Reference, States,
    WhichStates,
};
use serde_json::{Map, Value};

fn limits() -> Limits {
    let each = [Some(4.0), Some(3.0), Some(2.0), Some(1.0)];
    let [high_high, high, low, low_low] = each;
    let spec = LimitsSpec {
        high_high,
        high,
        low,
        low_low,
        deadband: 0.5,
        deadbands: Deadbands {
            high_high: Some(0.1),
            high: Some(0.1),
            low: Some(0.1),
            low_low: Some(0.1),
        },
    };
    spec.try_into().unwrap()
}

pub(in crate::alarms) fn conditions() -> Vec<Condition> {
    let limits = limits();
    let rule = CountRule {
        times: 3,
        within: Duration::from_secs(60),
    };
    let states = |which| States {
        which,
        on_change_only: true,
    };
    let after = Duration::from_secs(60);
    vec![
        Condition::Limit(limits),
        Condition::Deviation {
            from: Reference::Setpoint(1.0),
            limits,
        },
        Condition::Deviation {
            from: Reference::Point("p".to_owned()),
            limits,
        },
        Condition::Rate {
            limits,
            min_interval: after,
        },
        Condition::State(states(WhichStates::Abnormal(vec![3]))),
        Condition::State(states(WhichStates::Normal(vec![1]))),
        Condition::Chatter(rule),
        Condition::Quality,
        Condition::Stale { after },
        Condition::Frozen { after },
        Condition::Link,
    ]
}

/// A definition with everything that it can have.
pub(in crate::alarms) fn full(condition: Condition) -> Map<String, Value> {
    let second = Duration::from_secs(1);
    let definition = Definition {
        condition,
        priority: Priorities::default(),
        on_delay: second,
        off_delay: second,
        count: Some(CountRule {
            times: 2,
            within: second,
        }),
        needs_acknowledgement: true,
        latches: false,
        re_alarm: Some(second),
        is_enabled: true,
        response: "look".to_owned(),
    };
    let Value::Object(object) = serde_json::to_value(definition).unwrap() else {
        panic!("no object");
    };
    object
}

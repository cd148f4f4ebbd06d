//! Definitions as they are written in JSON.

#![cfg(test)]

use std::time::Duration;

use gridos_alarm::{Condition, CountRule, Definition, Limits, Reference, States, WhichStates};

fn limits() -> Limits {
    Limits::new(Some(110.0), Some(100.0), None, None, 2.0).unwrap()
}

#[test]
fn every_kind_comes_back_from_its_json() {
    let from = Reference::Point("setpoint".to_owned());
    let conditions = [
        Condition::Limit(limits()),
        Condition::Deviation {
            from,
            limits: limits(),
        },
        Condition::Deviation {
            from: Reference::Setpoint(5.0),
            limits: limits(),
        },
        Condition::Rate {
            limits: limits(),
            min_interval: Duration::from_millis(1_500),
        },
        Condition::State(States {
            which: WhichStates::Abnormal(vec![0, 3]),
            on_change_only: true,
        }),
        Condition::State(States {
            which: WhichStates::Normal(vec![2]),
            on_change_only: false,
        }),
        Condition::Chatter(CountRule {
            times: 5,
            within: Duration::from_secs(60),
        }),
        Condition::Quality,
        Condition::Stale {
            after: Duration::from_secs(300),
        },
        Condition::Frozen {
            after: Duration::from_secs(600),
        },
        Condition::Link,
    ];
    for condition in conditions {
        let mut definition = Definition::new(condition);
        definition.re_alarm = Some(Duration::from_secs(900));
        definition.on_delay = Duration::from_millis(500);
        let text = serde_json::to_string(&definition).unwrap();
        let back: Definition = serde_json::from_str(&text).unwrap();
        assert_eq!(back, definition, "{text}");
        assert_eq!(back.check(), Ok(()));
    }
}

#[test]
fn the_least_is_enough() {
    let text = r#"{"kind":"limit","high":100}"#;
    let definition: Definition = serde_json::from_str(text).unwrap();
    let limits = Limits::new(None, Some(100.0), None, None, 0.0).unwrap();
    assert_eq!(definition, Definition::new(Condition::Limit(limits)));
}

#[test]
fn what_is_wrong_is_told_all_at_once() {
    let mut definition = Definition::new(Condition::Stale {
        after: Duration::ZERO,
    });
    definition.on_delay = Duration::from_secs(1 << 40);
    definition.count = Some(CountRule {
        times: 1,
        within: Duration::from_secs(1),
    });
    definition.response = "x".repeat(3_000);
    let errors = definition.check().unwrap_err();
    assert_eq!(errors.len(), 4, "{errors:?}");
    let text = r#"{"kind":"limit","high":100,"high_high":90}"#;
    let error = serde_json::from_str::<Definition>(text).unwrap_err();
    assert!(error.to_string().contains("must rise"), "{error}");
}

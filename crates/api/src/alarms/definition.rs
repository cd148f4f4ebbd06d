//! The shape of definitions as JSON, for the description of the API. What is read and written is
//! [`gridos_alarm::Definition`]; a test holds the two together.

#![expect(
    dead_code,
    reason = "says in the document what is read and written elsewhere"
)]

use serde::Serialize;
use utoipa::ToSchema;

/// What an alarm watches for, and how it behaves. Durations are in seconds.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmDefinition)]
pub(super) struct DefinitionShape {
    #[serde(flatten)]
    condition: ConditionShape,
    #[schema(required = false)]
    priority: PrioritiesShape,
    /// How long the condition must persist before it counts; at most seven days, as all durations.
    #[schema(required = false, minimum = 0, maximum = 604800)]
    on_delay: f64,
    /// How long it must be gone before it counts as gone.
    #[schema(required = false, minimum = 0, maximum = 604800)]
    off_delay: f64,
    /// Counts also when the condition came so often in a time, however shortly each time.
    count: Option<CountShape>,
    /// Whether somebody must acknowledge it; yes unless given.
    #[schema(required = false)]
    needs_acknowledgement: bool,
    /// Whether it is held until somebody resets it; no unless given.
    #[schema(required = false)]
    latches: bool,
    /// Annunciated again when it is still active this long after the last annunciation.
    #[schema(minimum = 60, maximum = 604800)]
    re_alarm: Option<f64>,
    /// Whether it is judged at all; yes unless given.
    #[schema(required = false)]
    is_enabled: bool,
    /// What it means and what to do, for the operator.
    #[schema(required = false, max_length = 2000)]
    response: String,
}

/// What an alarm watches for.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmCondition)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum ConditionShape {
    /// The value is at a limit or beyond it.
    Limit(LimitsShape),
    /// The value less a setpoint, or less another point's value, is at a limit or beyond it.
    Deviation(DeviationShape),
    /// The change per second, by source time, is at a limit or beyond it.
    Rate(RateShape),
    /// The value is one of some states.
    State(StatesShape),
    /// The value changed so often in a time.
    Chatter(CountShape),
    /// The quality is bad.
    Quality,
    /// No reading came for so long.
    Stale(AgeShape),
    /// The value has not changed for so long although readings came.
    Frozen(AgeShape),
    /// The communication with the device is lost.
    Link,
}

/// Limits, at least one; each above the one below it.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmLimits)]
struct LimitsShape {
    /// At or above.
    high_high: Option<f64>,
    /// At or above.
    high: Option<f64>,
    /// At or below.
    low: Option<f64>,
    /// At or below.
    low_low: Option<f64>,
    /// How far the value must come back before a level is left; 0 unless given.
    #[schema(required = false, minimum = 0)]
    deadband: f64,
    #[schema(required = false)]
    deadbands: DeadbandsShape,
}

/// The deadbands of limits that have one of their own.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmDeadbands)]
struct DeadbandsShape {
    high_high: Option<f64>,
    high: Option<f64>,
    low: Option<f64>,
    low_low: Option<f64>,
}

/// Limits of a difference.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmDeviation)]
struct DeviationShape {
    from: ReferenceShape,
    #[serde(flatten)]
    limits: LimitsShape,
}

/// What a deviation is measured from.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmReference)]
#[serde(rename_all = "snake_case")]
enum ReferenceShape {
    /// A number.
    Setpoint(f64),
    /// Another point: its full name, or the name of a point of the same device.
    Point(String),
}

/// Limits of the change per second.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmRate)]
struct RateShape {
    #[serde(flatten)]
    limits: LimitsShape,
    /// Readings closer to each other than so many seconds are not compared; 1 unless given.
    #[schema(required = false, minimum = 0.001, maximum = 604800)]
    min_interval: f64,
}

/// Which states are abnormal: `abnormal` lists them, or `normal` lists all others.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmStates)]
struct StatesShape {
    #[schema(required = false, min_items = 1, max_items = 64)]
    abnormal: Vec<i64>,
    #[schema(required = false, min_items = 1, max_items = 64)]
    normal: Vec<i64>,
    /// Only the change into such a state is told: the alarm returns to normal at once.
    #[schema(required = false)]
    on_change_only: bool,
}

/// So often in so many seconds.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmCount)]
struct CountShape {
    #[schema(minimum = 2, maximum = 1000)]
    times: u32,
    #[schema(minimum = 0, maximum = 604800)]
    within: f64,
}

/// An age in seconds.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmAge)]
struct AgeShape {
    #[schema(minimum = 0.001, maximum = 604800)]
    after: f64,
}

/// How urgent the levels are.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmPriorities)]
struct PrioritiesShape {
    /// Of high-high and low-low.
    #[schema(required = false)]
    outer: PriorityShape,
    /// Of high, low and abnormal.
    #[schema(required = false)]
    inner: PriorityShape,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AlarmPriority)]
#[serde(rename_all = "snake_case")]
enum PriorityShape {
    Low,
    Medium,
    High,
    Urgent,
}

#[cfg(test)]
mod tests {
    use gridos_alarm::Definition;
    use serde_json::{Value, json};

    use crate::alarms::threshold::every::{conditions, full};
    use crate::openapi::fits::fits;

    const NAME: &str = "AlarmDefinition";

    #[test]
    fn every_definition_is_as_described() {
        for condition in conditions() {
            let full = Value::Object(full(condition.clone()));
            assert_eq!(fits(NAME, &full), Ok(()), "{full}");
            let plain = serde_json::to_value(Definition::new(condition)).unwrap();
            assert_eq!(fits(NAME, &plain), Ok(()), "{plain}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_as_described() {
        for wrong in [
            json!({"high": 1}),
            json!({"kind": "levels", "high": 1}),
            json!({"kind": "limit", "hihg": 1}),
            json!({"kind": "limit", "high": "1"}),
            json!({"kind": "deviation", "high": 1}),
            json!({"kind": "stale"}),
            json!({"kind": "chatter", "times": 2}),
            json!({"kind": "quality", "priority": {"outer": "worst"}}),
        ] {
            assert!(fits(NAME, &wrong).is_err(), "{wrong}");
        }
    }
}

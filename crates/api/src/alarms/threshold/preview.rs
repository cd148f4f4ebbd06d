//! What another definition would make of the value now.

use gridos_alarm::{Condition, Definition, Reference, States, WhichStates};
use gridos_model::Level;
use gridos_pipeline::LiveReading;
use serde::Serialize;
use utoipa::ToSchema;

/// What would happen to the alarm at once, delays apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Effect {
    /// It would be raised.
    Raise,
    /// Its level would be another one.
    Change,
    /// It would end.
    End,
    /// Nothing would.
    None,
    /// The value now does not tell: none is good, or the kind looks at more than one.
    Unknown,
}

impl Effect {
    /// What leads from one level to another; `None` if that is not known.
    pub(super) fn of(from: Level, to: Option<Level>) -> Self {
        match to {
            None => Self::Unknown,
            Some(to) if from == to => Self::None,
            Some(_) if from == Level::Normal => Self::Raise,
            Some(Level::Normal) => Self::End,
            Some(_) => Self::Change,
        }
    }
}

/// The level that `new` would lead to from `from`, instead of `old`; `None` if the readings do not
/// tell. The second reading is that of the point a deviation is measured from.
pub(super) fn level(
    old: &Definition,
    new: &Definition,
    from: Level,
    reading: Option<LiveReading>,
    reference: Option<LiveReading>,
) -> Option<Level> {
    if old.judges_like(new) {
        return Some(from);
    }
    if !new.is_enabled {
        return Some(Level::Normal);
    }
    match &new.condition {
        Condition::Limit(limits) => Some(limits.next(from, good(reading)?)),
        Condition::Deviation {
            from: setpoint,
            limits,
        } => {
            let setpoint = match setpoint {
                Reference::Setpoint(setpoint) => *setpoint,
                Reference::Point(_) => good(reference)?,
            };
            Some(limits.next(from, good(reading)? - setpoint))
        }
        Condition::State(states) => Some(state_level(states, good(reading)?)),
        Condition::Rate { .. }
        | Condition::Chatter(_)
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. }
        | Condition::Link => None,
    }
}

/// The value of a reading that judges conditions.
fn good(reading: Option<LiveReading>) -> Option<f64> {
    let reading = reading.filter(|reading| !reading.quality.is_bad())?;
    Some(reading.value).filter(|value| value.is_finite())
}

fn state_level(states: &States, value: f64) -> Level {
    #[expect(clippy::cast_precision_loss, reason = "states are small numbers")]
    let is_in = |list: &[i64]| list.iter().any(|state| *state as f64 == value);
    let is_abnormal = match &states.which {
        WhichStates::Abnormal(list) => is_in(list),
        WhichStates::Normal(list) => !is_in(list),
    };
    match is_abnormal && !states.on_change_only {
        true => Level::Abnormal,
        false => Level::Normal,
    }
}

#[cfg(test)]
mod tests {
    use gridos_alarm::Limits;
    use gridos_model::{Quality, Timestamp};

    use super::*;

    fn limit(high: f64) -> Definition {
        Definition::new(Condition::Limit(
            Limits::new(None, Some(high), None, None, 1.0).unwrap(),
        ))
    }

    fn reading(value: f64) -> Option<LiveReading> {
        Some(LiveReading {
            value,
            time: Timestamp::EPOCH,
            received: Timestamp::EPOCH,
            quality: Quality::GOOD,
        })
    }

    fn effect(new: &Definition, from: Level, now: Option<LiveReading>) -> Effect {
        Effect::of(from, level(&limit(100.0), new, from, now, reading(40.0)))
    }

    #[test]
    fn a_limit_is_held_against_the_value_now() {
        let below = limit(40.0);
        assert_eq!(effect(&below, Level::Normal, reading(50.0)), Effect::Raise);
        assert_eq!(effect(&below, Level::Normal, reading(30.0)), Effect::None);
        assert_eq!(
            effect(&limit(200.0), Level::High, reading(150.0)),
            Effect::End
        );
        // The deadband counts, as it does for the next reading.
        assert_eq!(
            effect(&limit(150.5), Level::High, reading(150.0)),
            Effect::None
        );
        let mut bad = reading(50.0).unwrap();
        bad.quality = Quality::OFFLINE;
        for unknown in [None, Some(bad), reading(f64::NAN)] {
            assert_eq!(effect(&below, Level::Normal, unknown), Effect::Unknown);
        }
    }

    #[test]
    fn what_judges_alike_changes_nothing() {
        let mut renamed = limit(100.0);
        renamed.response = "look".to_owned();
        assert_eq!(effect(&renamed, Level::High, None), Effect::None);
        let mut off = limit(100.0);
        off.is_enabled = false;
        assert_eq!(effect(&off, Level::High, None), Effect::End);
    }

    #[test]
    fn a_deviation_is_from_its_reference() {
        let limits = Limits::new(Some(20.0), Some(10.0), None, None, 0.0).unwrap();
        let from = Reference::Point("p".to_owned());
        let new = Definition::new(Condition::Deviation { from, limits });
        // The reference is at 40.
        assert_eq!(effect(&new, Level::Normal, reading(49.0)), Effect::None);
        assert_eq!(effect(&new, Level::Normal, reading(50.0)), Effect::Raise);
        assert_eq!(effect(&new, Level::High, reading(60.0)), Effect::Change);
    }

    #[test]
    fn states_are_looked_up() {
        let states = |which, on_change_only| {
            Definition::new(Condition::State(States {
                which,
                on_change_only,
            }))
        };
        let abnormal = states(WhichStates::Abnormal(vec![0, 3]), false);
        let normal = states(WhichStates::Normal(vec![1, 2]), false);
        for new in [&abnormal, &normal] {
            assert_eq!(effect(new, Level::Normal, reading(3.0)), Effect::Raise);
            assert_eq!(effect(new, Level::Abnormal, reading(1.0)), Effect::End);
        }
        let change = states(WhichStates::Abnormal(vec![3]), true);
        assert_eq!(effect(&change, Level::Normal, reading(3.0)), Effect::None);
        assert_eq!(
            effect(&Definition::new(Condition::Quality), Level::Normal, None),
            Effect::Unknown
        );
    }
}

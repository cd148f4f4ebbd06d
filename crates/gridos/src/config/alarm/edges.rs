//! What a report by exception may not hide from alarms.

use std::sync::Arc;

use gridos_alarm::{Condition, Definition, Limits, Reference, States, WhichStates};
use gridos_modbus::Report;

/// The numbers that tell the values of a point apart, as far as its alarms do: of two finite values
/// of which the same ones are reached (`value >= edge`) no alarm makes anything else.
pub(in super::super) fn edges<'a>(alarms: impl IntoIterator<Item = &'a Definition>) -> Arc<[f64]> {
    let all = alarms.into_iter().flat_map(of_condition);
    all.filter(|edge| edge.is_finite()).collect()
}

fn of_condition(alarm: &Definition) -> Vec<f64> {
    match &alarm.condition {
        Condition::Limit(limits) => limits.edges().collect(),
        Condition::Deviation {
            from: Reference::Setpoint(setpoint),
            limits,
        } => shifted(limits, *setpoint),
        Condition::State(states) => of_states(states),
        Condition::Deviation {
            from: Reference::Point(_),
            ..
        }
        | Condition::Rate { .. }
        | Condition::Chatter(_)
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. }
        | Condition::Link => Vec::new(),
    }
}

/// The least values of which the difference from `setpoint` reaches the edges of `limits`.
fn shifted(limits: &Limits, setpoint: f64) -> Vec<f64> {
    let edges = limits.edges();
    edges
        .map(|edge| least(|value| value - setpoint >= edge))
        .collect()
}

/// The least number for which `is_reached`, which is so for all greater ones; infinite if there is
/// none. The sum of both would be that but for rounding.
fn least(is_reached: impl Fn(f64) -> bool) -> f64 {
    let (mut below, mut reached) = (rank(f64::NEG_INFINITY), rank(f64::INFINITY));
    while below + 1 < reached {
        let middle = below + (reached - below) / 2;
        if is_reached(of_rank(middle)) {
            reached = middle;
        } else {
            below = middle;
        }
    }
    of_rank(reached)
}

const SIGN: u64 = 1 << 63;

/// The place of a number among all of them, NaN aside.
fn rank(number: f64) -> u64 {
    let bits = number.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn of_rank(rank: u64) -> f64 {
    f64::from_bits(if rank & SIGN == 0 {
        !rank
    } else {
        rank & !SIGN
    })
}

/// Where each state begins and ends.
fn of_states(states: &States) -> Vec<f64> {
    let (WhichStates::Abnormal(list) | WhichStates::Normal(list)) = &states.which;
    let numbers = list.iter().map(|state| {
        #[expect(clippy::cast_precision_loss, reason = "so the alarm compares it, too")]
        let number = *state as f64;
        number
    });
    numbers
        .flat_map(|number| [number, number.next_up()])
        .collect()
}

/// Why `alarm` would be wrong on a point that is told as `report` says, if it would.
pub(in super::super) fn blindness(alarm: &Definition, report: &Report) -> Option<&'static str> {
    let needs_all =
        "needs every reading, but the point is reported by exception; remove its report";
    let needs_changes = "needs every change, but the report of the point has a deadband; remove it";
    let (has_deadband, condition) = (report.deadband > 0.0, &alarm.condition);
    match condition {
        Condition::Rate { .. } => Some(needs_all),
        Condition::Deviation {
            from: Reference::Point(_),
            ..
        }
        | Condition::Chatter(_)
        | Condition::Frozen { .. } => has_deadband.then_some(needs_changes),
        Condition::Deviation {
            from: Reference::Setpoint(_),
            ..
        }
        | Condition::Limit(_)
        | Condition::State(_)
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Link => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number() -> impl Strategy<Value = f64> {
        prop_oneof![
            (-1_000..1_000_i32).prop_map(|n| f64::from(n) / 10.0),
            any::<f64>().prop_filter("finite", |n| n.is_finite()),
        ]
    }

    proptest! {
        /// The least value of which the difference reaches the edge, to the last bit.
        #[test]
        fn an_edge_is_shifted_to_the_last_bit(edge in number(), setpoint in number()) {
            let least = least(|value| value - setpoint >= edge);
            if least.is_finite() {
                prop_assert!(least - setpoint >= edge);
            }
            let before = least.next_down();
            if before.is_finite() {
                prop_assert!(before - setpoint < edge);
            }
        }
    }

    #[test]
    fn states_are_told_apart_from_their_neighbours() {
        let states = States {
            which: WhichStates::Abnormal(vec![3, 0]),
            on_change_only: false,
        };
        let alarm = Definition::new(Condition::State(states));
        let edges = edges([&alarm]);
        assert_eq!(*edges, [3.0, 3.0_f64.next_up(), 0.0, 0.0_f64.next_up()]);
    }
}

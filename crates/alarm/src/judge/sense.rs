//! What each kind of condition makes of readings.

use std::collections::VecDeque;
use std::time::Duration;

use gridos_model::Level;

use super::at::At;
use super::story::{Finding, Sample, Sense, Story, are_enough};
use super::watch::{Known, Watch};
use crate::band::Band;
use crate::{Condition, Definition, Limits, Reference};

/// What a sample of the alarm's own point says; `last` is the good value before it. Whatever is not
/// of quality is asked for usable samples only.
pub(super) fn of_sample<'a>(
    definition: &'a Definition,
    (level, story): (Level, &mut Option<Box<Story>>),
    sample: &Sample,
    last: f64,
) -> Finding<'a> {
    let Sample { value, at, .. } = *sample;
    let open = || Box::new(Story::of(level, definition));
    match &definition.condition {
        Condition::Limit(limits) => Finding::Number(value, limits),
        Condition::Deviation {
            from: Reference::Setpoint(setpoint),
            limits,
        } => number(value - setpoint, limits),
        Condition::Deviation { .. } | Condition::Link => Finding::Nothing,
        Condition::Rate {
            limits,
            min_interval,
        } => {
            let story = story.get_or_insert_with(open);
            match rate(&mut story.sense, value, at, *min_interval) {
                Some(rate) => number(rate, limits),
                None => Finding::Nothing,
            }
        }
        Condition::State(states) if states.on_change_only => {
            let is_change = last.is_finite() && value != last;
            match is_change && states.are_abnormal(value) {
                true => Finding::Impulse,
                false => Finding::Nothing,
            }
        }
        Condition::State(states) => Finding::Truth(states.are_abnormal(value)),
        Condition::Chatter(rule) => {
            if !last.is_finite() || value == last {
                return Finding::Nothing;
            }
            let story = story.get_or_insert_with(open);
            if !matches!(story.sense, Sense::Chatter(_)) {
                story.sense = Sense::Chatter(VecDeque::new());
            }
            let Sense::Chatter(changes) = &mut story.sense else {
                return Finding::Nothing;
            };
            changes.push_back(at);
            match are_enough(changes, *rule, at) {
                true => Finding::Truth(true),
                false => Finding::Nothing,
            }
        }
        Condition::Quality => Finding::Truth(!sample.is_usable()),
        Condition::Stale { .. } => Finding::Truth(false),
        Condition::Frozen { after } => {
            let story = story.get_or_insert_with(open);
            let was_frozen = story.cells.truths()[0];
            // Of one from an earlier life it is not known whether the value has changed.
            let is_same = value == last || (was_frozen && last.is_nan());
            Finding::Truth(is_frozen(&mut story.sense, was_frozen, is_same, at, *after))
        }
    }
}

/// What the last good values say without a new one.
pub(super) fn of_known<'a>(
    definition: &'a Definition,
    (is_true, story): (bool, Option<&mut Story>),
    known: &Known,
    now: &At,
) -> Finding<'a> {
    let sense = story.map(|story| &mut story.sense);
    match (&definition.condition, sense) {
        (Condition::Limit(limits), _) => number(known.value, limits),
        (Condition::Deviation { limits, .. }, _) if !known.is_bad => {
            number(known.value - known.reference, limits)
        }
        (Condition::Rate { limits, .. }, Some(Sense::Rate { rate, .. })) => number(*rate, limits),
        (Condition::State(states), _) if !states.on_change_only && known.value.is_finite() => {
            Finding::Truth(states.are_abnormal(known.value))
        }
        (Condition::Chatter(rule), Some(Sense::Chatter(changes))) => {
            Finding::Truth(are_enough(changes, *rule, *now))
        }
        // What never came in this life ends nothing.
        (Condition::Stale { .. }, _) if is_true && known.seen.is_zero() => Finding::Nothing,
        (Condition::Stale { after }, _) => {
            Finding::Truth(now.mono >= known.seen.saturating_add(*after))
        }
        (Condition::Frozen { after }, Some(Sense::Frozen { changed })) if is_true => {
            Finding::Truth(now.since(changed) >= *after)
        }
        _ => Finding::Nothing,
    }
}

/// The values of the point that change nothing, while nothing is pending.
pub(super) fn band(watch: &Watch, known: &Known) -> Band {
    let is_true = watch.is_true();
    match &watch.definition.condition {
        Condition::Limit(limits) => limits_band(watch, limits),
        Condition::Deviation { .. } if known.is_bad => Band::NONE,
        Condition::Deviation { limits, .. } => shifted(limits_band(watch, limits), known.reference),
        Condition::State(states) if states.on_change_only && states.are_abnormal(known.value) => {
            Band::only(known.value)
        }
        Condition::State(states) => states.band(known.value),
        Condition::Chatter(_) => Band::only(known.value),
        Condition::Frozen { .. } if is_true => Band::only(known.value),
        Condition::Quality | Condition::Stale { .. } if !is_true => Band::ALL,
        Condition::Link => Band::ALL,
        Condition::Rate { .. }
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. } => Band::NONE,
    }
}

/// The number that a deviation is measured from; NaN if there is none.
pub(super) fn setpoint(condition: &Condition) -> f64 {
    match condition {
        Condition::Deviation {
            from: Reference::Setpoint(setpoint),
            ..
        } => *setpoint,
        Condition::Deviation { .. }
        | Condition::Limit(_)
        | Condition::Rate { .. }
        | Condition::State(_)
        | Condition::Chatter(_)
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. }
        | Condition::Link => f64::NAN,
    }
}

/// How long a reading may stay away.
pub(super) fn stale_after(condition: &Condition) -> Option<Duration> {
    match condition {
        Condition::Stale { after } => Some(*after),
        Condition::Limit(_)
        | Condition::Deviation { .. }
        | Condition::Rate { .. }
        | Condition::State(_)
        | Condition::Chatter(_)
        | Condition::Quality
        | Condition::Frozen { .. }
        | Condition::Link => None,
    }
}

/// How long after a restart an alarm is over that no reading can end, for what it counted is gone.
pub(super) fn over_after(condition: &Condition) -> Option<Duration> {
    match condition {
        Condition::Chatter(rule) => Some(rule.within),
        Condition::State(states) if states.on_change_only => Some(Duration::ZERO),
        Condition::State(_)
        | Condition::Limit(_)
        | Condition::Deviation { .. }
        | Condition::Rate { .. }
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. }
        | Condition::Link => None,
    }
}

fn number(number: f64, limits: &Limits) -> Finding<'_> {
    match number.is_finite() {
        true => Finding::Number(number, limits),
        false => Finding::Nothing,
    }
}

/// The change per second since the value that was compared last, if that is long enough ago.
fn rate(sense: &mut Sense, value: f64, at: At, min_interval: Duration) -> Option<f64> {
    let Sense::Rate { base, rate } = sense else {
        *sense = Sense::Rate {
            base: (value, at),
            rate: f64::NAN,
        };
        return None;
    };
    let (was, then) = *base;
    if then.passes(&at) {
        // The source's clock was set back: there is no time to divide by.
        *base = (value, at);
        return None;
    }
    let time = at.since(&then);
    if time < min_interval || time.is_zero() {
        return None;
    }
    *base = (value, at);
    *rate = (value - was) / time.as_secs_f64();
    Some(*rate)
}

/// Whether the value has been the same for so long.
fn is_frozen(sense: &mut Sense, was_frozen: bool, is_same: bool, at: At, after: Duration) -> bool {
    if let Sense::Frozen { changed } = sense
        && is_same
    {
        if was_frozen {
            return true;
        }
        // Unless the source's clock was set back.
        if !changed.passes(&at) {
            return at.since(changed) >= after;
        }
    }
    *sense = Sense::Frozen { changed: at };
    was_frozen && is_same
}

fn limits_band(watch: &Watch, limits: &Limits) -> Band {
    let Some(story) = &watch.story else {
        return limits.band(watch.level);
    };
    let levels = [Level::HighHigh, Level::High, Level::Low, Level::LowLow];
    let cells = levels.into_iter().zip(story.cells.truths());
    cells.fold(Band::ALL, |band, (level, is_beyond)| {
        band.and(limits.band_of(level, is_beyond))
    })
}

/// A band of differences as one of values. Both round, so it is a little narrower.
fn shifted(band: Band, by: f64) -> Band {
    let shift = |bound: f64, inward: f64| match bound.is_finite() {
        true => bound + by + inward * 4.0 * f64::EPSILON * (bound.abs() + by.abs()),
        false => bound,
    };
    let (low, high) = (shift(band.low, 1.0), shift(band.high, -1.0));
    match by.is_finite() && !low.is_nan() && !high.is_nan() {
        true => Band { low, high },
        false => Band::NONE,
    }
}

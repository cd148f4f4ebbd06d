//! What an alarm watches for: the keys of each kind.

use std::time::Duration;

use gridos_alarm::{Condition, Reference, States, WhichStates};
use gridos_model::AlarmKind;

use super::super::given::Given;
use super::super::judgement::StateTexts;
use super::super::nearest::suggestion;
use super::super::section::{Section, shown};
use super::behaviour::{PERIODS, read_rule};
use super::limits;

/// Keys with the kinds that have them; every kind has the others.
const OF_KINDS: [(&[AlarmKind], &[&str]); 6] = [
    (
        &[AlarmKind::Limit, AlarmKind::Deviation, AlarmKind::Rate],
        &[
            "high_high",
            "high",
            "low",
            "low_low",
            "deadband",
            "deadbands",
        ],
    ),
    (&[AlarmKind::Deviation], &["from"]),
    (&[AlarmKind::Rate], &["min_interval"]),
    (
        &[AlarmKind::State],
        &["abnormal", "normal", "on_change_only"],
    ),
    (&[AlarmKind::Chatter], &["times", "within"]),
    (&[AlarmKind::Stale, AlarmKind::Frozen], &["after"]),
];

/// Reads the condition of an alarm of `kind`; `states` is what the point's numbers are called.
pub(super) fn read(
    section: &Section<'_>,
    kind: AlarmKind,
    states: Option<&StateTexts>,
) -> Option<Condition> {
    refuse_of_others(section, kind);
    Some(match kind {
        AlarmKind::Limit => Condition::Limit(limits::read_ladder(section)?),
        AlarmKind::Deviation => {
            let from = read_reference(section);
            let limits = limits::read_ladder(section);
            Condition::Deviation {
                from: from?,
                limits: limits?,
            }
        }
        AlarmKind::Rate => {
            let interval = section.duration("min_interval", &PERIODS);
            let interval = interval.map_or(Duration::from_secs(1), |found| found.value);
            Condition::Rate {
                limits: limits::read_ladder(section)?,
                min_interval: interval,
            }
        }
        AlarmKind::State => Condition::State(read_states(section, states)?),
        AlarmKind::Chatter => Condition::Chatter(read_rule(section)?),
        AlarmKind::Quality => Condition::Quality,
        AlarmKind::Stale => Condition::Stale {
            after: read_age(section)?,
        },
        AlarmKind::Frozen => Condition::Frozen {
            after: read_age(section)?,
        },
        AlarmKind::Link => Condition::Link,
    })
}

fn refuse_of_others(section: &Section<'_>, kind: AlarmKind) {
    let of_others = OF_KINDS.iter().filter(|(kinds, _)| !kinds.contains(&kind));
    for (kinds, keys) in of_others {
        let words: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let words = words.join("\" or \"");
        for key in keys.iter().filter(|key| section.has(key)) {
            section.fault(
                key,
                format_args!("is only for kind = \"{words}\"; remove it"),
            );
        }
    }
}

/// A number, or the name of a point.
fn read_reference(section: &Section<'_>) -> Option<Reference> {
    let example = "from = 50, or the name of a point such as from = \"setpoint\"";
    let given = section.demand("from", section.given("from"), example)?;
    match (given.value.number(), given.value.text()) {
        (Some(setpoint), _) => Some(Reference::Setpoint(setpoint)),
        (None, Some(name)) if !name.is_empty() => Some(Reference::Point(name.to_owned())),
        (None, _) => {
            let what = "must be a finite number, or the name of a point in quotes";
            section.fault("from", what);
            None
        }
    }
}

fn read_states(section: &Section<'_>, states: Option<&StateTexts>) -> Option<States> {
    let list = |key| read_numbers(section, key, states);
    let which = match (list("abnormal"), list("normal")) {
        (Some(_), Some(_)) => {
            section.fault("normal", "stands beside abnormal; remove one");
            return None;
        }
        (Some(list), None) => WhichStates::Abnormal(list),
        (None, Some(list)) => WhichStates::Normal(list),
        (None, None) => {
            let is_given = section.has("abnormal") || section.has("normal");
            if !is_given {
                let what = "is missing; write for example abnormal = [0, 3], or normal = [2]";
                section.fault("abnormal", what);
            }
            return None;
        }
    };
    Some(States {
        which,
        on_change_only: section.flag("on_change_only").unwrap_or(false),
    })
}

/// Numbers of states, some of which may be given as the point's own texts.
fn read_numbers(section: &Section<'_>, key: &str, states: Option<&StateTexts>) -> Option<Vec<i64>> {
    let what = match states {
        Some(_) => "a list of states, such as [0, 3], or of their texts",
        None => "a list of whole numbers, such as [0, 3]",
    };
    let is_state = |given: &Given<'_>| {
        let number = given.whole().and_then(|number| i64::try_from(number).ok());
        number.is_some() || (states.is_some() && given.text().is_some())
    };
    let list = section.list(key, what, |given| Some(given).filter(is_state))?;
    let (mut numbers, mut is_any_unknown) = (Vec::new(), false);
    for given in list.value {
        let text = given.text().unwrap_or_default();
        let named = states.into_iter().flat_map(|states| states.iter());
        let found = named.clone().find(|(_, own)| **own == *text);
        let number = given.whole().and_then(|number| i64::try_from(number).ok());
        match number.or(found.map(|(number, _)| *number)) {
            Some(number) => numbers.push(number),
            None => {
                is_any_unknown = true;
                let near = suggestion(text, named.map(|(_, own)| &**own));
                section.fault(
                    key,
                    format_args!("{} is no state of the point{near}", shown(text)),
                );
            }
        }
    }
    (!is_any_unknown).then_some(numbers)
}

fn read_age(section: &Section<'_>) -> Option<Duration> {
    let after = section.duration("after", &PERIODS);
    let after = section.demand("after", after, "after = \"5min\"");
    after.map(|found| found.value)
}

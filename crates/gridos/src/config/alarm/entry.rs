//! One entry of `alarm = [ … ]` or `alarm_defaults = [ … ]`.

use std::sync::Arc;

use gridos_alarm::{Condition, Definition, Reference};
use gridos_model::AlarmKind;

use super::super::fault::Place;
use super::super::judgement::StateTexts;
use super::super::section::Section;
use super::{behaviour, condition};

pub(in super::super) const KEYS: &[&str] = &[
    "kind",
    "high_high",
    "high",
    "low",
    "low_low",
    "deadband",
    "deadbands",
    "from",
    "min_interval",
    "abnormal",
    "normal",
    "on_change_only",
    "times",
    "within",
    "after",
    "priority",
    "on_delay",
    "off_delay",
    "count",
    "needs_acknowledgement",
    "latches",
    "re_alarm",
    "enabled",
    "response",
];

/// The keys where the kind is known without being said.
pub(super) const KEYS_BUT_KIND: &[&str] = match KEYS {
    [_, others @ ..] => others,
    [] => &[],
};

/// The kinds that points have: the communication is a device's.
const KINDS: [(&str, AlarmKind); 8] = [
    (AlarmKind::Limit.name(), AlarmKind::Limit),
    (AlarmKind::Deviation.name(), AlarmKind::Deviation),
    (AlarmKind::Rate.name(), AlarmKind::Rate),
    (AlarmKind::State.name(), AlarmKind::State),
    (AlarmKind::Chatter.name(), AlarmKind::Chatter),
    (AlarmKind::Quality.name(), AlarmKind::Quality),
    (AlarmKind::Stale.name(), AlarmKind::Stale),
    (AlarmKind::Frozen.name(), AlarmKind::Frozen),
];

/// One alarm with where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Entry {
    pub(super) definition: Arc<Definition>,
    /// Where the whole of it is.
    pub(super) place: Place,
    /// Where it names another point, if it does.
    pub(super) from: Option<Place>,
}

impl Entry {
    pub(super) fn new(section: &Section<'_>, definition: Definition) -> Self {
        Self {
            from: named_point(&definition).map(|_| section.place_of("from")),
            place: section.place().clone(),
            definition: Arc::new(definition),
        }
    }

    /// What it watches for.
    pub(super) fn kind(&self) -> AlarmKind {
        self.definition.condition.kind()
    }

    /// The point it names, and where.
    pub(super) fn reference(&self) -> Option<(&str, &Place)> {
        let name = named_point(&self.definition)?;
        Some((name, self.from.as_ref()?))
    }
}

/// The point that an alarm measures from, as it is written, if it names one.
fn named_point(definition: &Definition) -> Option<&str> {
    match &definition.condition {
        Condition::Deviation {
            from: Reference::Point(name),
            ..
        } => Some(name),
        Condition::Deviation {
            from: Reference::Setpoint(_),
            ..
        }
        | Condition::Limit(_)
        | Condition::Rate { .. }
        | Condition::State(_)
        | Condition::Chatter(_)
        | Condition::Quality
        | Condition::Stale { .. }
        | Condition::Frozen { .. }
        | Condition::Link => None,
    }
}

/// Reads an entry; `section` is called after its kind from then on.
pub(super) fn read(section: &mut Section<'_>, states: Option<&StateTexts>) -> Option<Entry> {
    let kind = section.choice("kind", &KINDS);
    let kind = section.demand("kind", kind, "kind = \"state\"")?.value;
    section.rename(format!("{} '{kind}'", section.title()));
    read_of_kind(section, kind, states)
}

/// Reads an entry of which the kind is known.
pub(super) fn read_of_kind(
    section: &Section<'_>,
    kind: AlarmKind,
    states: Option<&StateTexts>,
) -> Option<Entry> {
    let condition = condition::read(section, kind, states);
    let definition = behaviour::read(section, condition)?;
    Some(Entry::new(section, definition))
}

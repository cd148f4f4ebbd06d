//! Cases and records as JSON shows them.

use gridos_alarm::{Case, Deed, Moment, Withheld};
use gridos_model::{AlarmFacts, AlarmFlags, AlarmRecord, Shelf, Suppression};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::body::{Flags, Number, Time};
use crate::form::Row;

/// The facts of a state, with the states that are derived from them.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmFacts)]
pub(crate) struct ShownFacts {
    /// The state that is displayed.
    state: &'static str,
    /// The state without regard to whether it is hidden.
    base_state: &'static str,
    level: &'static str,
    worst_level: &'static str,
    priority: &'static str,
    flags: Vec<String>,
    suppressed_by: Vec<String>,
    shelf: Option<ShownShelf>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Shelf)]
struct ShownShelf {
    until: Time,
    one_shot: bool,
}

impl From<&AlarmFacts> for ShownFacts {
    fn from(facts: &AlarmFacts) -> Self {
        let shelf = |Shelf { until, is_one_shot }| ShownShelf {
            until: Time(until),
            one_shot: is_one_shot,
        };
        Self {
            state: facts.state().name(),
            base_state: facts.base_state().name(),
            level: facts.level.name(),
            worst_level: facts.worst.name(),
            priority: facts.priority.name(),
            flags: flag_names(facts.flags),
            suppressed_by: suppression_names(facts.suppression),
            shelf: facts.shelf.map(shelf),
        }
    }
}

fn flag_names(flags: AlarmFlags) -> Vec<String> {
    let names = flags.iter_names();
    names.map(|(name, _)| name.to_ascii_lowercase()).collect()
}

fn suppression_names(suppression: Suppression) -> Vec<String> {
    let names = suppression.iter_names();
    names.map(|(name, _)| name.to_ascii_lowercase()).collect()
}

fn withheld_name(withheld: Withheld) -> &'static str {
    match withheld {
        Withheld::Nothing => "nothing",
        Withheld::More => "more",
        Withheld::All => "all",
    }
}

/// What a reading was when it did something; the value is null if no reading did it.
#[derive(Serialize, ToSchema)]
#[schema(as = Moment)]
pub(crate) struct ShownMoment {
    /// At the source.
    time: Time,
    /// When the engine learned of it.
    received: Time,
    value: Number,
    quality: Flags,
}

impl From<&Moment> for ShownMoment {
    fn from(moment: &Moment) -> Self {
        Self {
            time: Time(moment.time),
            received: Time(moment.received),
            value: Number(moment.value),
            quality: Flags(moment.quality),
        }
    }
}

/// Who did something, when and why; nobody if the engine did it by itself.
#[derive(Serialize, ToSchema)]
#[schema(as = Deed)]
pub(crate) struct ShownDeed<'a> {
    by: &'a str,
    at: Time,
    comment: &'a str,
}

impl<'a> From<&'a Deed> for ShownDeed<'a> {
    fn from(deed: &'a Deed) -> Self {
        Self {
            by: &deed.by,
            at: Time(deed.at),
            comment: &deed.comment,
        }
    }
}

/// A case without what the configuration tells of the alarm: exactly what its records made of it.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmCase)]
pub(crate) struct ShownCase<'a> {
    /// Text, because a number of 63 bits is not exact in JavaScript.
    id: String,
    /// The present or last occurrence, to be given with commands; 0 if there never was one.
    occurrence: u64,
    /// Its last record.
    sequence: u64,
    #[serde(flatten)]
    facts: ShownFacts,
    raised: Option<ShownMoment>,
    /// What brought the present level.
    changed: Option<ShownMoment>,
    /// What brought the worst level.
    worst: Option<ShownMoment>,
    returned: Option<ShownMoment>,
    annunciated: Option<Time>,
    annunciations: u32,
    /// What operators were not told because it was hidden.
    withheld: &'static str,
    acknowledged: Option<ShownDeed<'a>>,
    /// Who put it where it is hidden, last.
    hidden: Option<ShownDeed<'a>>,
}

impl<'a> From<&'a Case> for ShownCase<'a> {
    fn from(case: &'a Case) -> Self {
        let moment = |moment: &Option<Moment>| moment.as_ref().map(ShownMoment::from);
        Self {
            id: case.alarm.to_string(),
            occurrence: case.occurrence,
            sequence: case.sequence,
            facts: (&case.facts).into(),
            raised: moment(&case.raised),
            changed: moment(&case.changed),
            worst: moment(&case.worst),
            returned: moment(&case.returned),
            annunciated: case.annunciated.map(Time),
            annunciations: case.annunciations,
            withheld: withheld_name(case.withheld),
            acknowledged: case.acknowledged.as_ref().map(ShownDeed::from),
            hidden: case.hidden.as_ref().map(ShownDeed::from),
        }
    }
}

/// One thing that happened to an alarm, and its state after it.
#[derive(Serialize, ToSchema)]
#[schema(as = AlarmRecord)]
pub(crate) struct ShownRecord<'a> {
    sequence: u64,
    id: String,
    /// Null if no alarm of that name is configured any more.
    name: Option<String>,
    occurrence: u64,
    action: &'static str,
    annunciated: bool,
    /// The level before.
    from: &'static str,
    #[serde(flatten)]
    moment: ShownMoment,
    after: ShownFacts,
    by: &'a str,
    comment: &'a str,
    /// The new definition, when it was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    definition: Option<Value>,
}

impl Row for ShownRecord<'_> {
    const COLUMNS: &'static [&'static str] = &[
        "sequence",
        "name",
        "occurrence",
        "action",
        "annunciated",
        "time",
        "received",
        "value",
        "quality",
        "from",
        "after.level",
        "after.state",
        "after.priority",
        "by",
        "comment",
    ];
}

/// What the engine keeps beside it to know whether the configuration has changed since, is left out.
fn shown_definition(text: &str) -> Option<Value> {
    let mut definition = serde_json::from_str(text).ok()?;
    if let Value::Object(object) = &mut definition {
        object.remove("base");
    }
    Some(definition)
}

impl<'a> ShownRecord<'a> {
    pub(crate) fn new(record: &'a AlarmRecord, name: Option<String>) -> Self {
        let note = record.note.as_deref();
        let definition = note.map(|note| &*note.definition);
        Self {
            sequence: record.sequence,
            id: record.alarm.to_string(),
            name,
            occurrence: record.occurrence,
            action: record.action.name(),
            annunciated: record.is_annunciated,
            from: record.from.name(),
            moment: ShownMoment {
                time: Time(record.time),
                received: Time(record.received),
                value: Number(record.value),
                quality: Flags(record.quality),
            },
            after: (&record.after).into(),
            by: note.map(|note| &*note.by).unwrap_or_default(),
            comment: note.map(|note| &*note.comment).unwrap_or_default(),
            definition: definition.and_then(shown_definition),
        }
    }
}

//! The shapes of a snapshot, as they stand in its file.
//!
//! They are rkyv archives; the order of their fields is frozen by the file's version.

use std::sync::Arc;

use gridos_alarm::{Case, Deed, Edit, Memory, Moment, UsedKey, Withheld};
use gridos_model::{
    AlarmFacts, AlarmFlags, AlarmId, Level, Priority, Quality, Shelf, Suppression, Timestamp,
};
use rkyv::rancor;
use rkyv::util::AlignedVec;
use rkyv::with::InlineAsBox;
use rkyv::{Archive, Serialize};

#[derive(Archive, Serialize)]
struct MemoryRow<'a> {
    sequence: u64,
    cases: Vec<CaseRow<'a>>,
    edits: Vec<EditRow<'a>>,
    keys: Vec<KeyRow<'a>>,
}

#[derive(Archive, Serialize)]
struct CaseRow<'a> {
    alarm: u64,
    occurrence: u64,
    sequence: u64,
    facts: FactsRow,
    raised: Option<MomentRow>,
    changed: Option<MomentRow>,
    worst: Option<MomentRow>,
    returned: Option<MomentRow>,
    annunciated_ns: Option<i64>,
    annunciations: u32,
    withheld: u8,
    acknowledged: Option<DeedRow<'a>>,
    hidden: Option<DeedRow<'a>>,
}

#[derive(Archive, Serialize)]
struct FactsRow {
    flags: u16,
    level: u8,
    worst: u8,
    priority: u8,
    suppression: u8,
    shelf: Option<ShelfRow>,
}

#[derive(Archive, Serialize)]
struct ShelfRow {
    until_ns: i64,
    one_shot: bool,
}

#[derive(Archive, Serialize)]
struct MomentRow {
    time_ns: i64,
    received_ns: i64,
    value: f64,
    quality: u32,
}

#[derive(Archive, Serialize)]
struct DeedRow<'a> {
    #[rkyv(with = InlineAsBox)]
    by: &'a str,
    at_ns: i64,
    #[rkyv(with = InlineAsBox)]
    comment: &'a str,
}

#[derive(Archive, Serialize)]
struct EditRow<'a> {
    alarm: u64,
    version: u32,
    base: u64,
    /// JSON, as in a record's note.
    definition: String,
    deed: DeedRow<'a>,
}

#[derive(Archive, Serialize)]
struct KeyRow<'a> {
    #[rkyv(with = InlineAsBox)]
    key: &'a str,
    alarm: u64,
    sequence: u64,
    order: u64,
}

/// Appends the archive of `memory` to `buffer`; writing to memory cannot fail.
pub(super) fn write(memory: &Memory, buffer: AlignedVec) -> AlignedVec {
    let row = MemoryRow::from(memory);
    match rkyv::api::high::to_bytes_in::<_, rancor::Panic>(&row, buffer) {
        Ok(whole) => whole,
        Err(never) => match never {},
    }
}

/// The memory whose archive ends `bytes`, which are aligned.
pub(super) fn read(bytes: &[u8]) -> Result<Memory, String> {
    let row = rkyv::access::<ArchivedMemoryRow<'_>, rancor::Error>(bytes);
    Memory::try_from(row.map_err(|error| error.to_string())?)
}

impl<'a> From<&'a Memory> for MemoryRow<'a> {
    fn from(memory: &'a Memory) -> Self {
        Self {
            sequence: memory.sequence,
            cases: memory.cases.values().map(CaseRow::from).collect(),
            edits: memory.edits.iter().map(EditRow::from).collect(),
            keys: memory.keys.iter().map(KeyRow::from).collect(),
        }
    }
}

impl<'a> From<&'a Case> for CaseRow<'a> {
    fn from(case: &'a Case) -> Self {
        let moment = |moment: Option<Moment>| moment.map(MomentRow::from);
        Self {
            alarm: case.alarm.raw(),
            occurrence: case.occurrence,
            sequence: case.sequence,
            facts: FactsRow::from(&case.facts),
            raised: moment(case.raised),
            changed: moment(case.changed),
            worst: moment(case.worst),
            returned: moment(case.returned),
            annunciated_ns: case.annunciated.map(Timestamp::as_nanos),
            annunciations: case.annunciations,
            withheld: case.withheld as u8,
            acknowledged: case.acknowledged.as_ref().map(DeedRow::from),
            hidden: case.hidden.as_ref().map(DeedRow::from),
        }
    }
}

fn withheld(raw: u8) -> Result<Withheld, String> {
    match raw {
        raw if raw == Withheld::Nothing as u8 => Ok(Withheld::Nothing),
        raw if raw == Withheld::More as u8 => Ok(Withheld::More),
        raw if raw == Withheld::All as u8 => Ok(Withheld::All),
        raw => Err(format!("nothing is withheld as {raw}")),
    }
}

impl From<&AlarmFacts> for FactsRow {
    fn from(facts: &AlarmFacts) -> Self {
        Self {
            flags: facts.flags.bits(),
            level: facts.level as u8,
            worst: facts.worst as u8,
            priority: facts.priority as u8,
            suppression: facts.suppression.bits(),
            shelf: facts.shelf.map(|shelf| ShelfRow {
                until_ns: shelf.until.as_nanos(),
                one_shot: shelf.is_one_shot,
            }),
        }
    }
}

impl From<Moment> for MomentRow {
    fn from(moment: Moment) -> Self {
        Self {
            time_ns: moment.time.as_nanos(),
            received_ns: moment.received.as_nanos(),
            value: moment.value,
            quality: moment.quality.bits(),
        }
    }
}

impl<'a> From<&'a Deed> for DeedRow<'a> {
    fn from(deed: &'a Deed) -> Self {
        Self {
            by: &deed.by,
            at_ns: deed.at.as_nanos(),
            comment: &deed.comment,
        }
    }
}

impl<'a> From<(&AlarmId, &'a Edit)> for EditRow<'a> {
    fn from((alarm, edit): (&AlarmId, &'a Edit)) -> Self {
        Self {
            alarm: alarm.raw(),
            version: edit.version,
            base: edit.base,
            // A checked definition has no number that JSON has not.
            definition: serde_json::to_string(&*edit.definition).unwrap_or_default(),
            deed: DeedRow::from(&edit.deed),
        }
    }
}

impl<'a> From<&'a UsedKey> for KeyRow<'a> {
    fn from(used: &'a UsedKey) -> Self {
        Self {
            key: &used.key,
            alarm: used.alarm.raw(),
            sequence: used.sequence,
            order: used.order,
        }
    }
}

impl TryFrom<&ArchivedMemoryRow<'_>> for Memory {
    type Error = String;

    fn try_from(row: &ArchivedMemoryRow<'_>) -> Result<Self, String> {
        let cases = row.cases.iter().map(Case::try_from);
        let cases = cases.map(|case| case.map(|case| (case.alarm, case)));
        let edits = row.edits.iter().map(|row| {
            let alarm = AlarmId::from_raw(row.alarm.to_native());
            Edit::try_from(row).map(|edit| (alarm, edit))
        });
        Ok(Self {
            sequence: row.sequence.to_native(),
            cases: cases.collect::<Result<_, _>>()?,
            edits: edits.collect::<Result<_, _>>()?,
            keys: row.keys.iter().map(UsedKey::from).collect(),
        })
    }
}

impl TryFrom<&ArchivedCaseRow<'_>> for Case {
    type Error = String;

    fn try_from(row: &ArchivedCaseRow<'_>) -> Result<Self, String> {
        let annunciated = row.annunciated_ns.as_ref();
        Ok(Self {
            alarm: AlarmId::from_raw(row.alarm.to_native()),
            occurrence: row.occurrence.to_native(),
            sequence: row.sequence.to_native(),
            facts: AlarmFacts::try_from(&row.facts)?,
            raised: row.raised.as_ref().map(Moment::from),
            changed: row.changed.as_ref().map(Moment::from),
            worst: row.worst.as_ref().map(Moment::from),
            returned: row.returned.as_ref().map(Moment::from),
            annunciated: annunciated.map(|nanos| Timestamp::from_nanos(nanos.to_native())),
            annunciations: row.annunciations.to_native(),
            withheld: withheld(row.withheld)?,
            acknowledged: row.acknowledged.as_ref().map(Deed::from),
            hidden: row.hidden.as_ref().map(Deed::from),
        })
    }
}

impl TryFrom<&ArchivedFactsRow> for AlarmFacts {
    type Error = String;

    fn try_from(row: &ArchivedFactsRow) -> Result<Self, String> {
        let level = |raw| Level::from_raw(raw).ok_or_else(|| format!("there is no level {raw}"));
        let priority = Priority::from_raw(row.priority);
        Ok(Self {
            level: level(row.level)?,
            worst: level(row.worst)?,
            priority: priority.ok_or_else(|| format!("there is no priority {}", row.priority))?,
            flags: AlarmFlags::from_bits_retain(row.flags.to_native()),
            suppression: Suppression::from_bits_retain(row.suppression),
            shelf: row.shelf.as_ref().map(|shelf| Shelf {
                until: Timestamp::from_nanos(shelf.until_ns.to_native()),
                is_one_shot: shelf.one_shot,
            }),
        })
    }
}

impl From<&ArchivedMomentRow> for Moment {
    fn from(row: &ArchivedMomentRow) -> Self {
        Self {
            time: Timestamp::from_nanos(row.time_ns.to_native()),
            received: Timestamp::from_nanos(row.received_ns.to_native()),
            value: row.value.to_native(),
            quality: Quality::from_bits_retain(row.quality.to_native()),
        }
    }
}

impl From<&ArchivedDeedRow<'_>> for Deed {
    fn from(row: &ArchivedDeedRow<'_>) -> Self {
        Self {
            by: (*row.by).into(),
            at: Timestamp::from_nanos(row.at_ns.to_native()),
            comment: (*row.comment).into(),
        }
    }
}

impl TryFrom<&ArchivedEditRow<'_>> for Edit {
    type Error = String;

    fn try_from(row: &ArchivedEditRow<'_>) -> Result<Self, String> {
        let definition = serde_json::from_str(&row.definition);
        Ok(Self {
            version: row.version.to_native(),
            base: row.base.to_native(),
            definition: Arc::new(definition.map_err(|error| error.to_string())?),
            deed: Deed::from(&row.deed),
        })
    }
}

impl From<&ArchivedKeyRow<'_>> for UsedKey {
    fn from(row: &ArchivedKeyRow<'_>) -> Self {
        Self {
            key: (*row.key).into(),
            alarm: AlarmId::from_raw(row.alarm.to_native()),
            sequence: row.sequence.to_native(),
            order: row.order.to_native(),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use gridos_alarm::{Condition, Definition, Limits};
    use gridos_journal::{Position, StreamId, Tail};
    use gridos_model::AlarmKind;

    use super::super::Snapshot;
    use super::*;

    fn moment(millis: i64) -> Option<Moment> {
        Some(Moment {
            time: Timestamp::from_millis(millis),
            received: Timestamp::from_millis(millis + 1),
            value: millis as f64,
            quality: Quality::GOOD,
        })
    }

    fn deed(by: &str) -> Deed {
        Deed {
            by: by.into(),
            at: Timestamp::from_millis(4),
            comment: "why".into(),
        }
    }

    /// One with everything that there can be.
    pub(in super::super) fn snapshot() -> Snapshot {
        let full = Case {
            occurrence: 5,
            sequence: 6,
            facts: AlarmFacts {
                level: Level::High,
                worst: Level::HighHigh,
                priority: Priority::Urgent,
                flags: AlarmFlags::all(),
                suppression: Suppression::all(),
                shelf: Some(Shelf {
                    until: Timestamp::from_millis(9),
                    is_one_shot: true,
                }),
            },
            raised: moment(1),
            changed: moment(2),
            worst: moment(3),
            returned: moment(4),
            annunciated: Some(Timestamp::from_millis(5)),
            annunciations: 7,
            withheld: Withheld::More,
            acknowledged: Some(deed("ada")),
            hidden: Some(deed("")),
            ..Case::new(AlarmId::of("d.a", AlarmKind::Limit))
        };
        let empty = Case::new(AlarmId::of("d.b", AlarmKind::Quality));
        let limits = Limits::new(Some(9.5), None, None, None, 0.5).unwrap();
        let edit = Edit {
            version: 3,
            base: u64::MAX,
            definition: Arc::new(Definition::new(Condition::Limit(limits))),
            deed: deed("grace"),
        };
        let used = UsedKey {
            key: "key".into(),
            alarm: full.alarm,
            sequence: 6,
            order: 8,
        };
        Snapshot {
            memory: Memory {
                sequence: 6,
                edits: [(full.alarm, edit)].into(),
                keys: [used].into(),
                cases: [full, empty].map(|case| (case.alarm, case)).into(),
            },
            stream: StreamId::from_raw(77),
            tail: Tail {
                position: Position::new(1_024),
                readings: 12,
            },
        }
    }
}

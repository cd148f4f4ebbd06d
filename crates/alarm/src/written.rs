//! A case as JSON, for another engine that goes on with it.

use gridos_model::{
    AlarmFacts, AlarmFlags, AlarmId, Level, Priority, Quality, Shelf, Suppression, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::{Case, Deed, Moment, Withheld};

/// Numbers are those of the journal's records; times are nanoseconds since 1970; a value is its bits, because
/// JSON has no NaN.
#[derive(Deserialize, Serialize)]
struct Written {
    alarm: u64,
    occurrence: u64,
    sequence: u64,
    level: u8,
    worst: u8,
    priority: u8,
    flags: u16,
    suppression: u8,
    shelf: Option<(i64, bool)>,
    raised: Option<WrittenMoment>,
    changed: Option<WrittenMoment>,
    worst_at: Option<WrittenMoment>,
    returned: Option<WrittenMoment>,
    annunciated: Option<i64>,
    annunciations: u32,
    withheld: u8,
    acknowledged: Option<WrittenDeed>,
    hidden: Option<WrittenDeed>,
}

/// Time, reception, value, quality.
type WrittenMoment = (i64, i64, u64, u32);
/// By, at, comment.
type WrittenDeed = (String, i64, String);

impl Case {
    /// It as JSON, which [`Case::of_json`] reads back exactly.
    pub fn to_json(&self) -> String {
        let facts = &self.facts;
        let moment = |moment: Option<Moment>| {
            moment.map(|moment| {
                let (time, received) = (moment.time.as_nanos(), moment.received.as_nanos());
                (
                    time,
                    received,
                    moment.value.to_bits(),
                    moment.quality.bits(),
                )
            })
        };
        let deed = |deed: &Option<Deed>| {
            let deed = deed.as_ref();
            deed.map(|deed| {
                (
                    deed.by.to_string(),
                    deed.at.as_nanos(),
                    deed.comment.to_string(),
                )
            })
        };
        let written = Written {
            alarm: self.alarm.raw(),
            occurrence: self.occurrence,
            sequence: self.sequence,
            level: facts.level as u8,
            worst: facts.worst as u8,
            priority: facts.priority as u8,
            flags: facts.flags.bits(),
            suppression: facts.suppression.bits(),
            shelf: facts
                .shelf
                .map(|shelf| (shelf.until.as_nanos(), shelf.is_one_shot)),
            raised: moment(self.raised),
            changed: moment(self.changed),
            worst_at: moment(self.worst),
            returned: moment(self.returned),
            annunciated: self.annunciated.map(Timestamp::as_nanos),
            annunciations: self.annunciations,
            withheld: self.withheld as u8,
            acknowledged: deed(&self.acknowledged),
            hidden: deed(&self.hidden),
        };
        // Numbers and texts cannot fail.
        serde_json::to_string(&written).unwrap_or_default()
    }

    /// The case that [`Case::to_json`] wrote; `None` if `text` is none.
    pub fn of_json(text: &str) -> Option<Self> {
        let written: Written = serde_json::from_str(text).ok()?;
        let moment = |moment: Option<WrittenMoment>| {
            moment.map(|(time, received, value, quality)| Moment {
                time: Timestamp::from_nanos(time),
                received: Timestamp::from_nanos(received),
                value: f64::from_bits(value),
                quality: Quality::from_bits_retain(quality),
            })
        };
        let deed = |deed: Option<WrittenDeed>| {
            deed.map(|(by, at, comment)| Deed {
                by: by.into(),
                at: Timestamp::from_nanos(at),
                comment: comment.into(),
            })
        };
        let withheld = [Withheld::Nothing, Withheld::More, Withheld::All];
        Some(Self {
            alarm: AlarmId::from_raw(written.alarm),
            occurrence: written.occurrence,
            sequence: written.sequence,
            facts: AlarmFacts {
                level: Level::from_raw(written.level)?,
                worst: Level::from_raw(written.worst)?,
                priority: Priority::from_raw(written.priority)?,
                flags: AlarmFlags::from_bits_retain(written.flags),
                suppression: Suppression::from_bits_retain(written.suppression),
                shelf: written.shelf.map(|(until, is_one_shot)| Shelf {
                    until: Timestamp::from_nanos(until),
                    is_one_shot,
                }),
            },
            raised: moment(written.raised),
            changed: moment(written.changed),
            worst: moment(written.worst_at),
            returned: moment(written.returned),
            annunciated: written.annunciated.map(Timestamp::from_nanos),
            annunciations: written.annunciations,
            withheld: withheld
                .into_iter()
                .find(|w| *w as u8 == written.withheld)?,
            acknowledged: deed(written.acknowledged),
            hidden: deed(written.hidden),
        })
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::AlarmKind;

    use super::*;

    #[test]
    fn a_case_reads_back() {
        let moment = |n: i64| {
            Some(Moment {
                time: Timestamp::from_nanos(n),
                received: Timestamp::from_nanos(i64::MAX - n),
                value: [f64::INFINITY, -0.1][usize::from(n % 2 == 0)],
                quality: Quality::all(),
            })
        };
        let full = Case {
            alarm: AlarmId::of("d.p", AlarmKind::Limit),
            occurrence: u64::MAX,
            sequence: u64::MAX - 1,
            facts: AlarmFacts {
                level: Level::Normal,
                worst: Level::HighHigh,
                priority: Priority::Urgent,
                flags: AlarmFlags::all(),
                suppression: Suppression::all(),
                shelf: Some(Shelf {
                    until: Timestamp::from_nanos(1),
                    is_one_shot: true,
                }),
            },
            raised: moment(1),
            changed: moment(2),
            worst: moment(3),
            returned: moment(4),
            annunciated: Some(Timestamp::from_nanos(-5)),
            annunciations: u32::MAX,
            withheld: Withheld::All,
            acknowledged: Some(Deed {
                by: "ada".into(),
                at: Timestamp::from_nanos(6),
                comment: "\"seen\"".into(),
            }),
            hidden: Some(Deed {
                by: "".into(),
                at: Timestamp::from_nanos(7),
                comment: "".into(),
            }),
        };
        let text = full.to_json();
        assert_eq!(Case::of_json(&text), Some(full));
        for cut in (0..text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            assert_eq!(Case::of_json(&text[..cut]), None);
        }
        let empty = Case::new(AlarmId::of("d", AlarmKind::Link));
        assert_eq!(Case::of_json(&empty.to_json()), Some(empty));
    }
}

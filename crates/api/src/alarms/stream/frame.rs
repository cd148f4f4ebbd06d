//! Events of a stream as they go over the wire (WHATWG HTML §9.2, "Server-sent events").

use gridos_alarm::Case;
use gridos_model::{AlarmId, AlarmRecord};
use gridos_pipeline::{AlarmBook, BookEntry};
use serde::Serialize;

use crate::alarms::wire::{ShownCase, ShownRecord};
use crate::body::Time;
use crate::sse::event;

/// Keeps what stands between the client and the engine from closing a connection that is quiet.
pub(super) const HEARTBEAT: &str = ": here\n\n";

/// Which record a client has seen, how many confirmations, and in which life of the engine: after a
/// restart, or at another engine behind the same address, the same number may be another record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) sequence: u64,
    pub(super) confirmations: u64,
    pub(super) life: u64,
}

impl Seen {
    /// Reads a `Last-Event-ID`; `None` if it is none of this engine's.
    pub(super) fn of(text: &str, life: u64) -> Option<Self> {
        let (sequence, rest) = text.split_once('-')?;
        let (confirmations, own) = rest.split_once('-')?;
        let own = u64::from_str_radix(own, 16).ok()?;
        let seen = Self {
            sequence: sequence.parse().ok()?,
            confirmations: confirmations.parse().ok()?,
            life,
        };
        (own == life).then_some(seen)
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            sequence,
            confirmations,
            life,
        } = self;
        write!(f, "{sequence}-{confirmations}-{life:016x}")
    }
}

/// A part of the table.
#[derive(Serialize)]
struct Snapshot<'a> {
    /// The engine's clock.
    time: Time,
    /// The last record that is in it.
    sequence: u64,
    /// Which part, from 0; with the first one the client forgets what it had.
    part: usize,
    /// Whether it is the last one.
    complete: bool,
    alarms: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    name: Option<String>,
    #[serde(flatten)]
    place: Place,
    #[serde(flatten)]
    case: ShownCase<'a>,
}

/// A record, with where its alarm belongs: whoever follows has seen no list.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    record: ShownRecord<'a>,
    #[serde(flatten)]
    place: Place,
}

/// Where an alarm belongs; null if it is configured no more.
#[derive(Serialize)]
struct Place {
    device: Option<String>,
    area: Option<String>,
}

impl Place {
    fn of(entry: Option<&BookEntry>) -> Self {
        Self {
            device: entry.map(|entry| entry.device_name().to_owned()),
            area: entry.map(|entry| entry.area.to_string()),
        }
    }
}

/// Which part of a table, and whether it is the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    pub(super) number: usize,
    pub(super) is_last: bool,
}

/// A part of the table as of the record `seen`. Only the last one has an id: a client that has
/// not got all parts must begin again.
pub(super) fn snapshot<'a>(
    seen: Seen,
    part: Part,
    cases: impl IntoIterator<Item = &'a Case>,
    book: &AlarmBook,
    time: Time,
) -> String {
    let cases = cases.into_iter();
    let alarms = cases.map(|case| {
        let entry = book.find(case.alarm);
        Named {
            name: entry.as_ref().map(BookEntry::name),
            place: Place::of(entry.as_ref()),
            case: case.into(),
        }
    });
    let data = Snapshot {
        time,
        sequence: seen.sequence,
        part: part.number,
        complete: part.is_last,
        alarms: alarms.collect(),
    };
    let mut text = String::new();
    event(&mut text, "snapshot", part.is_last.then_some(seen), &data);
    text
}

/// Active alarms of an earlier life that are unconfirmed no more.
#[derive(Serialize)]
struct Confirmed {
    /// The last record before.
    sequence: u64,
    alarms: Vec<Reference>,
}

#[derive(Serialize)]
struct Reference {
    /// Text, because a number of 63 bits is not exact in JavaScript.
    id: String,
    name: Option<String>,
}

/// That the mark of `alarms` is gone, behind which a client has `seen` all that there was.
pub(super) fn confirmed(seen: Seen, alarms: &[AlarmId], book: &AlarmBook) -> String {
    let alarms = alarms.iter().map(|alarm| Reference {
        id: alarm.raw().to_string(),
        name: name(book, *alarm),
    });
    let data = Confirmed {
        sequence: seen.sequence,
        alarms: alarms.collect(),
    };
    let mut text = String::new();
    event(&mut text, "confirmed", Some(seen), &data);
    text
}

/// What happened behind what was `before`, in order.
pub(super) fn records<'a>(
    before: Seen,
    records: impl IntoIterator<Item = &'a AlarmRecord>,
    book: &AlarmBook,
) -> String {
    let mut text = String::new();
    for record in records {
        let seen = Seen {
            sequence: record.sequence,
            ..before
        };
        let entry = book.find(record.alarm);
        let data = Told {
            record: ShownRecord::new(record, entry.as_ref().map(BookEntry::name)),
            place: Place::of(entry.as_ref()),
        };
        event(&mut text, "record", Some(seen), &data);
    }
    text
}

fn name(book: &AlarmBook, alarm: AlarmId) -> Option<String> {
    book.find(alarm).map(|entry| entry.name())
}

#[cfg(test)]
mod tests {
    use gridos_model::Timestamp;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_last_part_of_a_snapshot_can_be_gone_on_from() {
        let case = Case::new(AlarmId::from_raw(7));
        let seen = Seen {
            sequence: 5,
            confirmations: 3,
            life: 0xab,
        };
        let part = |number, is_last| {
            let part = Part { number, is_last };
            let time = Time(Timestamp::EPOCH);
            snapshot(seen, part, [&case], &AlarmBook::default(), time)
        };
        assert!(!part(0, false).contains("id: "));
        let last = part(1, true);
        let lines: Vec<_> = last.lines().collect();
        assert_eq!(lines[..2], ["event: snapshot", "id: 5-3-00000000000000ab"]);
        assert!(lines[2].starts_with("data: {"), "{last}");
        assert!(last.ends_with("}\n\n"));
        assert_eq!(lines.len(), 4);
    }

    proptest! {
        #[test]
        fn what_was_seen_is_known_again_in_the_same_life(
            sequence: u64, confirmations: u64, life: u64, other: u64,
        ) {
            let seen = Seen { sequence, confirmations, life };
            prop_assert_eq!(Seen::of(&seen.to_string(), life), Some(seen));
            prop_assert_eq!(Seen::of(&seen.to_string(), other).is_some(), other == life);
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = Seen::of(&text, 0);
        }
    }
}

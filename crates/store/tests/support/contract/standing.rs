//! Alarms that stood at an instant are told with since when, however long ago that was.

use std::collections::BTreeMap;

use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmKind, AlarmRecord, Level, Shelf, Timestamp,
};

use super::alarms::{FEEDER, SILENT, add_silent, record};
use super::{IA, IB, Kind, fresh};
use crate::support::fixture::{Fixture, at};

/// The story of one alarm by what happened at which second, whether operators were told, and the
/// level and flags after it.
struct Told {
    owner: &'static str,
    kind: AlarmKind,
    events: Vec<(u64, AlarmAction, bool, AlarmFacts)>,
}

fn facts(level: Level, flags: AlarmFlags) -> AlarmFacts {
    AlarmFacts {
        level,
        worst: level,
        flags,
        ..AlarmFacts::REST
    }
}

/// What stood an hour after midnight, and what did not.
fn long_stories() -> Vec<Told> {
    let (new, seen) = (AlarmFlags::UNACKNOWLEDGED, AlarmFlags::empty());
    let [high, over] = [Level::High, Level::Normal];
    let shelf = Some(Shelf {
        until: at(7_200_000),
        is_one_shot: false,
    });
    let shelved = AlarmFacts {
        shelf,
        ..facts(high, new)
    };
    let told = |owner, kind, events: &[(u64, AlarmAction, bool, AlarmFacts)]| Told {
        owner,
        kind,
        events: events.to_vec(),
    };
    use AlarmAction::{Acknowledged, Escalated, Raised, ReAnnunciated, Returned, Shelved};
    vec![
        // Seen, became worse, and was told again: it waits since then.
        told(
            IA,
            AlarmKind::Limit,
            &[
                (1, Raised, true, facts(high, new)),
                (10, Returned, false, facts(over, new)),
                (20, Raised, true, facts(high, new)),
                (30, Acknowledged, false, facts(high, seen)),
                (40, Escalated, true, facts(Level::HighHigh, new)),
                (50, ReAnnunciated, true, facts(Level::HighHigh, new)),
                (3_600, Returned, false, facts(over, new)),
            ],
        ),
        told(
            IA,
            AlarmKind::Quality,
            &[
                (60, Raised, true, facts(high, new)),
                (61, Acknowledged, false, facts(high, seen)),
            ],
        ),
        // Nobody has seen that it was there.
        told(
            IB,
            AlarmKind::Limit,
            &[
                (70, Raised, true, facts(high, new)),
                (71, Returned, false, facts(over, new)),
            ],
        ),
        told(
            IB,
            AlarmKind::Stale,
            &[
                (80, Raised, true, facts(high, new)),
                (81, Shelved, false, shelved),
            ],
        ),
        // At rest by then, or not raised yet.
        told(
            FEEDER,
            AlarmKind::Link,
            &[
                (90, Raised, true, facts(high, new)),
                (91, Acknowledged, false, facts(high, seen)),
                (92, Returned, false, facts(over, seen)),
            ],
        ),
        told(
            SILENT,
            AlarmKind::Link,
            &[(3_600, Raised, true, facts(high, new))],
        ),
    ]
}

/// The records of those stories in the order of time.
fn long_records() -> Vec<AlarmRecord> {
    let stories = long_stories();
    let mut events: Vec<_> = stories
        .iter()
        .flat_map(|story| story.events.iter().map(move |event| (story, event)))
        .collect();
    events.sort_by_key(|(_, event)| event.0);
    let mut occurrences = BTreeMap::new();
    let mut records = Vec::new();
    for (sequence, (story, (second, action, is_annunciated, after))) in (1..).zip(events) {
        let fresh = record(sequence, story.owner, story.kind);
        if *action == AlarmAction::Raised {
            occurrences.insert(fresh.alarm, sequence);
        }
        records.push(AlarmRecord {
            occurrence: occurrences[&fresh.alarm],
            action: *action,
            is_annunciated: *is_annunciated,
            after: *after,
            received: at(i64::try_from(*second).unwrap() * 1_000),
            ..fresh
        });
    }
    records
}

pub(super) async fn what_stands_is_known(kind: &dyn Kind) {
    let store = fresh(kind, "alarm_standing").await;
    let mut fixture = Fixture::new();
    add_silent(&fixture);
    fixture.journal().append_alarms(&long_records());
    let (stream, chunk) = (fixture.stream(), fixture.all());
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let seconds = |time: Option<Timestamp>| time.map(|time| time.since(at(0)).as_secs());
    let standing = async |at: Timestamp| {
        let rows = store.alarms_standing(at).await.unwrap();
        let rows = rows.into_iter().map(|row| {
            let times = [row.raised, row.waiting].map(seconds);
            (row.alarm, (times, row.is_hidden))
        });
        rows.collect::<BTreeMap<_, _>>()
    };
    let of = |owner: &str, kind| AlarmId::of(owner, kind);
    let expected = [
        (of(IA, AlarmKind::Limit), ([Some(20), Some(40)], false)),
        (of(IA, AlarmKind::Quality), ([Some(60), None], false)),
        (of(IB, AlarmKind::Limit), ([None, Some(70)], false)),
        (of(IB, AlarmKind::Stale), ([Some(80), Some(80)], true)),
    ];
    assert_eq!(standing(at(3_600_000)).await, expected.into());
    // A microsecond later the last records are known as well.
    let later = standing(Timestamp::from_micros(at(3_600_000).as_micros() + 1)).await;
    assert_eq!(later[&of(IA, AlarmKind::Limit)], ([None, Some(40)], false));
    assert_eq!(
        later[&of(SILENT, AlarmKind::Link)],
        ([Some(3_600), Some(3_600)], false)
    );
    assert_eq!(later.len(), 5);
    assert!(standing(at(1_000)).await.is_empty());
    // Of what retention deleted, the oldest that is left is told.
    let delete = "delete from alarm_event where action = 'raised' and received < \
                  (select received from alarm_event where action = 'shelved')";
    kind.sql("alarm_standing", delete).await;
    let left = standing(at(3_600_000)).await;
    assert_eq!(left[&of(IA, AlarmKind::Quality)], ([Some(61), None], false));
    assert_eq!(left.len(), 4);
}

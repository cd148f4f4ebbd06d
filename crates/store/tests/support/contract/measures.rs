//! The measures of alarms over what is stored, against numbers reckoned by hand.

use gridos_alarm::kpi::{KpiReport, Measures, Occurred, Standing, Targets};
use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmKind, AlarmRecord, Level, Priority,
    Timestamp,
};
use gridos_store::{AlarmEventsQuery, Store};

use super::alarms::{FEEDER, SILENT, add_silent, record};
use super::{IA, IB, Kind, STATE, fresh};
use crate::support::fixture::{Fixture, at};

const HOUR: i64 = 3_600;

/// A day of a plant, told before the day by half a day.
struct Day {
    records: Vec<AlarmRecord>,
}

impl Day {
    /// At `second` of the day, the alarm's `action`.
    fn happens(&mut self, second: i64, owner: &str, kind: AlarmKind, action: AlarmAction) {
        let sequence = self.records.len() as u64 + 1;
        let fresh = record(sequence, owner, kind);
        let before = self.records.iter().rev();
        let before = before.clone().find(|record| record.alarm == fresh.alarm);
        let mut after = before.map_or(AlarmFacts::REST, |record| record.after);
        match action {
            AlarmAction::Raised => {
                after.level = Level::High;
                after.flags = AlarmFlags::UNACKNOWLEDGED;
            }
            AlarmAction::Returned => after.level = Level::Normal,
            _ => after.flags = AlarmFlags::empty(),
        }
        after.priority = match kind {
            AlarmKind::Link => Priority::High,
            _ => Priority::Low,
        };
        let time = at(second * 1_000);
        let is_raised = action == AlarmAction::Raised;
        let last = before.map_or(0, |record| record.occurrence);
        self.records.push(AlarmRecord {
            occurrence: if is_raised { sequence } else { last },
            action,
            is_annunciated: is_raised,
            after,
            time,
            received: time,
            ..fresh
        });
    }

    fn stands(&mut self, second: i64, until: i64, owner: &str, kind: AlarmKind) {
        self.happens(second, owner, kind, AlarmAction::Raised);
        self.happens(until, owner, kind, AlarmAction::Returned);
    }
}

fn story() -> Vec<AlarmRecord> {
    use AlarmAction::{Acknowledged, Raised, Returned};
    let mut day = Day {
        records: Vec::new(),
    };
    // Stands since six hours before the day, and nothing of it happens in the day.
    day.happens(-6 * HOUR, SILENT, AlarmKind::Link, Raised);
    // Waits for five minutes of the day and one before it.
    day.happens(-60, FEEDER, AlarmKind::Link, Raised);
    day.happens(300, FEEDER, AlarmKind::Link, Acknowledged);
    day.happens(400, FEEDER, AlarmKind::Link, Returned);
    // Chatters, each time for five seconds; twelve times within four minutes: a flood.
    for turn in 0..12 {
        let second = HOUR + turn * 20;
        day.stands(second, second + 5, IA, AlarmKind::Limit);
    }
    day.happens(HOUR + 240, IA, AlarmKind::Limit, Acknowledged);
    // The engine restarts: what stands goes on standing, and nothing is told anew.
    day.happens(5 * HOUR, IB, AlarmKind::Quality, Raised);
    day.happens(6 * HOUR, IB, AlarmKind::Quality, Acknowledged);
    day.happens(7 * HOUR, IB, AlarmKind::Quality, Returned);
    day.happens(24 * HOUR - 1, STATE, AlarmKind::State, Raised);
    day.happens(24 * HOUR, STATE, AlarmKind::State, Acknowledged);
    day.records
}

/// The report of a span as a client of the store makes it, page by page.
async fn report(store: &dyn Store, from: Timestamp, until: Timestamp) -> KpiReport {
    let targets = Targets::USUAL;
    let mut measures = Measures::new(targets, from, 1);
    let begin = from.saturating_sub(targets.lead());
    for row in store.alarms_standing(begin).await.unwrap() {
        measures.seed(&Standing {
            alarm: row.alarm,
            raised: row.raised,
            waiting: row.waiting,
            is_hidden: row.is_hidden,
        });
    }
    let mut query = AlarmEventsQuery {
        ascending: true,
        ..AlarmEventsQuery::between(begin, until, 7)
    };
    let mut names = std::collections::HashMap::new();
    loop {
        let page = store.alarm_events(&query).await.unwrap();
        for row in &page {
            names.insert(row.record.alarm, row.name.clone().unwrap());
            measures.add(&Occurred::of(&row.record, 0));
        }
        query.after = page.last().map(|row| row.place);
        if page.len() < query.limit {
            break;
        }
    }
    let name = |alarm: AlarmId| names.get(&alarm).cloned().unwrap_or("unnamed".to_owned());
    measures.finish(until, &["all".to_owned()], name)
}

pub(super) async fn measures_are_those_reckoned_by_hand(kind: &dyn Kind) {
    let store = fresh(kind, "alarm_measures").await;
    let mut fixture = Fixture::new();
    add_silent(&fixture);
    fixture.journal().append_alarms(&story());
    let (stream, chunk) = (fixture.stream(), fixture.all());
    store.write(stream, &chunk, fixture.book()).await.unwrap();
    let day = report(&*store, at(0), at(24 * HOUR * 1_000)).await;

    let load = &day.areas[0];
    assert_eq!((load.annunciations, day.activations), (14, 14));
    assert_eq!(load.average, 14.0 / 144.0);
    assert_eq!((load.peak, load.peak_at), (12, at(HOUR * 1_000)));
    assert_eq!(load.windows_over_share, 1.0 / 144.0);
    let flood = &load.floods[0];
    // The eleventh, and ten minutes behind the fifth from the end.
    let (start, end) = (HOUR + 200, HOUR + 140 + 600);
    assert_eq!(load.floods.len(), 1);
    assert_eq!(
        (flood.start, flood.end),
        (at(start * 1_000), Some(at(end * 1_000)))
    );
    assert_eq!(
        (&*flood.first_out, flood.annunciations),
        ("sub1.feeder-01.ia:limit", 12)
    );
    assert_eq!(load.flood_share, 540.0 / 86_400.0);

    assert_eq!((day.priorities.low, day.priorities.high), (14, 0));
    let chatters = (&*day.chattering[0].alarm, day.chattering[0].times);
    assert_eq!(chatters, ("sub1.feeder-01.ia:limit", 1));
    assert_eq!((day.chattering_total, day.fleeting_total), (1, 1));
    assert_eq!(day.fleeting[0].times, 12);
    assert_eq!(day.bad_actors[0].times, 12);

    // The silent device, for thirty hours, and the state that was raised in the last second.
    assert_eq!((day.standing_total, day.stale_total), (2, 1));
    assert_eq!(day.standing[0].since, at(-6 * HOUR * 1_000));
    assert_eq!(day.unacknowledged_total, 2);
    // 360, 240 and 3,600 s.
    let waits = day.acknowledgement;
    assert_eq!((waits.count, waits.p50_seconds), (3, 360.0));
    assert_eq!(waits.max_seconds, 3_600.0);

    // A night without any record: what stands is known all the same.
    let night = report(&*store, at(48 * HOUR * 1_000), at(49 * HOUR * 1_000)).await;
    assert_eq!((night.standing_total, night.stale_total), (2, 2));
    assert_eq!(night.areas[0].annunciations, 0);
    assert_eq!(night.unacknowledged_total, 1);
}

//! How long one alarm was active.

use std::time::Duration;

use gridos_model::{AlarmRecord, Level, Timestamp};

/// How long one alarm was active over a time range, by the times at the source.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Activity {
    /// In spans that are over.
    over: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// No record came yet.
    #[default]
    Unknown,
    Normal,
    Active(Timestamp),
}

impl Activity {
    /// That of an alarm that stood before the first record; `raised` is `None` if it was over.
    pub(super) fn since(raised: Option<Timestamp>) -> Self {
        Self {
            over: Duration::ZERO,
            state: raised.map_or(State::Normal, State::Active),
        }
    }

    /// Takes what happened next; of what was before `from`, only the state it led to counts.
    pub(super) fn take(&mut self, record: &AlarmRecord, from: Timestamp) {
        let is_active = record.after.level != Level::Normal;
        if self.state == State::Unknown && record.from != Level::Normal {
            // It was raised before whatever is told begins.
            self.state = State::Active(from.min(record.time));
        }
        match self.state {
            State::Unknown | State::Normal if is_active => {
                self.state = State::Active(record.time);
            }
            State::Unknown => self.state = State::Normal,
            State::Active(since) if !is_active => {
                self.state = State::Normal;
                self.over += record.time.since(since.max(from));
            }
            State::Normal | State::Active(_) => {}
        }
    }

    /// How long it was active between the two.
    pub(super) fn until(&self, from: Timestamp, until: Timestamp) -> Duration {
        match self.state {
            State::Active(since) => self.over + until.since(since.max(from)),
            State::Unknown | State::Normal => self.over,
        }
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::{AlarmAction, AlarmFacts, AlarmId, AlarmKind, Quality};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn record(seconds: i64, from: Level, to: Level) -> AlarmRecord {
        let is_raised = from == Level::Normal;
        AlarmRecord {
            sequence: 1,
            alarm: AlarmId::of("d.p", AlarmKind::Limit),
            occurrence: 1,
            action: match is_raised {
                true => AlarmAction::Raised,
                false => AlarmAction::Returned,
            },
            is_annunciated: is_raised,
            from,
            time: at(seconds),
            received: at(seconds),
            value: 1.0,
            quality: Quality::GOOD,
            after: AlarmFacts {
                level: to,
                ..AlarmFacts::REST
            },
            note: None,
        }
    }

    /// How many seconds from 100 s to 1,000 s.
    fn active(mut activity: Activity, records: &[AlarmRecord]) -> u64 {
        records
            .iter()
            .for_each(|record| activity.take(record, at(100)));
        activity.until(at(100), at(1_000)).as_secs()
    }

    #[test]
    fn what_is_before_the_range_does_not_count() {
        let spans = [(10, 20), (50, 200), (300, 400)];
        let records = spans.map(|(raised, returned)| {
            let raised = record(raised, Level::Normal, Level::High);
            [raised, record(returned, Level::High, Level::Normal)]
        });
        assert_eq!(active(Activity::default(), records.as_flattened()), 200);
    }

    #[test]
    fn what_was_raised_before_anything_is_told_is_active_since_then() {
        let returned = record(200, Level::High, Level::Normal);
        assert_eq!(
            active(Activity::default(), std::slice::from_ref(&returned)),
            100
        );
        assert_eq!(active(Activity::since(Some(at(150))), &[returned]), 50);
        let raised = record(400, Level::Normal, Level::High);
        assert_eq!(active(Activity::since(None), &[raised]), 600);
        assert_eq!(active(Activity::since(Some(at(50))), &[]), 900);
    }
}

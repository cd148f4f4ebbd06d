//! Clocks that run ahead: what claims to be of the future is stored as of its reception, and says so.
//!
//! A reading of next year would be the latest until then, and would lie where no partition is. The
//! past needs no such care: it goes where it belongs. The journal keeps what the source said.

use std::time::Duration;

use gridos_model::{
    AlarmRecord, Events, Quality, Sweep, Texts, TimeQuality, Timestamp, Transition,
};

/// How far ahead of its reception a source's time is believed: clocks that are set once a day drift less.
const AHEAD_MAX: Duration = Duration::from_secs(300);

/// Whether a source that says `time` cannot be believed.
fn is_ahead(time: Timestamp, received: Timestamp) -> bool {
    time > received.saturating_add(AHEAD_MAX)
}

/// The time a sweep is stored with, and what the column `time_quality` says of it: nothing if it is
/// synchronised, 1 if not, 2 if there is none, 3 if it is of the future and its reception stands for it.
pub fn of_sweep(sweep: &Sweep<'_>) -> (Timestamp, Option<i16>) {
    if is_ahead(sweep.time, sweep.received) {
        return (sweep.received, Some(3));
    }
    let code = match sweep.time_quality {
        TimeQuality::Synchronised => None,
        TimeQuality::Unsynchronised => Some(1),
        TimeQuality::None => Some(2),
    };
    (sweep.time, code)
}

/// A transition as it is stored.
pub fn of_transition(mut change: Transition) -> Transition {
    if is_ahead(change.time, change.received) {
        change.time = change.received;
        change.quality |= Quality::CLOCK_CLAMPED;
    }
    change
}

/// What happened to an alarm as it is stored.
pub fn of_alarm(mut record: AlarmRecord) -> AlarmRecord {
    if is_ahead(record.time, record.received) {
        record.time = record.received;
        record.quality |= Quality::CLOCK_CLAMPED;
    }
    record
}

/// A batch of events as it is stored.
#[derive(Debug)]
pub struct StoredEvents<'a> {
    events: Events<'a>,
    clamped: Option<Clamped>,
}

impl<'a> StoredEvents<'a> {
    /// Looks at the times of `events`; copies times and qualities only if one of them is ahead.
    pub fn of(events: Events<'a>) -> Self {
        let clamped = Clamped::of(events.times, events.qualities, events.received);
        Self { events, clamped }
    }

    /// The columns to store.
    pub fn columns(&self) -> Events<'_> {
        match &self.clamped {
            None => self.events,
            Some(Clamped { times, qualities }) => Events {
                times,
                qualities,
                ..self.events
            },
        }
    }
}

/// A batch of texts as it is stored.
#[derive(Debug)]
pub struct StoredTexts<'a> {
    texts: Texts<'a>,
    clamped: Option<Clamped>,
}

impl<'a> StoredTexts<'a> {
    /// Looks at the times of `texts`; copies times and qualities only if one of them is ahead.
    pub fn of(texts: Texts<'a>) -> Self {
        let clamped = Clamped::of(texts.times, texts.qualities, texts.received);
        Self { texts, clamped }
    }

    /// The columns to store.
    pub fn columns(&self) -> Texts<'_> {
        match &self.clamped {
            None => self.texts,
            Some(Clamped { times, qualities }) => Texts {
                times,
                qualities,
                ..self.texts
            },
        }
    }
}

/// The columns of a batch that has times ahead.
#[derive(Debug)]
struct Clamped {
    times: Vec<Timestamp>,
    qualities: Vec<Quality>,
}

impl Clamped {
    /// `None` if no time is ahead, as nearly always.
    fn of(times: &[Timestamp], qualities: &[Quality], received: Timestamp) -> Option<Self> {
        let believed_until = received.saturating_add(AHEAD_MAX);
        if times.iter().all(|time| *time <= believed_until) {
            return None;
        }
        let mut clamped = Self {
            times: times.to_vec(),
            qualities: qualities.to_vec(),
        };
        clamped.qualities.resize(times.len(), Quality::GOOD);
        for (time, quality) in clamped.times.iter_mut().zip(&mut clamped.qualities) {
            if *time > believed_until {
                *time = received;
                *quality |= Quality::CLOCK_CLAMPED;
            }
        }
        Some(clamped)
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::LayoutId;
    use proptest::prelude::*;

    use super::*;

    fn times() -> impl Strategy<Value = Vec<i64>> {
        let near = -600_000_000_000_i64..600_000_000_000;
        prop::collection::vec(prop_oneof![3 => near, 1 => any::<i64>()], 1..40)
    }

    proptest! {
        #[test]
        fn only_what_is_ahead_is_changed_and_says_so(
            times in times(),
            received in prop_oneof![Just(0), any::<i64>()],
            judged in any::<bool>(),
        ) {
            let received = Timestamp::from_nanos(received);
            let times: Vec<_> = times.into_iter().map(Timestamp::from_nanos).collect();
            let points: Vec<u32> = (0..).take(times.len()).collect();
            let values: Vec<f64> = points.iter().map(|point| f64::from(*point)).collect();
            let qualities = vec![Quality::LATE; if judged { times.len() } else { 0 }];
            let batch = Events {
                layout: LayoutId::from_raw(1),
                received,
                points: &points,
                times: &times,
                values: &values,
                qualities: &qualities,
            };
            let stored = StoredEvents::of(batch);
            let columns = stored.columns();
            prop_assert_eq!((columns.points, columns.values), (batch.points, batch.values));
            for (index, time) in times.iter().enumerate() {
                let said = qualities.get(index).copied().unwrap_or_default();
                let quality = columns.qualities.get(index).copied().unwrap_or_default();
                let ahead = i128::from(time.as_nanos()) - i128::from(received.as_nanos());
                let expected = match ahead > 300_000_000_000 {
                    true => (received, said | Quality::CLOCK_CLAMPED),
                    false => (*time, said),
                };
                prop_assert_eq!((columns.times[index], quality), expected);
                let sweep = Sweep {
                    layout: batch.layout,
                    time: *time,
                    time_quality: TimeQuality::Unsynchronised,
                    received,
                    values: &[],
                    qualities: &[],
                };
                let code = if ahead > 300_000_000_000 { 3 } else { 1 };
                prop_assert_eq!(of_sweep(&sweep), (expected.0, Some(code)));
            }
        }
    }
}

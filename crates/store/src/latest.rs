//! The youngest event of each point in a chunk: what the table `latest_event` must learn.

use std::collections::HashMap;
use std::time::Duration;

use gridos_model::{Events, LayoutId, Quality, Timestamp};

/// The youngest event of one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LatestEvent {
    pub(crate) layout: LayoutId,
    pub(crate) position: u32,
    pub(crate) time: Timestamp,
    pub(crate) value: f64,
    pub(crate) quality: Quality,
}

/// An event that claims to be further ahead of its reception counts as of then: else one wrong clock
/// would keep everything after it from being the latest.
const AHEAD_MAX: Duration = Duration::from_secs(60);

/// The youngest event of each point; of two at one time, the later arrival.
///
/// Positions must lie within their layouts: a slot is kept for each position below the largest.
pub(crate) fn latest_events(batches: &[Events<'_>]) -> Vec<LatestEvent> {
    let mut latest: Vec<LatestEvent> = Vec::new();
    // Per layout and position, one more than the place in `latest`; 0 if it has none.
    let mut places: HashMap<LayoutId, Vec<usize>> = HashMap::new();
    for events in batches {
        let places = places.entry(events.layout).or_default();
        let believed_until = events.received.saturating_add(AHEAD_MAX);
        let highest = events.points.iter().max().map_or(0, |max| *max as usize);
        places.resize(places.len().max(highest + 1), 0);
        for (index, &position) in events.points.iter().enumerate() {
            let time = events.times[index];
            let event = LatestEvent {
                layout: events.layout,
                position,
                time: if time > believed_until {
                    events.received
                } else {
                    time
                },
                value: events.values[index],
                quality: events.qualities.get(index).copied().unwrap_or_default(),
            };
            let place = &mut places[position as usize];
            if *place == 0 {
                latest.push(event);
                *place = latest.len();
            } else if latest[*place - 1].time <= event.time {
                latest[*place - 1] = event;
            }
        }
    }
    latest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_youngest_of_each_point_is_kept(
            batches in prop::collection::vec(
                (0_u64..3, prop::collection::vec((0_u32..8, 0_i64..20), 0..20)),
                0..8,
            ),
        ) {
            let columns: Vec<_> = batches
                .iter()
                .map(|(layout, events)| {
                    let points: Vec<u32> = events.iter().map(|(point, _)| *point).collect();
                    let times: Vec<_> =
                        events.iter().map(|(_, time)| Timestamp::from_nanos(*time)).collect();
                    let values: Vec<f64> = (0..events.len()).map(|n| n as f64).collect();
                    (LayoutId::from_raw(*layout), points, times, values)
                })
                .collect();
            let events: Vec<_> = columns
                .iter()
                .map(|(layout, points, times, values)| Events {
                    layout: *layout,
                    received: Timestamp::EPOCH,
                    points,
                    times,
                    values,
                    qualities: &[],
                })
                .collect();
            let mut expected = BTreeMap::new();
            for (layout, points, times, values) in &columns {
                for ((point, time), value) in points.iter().zip(times).zip(values) {
                    let entry = expected.entry((*layout, *point)).or_insert((*time, *value));
                    if entry.0 <= *time {
                        *entry = (*time, *value);
                    }
                }
            }
            let found: BTreeMap<_, _> = latest_events(&events)
                .into_iter()
                .map(|latest| ((latest.layout, latest.position), (latest.time, latest.value)))
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}

//! Events: changes of points, each with its own time.

use gridos_model::Events;

use super::at::At;
use super::columns::{self, IGNORED, nanos};
use super::story::Sample;
use super::{Judge, Judged, quality_at};
use crate::Now;

/// So many events are looked at before any of them is judged: the memory of all can be under way at
/// once, and one suspect among them does not cost too much.
const EVENTS: usize = 32;

impl Judge {
    /// Part by part: what lies inside its bands leaves them as they are, however often a point comes.
    pub(super) fn on_events(
        &mut self,
        first: usize,
        events: &Events<'_>,
        now: Now,
        out: &mut Vec<Judged>,
    ) {
        let mono = nanos(now.mono);
        for start in (0..events.points.len()).step_by(EVENTS) {
            let part = part(events, start);
            let are_used = columns::ignored(part.qualities) == 0;
            if are_used && self.bands.hold_each(first, part.points, part.values) {
                self.columns
                    .take_each(first, part.points, part.values, mono);
            } else {
                self.on_suspected(first, &part, now, out);
            }
        }
    }

    /// One by one: a point may come several times, each time against the band the last one left.
    #[cold]
    fn on_suspected(&mut self, first: usize, events: &Events<'_>, now: Now, out: &mut Vec<Judged>) {
        let mono = nanos(now.mono);
        let columns = events.points.iter().zip(events.values).zip(events.times);
        for (event, ((position, value), time)) in columns.enumerate() {
            let point = first + *position as usize;
            let quality = quality_at(events.qualities, event);
            let Some(band) = self.bands.get(point) else {
                continue;
            };
            if band.holds(*value) & !quality.intersects(IGNORED) {
                self.columns.take(point, *value, mono);
                continue;
            }
            let received = events.received;
            let sample = Sample {
                value: *value,
                quality,
                at: At::of_reading(*time, true, quality, received, now),
                received,
            };
            self.on_sample(point, &sample, out);
            self.judge_differences(&sample, out);
        }
    }
}

/// The next [`EVENTS`] of `events` from `start`, or what is left of them.
fn part<'a>(events: &Events<'a>, start: usize) -> Events<'a> {
    fn cut<T>(column: &[T], start: usize) -> &[T] {
        let rest = column.get(start..).unwrap_or_default();
        rest.get(..EVENTS).unwrap_or(rest)
    }
    Events {
        points: cut(events.points, start),
        times: cut(events.times, start),
        values: cut(events.values, start),
        qualities: cut(events.qualities, start),
        ..*events
    }
}

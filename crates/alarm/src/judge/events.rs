//! Events: changes of points, each with its own time.

use gridos_model::Events;

use super::at::At;
use super::columns::{self, nanos};
use super::story::Sample;
use super::{Judge, Judged, quality_at};
use crate::Now;

impl Judge {
    /// In their order: a point may come several times, each time against the band the last one left.
    pub(super) fn on_events(
        &mut self,
        first: usize,
        events: &Events<'_>,
        now: Now,
        out: &mut Vec<Judged>,
    ) {
        let mono = nanos(now.mono);
        let (points, values) = (events.points, events.values);
        let len = points.len().min(values.len());
        let (mut at, mut usable) = (0, 0);
        while at < len {
            if at >= usable {
                usable = columns::usable_until(events.qualities, at, len);
            }
            let run = at..usable;
            at += self
                .columns
                .take_each(first, &points[run.clone()], &values[run], mono);
            if at < len {
                self.on_suspect(first, events, at, now, out);
                at += 1;
            }
        }
    }

    #[cold]
    fn on_suspect(
        &mut self,
        first: usize,
        events: &Events<'_>,
        event: usize,
        now: Now,
        out: &mut Vec<Judged>,
    ) {
        let point = first + events.points[event] as usize;
        if !self.columns.have(point) {
            return;
        }
        let quality = quality_at(events.qualities, event);
        let received = events.received;
        let sample = Sample {
            value: events.values[event],
            quality,
            at: At::of_reading(events.times[event], true, quality, received, now),
            received,
        };
        self.on_sample(point, &sample, out);
        self.judge_differences(&sample, out);
    }
}

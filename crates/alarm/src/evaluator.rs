//! The evaluator: columns of readings against the bands of their points.

use gridos_model::{
    Events, Level, PointId, PointIndex, Quality, Readings, Sweep, Timestamp, Transition,
};

use crate::Limits;
use crate::band::{Bands, CHUNK};

/// What keeps a value from driving an alarm: it is no measurement, or a younger one came before.
const IGNORED: Quality = Quality::BAD.union(Quality::LATE);

/// A point without limits.
const NO_ALARM: u32 = u32::MAX;

/// The levels of all points of a process, moved by their readings.
///
/// A bad, late or not finite value never changes a level. Nothing is allocated but what `out`
/// needs for a transition.
#[derive(Debug)]
pub struct Evaluator {
    bands: Bands,
    /// Per point, where its alarm is in `alarms`, or [`NO_ALARM`].
    places: Vec<u32>,
    alarms: Vec<Alarm>,
    active: usize,
}

/// What is only needed when a level may change.
#[derive(Debug)]
struct Alarm {
    point: PointId,
    limits: Limits,
    level: Level,
    occurrence: u64,
}

/// One reading, taken out of its columns because it may change a level.
#[derive(Clone, Copy)]
struct Suspect {
    point: usize,
    value: f64,
    quality: Quality,
    time: Timestamp,
    received: Timestamp,
}

impl Evaluator {
    /// An evaluator of `points` points, none of which has limits.
    pub fn new(points: usize) -> Self {
        Self {
            bands: Bands::new(points),
            places: vec![NO_ALARM; points],
            alarms: Vec::new(),
            active: 0,
        }
    }

    /// Gives the point at `index` limits, or others than it had; returns whether there is such a
    /// point.
    ///
    /// The level and the occurrence stay: the next good reading is judged by the new limits, and
    /// ends an alarm whose limit is gone.
    pub fn set(&mut self, index: PointIndex, point: PointId, limits: Limits) -> bool {
        let next = u32::try_from(self.alarms.len());
        let (Some(place), Ok(next)) = (self.places.get_mut(index.get()), next) else {
            return false;
        };
        let level = match self.alarms.get_mut(*place as usize) {
            Some(alarm) => {
                (alarm.point, alarm.limits) = (point, limits);
                alarm.level
            }
            None => {
                *place = next;
                let alarm = Alarm {
                    point,
                    limits,
                    level: Level::Normal,
                    occurrence: 0,
                };
                self.alarms.push(alarm);
                Level::Normal
            }
        };
        self.bands.set(index.get(), limits.band(level));
        true
    }

    /// Puts the point at `index` at the level it had in an earlier process, after [`Self::set`];
    /// returns whether the point has limits.
    ///
    /// There is no transition: an alarm that is still active goes on as the same occurrence. A
    /// point that has no limits any more keeps no level, and its alarm is for the caller to end.
    pub fn restore(&mut self, index: PointIndex, level: Level, occurrence: u64) -> bool {
        let Some(alarm) = alarm_mut(&self.places, &mut self.alarms, index.get()) else {
            return false;
        };
        self.active -= usize::from(alarm.level != Level::Normal);
        self.active += usize::from(level != Level::Normal);
        (alarm.level, alarm.occurrence) = (level, occurrence);
        self.bands.set(index.get(), alarm.limits.band(level));
        true
    }

    /// The level of the point at `index`; normal if it has no limits.
    pub fn level(&self, index: PointIndex) -> Level {
        self.alarm(index).map_or(Level::Normal, |alarm| alarm.level)
    }

    /// How often the point at `index` has left normal.
    pub fn occurrence(&self, index: PointIndex) -> u64 {
        self.alarm(index).map_or(0, |alarm| alarm.occurrence)
    }

    /// The limits of the point at `index`, if it has any.
    pub fn limits(&self, index: PointIndex) -> Option<&Limits> {
        self.alarm(index).map(|alarm| &alarm.limits)
    }

    /// How many points are not at their normal level.
    pub fn active(&self) -> usize {
        self.active
    }

    /// Judges the readings of a layout whose first point is at `first`, in their order, and adds
    /// every change of a level to `out`.
    ///
    /// Readings of points that are not in the columns are passed over, and so are texts. Positions of events must be
    /// of the layout, as a batch checks: beyond its end stand the points of the next device.
    pub fn evaluate(
        &mut self,
        first: PointIndex,
        readings: &Readings<'_>,
        out: &mut Vec<Transition>,
    ) {
        match readings {
            Readings::Sweep(sweep) => self.evaluate_sweep(first.get(), sweep, out),
            Readings::Events(events) => self.evaluate_events(first.get(), events, out),
            Readings::Texts(_) => {}
        }
    }

    /// Each point comes once, so a changed band concerns no later value of the sweep.
    fn evaluate_sweep(&mut self, first: usize, sweep: &Sweep<'_>, out: &mut Vec<Transition>) {
        for (chunk, values) in sweep.values.chunks(CHUNK).enumerate() {
            let start = chunk * CHUNK;
            let mut suspects = self.bands.suspects(first + start, values);
            while suspects != 0 {
                let position = start + suspects.trailing_zeros() as usize;
                suspects &= suspects - 1;
                let suspect = Suspect {
                    point: first + position,
                    value: sweep.values[position],
                    quality: quality_at(sweep.qualities, position),
                    time: sweep.time,
                    received: sweep.received,
                };
                self.judge(&suspect, out);
            }
        }
    }

    /// One by one: a point may come several times, each time against the band the last one left.
    fn evaluate_events(&mut self, first: usize, events: &Events<'_>, out: &mut Vec<Transition>) {
        let columns = events.points.iter().zip(events.values).zip(events.times);
        for (event, ((position, value), time)) in columns.enumerate() {
            let point = first + *position as usize;
            if self.bands.get(point).is_none_or(|band| band.holds(*value)) {
                continue;
            }
            let suspect = Suspect {
                point,
                value: *value,
                quality: quality_at(events.qualities, event),
                time: *time,
                received: events.received,
            };
            self.judge(&suspect, out);
        }
    }

    #[cold]
    fn judge(&mut self, suspect: &Suspect, out: &mut Vec<Transition>) {
        let Suspect {
            point,
            value,
            quality,
            ..
        } = *suspect;
        if !value.is_finite() || quality.intersects(IGNORED) {
            return;
        }
        let Some(alarm) = alarm_mut(&self.places, &mut self.alarms, point) else {
            return;
        };
        let (from, to) = (alarm.level, alarm.limits.next(alarm.level, value));
        if from == to {
            return;
        }
        if from == Level::Normal {
            alarm.occurrence += 1;
            self.active += 1;
        } else if to == Level::Normal {
            self.active -= 1;
        }
        alarm.level = to;
        out.push(Transition {
            point: alarm.point,
            from,
            to,
            time: suspect.time,
            received: suspect.received,
            value,
            quality,
            occurrence: alarm.occurrence,
        });
        self.bands.set(point, alarm.limits.band(to));
    }

    fn alarm(&self, index: PointIndex) -> Option<&Alarm> {
        self.alarms.get(*self.places.get(index.get())? as usize)
    }
}

fn alarm_mut<'a>(places: &[u32], alarms: &'a mut [Alarm], point: usize) -> Option<&'a mut Alarm> {
    alarms.get_mut(*places.get(point)? as usize)
}

/// An empty column means that all values are good.
fn quality_at(qualities: &[Quality], position: usize) -> Quality {
    qualities.get(position).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use gridos_model::{LayoutId, TimeQuality};

    use super::*;

    const FIRST: PointIndex = PointIndex::new(10);

    /// 200 points, the one at 12 with limits at 0, 10, 100, 110 and a deadband of 2.
    fn evaluator() -> Evaluator {
        let mut evaluator = Evaluator::new(200);
        let limits = Limits::new(Some(110.0), Some(100.0), Some(10.0), Some(0.0), 2.0).unwrap();
        assert!(evaluator.set(FIRST.offset(2), PointId::from_raw(7), limits));
        evaluator
    }

    fn sweep<'a>(values: &'a [f64], qualities: &'a [Quality]) -> Readings<'a> {
        Readings::Sweep(Sweep {
            layout: LayoutId::from_raw(1),
            time: Timestamp::from_millis(5),
            time_quality: TimeQuality::None,
            received: Timestamp::from_millis(6),
            values,
            qualities,
        })
    }

    /// Sends `value` with `quality` to the point at 12, in a sweep of 100 points.
    fn send(evaluator: &mut Evaluator, value: f64, quality: Quality) -> Vec<Transition> {
        let mut values = [50.0; 100];
        values[2] = value;
        let mut qualities = [Quality::GOOD; 100];
        qualities[2] = quality;
        let qualities = if quality.is_good() {
            &[]
        } else {
            &qualities[..]
        };
        let mut out = Vec::new();
        evaluator.evaluate(FIRST, &sweep(&values, qualities), &mut out);
        out
    }

    #[test]
    fn a_transition_says_what_did_it() {
        let mut evaluator = evaluator();
        let expected = Transition {
            point: PointId::from_raw(7),
            from: Level::Normal,
            to: Level::High,
            time: Timestamp::from_millis(5),
            received: Timestamp::from_millis(6),
            value: 100.0,
            quality: Quality::OUT_OF_RANGE,
            occurrence: 1,
        };
        let transitions = send(&mut evaluator, 100.0, Quality::OUT_OF_RANGE);
        assert_eq!(transitions, [expected]);
        assert_eq!(evaluator.level(FIRST.offset(2)), Level::High);
        assert_eq!(evaluator.active(), 1);
    }

    #[test]
    fn a_jump_over_a_level_is_one_transition_of_one_occurrence() {
        let mut evaluator = evaluator();
        let mut steps = Vec::new();
        for value in [120.0, 105.0, 120.0, -5.0, 50.0, 5.0] {
            for step in send(&mut evaluator, value, Quality::GOOD) {
                steps.push((step.from, step.to, step.occurrence));
            }
        }
        let expected = [
            (Level::Normal, Level::HighHigh, 1),
            (Level::HighHigh, Level::High, 1),
            (Level::High, Level::HighHigh, 1),
            (Level::HighHigh, Level::LowLow, 1),
            (Level::LowLow, Level::Normal, 1),
            (Level::Normal, Level::Low, 2),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn what_is_no_measurement_neither_raises_nor_clears() {
        let mut evaluator = evaluator();
        assert_eq!(send(&mut evaluator, 105.0, Quality::COMM_LOST), []);
        assert_eq!(send(&mut evaluator, 105.0, Quality::LATE), []);
        assert_eq!(send(&mut evaluator, f64::INFINITY, Quality::GOOD), []);
        assert_eq!(send(&mut evaluator, 105.0, Quality::GOOD).len(), 1);
        assert_eq!(send(&mut evaluator, 50.0, Quality::STALE), []);
        assert_eq!(send(&mut evaluator, f64::NAN, Quality::GOOD), []);
        assert_eq!(send(&mut evaluator, f64::NEG_INFINITY, Quality::GOOD), []);
        assert_eq!(evaluator.level(FIRST.offset(2)), Level::High);
    }

    #[test]
    fn events_of_one_point_are_judged_in_order() {
        let mut evaluator = evaluator();
        let times = [1, 2, 3, 4].map(Timestamp::from_millis);
        let events = Readings::Events(Events {
            layout: LayoutId::from_raw(1),
            received: Timestamp::from_millis(9),
            points: &[2, 2, 3, 2],
            times: &times,
            values: &[105.0, 50.0, 1e9, 120.0],
            qualities: &[],
        });
        let mut out = Vec::new();
        evaluator.evaluate(FIRST, &events, &mut out);
        let steps: Vec<_> = out.iter().map(|t| (t.to, t.time, t.occurrence)).collect();
        let expected = [
            (Level::High, times[0], 1),
            (Level::Normal, times[1], 1),
            (Level::HighHigh, times[3], 2),
        ];
        assert_eq!(steps, expected);
    }

    #[test]
    fn a_restored_alarm_goes_on_as_the_same_occurrence() {
        let mut evaluator = evaluator();
        let index = FIRST.offset(2);
        assert!(evaluator.restore(index, Level::High, 41));
        assert_eq!((evaluator.active(), evaluator.occurrence(index)), (1, 41));
        assert_eq!(send(&mut evaluator, 99.0, Quality::GOOD), []);
        assert_eq!(send(&mut evaluator, 50.0, Quality::GOOD)[0].occurrence, 41);
        assert_eq!(send(&mut evaluator, 105.0, Quality::GOOD)[0].occurrence, 42);
        assert!(!evaluator.restore(FIRST, Level::High, 1));
        assert!(!evaluator.restore(PointIndex::new(200), Level::High, 1));
        assert_eq!(evaluator.active(), 1);
    }

    #[test]
    fn new_limits_keep_the_level_until_the_next_reading() {
        let mut evaluator = evaluator();
        let index = FIRST.offset(2);
        send(&mut evaluator, 105.0, Quality::GOOD);
        let wider = Limits::new(None, Some(200.0), None, None, 0.0).unwrap();
        assert!(evaluator.set(index, PointId::from_raw(7), wider));
        assert_eq!(
            (evaluator.level(index), evaluator.occurrence(index)),
            (Level::High, 1)
        );
        let ended = send(&mut evaluator, 105.0, Quality::GOOD);
        assert_eq!((ended[0].to, ended[0].occurrence), (Level::Normal, 1));
    }

    #[test]
    fn without_a_transition_nothing_is_allocated() {
        let mut evaluator = evaluator();
        for _ in 0..3 {
            assert_eq!(send(&mut evaluator, 50.0, Quality::GOOD).capacity(), 0);
        }
    }

    #[test]
    fn points_that_are_not_there_are_passed_over() {
        let mut evaluator = Evaluator::new(1);
        let limits = Limits::new(None, Some(1.0), None, None, 0.0).unwrap();
        assert!(!evaluator.set(PointIndex::new(1), PointId::from_raw(1), limits));
        let mut out = Vec::new();
        evaluator.evaluate(PointIndex::new(0), &sweep(&[9.0; 70], &[]), &mut out);
        evaluator.evaluate(PointIndex::new(9), &sweep(&[9.0; 70], &[]), &mut out);
        assert_eq!(out, []);
        assert_eq!(evaluator.level(PointIndex::new(9)), Level::Normal);
        assert!(evaluator.limits(PointIndex::new(0)).is_none());
    }
}

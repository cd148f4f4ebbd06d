//! Both judges side by side in one small world.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{AlarmIndex, Condition, Defined, Judge, Judged, Now, Reference};
use gridos_model::{
    AlarmId, DeviceIndex, DirectoryBuilder, Events, LayoutId, Level, LinkChange, LinkState, Point,
    PointIndex, Quality, Readings, Sweep, TimeQuality, Timestamp,
};

use crate::plain::{Alarm, Known};
use crate::stream::{DEVICES, Draft, POINTS, Read, Step};
use crate::truth::{Reading, When};

const UNTIMED: Quality = Quality::CLOCK_UNSYNCHRONISED
    .union(Quality::NO_SOURCE_TIME)
    .union(Quality::CLOCK_CLAMPED);

pub(crate) struct World {
    judge: Judge,
    alarms: Vec<Alarm>,
    devices: Vec<DeviceIndex>,
    last: Vec<Option<f64>>,
    seen: Vec<Duration>,
    /// Of points that deviations have to do with: whether the last reading was bad.
    bad: BTreeMap<usize, bool>,
    /// Links that were lost in an earlier life.
    doubted: Vec<usize>,
    now: Now,
}

pub(crate) fn index(point: usize) -> PointIndex {
    PointIndex::new(u32::try_from(point).unwrap())
}

pub(crate) fn alarm_index(alarm: usize) -> AlarmIndex {
    AlarmIndex::new(u32::try_from(alarm).unwrap())
}

/// The devices of a directory with so many points each.
pub(crate) fn devices(points: &[usize]) -> Vec<DeviceIndex> {
    let mut builder = DirectoryBuilder::default();
    let device = |(n, count): (usize, &usize)| {
        let points = (0..*count).map(|p| Point::new(&format!("p{p}"), ""));
        builder
            .add(&format!("d{n}"), points.collect(), &[])
            .unwrap()
    };
    points.iter().enumerate().map(device).collect()
}

fn first(device: usize) -> usize {
    DEVICES[..device].iter().sum()
}

fn device_of(point: usize) -> usize {
    (0..DEVICES.len())
        .rfind(|device| first(*device) <= point)
        .unwrap()
}

impl World {
    pub(crate) fn new(drafts: &[Draft], restored: &[(usize, Level)]) -> Self {
        let devices = devices(&DEVICES);
        let mut linked = Vec::new();
        let defined: Vec<_> = drafts
            .iter()
            .map(|draft| {
                let mut defined = define(draft, &devices);
                // A device has one link.
                if draft.definition.condition == Condition::Link {
                    let device = defined.device;
                    if linked.contains(&device) {
                        Arc::make_mut(&mut defined.definition).condition = Condition::Quality;
                        defined.point = Some(index(draft.point));
                    }
                    linked.push(device);
                }
                defined
            })
            .collect();
        let firsts: Vec<_> = (0..DEVICES.len())
            .map(|device| index(first(device)))
            .collect();
        let alarms = defined.iter().enumerate();
        let mut world = Self {
            judge: Judge::new(POINTS, &firsts, &defined),
            alarms: alarms
                .map(|(n, defined)| Alarm::new(alarm_index(n), defined.clone()))
                .collect(),
            devices,
            last: vec![None; POINTS],
            seen: vec![Duration::ZERO; POINTS],
            bad: BTreeMap::new(),
            doubted: Vec::new(),
            now: Now {
                wall: Timestamp::from_millis(1_000_000_000),
                mono: Duration::ZERO,
            },
        };
        (0..world.alarms.len()).for_each(|alarm| world.pair(alarm));
        for (alarm, level) in restored {
            world.restore(*alarm, *level);
        }
        world
    }

    fn restore(&mut self, alarm: usize, level: Level) {
        let definition = Arc::clone(&self.alarms[alarm].defined.definition);
        let has_ladder = matches!(
            definition.condition,
            Condition::Limit(_) | Condition::Deviation { .. } | Condition::Rate { .. }
        );
        let level = if has_ladder { level } else { Level::Abnormal };
        if self.alarms[alarm].level != Level::Normal {
            return;
        }
        self.judge.restore(alarm_index(alarm), level, self.now);
        self.alarms[alarm].restore(level, self.now);
        if definition.condition == Condition::Link && definition.is_enabled {
            self.doubted.push(alarm);
        }
    }

    /// From now on it is known whether a reading of the two points is bad.
    fn pair(&mut self, alarm: usize) {
        let defined = &self.alarms[alarm].defined;
        if let (Some(point), Some(reference)) = (defined.point, defined.reference) {
            self.bad.entry(point.get()).or_default();
            self.bad.entry(reference.get()).or_default();
        }
    }

    /// What the judge finds and what the plain one does, each alarm's in order.
    pub(crate) fn run(&mut self, step: &Step) -> [Vec<Judged>; 2] {
        let mut both = match step {
            Step::Sweep(device, range, reads, age, is_right) => {
                self.sweep(*device, range.clone(), reads, *age, *is_right)
            }
            Step::Events(device, reads) => self.events(*device, reads),
            Step::Link(device, is_lost) => self.link(*device, *is_lost),
            Step::Pass(seconds, jump, looks) => self.pass(*seconds, *jump, *looks),
            Step::Redefine(alarm, draft) => self.redefine(*alarm, draft),
        };
        for judged in &mut both {
            judged.sort_by_key(|judged| judged.alarm);
            // NaN is no value of a comparison.
            for judged in judged
                .iter_mut()
                .filter(|judged| judged.moment.value.is_nan())
            {
                judged.moment.value = -1e99;
            }
        }
        both
    }

    fn sweep(
        &mut self,
        device: usize,
        range: Range<usize>,
        reads: &[Read],
        age: i64,
        is_right: bool,
    ) -> [Vec<Judged>; 2] {
        let begin = first(device) + range.start;
        let reads = &reads[..range.len()];
        let values: Vec<_> = reads.iter().map(|read| read.value).collect();
        let mut qualities: Vec<_> = reads.iter().map(|read| read.quality).collect();
        // A sweep is never late.
        qualities
            .iter_mut()
            .for_each(|quality| quality.remove(Quality::LATE));
        if qualities.iter().all(|quality| quality.is_good()) {
            qualities.clear();
        }
        let received = self.now.wall;
        let time = ago(received, age);
        let time_quality = if is_right {
            TimeQuality::Synchronised
        } else {
            TimeQuality::None
        };
        let sweep = Readings::Sweep(Sweep {
            layout: LayoutId::from_raw(1),
            time,
            time_quality,
            received,
            values: &values,
            qualities: &qualities,
        });
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        self.judge
            .on_readings(index(begin), &sweep, self.now, &mut found);
        let when = When {
            time: time.min(received),
            is_right,
            mono: self.now.mono,
        };
        let mut differing = Vec::new();
        for (lane, value) in values.iter().enumerate() {
            let quality = qualities.get(lane).copied().unwrap_or_default();
            let reading = Reading {
                value: *value,
                quality,
                when,
                received,
            };
            differing.extend(self.read(begin + lane, &reading, &mut expected));
        }
        differing.sort_unstable();
        differing.dedup();
        let reading = Reading {
            value: f64::NAN,
            quality: Quality::GOOD,
            when,
            received,
        };
        differing
            .into_iter()
            .for_each(|alarm| self.differ(alarm, &reading, &mut expected));
        self.hear(begin, &sweep, &mut expected);
        [found, expected]
    }

    fn events(&mut self, device: usize, reads: &[Read]) -> [Vec<Judged>; 2] {
        let reads: Vec<_> = reads
            .iter()
            .filter(|read| read.position < DEVICES[device])
            .collect();
        let received = self.now.wall;
        let positions: Vec<_> = reads
            .iter()
            .map(|read| u32::try_from(read.position).unwrap())
            .collect();
        let times: Vec<_> = reads.iter().map(|read| ago(received, read.age)).collect();
        let values: Vec<_> = reads.iter().map(|read| read.value).collect();
        let qualities: Vec<_> = reads.iter().map(|read| read.quality).collect();
        let events = Readings::Events(Events {
            layout: LayoutId::from_raw(1),
            received,
            points: &positions,
            times: &times,
            values: &values,
            qualities: &qualities,
        });
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        let begin = first(device);
        self.judge
            .on_readings(index(begin), &events, self.now, &mut found);
        for read in reads {
            let when = When {
                time: ago(received, read.age).min(received),
                is_right: !read.quality.intersects(UNTIMED),
                mono: self.now.mono,
            };
            let Read { value, quality, .. } = *read;
            let reading = Reading {
                value,
                quality,
                when,
                received,
            };
            let differing = self.read(begin + read.position, &reading, &mut expected);
            differing
                .into_iter()
                .for_each(|alarm| self.differ(alarm, &reading, &mut expected));
        }
        self.hear(begin, &events, &mut expected);
        [found, expected]
    }

    /// One reading; returns the alarms of which a difference is to be judged.
    fn read(&mut self, point: usize, reading: &Reading, out: &mut Vec<Judged>) -> Vec<usize> {
        if reading.quality.contains(Quality::LATE) {
            return Vec::new();
        }
        let mut differing = Vec::new();
        for (n, alarm) in self.alarms.iter_mut().enumerate() {
            let is_own = alarm.defined.point == Some(index(point));
            if alarm.defined.reference.is_some() {
                let is_other = alarm.defined.reference == Some(index(point));
                differing.extend((is_own || is_other).then_some(n));
            } else if is_own {
                alarm.read(reading, self.last[point], out);
            }
        }
        if let Some(bad) = self.bad.get_mut(&point) {
            *bad = !reading.is_good();
        }
        if reading.is_good() {
            self.last[point] = Some(reading.value);
            self.seen[point] = self.now.mono;
        }
        differing
    }

    fn differ(&mut self, alarm: usize, reading: &Reading, out: &mut Vec<Judged>) {
        let known = self.known(alarm);
        if !known.is_bad {
            self.alarms[alarm].differ(known.value, known.reference, reading, out);
        }
    }

    fn known(&self, alarm: usize) -> Known {
        let defined = &self.alarms[alarm].defined;
        let point = defined.point.map(PointIndex::get);
        let reference = defined.reference.map(PointIndex::get);
        let is_bad =
            |point: Option<usize>| point.is_some_and(|point| self.bad.get(&point) == Some(&true));
        Known {
            value: point.and_then(|point| self.last[point]),
            reference: reference.and_then(|point| self.last[point]),
            seen: point.map_or(Duration::ZERO, |point| self.seen[point]),
            is_bad: reference.is_some() && (is_bad(point) || is_bad(reference)),
        }
    }

    /// A link that was lost in an earlier life is whole as soon as its device says something good.
    fn hear(&mut self, point: usize, readings: &Readings<'_>, out: &mut Vec<Judged>) {
        let quality = |n: usize| readings.qualities().get(n).copied().unwrap_or_default();
        let mut values = readings.values().iter().enumerate();
        let is_good = values.any(|(n, value)| {
            value.is_finite() && !quality(n).is_bad() && !quality(n).contains(Quality::LATE)
        });
        let device = self.devices[device_of(point)];
        let doubted = self
            .doubted
            .iter()
            .position(|alarm| self.alarms[*alarm].defined.device == device);
        if let Some(place) = doubted.filter(|_| is_good) {
            let alarm = self.doubted.swap_remove(place);
            self.alarms[alarm].link(false, &nothing(When::engine(self.now), self.now), out);
        }
    }

    fn link(&mut self, device: usize, is_lost: bool) -> [Vec<Judged>; 2] {
        let change = LinkChange {
            device: self.devices[device],
            state: if is_lost {
                LinkState::Lost
            } else {
                LinkState::Restored
            },
            time: ago(self.now.wall, 1),
        };
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        self.judge.on_link(&change, self.now, &mut found);
        let when = When {
            time: change.time,
            ..When::engine(self.now)
        };
        for (n, alarm) in self.alarms.iter_mut().enumerate() {
            let is_link = alarm.defined.definition.condition == Condition::Link;
            if is_link && alarm.defined.device == change.device {
                alarm.link(is_lost, &nothing(when, self.now), &mut expected);
                if alarm.defined.definition.is_enabled {
                    self.doubted.retain(|doubted| *doubted != n);
                }
            }
        }
        [found, expected]
    }

    fn pass(&mut self, seconds: u64, jump: i64, looks: bool) -> [Vec<Judged>; 2] {
        let passed = Duration::from_secs(seconds);
        self.now.mono += passed;
        self.now.wall = ago(self.now.wall.saturating_add(passed), -jump);
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        if looks {
            let due = self.judge.next_deadline();
            self.judge.on_time(self.now, &mut found);
            assert!(found.is_empty() || due.is_some_and(|due| due <= self.now.mono));
            assert!(
                self.judge
                    .next_deadline()
                    .is_none_or(|due| due > self.now.mono)
            );
            for alarm in &mut self.alarms {
                let point = alarm.defined.point.map(PointIndex::get);
                let seen = point.map_or(Duration::ZERO, |point| self.seen[point]);
                alarm.time(self.now, seen, &mut expected);
            }
        }
        [found, expected]
    }

    fn redefine(&mut self, alarm: usize, draft: &Draft) -> [Vec<Judged>; 2] {
        let was = self.alarms[alarm].defined.clone();
        let mut new = define(draft, &self.devices);
        let (mut found, mut expected) = (Vec::new(), Vec::new());
        if was.definition.condition.kind() != new.definition.condition.kind() {
            // Of the same kind: the delays alone.
            let condition = was.definition.condition.clone();
            Arc::make_mut(&mut new.definition).condition = condition;
            new.reference = was.reference;
        }
        (new.device, new.point) = (was.device, was.point);
        new.reference = new.reference.filter(|_| new.point.is_some());
        self.judge
            .redefine(alarm_index(alarm), &new, self.now, &mut found);
        self.alarms[alarm].defined.reference = new.reference;
        self.pair(alarm);
        let known = self.known(alarm);
        self.alarms[alarm].defined.reference = was.reference;
        self.alarms[alarm].redefine(&new, &known, self.now, &mut expected);
        if !new.definition.is_enabled {
            self.doubted.retain(|doubted| *doubted != alarm);
        }
        [found, expected]
    }

    pub(crate) fn check_levels(&self) {
        for (n, alarm) in self.alarms.iter().enumerate() {
            assert_eq!(self.judge.level(alarm_index(n)), alarm.level, "{n}");
        }
    }
}

fn define(draft: &Draft, devices: &[DeviceIndex]) -> Defined {
    let condition = &draft.definition.condition;
    let is_link = *condition == Condition::Link;
    let is_pair = matches!(
        condition,
        Condition::Deviation {
            from: Reference::Point(_),
            ..
        }
    );
    Defined {
        id: AlarmId::from_raw(draft.point as u64),
        device: devices[device_of(draft.point)],
        point: (!is_link).then(|| index(draft.point)),
        reference: is_pair.then(|| index(draft.reference)),
        definition: Arc::new(draft.definition.clone()),
    }
}

fn nothing(when: When, now: Now) -> Reading {
    Reading {
        value: f64::NAN,
        quality: Quality::GOOD,
        when,
        received: now.wall,
    }
}

fn ago(time: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_nanos(time.as_nanos() - seconds * 1_000_000_000)
}

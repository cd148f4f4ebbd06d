//! The alarms of one device over its readings.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use gridos_alarm::{Alarms, Defined, Now};
use gridos_model::{
    AlarmId, AlarmKind, AlarmRecord, DirectoryBuilder, Events, LayoutId, PointIndex, Quality,
    Readings, Timestamp,
};
use gridos_store::PointReading;

use crate::config::{Fleet, FleetAlarm};

/// An alarm as it is counted.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    /// `device.point:kind`.
    pub(super) name: String,
    /// Whose operators it is for.
    pub(super) area: Arc<str>,
}

/// The alarms of one device, as far as they can be replayed.
#[derive(Debug)]
pub(super) struct Course {
    alarms: Alarms,
    counted: HashMap<AlarmId, Counted>,
    layout: LayoutId,
    /// The full names of the points that its alarms look at, by their positions.
    wanted: BTreeMap<u32, String>,
    /// The position of each point that readings come of, by its place in the question.
    positions: Vec<Option<u32>>,
    start: Timestamp,
    /// Readings of one instant that were not judged yet.
    held: Held,
}

/// Readings of one instant.
#[derive(Debug, Default)]
struct Held {
    points: Vec<u32>,
    times: Vec<Timestamp>,
    values: Vec<f64>,
    qualities: Vec<Quality>,
}

/// Where records go, each with its alarm.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&Counted, &AlarmRecord);

const OF_LINK: &str = "of the link: the history does not tell when it was lost";
const OF_OTHERS: &str = "measured from a point of another device";

impl Course {
    /// The course of the device called `device`, if `fleet` has it and it has alarms that can be
    /// replayed; the others are counted in `left_out`.
    pub(super) fn of(
        fleet: &Fleet,
        device: &str,
        start: Timestamp,
        left_out: &mut BTreeMap<&'static str, usize>,
    ) -> Option<Self> {
        let index = fleet.directory.find_device(device)?;
        let layout = fleet.directory.device(index).whole();
        let first = layout.first();
        let count = layout.len();
        // Alone, the device begins at the first column.
        let alone = |index: PointIndex| {
            let position = index.get().checked_sub(first.get());
            let position = position.filter(|position| *position < count)?;
            u32::try_from(position).ok()
        };
        let mut builder = DirectoryBuilder::default();
        let own = builder.add(device, layout.points().to_vec(), &[]).ok()?;
        let directory = Arc::new(builder.build());
        let (mut defined, mut counted) = (Vec::new(), HashMap::new());
        let mut wanted = BTreeSet::new();
        for FleetAlarm { defined: one, area } in fleet.alarms_of(index) {
            let kind = one.definition.condition.kind();
            let point = one.point.and_then(alone);
            let (Some(point), true) = (point, kind != AlarmKind::Link) else {
                *left_out.entry(OF_LINK).or_default() += usize::from(one.definition.is_enabled);
                continue;
            };
            let reference = one.reference.map(alone);
            if reference == Some(None) {
                *left_out.entry(OF_OTHERS).or_default() += usize::from(one.definition.is_enabled);
                continue;
            }
            let reference = reference.flatten();
            wanted.insert(point);
            wanted.extend(reference);
            let point = PointIndex::new(point);
            let name = directory.point_name(point).unwrap_or_default();
            let name = format!("{name}:{kind}");
            counted.insert(one.id, Counted { name, area });
            defined.push(Defined {
                device: own,
                point: Some(point),
                reference: reference.map(PointIndex::new),
                ..one
            });
        }
        if defined.is_empty() {
            return None;
        }
        let name = |position: u32| {
            let name = directory.point_name(PointIndex::new(position));
            (position, name.unwrap_or_default())
        };
        Some(Self {
            layout: directory.device(own).whole().id(),
            wanted: wanted.into_iter().map(name).collect(),
            alarms: Alarms::new(directory, &defined),
            counted,
            positions: Vec::new(),
            start,
            held: Held::default(),
        })
    }

    /// The full names of the points that its alarms look at.
    pub(super) fn wanted(&self) -> impl Iterator<Item = &str> {
        self.wanted.values().map(String::as_str)
    }

    /// Readings will come of the points of these names, and say their places among them.
    pub(super) fn expect(&mut self, names: &[String]) {
        let position = |name: &String| {
            let mut wanted = self.wanted.iter();
            wanted.find(|(_, own)| *own == name).map(|(at, _)| *at)
        };
        self.positions = names.iter().map(position).collect();
    }

    /// Takes the next reading, and judges those of earlier instants.
    pub(super) fn take(&mut self, reading: &PointReading, sink: Sink<'_>) {
        let Some(position) = self.positions.get(reading.point).copied().flatten() else {
            return;
        };
        if self
            .held
            .times
            .last()
            .is_some_and(|last| *last != reading.time)
        {
            self.judge(sink);
        }
        let held = &mut self.held;
        held.points.push(position);
        held.times.push(reading.time);
        held.values.push(reading.value.unwrap_or(f64::NAN));
        held.qualities.push(reading.quality);
    }

    /// Judges what is left, and what is due until the end.
    pub(super) fn end(&mut self, until: Timestamp, sink: Sink<'_>) {
        self.judge(sink);
        self.pass(until, sink);
    }

    fn judge(&mut self, sink: Sink<'_>) {
        let Some(time) = self.held.times.last().copied() else {
            return;
        };
        self.pass(time, sink);
        let held = &self.held;
        let readings = Readings::Events(Events {
            layout: self.layout,
            received: time,
            points: &held.points,
            times: &held.times,
            values: &held.values,
            qualities: &held.qualities,
        });
        let now = self.now(time);
        self.alarms.on_readings(PointIndex::new(0), &readings, now);
        self.tell(sink);
        self.held.points.clear();
        self.held.times.clear();
        self.held.values.clear();
        self.held.qualities.clear();
    }

    /// Lets time pass until `time`: what is due before then happens when it is due.
    fn pass(&mut self, time: Timestamp, sink: Sink<'_>) {
        let end = self.now(time).mono;
        while let Some(due) = self.alarms.next_deadline().filter(|due| *due < end) {
            let wall = self.start.saturating_add(due);
            self.alarms.on_time(Now { wall, mono: due });
            self.tell(sink);
            if self.alarms.next_deadline() == Some(due) {
                // Whatever it waits for, it is no time.
                break;
            }
        }
    }

    fn now(&self, time: Timestamp) -> Now {
        Now {
            wall: time,
            mono: time.since(self.start),
        }
    }

    fn tell(&mut self, sink: Sink<'_>) {
        for record in self.alarms.records() {
            if let Some(counted) = self.counted.get(&record.alarm) {
                sink(counted, record);
            }
        }
        self.alarms.clear_records();
    }
}

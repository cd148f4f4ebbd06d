//! The candidate's alarms over all that is replayed.

use std::collections::HashMap;
use std::time::Duration;

use gridos_alarm::{Alarms, Defined, Now};
use gridos_journal::LayoutDefinition;
use gridos_model::{
    AlarmId, AlarmKind, AlarmRecord, Events, LayoutId, PointIndex, Readings, Timestamp,
};

use crate::config::Fleet;

/// Judges readings as the pipeline does, with no clock but their times of reception.
pub(crate) struct Judge<'a> {
    fleet: &'a Fleet,
    alarms: Alarms,
    names: HashMap<AlarmId, String>,
    targets: HashMap<LayoutId, Option<Target>>,
    begun: Option<Timestamp>,
    now: Timestamp,
}

/// Where the points of a layout are among the fleet's.
enum Target {
    /// They are a layout of the fleet, too.
    Same(PointIndex),
    /// Each by its place in the layout of all points of its device, if the device has it.
    Others {
        first: PointIndex,
        whole: LayoutId,
        places: Vec<Option<u32>>,
    },
}

/// Where what happened to alarms goes, each with the alarm's name.
pub(crate) type Sink<'a> = &'a mut dyn FnMut(&str, &AlarmRecord);

impl<'a> Judge<'a> {
    pub(crate) fn new(fleet: &'a Fleet) -> Self {
        let all: Vec<_> = fleet.alarms().collect();
        let names = all.iter().map(|alarm| {
            let Defined {
                id, device, point, ..
            } = alarm.defined;
            let point = point.and_then(|point| fleet.directory.point_name(point));
            let device = || fleet.directory.device(device).name().to_owned();
            (
                id,
                format!("{}:{}", point.unwrap_or_else(device), alarm.kind()),
            )
        });
        let layouts = fleet.directory.layouts();
        let targets = layouts.map(|own| (own.id(), Some(Target::Same(own.first()))));
        Self {
            names: names.collect(),
            targets: targets.collect(),
            alarms: Alarms::new(
                std::sync::Arc::clone(&fleet.directory),
                &all.into_iter()
                    .map(|alarm| alarm.defined)
                    .collect::<Vec<_>>(),
            ),
            fleet,
            begun: None,
            now: Timestamp::MIN,
        }
    }

    /// How many alarms cannot be replayed: no input tells when a link was lost.
    pub(crate) fn left_out(&self) -> usize {
        let of_links = |alarm: &crate::config::FleetAlarm| {
            alarm.kind() == AlarmKind::Link && alarm.defined.definition.is_enabled
        };
        self.fleet.alarms().filter(of_links).count()
    }

    /// Judges readings of the layout that `known` describes, if it has to be looked for by names.
    pub(crate) fn take(
        &mut self,
        readings: &Readings<'_>,
        known: Option<&LayoutDefinition>,
        sink: Sink<'_>,
    ) {
        self.pass(readings.received(), sink);
        let now = self.at(self.now);
        let (fleet, id) = (self.fleet, readings.layout());
        let found = self
            .targets
            .entry(id)
            .or_insert_with(|| find(fleet, known?));
        match found {
            Some(Target::Same(first)) => self.alarms.on_readings(*first, readings, now),
            Some(Target::Others {
                first,
                whole,
                places,
            }) => {
                if let Some(moved) = Moved::of(readings, places) {
                    let readings = moved.readings(*whole, readings.received());
                    self.alarms.on_readings(*first, &readings, now);
                }
            }
            None => {}
        }
        self.tell(sink);
    }

    /// Lets time pass: what is due before then happens when it is due.
    fn pass(&mut self, time: Timestamp, sink: Sink<'_>) {
        self.begun.get_or_insert(time);
        self.now = self.now.max(time);
        let end = self.at(self.now).mono;
        let mut last = None;
        while let Some(due) = self.alarms.next_deadline().filter(|due| *due < end) {
            // Whatever it waits for then, it is no time.
            if last.replace(due) == Some(due) {
                break;
            }
            let wall = self.begun.unwrap_or(time).saturating_add(due);
            self.alarms.on_time(Now { wall, mono: due });
            self.tell(sink);
        }
    }

    fn at(&self, wall: Timestamp) -> Now {
        let mono = self.begun.map_or(Duration::ZERO, |begun| wall.since(begun));
        Now { wall, mono }
    }

    fn tell(&mut self, sink: Sink<'_>) {
        for record in self.alarms.records() {
            if let Some(name) = self.names.get(&record.alarm) {
                sink(name, record);
            }
        }
        self.alarms.clear_records();
    }
}

/// The points of a layout that the fleet has not, by their names.
fn find(fleet: &Fleet, known: &LayoutDefinition) -> Option<Target> {
    let device = fleet.directory.find_device(&known.device)?;
    let whole = fleet.directory.device(device).whole();
    let by_name: HashMap<_, _> = (0..)
        .zip(whole.points())
        .map(|(at, p)| (p.name(), at))
        .collect();
    let places = known.points.iter();
    let places = places.map(|(name, _)| by_name.get(name.as_str()).copied());
    Some(Target::Others {
        first: whole.first(),
        whole: whole.id(),
        places: places.collect(),
    })
}

/// Numbers of another layout, as events of all points of the device.
struct Moved {
    points: Vec<u32>,
    times: Vec<Timestamp>,
    values: Vec<f64>,
    qualities: Vec<gridos_model::Quality>,
}

impl Moved {
    fn of(readings: &Readings<'_>, places: &[Option<u32>]) -> Option<Self> {
        let at = |place: usize| places.get(place).copied().flatten();
        let row = |nth: usize| match readings {
            Readings::Sweep(sweep) => Some((at(nth)?, sweep.time, sweep.values.get(nth).copied()?)),
            Readings::Events(events) => {
                let point = at(*events.points.get(nth)? as usize)?;
                Some((point, *events.times.get(nth)?, *events.values.get(nth)?))
            }
            // Alarms pass texts by.
            Readings::Texts(_) => None,
        };
        let mut moved = Self {
            points: Vec::new(),
            times: Vec::new(),
            values: Vec::new(),
            qualities: Vec::new(),
        };
        for nth in 0..readings.len() {
            let Some((point, time, value)) = row(nth) else {
                continue;
            };
            let quality = readings.qualities().get(nth).copied();
            moved.points.push(point);
            moved.times.push(time);
            moved.values.push(value);
            moved.qualities.push(quality.unwrap_or_default());
        }
        (!moved.points.is_empty()).then_some(moved)
    }

    fn readings(&self, layout: LayoutId, received: Timestamp) -> Readings<'_> {
        Readings::Events(Events {
            layout,
            received,
            points: &self.points,
            times: &self.times,
            values: &self.values,
            qualities: &self.qualities,
        })
    }
}

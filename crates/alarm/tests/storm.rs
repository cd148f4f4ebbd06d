//! A storm: 10,000 devices, of which half lose their link and half exceed their limits.

#![cfg(test)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_alarm::{Alarms, Condition, Defined, Definition, Limits, Now};
use gridos_model::{
    AlarmId, AlarmKind, DeviceIndex, Directory, DirectoryBuilder, LinkChange, LinkState, Point,
    Quality, Readings, Sweep, TimeQuality, Timestamp,
};

const DEVICES: usize = 10_000;
/// Of a device: four have limits, of which three have an alarm of their quality, and there is its link.
const POINTS: usize = 32;
const LIMITS: usize = 4;
const QUALITIES: usize = 3;
const ALARMS: usize = LIMITS + QUALITIES + 1;
/// As the desk has it: so many that are at rest are remembered.
const RESTED_MAX: usize = 8_192;

fn directory() -> Directory {
    let mut builder = DirectoryBuilder::default();
    for device in 0..DEVICES {
        let points = (0..POINTS).map(|n| Point::new(&format!("p{n}"), "A"));
        builder
            .add(&format!("d{device}"), points.collect(), &[])
            .unwrap();
    }
    builder.build()
}

fn defined(directory: &Directory) -> Vec<Defined> {
    let limits = Limits::new(None, Some(100.0), None, None, 2.0).unwrap();
    let [limit, quality, link] = [
        Condition::Limit(limits),
        Condition::Quality,
        Condition::Link,
    ]
    .map(|condition| Arc::new(Definition::new(condition)));
    let mut all = Vec::with_capacity(DEVICES * ALARMS);
    for device in directory.devices() {
        let mut add = |point: Option<usize>, definition: &Arc<Definition>| {
            let owner = match point {
                Some(n) => format!("{}.p{n}", device.name()),
                None => device.name().to_owned(),
            };
            let offset = |n: usize| device.whole().first().offset(u32::try_from(n).unwrap());
            all.push(Defined {
                id: AlarmId::of(&owner, definition.condition.kind()),
                device: device.whole().device_index(),
                point: point.map(offset),
                reference: None,
                definition: Arc::clone(definition),
            });
        };
        (0..LIMITS).for_each(|n| add(Some(n), &limit));
        (0..QUALITIES).for_each(|n| add(Some(n), &quality));
        add(None, &link);
    }
    all
}

struct Storm {
    directory: Arc<Directory>,
    alarms: Alarms,
    now: Now,
    sequence: u64,
    took: Duration,
}

impl Storm {
    /// Does something with each device of one half, within ten seconds; returns how many records
    /// there were, and how many of them were told.
    fn each(
        &mut self,
        half: usize,
        mut deed: impl FnMut(&mut Alarms, &Directory, usize, Now),
    ) -> (usize, usize) {
        let (mut records, mut told) = (0, 0);
        for device in (half..DEVICES).step_by(2) {
            let step = Duration::from_millis(2);
            self.now.mono += step;
            self.now.wall = self.now.wall.saturating_add(step);
            let start = Instant::now();
            deed(&mut self.alarms, &self.directory, device, self.now);
            self.took += start.elapsed();
            for record in self.alarms.records() {
                self.sequence += 1;
                assert_eq!(record.sequence, self.sequence);
                records += 1;
                told += usize::from(record.is_annunciated);
            }
            self.alarms.clear_records();
        }
        (records, told)
    }

    fn sweep(&mut self, half: usize, value: f64, quality: Quality) -> (usize, usize) {
        self.each(half, |alarms, directory, device, now| {
            let whole = directory.devices()[device].whole();
            let sweep = Sweep {
                layout: whole.id(),
                time: now.wall,
                time_quality: TimeQuality::None,
                received: now.wall,
                values: &[value; POINTS],
                qualities: &[quality; POINTS],
            };
            alarms.on_readings(whole.first(), &Readings::Sweep(sweep), now);
        })
    }

    fn link(&mut self, half: usize, state: LinkState) -> (usize, usize) {
        self.each(half, |alarms, directory, device, now| {
            let change = LinkChange {
                device: device_index(directory, device),
                state,
                time: now.wall,
            };
            alarms.on_link(&change, now);
        })
    }
}

fn device_index(directory: &Directory, device: usize) -> DeviceIndex {
    directory.devices()[device].whole().device_index()
}

#[test]
fn a_storm_makes_the_records_that_it_must_and_no_more() {
    let directory = Arc::new(directory());
    let defined = defined(&directory);
    assert_eq!(defined.len(), DEVICES * ALARMS);
    let mut storm = Storm {
        alarms: Alarms::new(Arc::clone(&directory), &defined),
        directory,
        now: Now {
            wall: Timestamp::from_millis(1_800_000_000_000),
            mono: Duration::ZERO,
        },
        sequence: 0,
        took: Duration::ZERO,
    };
    let (lost, high) = (0, 1);
    let half = DEVICES / 2;
    assert_eq!(storm.sweep(lost, 50.0, Quality::GOOD), (0, 0));
    // One record for each device, however many points it has.
    assert_eq!(storm.link(lost, LinkState::Lost), (half, half));
    assert_eq!(
        storm.sweep(high, 105.0, Quality::GOOD),
        (half * LIMITS, half * LIMITS)
    );
    // What goes bad behind a lost link is recorded, and told to nobody.
    assert_eq!(
        storm.sweep(lost, 50.0, Quality::COMM_LOST),
        (half * QUALITIES, 0)
    );
    assert_eq!(storm.alarms.cases().count(), half * ALARMS);
    assert_eq!(
        storm.sweep(lost, 50.0, Quality::GOOD),
        (half * QUALITIES, 0)
    );
    assert_eq!(storm.link(lost, LinkState::Restored), (half, 0));
    assert_eq!(storm.sweep(high, 50.0, Quality::GOOD), (half * LIMITS, 0));
    // What is told waits for operators; of the rest so many are remembered.
    let waiting = half * (LIMITS + 1);
    assert_eq!(storm.alarms.cases().count(), waiting);
    let start = Instant::now();
    let memory = storm.alarms.memory();
    let took = start.elapsed();
    assert_eq!(memory.cases.len(), waiting + RESTED_MAX);
    let each = storm.took / u32::try_from(storm.sequence).unwrap();
    println!(
        "{} records, {each:?} each; memory of all in {took:?}",
        storm.sequence
    );
    let link = AlarmId::of("d0", AlarmKind::Link);
    assert_eq!(storm.alarms.case(link).unwrap().annunciations, 1);
}

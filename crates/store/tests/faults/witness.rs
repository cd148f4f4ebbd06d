//! The witness: everything a journal has ever held, read as it became durable.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use gridos_journal::{Chunk, LayoutBook, Position, Read, Reader, Record, StreamId, Tail};
use gridos_model::{
    AlarmId, AlarmKind, AlarmRecord, AuditRecord, DeviceId, Directory, PointId, Quality, Readings,
    TimeQuality, Timestamp,
};

use crate::row::{Number, Row};

/// One record of a stream.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) from: Tail,
    pub(crate) until: Tail,
    pub(crate) checksum: u32,
    /// What a database must show of it.
    pub(crate) rows: Vec<Row>,
    /// Whether it cannot be stored as what it is.
    pub(crate) is_malformed: bool,
    /// The device whose readings it has, if it is one that is known.
    device: Option<u64>,
}

impl Held {
    /// Which of so many connections writes it.
    pub(crate) fn shard(&self, shards: u64) -> u64 {
        self.device.map_or(0, |device| device % 840 % shards)
    }
}

/// Remembers records, also when their segments are long gone.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    streams: BTreeMap<u64, Testimony>,
    points: BTreeMap<u64, String>,
    devices: BTreeMap<u64, String>,
    /// The name of each alarm, of its device, and of its point if it is of one.
    alarms: BTreeMap<AlarmId, (String, String, Option<String>)>,
}

/// What is known about one stream.
#[derive(Debug, Default)]
struct Testimony {
    held: Vec<Held>,
    end: Tail,
    /// What is before is deleted.
    oldest: Position,
}

fn deed(record: &AuditRecord) -> Row {
    let deed = &record.deed;
    Row::Deed {
        sequence: record.sequence,
        micros: record.time.as_micros(),
        told: [
            &deed.principal,
            &deed.action,
            deed.outcome.name(),
            &deed.detail,
        ]
        .map(str::to_owned),
    }
}

/// The device whose readings a record has.
fn device(record: &Record<'_>, book: &LayoutBook) -> Option<u64> {
    let Record::Readings(readings) = record else {
        return None;
    };
    let layout = book.find(readings.layout()).unwrap()?;
    Some(DeviceId::of(&layout.device).raw())
}

/// The flag of a reading whose source's clock ran ahead.
const CLAMPED: u32 = Quality::CLOCK_CLAMPED.bits();

/// Whether the source's clock ran ahead by more than five minutes.
fn is_ahead(time: Timestamp, received: Timestamp) -> bool {
    time > received.saturating_add(Duration::from_secs(300))
}

/// The time that counts.
fn believed(time: Timestamp, received: Timestamp) -> Timestamp {
    if is_ahead(time, received) {
        received
    } else {
        time
    }
}

impl Witness {
    /// A witness that knows the names of `directory`.
    pub(crate) fn new(directory: &Directory) -> Self {
        let mut witness = Self::default();
        for device in directory.devices() {
            let name = device.name();
            let id = DeviceId::of(name).raw();
            witness.devices.insert(id, name.to_owned());
            witness.knows_alarms(name, None);
            for point in device.whole().points() {
                let id = PointId::of(name, point.name()).raw();
                let name = format!("{name}.{}", point.name());
                witness.knows_alarms(device.name(), Some(&name));
                witness.points.insert(id, name);
            }
        }
        witness
    }

    fn knows_alarms(&mut self, device: &str, point: Option<&str>) {
        let owner = point.unwrap_or(device);
        for kind in AlarmKind::ALL {
            let names = (
                format!("{owner}:{kind}"),
                device.to_owned(),
                point.map(str::to_owned),
            );
            self.alarms.insert(AlarmId::of(owner, kind), names);
        }
    }

    /// Reads on in the stream in `dir`, which is durable up to `end`.
    pub(crate) fn follow(&mut self, dir: &Path, stream: StreamId, book: &LayoutBook, end: Tail) {
        let testimony = self.streams.entry(stream.raw()).or_default();
        let (mut at, mut chunk) = (testimony.end, Chunk::default());
        let mut reader = Reader::new(dir);
        let mut fresh = Vec::new();
        while at.position < end.position {
            let read = reader.read(at, end, 1 << 20, &mut chunk).unwrap();
            assert_eq!(read, Read::Frames, "at {}", at.position);
            for (position, record) in chunk.records() {
                let header = chunk.header(position).unwrap();
                let frame = chunk.frame(position).unwrap();
                let until = Tail {
                    position: position.plus(frame.len() as u64),
                    readings: at.readings + u64::from(header.readings),
                };
                let record = record.unwrap();
                let rows = self.rows(&record, book);
                let is_malformed = rows.is_none();
                let quarantined = || Row::Quarantined {
                    stream: stream.raw(),
                    position: position.get(),
                    readings: u64::from(header.readings),
                };
                fresh.push(Held {
                    from: at,
                    until,
                    checksum: u32::from_le_bytes(frame[4..8].try_into().unwrap()),
                    rows: rows.unwrap_or_else(|| vec![quarantined()]),
                    is_malformed,
                    device: device(&record, book),
                });
                at = until;
            }
        }
        let testimony = self.streams.entry(stream.raw()).or_default();
        testimony.held.extend(fresh);
        testimony.end = at;
    }

    /// The records of `stream` before `oldest` are deleted.
    pub(crate) fn saw_trimmed(&mut self, stream: StreamId, oldest: Position) {
        self.streams.entry(stream.raw()).or_default().oldest = oldest;
    }

    /// The first place of a stream that is not deleted.
    pub(crate) fn oldest(&self, stream: u64) -> Position {
        self.streams
            .get(&stream)
            .map_or(Position::START, |it| it.oldest)
    }

    /// Whether nothing was ever deleted.
    pub(crate) fn is_whole(&self) -> bool {
        let mut streams = self.streams.values();
        streams.all(|stream| stream.oldest == Position::START)
    }

    /// The streams, each with its records in order.
    pub(crate) fn streams(&self) -> impl Iterator<Item = (u64, &[Held])> {
        let streams = self.streams.iter();
        streams.map(|(stream, testimony)| (*stream, &*testimony.held))
    }

    /// Where a stream ends.
    pub(crate) fn end(&self, stream: u64) -> Option<Tail> {
        Some(self.streams.get(&stream)?.end)
    }

    /// What a database must show of a record; none if it fits no layout.
    fn rows(&self, record: &Record<'_>, book: &LayoutBook) -> Option<Vec<Row>> {
        match record {
            Record::Readings(readings) => self.readings(readings, book),
            Record::Transitions(transitions) => {
                let rows = transitions.iter().map(|change| Row::Alarm {
                    point: self.points[&change.point.raw()].clone(),
                    micros: believed(change.time, change.received).as_micros(),
                    from: change.from.name().to_owned(),
                    to: change.to.name().to_owned(),
                    value: Number::of(change.value),
                    occurrence: change.occurrence,
                });
                Some(rows.collect())
            }
            Record::Gap(gap) => Some(vec![Row::Gap {
                device: self.devices[&gap.device.raw()].clone(),
                from_micros: gap.from.as_micros(),
                until_micros: gap.until.as_micros(),
                reason: gap.reason.name().to_owned(),
            }]),
            Record::Letter(letter) => Some(vec![Row::Letter {
                device: self.devices[&letter.device().raw()].clone(),
                micros: letter.received().as_micros(),
                reason: letter.reason().to_owned(),
                octets: letter.octets().iter().map(|o| format!("{o:02X}")).collect(),
                length: u64::from(letter.length()),
            }]),
            Record::Alarms(records) => Some(
                records
                    .iter()
                    .flat_map(|record| self.alarm(record))
                    .collect(),
            ),
            Record::Audit(records) => Some(records.iter().map(deed).collect()),
        }
    }

    fn alarm(&self, record: &AlarmRecord) -> Vec<Row> {
        let (name, device, point) = &self.alarms[&record.alarm];
        let (after, micros) = (
            &record.after,
            believed(record.time, record.received).as_micros(),
        );
        let clamped = match is_ahead(record.time, record.received) {
            true => CLAMPED,
            false => 0,
        };
        let told = if record.is_annunciated {
            "annunciated"
        } else {
            "silent"
        };
        let told = [
            record.action.name(),
            told,
            after.state().name(),
            after.priority.name(),
        ];
        let event = Row::AlarmEvent {
            alarm: name.clone(),
            device: device.clone(),
            sequence: record.sequence,
            told: told.map(str::to_owned),
            micros,
            received: record.received.as_micros(),
            value: Number::of(record.value),
            quality: record.quality.bits() | clamped,
            comment: record
                .note
                .as_ref()
                .map(|note| note.comment.to_string())
                .unwrap_or_default(),
        };
        let change = point.as_ref().filter(|_| record.from != after.level);
        let change = change.map(|point| Row::Alarm {
            point: point.clone(),
            micros,
            from: record.from.name().to_owned(),
            to: after.level.name().to_owned(),
            value: Number::of(record.value),
            occurrence: record.occurrence,
        });
        change.into_iter().chain([event]).collect()
    }

    fn readings(&self, readings: &Readings<'_>, book: &LayoutBook) -> Option<Vec<Row>> {
        let layout = book.find(readings.layout()).unwrap()?;
        let names = layout.points.iter();
        let names: Vec<_> = names
            .map(|(name, _)| format!("{}.{name}", layout.device))
            .collect();
        let received = readings.received();
        let quality = |nth: usize, time: Timestamp| {
            let said = readings.qualities().get(nth).map_or(0, |q| q.bits());
            said | if is_ahead(time, received) { CLAMPED } else { 0 }
        };
        let reading = |nth: usize, point: &String, time: Timestamp, more: u32| Row::Reading {
            point: point.clone(),
            micros: believed(time, received).as_micros(),
            value: Number::of(readings.values()[nth]),
            quality: quality(nth, time) | more,
        };
        match readings {
            Readings::Sweep(sweep) => {
                let more = match sweep.time_quality {
                    _ if is_ahead(sweep.time, received) => CLAMPED,
                    TimeQuality::Synchronised => 0,
                    TimeQuality::Unsynchronised => 1 << 19,
                    TimeQuality::None => 1 << 20,
                };
                let fits = sweep.values.len() == names.len();
                let rows = names.iter().enumerate();
                fits.then(|| {
                    let row = |(nth, name)| reading(nth, name, sweep.time, more);
                    rows.map(row).collect()
                })
            }
            Readings::Events(events) => {
                let points = events.points.iter().zip(events.times).enumerate();
                points
                    .map(|(nth, (point, time))| {
                        let name = names.get(*point as usize)?;
                        Some(reading(nth, name, *time, 0))
                    })
                    .collect()
            }
            Readings::Texts(texts) => {
                let points = texts.points.iter().zip(texts.times).zip(texts.texts.iter());
                points
                    .enumerate()
                    .map(|(nth, ((point, time), text))| {
                        Some(Row::Text {
                            point: names.get(*point as usize)?.clone(),
                            micros: believed(*time, received).as_micros(),
                            text: text.to_owned(),
                            quality: quality(nth, *time),
                        })
                    })
                    .collect()
            }
        }
    }
}

//! A chunk: whole frames as they were read from a segment, checked, in aligned memory.

use gridos_model::{AlarmRecord, Epoch};
use rkyv::util::AlignedVec;

use crate::frame::{self, Header};
use crate::record::KIND_ALARMS;
use crate::{Frames, Position, Record, RecordError, Tail, record};

/// A span of the stream in memory: the writer's unit of work, reused from read to read.
#[derive(Debug, Default)]
pub struct Chunk {
    pub(crate) bytes: AlignedVec,
    pub(crate) from: Tail,
    pub(crate) until: Tail,
    /// The last frame's checksum.
    last: Option<u32>,
}

impl Chunk {
    /// Makes this a copy of `frames`, checked as if they had been read from a segment: the way of
    /// a record without the disk.
    pub fn load(&mut self, frames: &Frames) {
        self.load_bytes(frames.bytes(), frames.from(), frames.segment);
    }

    /// Makes this a copy of the whole frames at the beginning of `bytes`, which stand at `from` of
    /// the segment with the id `segment`; whatever the bytes are.
    pub fn load_bytes(&mut self, bytes: &[u8], from: Tail, segment: u64) {
        self.restart(from);
        self.bytes.extend_from_slice(bytes);
        self.keep_whole_frames(bytes.len(), segment);
    }

    /// Empties the chunk: the first frame will stand at `from`.
    pub(crate) fn restart(&mut self, from: Tail) {
        self.bytes.clear();
        (self.from, self.until) = (from, from);
        self.last = None;
    }

    /// Cuts the chunk off behind the last good whole frame of its first `loaded` bytes; returns
    /// the readings before the first one, if there is any.
    pub(crate) fn keep_whole_frames(&mut self, loaded: usize, segment: u64) -> Option<u64> {
        let (mut kept, mut before) = (0, None);
        while let Ok(header) = frame::check(&self.bytes[kept..loaded], self.until.position, segment)
        {
            before.get_or_insert(header.readings_before);
            self.last = checksum(&self.bytes[kept..]);
            kept += header.frame_bytes();
            self.until = Tail {
                position: self.until.position.plus(header.frame_bytes() as u64),
                readings: header
                    .readings_before
                    .saturating_add(u64::from(header.readings)),
            };
        }
        self.bytes.resize(kept, 0);
        before
    }

    /// Where it begins.
    pub fn from(&self) -> Tail {
        self.from
    }

    /// Where it ends.
    pub fn until(&self) -> Tail {
        self.until
    }

    /// What tells its last frame from any other that may once end at the same place; `None` if
    /// there is no frame.
    pub fn last_checksum(&self) -> Option<u32> {
        self.last
    }

    /// The whole frame at `position`, header and all, if one of the chunk begins there.
    pub fn frame(&self, position: Position) -> Option<&[u8]> {
        self.find(position).map(|(_, frame)| frame)
    }

    /// What the frame at `position` says of itself, if one of the chunk begins there.
    pub fn header(&self, position: Position) -> Option<Header> {
        self.find(position).map(|(header, _)| header)
    }

    /// Whether the frame that begins at `position` ends at `end`.
    pub fn is_end_of(&self, end: u64, position: Position) -> bool {
        let header = self.header(position);
        header.is_some_and(|header| position.plus(header.frame_bytes() as u64).get() == end)
    }

    /// Whether a fleet shares the device of any batch in it.
    pub fn has_epochs(&self) -> bool {
        let mut frames = Walk { bytes: &self.bytes };
        frames.any(|(header, payload)| record::epoch(header.kind, payload).is_some())
    }

    /// Under which epoch the device of the batch at `position` was held; `None` without a fleet.
    pub fn epoch(&self, position: Position) -> Option<Epoch> {
        let (header, frame) = self.find(position)?;
        let payload = frame.get(frame::HEADER_BYTES..)?;
        record::epoch(header.kind, payload.get(..header.length as usize)?)
    }

    fn find(&self, position: Position) -> Option<(Header, &[u8])> {
        let offset = position.get().checked_sub(self.from.position.get())?;
        let bytes = self.bytes.get(usize::try_from(offset).ok()?..)?;
        let header = frame::peek(bytes).ok()?;
        let frame = bytes.get(..header.frame_bytes())?;
        (header.position == position).then_some((header, frame))
    }

    /// Readings in it.
    pub fn readings(&self) -> u64 {
        self.until.readings - self.from.readings
    }

    /// Bytes of frames in it.
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// What it tells of alarms, in order; nothing else is looked into. Those that cannot be read are
    /// left out.
    pub fn alarms(&self) -> impl Iterator<Item = AlarmRecord> {
        let frames = Walk { bytes: &self.bytes }.filter(|(header, _)| header.kind == KIND_ALARMS);
        let records =
            frames.filter_map(|(header, payload)| record::read(header.kind, payload).ok());
        records.flat_map(|record| match record {
            Record::Alarms(records) => records,
            Record::Readings(_)
            | Record::Transitions(_)
            | Record::Gap(_)
            | Record::Letter(_)
            | Record::Audit(_) => Vec::new(),
        })
    }

    /// The records in order, each with its position. Their frames were checked when the chunk was
    /// read; a record of an unknown kind or shape is an error of its own and spoils no other.
    pub fn records(&self) -> impl Iterator<Item = (Position, Result<Record<'_>, RecordError>)> {
        Walk { bytes: &self.bytes }.map(|(header, payload)| {
            let record = record::read(header.kind, payload).and_then(|record| match &record {
                Record::Readings(readings) if readings.len() != header.readings as usize => {
                    let reason = "count of readings differs from the frame's".to_owned();
                    Err(RecordError::Malformed { reason })
                }
                Record::Readings(_)
                | Record::Transitions(_)
                | Record::Gap(_)
                | Record::Letter(_)
                | Record::Alarms(_)
                | Record::Audit(_) => Ok(record),
            });
            (header.position, record)
        })
    }
}

impl Chunk {
    /// When its records were received, in order; those that do not say are left out.
    pub fn received(&self) -> impl Iterator<Item = gridos_model::Timestamp> {
        let records = self.records().filter_map(|(_, record)| record.ok());
        records.filter_map(|record| record.received())
    }
}

/// The checksum in the header at the beginning of `frame`.
fn checksum(frame: &[u8]) -> Option<u32> {
    let (checksum, _) = frame.get(4..)?.split_first_chunk()?;
    Some(u32::from_le_bytes(*checksum))
}

struct Walk<'a> {
    bytes: &'a [u8],
}

impl<'a> Iterator for Walk<'a> {
    type Item = (Header, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let header = frame::peek(self.bytes).ok()?;
        let frame = self.bytes.get(..header.frame_bytes())?;
        self.bytes = &self.bytes[header.frame_bytes()..];
        Some((
            header,
            &frame[frame::HEADER_BYTES..frame::HEADER_BYTES + header.length as usize],
        ))
    }
}

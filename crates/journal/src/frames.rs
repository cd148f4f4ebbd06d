//! Frames in memory: records appended one behind the other, ready to be written.

use gridos_model::{AlarmRecord, AuditRecord, DeadLetter, Epoch, Gap, Readings, Transition};
use rkyv::util::AlignedVec;

use crate::{Position, StreamId, Tail, frame, record};

/// So much memory is kept when the frames in it are forgotten.
const CAPACITY_KEPT: usize = 4 << 20;
/// Each has some 3 KiB at most.
const DEEDS_PER_FRAME_MAX: usize = 256;

/// A span of the stream that is being made: frames from one place on.
#[derive(Debug)]
pub struct Frames {
    pub(crate) bytes: AlignedVec,
    /// The stream of the next frame, or 0.
    stream: u64,
    /// The segment of the next frame.
    pub(crate) segment: u64,
    from: Tail,
    until: Tail,
}

impl Frames {
    /// No frame yet, of the segment with the id `segment`; the first will stand at `from`.
    pub fn new(segment: u64, from: Tail) -> Self {
        Self {
            bytes: AlignedVec::new(),
            stream: 0,
            segment,
            from,
            until: from,
        }
    }

    /// The same, of frames that name their stream.
    pub fn of_stream(stream: StreamId, segment: u64, from: Tail) -> Self {
        Self {
            stream: stream.raw(),
            ..Self::new(segment, from)
        }
    }

    /// Where the first frame stands.
    pub fn from(&self) -> Tail {
        self.from
    }

    /// Where the next frame will stand.
    pub fn until(&self) -> Tail {
        self.until
    }

    /// The frames as they are written.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Appends a batch; returns the position behind it.
    pub fn append_readings(&mut self, readings: &Readings<'_>) -> Position {
        let count = u32::try_from(readings.len()).unwrap_or(u32::MAX);
        self.append(count, |bytes| record::write_readings(readings, bytes))
    }

    /// Appends a batch whose device is held under `epoch`; returns the position behind it.
    pub fn append_held_readings(&mut self, readings: &Readings<'_>, epoch: Epoch) -> Position {
        let count = u32::try_from(readings.len()).unwrap_or(u32::MAX);
        self.append(count, |bytes| {
            record::write_held_readings(readings, epoch, bytes)
        })
    }

    /// Appends alarm transitions; returns the position behind them.
    pub fn append_transitions(&mut self, transitions: &[Transition]) -> Position {
        self.append(0, |bytes| record::write_transitions(transitions, bytes))
    }

    /// Appends a gap; returns the position behind it.
    pub fn append_gap(&mut self, gap: &Gap) -> Position {
        self.append(0, |bytes| record::write_gap(gap, bytes))
    }

    /// Appends a dead letter; returns the position behind it.
    pub fn append_letter(&mut self, letter: &DeadLetter) -> Position {
        self.append(0, |bytes| record::write_letter(letter, bytes))
    }

    /// Appends what happened to alarms, in as many frames as it needs; returns the position behind it.
    pub fn append_alarms(&mut self, records: &[AlarmRecord]) -> Position {
        for portion in record::alarm_portions(records) {
            self.append(0, |bytes| record::write_alarms(portion, bytes));
        }
        self.until.position
    }

    /// Appends what somebody did, in as many frames as it needs; returns the position behind it.
    pub fn append_audit(&mut self, records: &[AuditRecord]) -> Position {
        for portion in records.chunks(DEEDS_PER_FRAME_MAX) {
            self.append(0, |bytes| record::write_audit(portion, bytes));
        }
        self.until.position
    }

    /// Forgets the frames, keeping the memory: the next stands behind the last, in the segment
    /// with the id `segment`.
    pub fn restart(&mut self, segment: u64) {
        self.bytes.clear();
        self.segment = segment;
        self.from = self.until;
    }

    /// Gives the frames from `position` on, and those to come, the segment with the id `segment`.
    pub(crate) fn reseal(&mut self, position: Position, segment: u64) {
        let offset = self.offset_of(position);
        frame::reseal(&mut self.bytes[offset..], segment);
        self.segment = segment;
    }

    /// The frames from `position` on, which is where one of them begins or the last one ends.
    pub(crate) fn bytes_from(&self, position: Position) -> &[u8] {
        self.bytes.get(self.offset_of(position)..).unwrap_or(&[])
    }

    /// Forgets the frames before `until`, which is where one of them begins or the last one ends.
    pub(crate) fn forget(&mut self, until: Tail) {
        let gone = self.offset_of(until.position);
        let left = self.bytes.len() - gone;
        self.bytes.copy_within(gone.., 0);
        self.bytes.resize(left, 0);
        if until.position > self.from.position {
            self.from = until;
        }
        if left < CAPACITY_KEPT / 2 && self.bytes.capacity() > CAPACITY_KEPT {
            self.bytes.shrink_to_fit();
        }
    }

    /// The same, but only when it is cheap: when no more is moved than forgotten.
    pub(crate) fn forget_cheaply(&mut self, until: Tail) {
        let gone = self.offset_of(until.position);
        if gone > 0 && gone >= self.bytes.len() - gone {
            self.forget(until);
        }
    }

    fn offset_of(&self, position: Position) -> usize {
        let offset = usize::try_from(position.bytes_since(self.from.position));
        offset.unwrap_or(usize::MAX).min(self.bytes.len())
    }

    fn append(&mut self, readings: u32, write: impl FnOnce(&mut AlignedVec) -> u16) -> Position {
        let start = self.bytes.len();
        self.bytes.resize(start + frame::HEADER_BYTES, 0);
        let kind = write(&mut self.bytes);
        let header = frame::Header {
            length: 0,
            position: self.until.position,
            segment: self.segment,
            readings_before: self.until.readings,
            readings,
            kind,
            stream: self.stream,
        };
        let header = frame::seal(&mut self.bytes, start, header);
        self.bytes.resize(start + header.frame_bytes(), 0);
        self.until.position = self.until.position.plus(header.frame_bytes() as u64);
        self.until.readings += u64::from(readings);
        self.until.position
    }
}

#[cfg(test)]
mod tests {
    use gridos_model::{DeviceId, GapReason, Timestamp};

    use super::*;

    fn append(frames: &mut Frames) -> Tail {
        frames.append_gap(&Gap {
            device: DeviceId::of("d"),
            from: Timestamp::EPOCH,
            until: Timestamp::EPOCH,
            reason: GapReason::EngineDown,
        });
        frames.until()
    }

    #[test]
    fn what_is_forgotten_leaves_the_rest_in_its_place() {
        let mut frames = Frames::of_stream(StreamId::from_raw(3), 1, Tail::default());
        let tails = [(); 4].map(|()| append(&mut frames));
        let rest = frames.bytes_from(tails[1].position).to_vec();
        frames.forget_cheaply(tails[0]);
        assert_eq!(frames.from(), Tail::default());
        frames.forget_cheaply(tails[1]);
        assert_eq!((frames.from(), frames.until()), (tails[1], tails[3]));
        assert_eq!(frames.bytes(), rest);
        // What is gone already changes nothing.
        frames.forget(tails[0]);
        assert_eq!((frames.from(), frames.bytes()), (tails[1], &*rest));
        frames.forget(tails[3]);
        assert_eq!((frames.from(), frames.bytes().len()), (tails[3], 0));
        assert_eq!(frames.bytes_from(tails[3].position), []);
        let next = append(&mut frames);
        let header = frame::check(frames.bytes(), tails[3].position, 1).unwrap();
        assert_eq!((header.stream, frames.until()), (3, next));
    }
}

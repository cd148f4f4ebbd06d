//! Frames in memory: records appended one behind the other, ready to be written.

use gridos_model::{DeadLetter, Gap, Readings, Transition};
use rkyv::util::AlignedVec;

use crate::{Position, Tail, frame, record};

/// A span of the stream that is being made: frames of one segment, from one place on.
#[derive(Debug)]
pub struct Frames {
    pub(crate) bytes: AlignedVec,
    pub(crate) segment: u64,
    from: Tail,
    until: Tail,
}

impl Frames {
    /// No frame yet, of the segment with the id `segment`; the first will stand at `from`.
    pub fn new(segment: u64, from: Tail) -> Self {
        Self {
            bytes: AlignedVec::new(),
            segment,
            from,
            until: from,
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

    /// Forgets the frames, keeping the memory: the next stands behind the last, in the segment
    /// with the id `segment`.
    pub fn restart(&mut self, segment: u64) {
        self.bytes.clear();
        self.segment = segment;
        self.from = self.until;
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
        };
        let header = frame::seal(&mut self.bytes, start, header);
        self.bytes.resize(start + header.frame_bytes(), 0);
        self.until.position = self.until.position.plus(header.frame_bytes() as u64);
        self.until.readings += u64::from(readings);
        self.until.position
    }
}

//! Segments become fragments.

use std::time::{Duration, Instant};

use super::header::next;
use super::{FragmentMax, Header, TransportCounters, TransportError};
use crate::link::{Address, Payload, UserData};

/// Joins the segments between two stations to fragments (IEEE 1815-2012, clause 8):
///
/// 1. A segment with FIR begins a fragment, whatever its number; an unfinished one is given up.
/// 2. Without FIR and without a fragment begun, it is dropped.
/// 3. The same segment once more is ignored.
/// 4. The next number continues the fragment.
/// 5. Any other number gives the fragment up.
/// 6. A segment without FIR between other stations is dropped.
/// 7. FIN delivers. Neither a segment without a header nor a fragment without bytes is allowed.
/// 8. A fragment that becomes too long is given up.
/// 9. A fragment that no segment continues in time is given up, and so it is when the connection
///    ends.
///
/// The bytes of a frame's blocks are copied straight to their place in the fragment. At most
/// [`FragmentMax`] bytes are allocated, as they are needed, and kept for the next fragment.
#[derive(Clone, Debug)]
pub struct Reassembler {
    limit: FragmentMax,
    timeout: Duration,
    series: Option<Series>,
    /// The fragment is its beginning; the rest is free.
    buffer: Vec<u8>,
    counters: TransportCounters,
}

/// A fragment that has begun and is not complete.
#[derive(Clone, Copy, Debug)]
struct Series {
    source: Address,
    destination: Address,
    /// How many bytes of the buffer it has.
    bytes: usize,
    segments: u64,
    /// The last segment: its header, and where in the buffer its bytes begin.
    last: Header,
    last_start: usize,
    /// When the last segment arrived.
    continued: Instant,
}

impl Reassembler {
    /// For fragments of up to `limit`, whose segments come within `timeout` of one another.
    pub fn new(limit: FragmentMax, timeout: Duration) -> Self {
        Self {
            limit,
            timeout,
            series: None,
            buffer: Vec::new(),
            counters: TransportCounters::default(),
        }
    }

    /// Takes a segment that arrived `now`; returns the fragment if it is complete, until the next
    /// segment.
    ///
    /// # Errors
    /// If the segment comes to nothing.
    #[inline]
    pub fn push(
        &mut self,
        now: Instant,
        segment: &UserData<'_>,
    ) -> Result<Option<&[u8]>, TransportError> {
        self.counters.segments += 1;
        self.handle_timeout(now);
        let Some((octet, bytes)) = segment.payload.split_first() else {
            self.counters.empty += 1;
            self.counters.segments_dropped += 1;
            return Err(TransportError::Empty);
        };
        let header = Header::decode(octet);
        let series = if header.fir {
            if let Some(series) = self.series.take() {
                self.counters.interrupted += 1;
                self.counters.segments_dropped += series.segments;
            }
            Series::begin(now, header, segment)
        } else {
            match self.continued(now, header, segment, &bytes)? {
                Some(series) => series,
                None => return Ok(None),
            }
        };
        self.append(series, &bytes)
    }

    /// When the unfinished fragment must be given up.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.series?.continued.checked_add(self.timeout)
    }

    /// Gives the unfinished fragment up if it is time; whether it was. [`Reassembler::push`] does
    /// so as well.
    pub fn handle_timeout(&mut self, now: Instant) -> bool {
        if self.poll_timeout().is_none_or(|due| now < due) {
            return false;
        }
        if let Some(series) = self.series.take() {
            self.counters.expired += 1;
            self.counters.segments_dropped += series.segments;
        }
        true
    }

    /// Gives the unfinished fragment up: its connection has ended. The counters go on.
    pub fn reset(&mut self) {
        if let Some(series) = self.series.take() {
            self.counters.disconnected += 1;
            self.counters.segments_dropped += series.segments;
        }
    }

    /// Gives the memory for fragments away, unless one is unfinished.
    pub fn give_memory(&mut self) -> Option<Vec<u8>> {
        let is_free = self.series.is_none() && !self.buffer.is_empty();
        is_free.then(|| std::mem::take(&mut self.buffer))
    }

    /// Takes memory for fragments that this or another reassembler has given away, if it has none
    /// and may have as much.
    pub fn take_memory(&mut self, memory: &mut Vec<u8>) {
        if self.buffer.is_empty() && memory.capacity() <= self.limit.bytes() {
            self.buffer = std::mem::take(memory);
        }
    }

    /// Bytes of the unfinished fragment.
    pub fn held_bytes(&self) -> usize {
        self.series.map_or(0, |series| series.bytes)
    }

    /// Segments of the unfinished fragment.
    pub fn held_segments(&self) -> u64 {
        self.series.map_or(0, |series| series.segments)
    }

    /// Bytes allocated: at most the limit.
    pub fn allocated_bytes(&self) -> usize {
        self.buffer.capacity()
    }

    /// What has been seen since the reassembler was made.
    pub fn counters(&self) -> &TransportCounters {
        &self.counters
    }
}

impl Series {
    fn begin(now: Instant, header: Header, segment: &UserData<'_>) -> Self {
        Self {
            source: segment.source,
            destination: segment.destination,
            bytes: 0,
            segments: 1,
            last: header,
            last_start: 0,
            continued: now,
        }
    }
}

impl Reassembler {
    /// The series with a segment without FIR added, but not yet its bytes; `None` if it is there
    /// already.
    fn continued(
        &mut self,
        now: Instant,
        header: Header,
        segment: &UserData<'_>,
        bytes: &Payload<'_>,
    ) -> Result<Option<Series>, TransportError> {
        let Some(series) = self.series else {
            self.counters.orphans += 1;
            self.counters.segments_dropped += 1;
            return Err(TransportError::Orphan(header));
        };
        if (series.source, series.destination) != (segment.source, segment.destination) {
            self.counters.other_addresses += 1;
            self.counters.segments_dropped += 1;
            return Err(TransportError::OtherAddresses(header));
        }
        let last = self.buffer.get(series.last_start..series.bytes);
        if header == series.last && last.is_some_and(|last| *bytes == *last) {
            self.counters.duplicates += 1;
            return Ok(None);
        }
        let expected = next(series.last.sequence);
        if header.sequence != expected {
            self.series = None;
            self.counters.out_of_sequence += 1;
            self.counters.segments_dropped += series.segments + 1;
            return Err(TransportError::Sequence { header, expected });
        }
        Ok(Some(Series {
            segments: series.segments + 1,
            last: header,
            last_start: series.bytes,
            continued: now,
            ..series
        }))
    }

    /// Adds the bytes of the last segment of `series`, which delivers it or makes it the
    /// unfinished one.
    fn append(
        &mut self,
        mut series: Series,
        bytes: &Payload<'_>,
    ) -> Result<Option<&[u8]>, TransportError> {
        self.series = None;
        let (start, end) = (series.bytes, series.bytes + bytes.len());
        if end > self.limit.bytes() {
            self.counters.too_long += 1;
            self.counters.segments_dropped += series.segments;
            return Err(TransportError::Long {
                header: series.last,
                bytes: end,
                limit: self.limit,
            });
        }
        self.make_room(end);
        if let Some(free) = self.buffer.get_mut(start..end) {
            bytes.copy_to(free);
        }
        series.bytes = end;
        if !series.last.fin {
            self.series = Some(series);
            return Ok(None);
        }
        if end == 0 {
            self.counters.without_bytes += 1;
            self.counters.segments_dropped += series.segments;
            return Err(TransportError::Nothing(series.last));
        }
        self.counters.segments_delivered += series.segments;
        self.counters.fragments += 1;
        self.counters.fragment_bytes += u64::try_from(end).unwrap_or(u64::MAX);
        Ok(self.buffer.get(..end))
    }

    /// Doubles the buffer until it has `bytes`, but never beyond the limit.
    fn make_room(&mut self, bytes: usize) {
        if bytes > self.buffer.len() {
            let room = bytes.next_power_of_two().min(self.limit.bytes());
            self.buffer.reserve_exact(room - self.buffer.len());
            self.buffer.resize(room, 0);
        }
    }
}

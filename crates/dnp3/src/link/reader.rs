//! A stream of bytes becomes frames.

use super::fault::{Fault, LinkError};
use super::frame::{FRAME_BYTES_MAX, HEADER_BYTES};
use super::scan::{Found, Header, scan};
use super::{Frame, Payload, ReaderCounters, Recovery};

/// Finds the frames in a stream, however it is cut into pieces.
///
/// Call [`Reader::read`] with the bytes of each read of the socket until it has no more: a frame
/// that lies whole in them is lent from there, one that is cut is put together inside, for which
/// memory is allocated while there is one. What is inside a good frame is never searched for
/// another one.
///
/// ```
/// use gridos_dnp3::link::{Reader, Recovery};
///
/// let bytes = [0x05, 0x64, 0x05, 0xC9, 0x0A, 0x00, 0x01, 0x00, 0xFE, 0xDA];
/// let mut reader = Reader::new(Recovery::Stream);
/// let mut frames = 0;
/// for mut input in bytes.chunks(4) {
///     while let Some(read) = reader.read(&mut input) {
///         assert_eq!(read?.source.raw(), 1);
///         frames += 1;
///     }
/// }
/// assert_eq!(frames, 1);
/// # Ok::<(), gridos_dnp3::link::LinkError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reader {
    recovery: Recovery,
    /// What has arrived and is not yet told to be a frame or none.
    held: Option<Box<[u8; FRAME_BYTES_MAX]>>,
    held_bytes: usize,
    /// How many bytes must be held before it is worth looking at them.
    wanted_bytes: usize,
    /// How many held bytes are the frame that was lent last.
    lent_bytes: usize,
    /// Bytes of the stream before the held ones, or before the input if none are held.
    offset: u64,
    broken_in_a_row: u64,
    counters: ReaderCounters,
}

impl Reader {
    /// A reader at the beginning of a stream.
    pub fn new(recovery: Recovery) -> Self {
        Self {
            recovery,
            held: None,
            held_bytes: 0,
            wanted_bytes: 0,
            lent_bytes: 0,
            offset: 0,
            broken_in_a_row: 0,
            counters: ReaderCounters::default(),
        }
    }

    /// Takes bytes off the beginning of `input` up to the end of the next frame, good or broken.
    /// `None` says that `input` is used up and its last bytes, if they may become a frame, are
    /// kept for the next call.
    ///
    /// # Errors
    /// If bytes began like a frame and are none; the next call goes on behind them.
    #[inline]
    pub fn read<'r, 'i: 'r>(
        &'r mut self,
        input: &mut &'i [u8],
    ) -> Option<Result<Frame<'r>, LinkError>> {
        self.drop_lent();
        loop {
            if self.held_bytes == 0 {
                match scan(input, self.recovery) {
                    Found::Frame { header, bytes } => {
                        let (frame, rest) = input.split_at_checked(bytes)?;
                        *input = rest;
                        self.on_frame(&header, bytes);
                        self.offset += count(bytes);
                        return Some(Ok(framed(&header, frame)));
                    }
                    Found::Piece { bytes } => {
                        self.hold(input, bytes);
                        return None;
                    }
                    Found::Nothing { bytes } => {
                        take(input, bytes);
                        self.on_skipped(bytes);
                    }
                    Found::Broken { fault, bytes } => {
                        take(input, bytes);
                        return Some(Err(self.on_broken(fault, bytes)));
                    }
                }
            } else {
                if !self.hold(input, self.wanted_bytes) {
                    return None;
                }
                match scan(self.held(), self.recovery) {
                    Found::Frame { header, bytes } => {
                        self.on_frame(&header, bytes);
                        self.lent_bytes = bytes;
                        return Some(Ok(framed(&header, self.held().get(..bytes)?)));
                    }
                    Found::Piece { bytes } => self.wanted_bytes = bytes,
                    Found::Nothing { bytes } => {
                        self.drop_held(bytes);
                        self.on_skipped(bytes);
                    }
                    Found::Broken { fault, bytes } => {
                        self.drop_held(bytes);
                        return Some(Err(self.on_broken(fault, bytes)));
                    }
                }
            }
        }
    }

    /// Forgets the held piece of a frame, as its other bytes will not come, and counts from 0
    /// again: a new connection begins. The counters go on.
    pub fn reset(&mut self) {
        self.drop_lent();
        self.counters.skipped_bytes += count(self.held_bytes);
        self.held = None;
        self.held_bytes = 0;
        self.wanted_bytes = 0;
        self.offset = 0;
        self.broken_in_a_row = 0;
    }

    /// Bytes held back because they may become a frame: at most 291 after [`Reader::read`] has
    /// returned `None`.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes - self.lent_bytes
    }

    /// Broken frames since the last good one: a peer with too many of them speaks something else.
    pub fn broken_in_a_row(&self) -> u64 {
        self.broken_in_a_row
    }

    /// What has been seen since the reader was made.
    pub fn counters(&self) -> &ReaderCounters {
        &self.counters
    }

    fn held(&self) -> &[u8] {
        let held = self.held.as_deref().map_or(&[][..], |held| held);
        held.get(..self.held_bytes).unwrap_or_default()
    }

    /// Moves bytes of `input` to the held ones until these are `wanted`; whether they are.
    fn hold(&mut self, input: &mut &[u8], wanted: usize) -> bool {
        self.wanted_bytes = wanted;
        let missing = wanted.saturating_sub(self.held_bytes).min(input.len());
        let taken = take(input, missing);
        if !taken.is_empty() {
            let held = self.held.get_or_insert_with(|| [0; FRAME_BYTES_MAX].into());
            if let Some(free) = held.get_mut(self.held_bytes..self.held_bytes + missing) {
                free.copy_from_slice(taken);
                self.held_bytes += missing;
            }
        }
        self.held_bytes >= wanted
    }

    fn drop_lent(&mut self) {
        if self.lent_bytes > 0 {
            let lent = std::mem::take(&mut self.lent_bytes);
            self.drop_held(lent);
            self.offset += count(lent);
        }
    }

    fn drop_held(&mut self, bytes: usize) {
        let bytes = bytes.min(self.held_bytes);
        if let Some(held) = &mut self.held {
            held.copy_within(bytes..self.held_bytes, 0);
        }
        self.held_bytes -= bytes;
        self.wanted_bytes = HEADER_BYTES.min(self.held_bytes);
        if self.held_bytes == 0 {
            self.held = None;
        }
    }

    fn on_frame(&mut self, header: &Header, bytes: usize) {
        self.counters.frames += 1;
        self.counters.frame_bytes += count(bytes);
        self.counters.reserved_bits += u64::from(header.reserved_bit);
        self.broken_in_a_row = 0;
    }

    fn on_skipped(&mut self, bytes: usize) {
        self.counters.skipped_bytes += count(bytes);
        self.offset += count(bytes);
    }

    fn on_broken(&mut self, fault: Fault, bytes: usize) -> LinkError {
        let offset = self.offset;
        self.on_skipped(bytes);
        self.counters.on_fault(&fault);
        self.broken_in_a_row += 1;
        LinkError { offset, fault }
    }
}

/// The frame that `bytes` are.
#[inline]
fn framed<'a>(header: &Header, bytes: &'a [u8]) -> Frame<'a> {
    Frame {
        control: header.control,
        destination: header.destination,
        source: header.source,
        payload: Payload::of_body(bytes.get(HEADER_BYTES..).unwrap_or_default()),
    }
}

/// Takes up to `bytes` off the beginning.
fn take<'a>(input: &mut &'a [u8], bytes: usize) -> &'a [u8] {
    let (taken, rest) = input.split_at_checked(bytes).unwrap_or((input, &[]));
    *input = rest;
    taken
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

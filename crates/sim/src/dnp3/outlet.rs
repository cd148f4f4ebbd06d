//! What leaves for the master, and what happens to it on the way.

use std::time::Duration;

use gridos_dnp3::link::{HEADER_BYTES, crc, frame_bytes};

use super::Odds;
use crate::noise::mix;

/// What is wrong with a line on purpose; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineFaults {
    /// Frames before which the connection ends.
    pub drop: Odds,
    /// Frames within which the connection ends.
    pub cut: Odds,
    /// Frames in which one bit is wrong.
    pub corrupt: Odds,
    /// Frames before which there is noise: 1 to 40 octets.
    pub garbage: Odds,
    /// No segment is the last one of its fragment.
    pub never_last: bool,
    /// How long to wait after each octet.
    pub drip: Option<Duration>,
}

/// The octets that are to be written.
#[derive(Debug)]
pub(crate) struct Outlet {
    faults: LineFaults,
    seed: u64,
    /// How many frames came here.
    frames: u64,
    octets: Vec<u8>,
    /// Whether the connection ends when they are written.
    is_last: bool,
}

/// Where the length of a frame stands.
const LENGTH: usize = 2;
/// Where the control octet of a frame stands.
const CONTROL: usize = 3;
/// What the length counts besides user data.
const LENGTH_MIN: u8 = 5;
/// The bit of the control octet by which a primary station speaks.
const PRM: u8 = 0x40;
/// The bit of the transport header that tells the last segment.
const FIN: u8 = 0x80;
/// The octets of user data in a block with a checksum of its own.
const BLOCK_BYTES: usize = 16;

impl Outlet {
    pub(crate) fn new(faults: LineFaults, seed: u64) -> Self {
        Self {
            faults,
            seed,
            frames: 0,
            octets: Vec::new(),
            is_last: false,
        }
    }

    /// Takes the whole frames that `write` appends.
    pub(crate) fn push<T>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> T) -> T {
        if self.faults == LineFaults::default() {
            return write(&mut self.octets);
        }
        let mut frames = Vec::new();
        let written = write(&mut frames);
        self.spoil_all(&frames);
        written
    }

    fn spoil_all(&mut self, frames: &[u8]) {
        let mut rest = frames;
        while let Some((frame, others)) = rest.split_at_checked(whole(rest)) {
            if frame.is_empty() || self.is_last {
                return;
            }
            self.spoil(frame);
            rest = others;
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// What is to be written, leaving nothing; and whether the connection ends with it.
    pub(crate) fn take(&mut self) -> (Vec<u8>, bool) {
        (std::mem::take(&mut self.octets), self.is_last)
    }

    /// Takes the memory back that [`Outlet::take`] gave, if it is worth keeping.
    pub(crate) fn recycle(&mut self, mut octets: Vec<u8>) {
        if octets.capacity() <= KEPT_BYTES_MAX {
            octets.clear();
            self.octets = octets;
        }
    }

    pub(crate) fn is_last(&self) -> bool {
        self.is_last
    }

    pub(crate) fn drip(&self) -> Option<Duration> {
        self.faults.drip
    }

    fn spoil(&mut self, frame: &[u8]) {
        self.frames += 1;
        let lot = |what: u64| mix(self.seed ^ what, self.frames);
        let is_hit = |odds: Odds, what: u64| odds.hit(self.seed ^ what, self.frames);
        let below = |end: usize, what: u64| {
            let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
            usize::try_from(lot(what) % end).unwrap_or(0)
        };
        if is_hit(self.faults.drop, 1) {
            self.is_last = true;
            return;
        }
        if is_hit(self.faults.garbage, 2) {
            let noise = (0..=below(40, 3)).map(|n| u64::try_from(n).unwrap_or(0));
            let noise = noise.map(|n| mix(lot(4), n).to_le_bytes()[0]);
            self.octets.extend(noise);
        }
        let start = self.octets.len();
        self.octets.extend_from_slice(frame);
        let (cut, corrupt) = (below(frame.len(), 5), below(8 * frame.len(), 6));
        let (is_cut, is_corrupt) = (is_hit(self.faults.cut, 7), is_hit(self.faults.corrupt, 8));
        if let (true, Some(frame)) = (self.faults.never_last, self.octets.get_mut(start..)) {
            without_end(frame);
        }
        if is_cut {
            self.octets.truncate(start + cut);
            self.is_last = true;
        } else if is_corrupt && let Some(octet) = self.octets.get_mut(start + corrupt / 8) {
            *octet ^= 1 << (corrupt % 8);
        }
    }
}

/// The most memory that an outlet keeps while it has nothing to say.
const KEPT_BYTES_MAX: usize = 512;

/// The octets of the frame that `octets` begin with.
fn whole(octets: &[u8]) -> usize {
    let length = octets
        .get(LENGTH)
        .map_or(0, |length| length.saturating_sub(LENGTH_MIN));
    frame_bytes(length.into()).min(octets.len())
}

/// Makes the segment in a frame one that another one follows.
fn without_end(frame: &mut [u8]) {
    let is_segment = frame.get(CONTROL).is_some_and(|control| control & PRM != 0);
    let Some(body) = frame.get_mut(HEADER_BYTES..).filter(|_| is_segment) else {
        return;
    };
    let first = body.len().saturating_sub(2).min(BLOCK_BYTES);
    let (block, checksum) = body.split_at_mut(first);
    if let Some(header) = block.first_mut() {
        *header &= !FIN;
    }
    let right = crc(block).to_le_bytes();
    for (octet, right) in checksum.iter_mut().zip(right) {
        *octet = right;
    }
}

#[cfg(test)]
mod tests {
    use gridos_dnp3::link::{Address, Pair, Reader, Recovery, Role};
    use gridos_dnp3::transport::Segmenter;

    use super::*;

    fn frames(fragment: &[u8]) -> Vec<u8> {
        let address = Address::from_raw;
        let pair = Pair::new(Role::Outstation, address(10), address(1)).unwrap();
        let mut frames = Vec::new();
        Segmenter::new().write_frames(&pair, fragment, &mut frames);
        frames
    }

    fn spoilt(faults: LineFaults, times: usize) -> (Vec<u8>, bool) {
        let mut outlet = Outlet::new(faults, 3);
        (0..times).for_each(|_| outlet.push(|octets| octets.extend(frames(&[0xC0; 700]))));
        outlet.take()
    }

    /// Good frames, and bad ones.
    fn read(octets: &[u8]) -> (usize, usize) {
        let mut reader = Reader::new(Recovery::Stream);
        let (mut good, mut bad, mut input) = (0, 0, octets);
        while let Some(frame) = reader.read(&mut input) {
            if frame.is_ok() {
                good += 1;
            } else {
                bad += 1;
            }
        }
        (good, bad)
    }

    #[test]
    fn a_good_line_changes_nothing() {
        assert_eq!(
            spoilt(LineFaults::default(), 1),
            (frames(&[0xC0; 700]), false)
        );
        let faults = LineFaults {
            drip: Some(Duration::ZERO),
            ..LineFaults::default()
        };
        assert_eq!(spoilt(faults, 1), (frames(&[0xC0; 700]), false));
    }

    #[test]
    fn noise_and_wrong_bits_leave_the_other_frames() {
        let faults = LineFaults {
            garbage: Odds::one_in(2),
            ..LineFaults::default()
        };
        assert_eq!(read(&spoilt(faults, 100).0).0, 300);
        let faults = LineFaults {
            corrupt: Odds::one_in(10),
            ..LineFaults::default()
        };
        let (good, bad) = read(&spoilt(faults, 100).0);
        assert!((200..300).contains(&good) && bad > 0, "{good} {bad}");
    }

    #[test]
    fn a_line_that_breaks_says_nothing_more() {
        let faults = LineFaults {
            drop: Odds::one_in(20),
            ..LineFaults::default()
        };
        let (octets, is_last) = spoilt(faults, 100);
        assert!(is_last && octets.len() < 300 * 292);
        assert_eq!(read(&octets).1, 0);
        let faults = LineFaults {
            cut: Odds::one_in(20),
            ..LineFaults::default()
        };
        let (octets, is_last) = spoilt(faults, 100);
        assert!(is_last && octets.len() % frames(&[0xC0; 249]).len() != 0);
    }

    #[test]
    fn no_segment_is_the_last_one() {
        let faults = LineFaults {
            never_last: true,
            ..LineFaults::default()
        };
        let (octets, _) = spoilt(faults, 1);
        let mut reader = Reader::new(Recovery::Stream);
        let (mut input, mut headers) = (&octets[..], Vec::new());
        while let Some(frame) = reader.read(&mut input) {
            headers.extend(frame.unwrap().payload.bytes().next());
        }
        assert_eq!(headers, [0x40, 0x01, 0x02]);
    }
}

//! Fragments become segments.

use super::Header;
use super::header::next;
use crate::link::{PAYLOAD_BYTES_MAX, Pair, encode_segment};

/// Bytes of a fragment that one segment carries behind its header.
pub const SEGMENT_BYTES_MAX: usize = PAYLOAD_BYTES_MAX - 1;

/// Cuts fragments into segments, whose numbers run on from one fragment to the next
/// (IEEE 1815-2012, clause 8).
#[derive(Clone, Debug, Default)]
pub struct Segmenter {
    sequence: u8,
}

/// The segments of one fragment.
#[derive(Debug)]
pub struct Segments<'s, 'f> {
    segmenter: &'s mut Segmenter,
    rest: &'f [u8],
    fir: bool,
}

impl Segmenter {
    /// Begins with number 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// The segments of `fragment`, in order: each header with the bytes that follow it. An empty
    /// fragment has none. Numbers are used up as segments are taken.
    pub fn segments<'s, 'f>(&'s mut self, fragment: &'f [u8]) -> Segments<'s, 'f> {
        Segments {
            segmenter: self,
            rest: fragment,
            fir: true,
        }
    }

    /// Appends `fragment` to `out` as frames of unconfirmed user data from the local station of
    /// `pair` to the remote one.
    pub fn write_frames(&mut self, pair: &Pair, fragment: &[u8], out: &mut Vec<u8>) {
        for (header, bytes) in self.segments(fragment) {
            encode_segment(pair, header.encode(), bytes, out);
        }
    }
}

impl<'f> Iterator for Segments<'_, 'f> {
    type Item = (Header, &'f [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (bytes, rest) = self
            .rest
            .split_at_checked(SEGMENT_BYTES_MAX)
            .unwrap_or((self.rest, &[]));
        let header = Header {
            fin: rest.is_empty(),
            fir: std::mem::take(&mut self.fir),
            sequence: self.segmenter.sequence,
        };
        self.rest = rest;
        self.segmenter.sequence = next(self.segmenter.sequence);
        Some((header, bytes))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let count = self.rest.len().div_ceil(SEGMENT_BYTES_MAX);
        (count, Some(count))
    }
}

impl ExactSizeIterator for Segments<'_, '_> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(segmenter: &mut Segmenter, fragment: &[u8]) -> Vec<(String, usize)> {
        let segments = segmenter.segments(fragment);
        let count = segments.len();
        let headers: Vec<_> = segments
            .map(|(header, bytes)| (header.to_string(), bytes.len()))
            .collect();
        assert_eq!(headers.len(), count);
        headers
    }

    #[test]
    fn a_fragment_is_cut_every_249_bytes() {
        let mut segmenter = Segmenter::new();
        let mut headers = |length| headers(&mut segmenter, &vec![0; length]);
        let segment = |text: &str, bytes| (text.to_owned(), bytes);
        assert_eq!(headers(0), []);
        assert_eq!(headers(249), [segment("FIR FIN segment 0", 249)]);
        assert_eq!(
            headers(250),
            [segment("FIR segment 1", 249), segment("FIN segment 2", 1)]
        );
        assert_eq!(headers(2_048).len(), 9);
        assert_eq!(headers(1), [segment("FIR FIN segment 12", 1)]);
    }

    #[test]
    fn numbers_run_on_and_wrap() {
        let mut segmenter = Segmenter::new();
        let count = segmenter.segments(&[0; 62 * 249]).count();
        assert_eq!(count, 62);
        let sequences = segmenter.segments(&[0; 4 * 249]);
        let sequences: Vec<_> = sequences.map(|(header, _)| header.sequence).collect();
        assert_eq!(sequences, [62, 63, 0, 1]);
    }
}

//! Pieces that are larger than a message may be: cut for the way, and put together behind it.

use async_nats::HeaderMap;
use bytes::Bytes;

/// Says which part of how many a message is: `2/3`.
const PART: &str = "Gridos-Part";
/// A piece is one record at least, and none is longer than some 16 MiB.
const BYTES_MAX: usize = 32 << 20;

/// Cuts `bytes` into messages of at most `most` bytes, each with its headers.
pub(crate) fn cut(bytes: Vec<u8>, most: usize) -> Vec<(HeaderMap, Bytes)> {
    let bytes = Bytes::from(bytes);
    let most = most.max(1);
    let count = bytes.len().div_ceil(most).max(1);
    let part = |nth: usize| {
        let mut headers = HeaderMap::new();
        if count > 1 {
            headers.insert(PART, format!("{}/{count}", nth + 1));
        }
        let end = bytes.len().min((nth + 1) * most);
        (headers, bytes.slice(nth * most..end))
    };
    (0..count).map(part).collect()
}

/// Puts parts together that come one after the other; what does not fit is left out.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    bytes: Vec<u8>,
    next: usize,
    count: usize,
}

impl Parts {
    /// Takes a message; returns the piece if it is whole now.
    pub(crate) fn push(&mut self, headers: Option<&HeaderMap>, payload: Bytes) -> Option<Bytes> {
        let said = headers.and_then(|headers| headers.get(PART));
        let Some((nth, count)) = said.map(|said| numbers(said.as_str())) else {
            self.clear();
            return Some(payload);
        };
        let goes_on = nth == self.next + 1 && (nth == 1 || count == self.count);
        if nth == 1 {
            self.clear();
        } else if !goes_on {
            self.clear();
            return None;
        }
        if nth == 0 || nth > count || self.bytes.len() + payload.len() > BYTES_MAX {
            self.clear();
            return None;
        }
        self.bytes.extend_from_slice(&payload);
        (self.next, self.count) = (nth, count);
        (nth == count).then(|| {
            (self.next, self.count) = (0, 0);
            Bytes::from(std::mem::take(&mut self.bytes))
        })
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Which of how many; zeros if it says nothing.
fn numbers(said: &str) -> (usize, usize) {
    let numbers = said.split_once('/');
    let numbers = numbers.and_then(|(nth, count)| Some((nth.parse().ok()?, count.parse().ok()?)));
    numbers.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(parts: &[&(HeaderMap, Bytes)]) -> Vec<Bytes> {
        let mut whole = Parts::default();
        let pieces = parts.iter();
        pieces
            .filter_map(|(headers, bytes)| whole.push(Some(headers), bytes.clone()))
            .collect()
    }

    #[test]
    fn what_is_cut_is_put_together_again() {
        let bytes: Vec<u8> = (0..100).collect();
        for most in [1, 7, 33, 50, 99, 100, 101] {
            let parts = cut(bytes.clone(), most);
            assert!(parts.iter().all(|(_, part)| part.len() <= most));
            let refs: Vec<_> = parts.iter().collect();
            assert_eq!(joined(&refs), [Bytes::from(bytes.clone())], "{most}");
        }
    }

    #[test]
    fn what_is_missing_or_again_makes_nothing_wrong() {
        let bytes: Vec<u8> = (0..100).collect();
        let parts = cut(bytes.clone(), 40);
        let [a, b, c] = parts.as_slice() else {
            panic!("{}", parts.len())
        };
        let whole = Bytes::from(bytes);
        assert_eq!(joined(&[a, c]), [] as [Bytes; 0]);
        assert_eq!(joined(&[b, c]), [] as [Bytes; 0]);
        assert_eq!(joined(&[a, b, b, c]), [] as [Bytes; 0]);
        assert_eq!(joined(&[a, b, a, b, c]), std::slice::from_ref(&whole));
        assert_eq!(joined(&[a, b, c, c]), [whole]);
        let mut headers = HeaderMap::new();
        headers.insert(PART, "nonsense");
        let payload = Bytes::from_static(b"x");
        assert_eq!(Parts::default().push(Some(&headers), payload.clone()), None);
        assert_eq!(Parts::default().push(None, payload.clone()), Some(payload));
    }
}

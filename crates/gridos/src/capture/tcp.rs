//! One direction of a TCP connection, put in order.

use std::collections::BTreeMap;

/// Octets that wait for earlier ones; then these are taken for lost.
const WAITING_BYTES_MAX: usize = 1 << 20;
const WAITING_MAX: usize = 1_024;
/// What is so far behind is of another connection.
const BEHIND_MAX: u32 = 1 << 20;

/// Puts the segments of one direction in order, and drops what was sent again.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// The sequence number of the next octet, if any was seen, and its place in the stream.
    next: Option<u32>,
    place: u64,
    /// By their places.
    waiting: BTreeMap<u64, Vec<u8>>,
    waiting_bytes: usize,
}

/// What comes next in one direction of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Another stream begins.
    Begin,
    /// So many octets were not captured.
    Missing(u64),
    /// Octets.
    Octets(Vec<u8>),
}

impl Order {
    /// Takes a segment, and tells what it makes known.
    pub(super) fn push(&mut self, sequence: u32, begins: bool, payload: &[u8]) -> Vec<Arrival> {
        let mut found = Vec::new();
        let sequence = sequence.wrapping_add(u32::from(begins));
        let next = *self.next.get_or_insert(sequence);
        let (ahead, behind) = (sequence.wrapping_sub(next), next.wrapping_sub(sequence));
        let is_behind = ahead > u32::MAX / 2;
        let is_another = if begins {
            sequence != next
        } else {
            !payload.is_empty() && is_behind && behind > BEHIND_MAX
        };
        if is_another {
            self.end(&mut found);
            *self = Self {
                next: Some(sequence),
                ..Self::default()
            };
            found.push(Arrival::Begin);
            self.take(payload.to_vec(), &mut found);
        } else if is_behind {
            let again = usize::try_from(behind).unwrap_or(usize::MAX);
            let fresh = payload.get(again..).unwrap_or_default();
            self.take(fresh.to_vec(), &mut found);
        } else if ahead == 0 {
            self.take(payload.to_vec(), &mut found);
        } else if !payload.is_empty() {
            let place = self.place + u64::from(ahead);
            let longer = |held: &Vec<u8>| held.len() >= payload.len();
            if !self.waiting.get(&place).is_some_and(longer) {
                self.waiting_bytes += payload.len();
                let before = self.waiting.insert(place, payload.to_vec());
                self.waiting_bytes -= before.map_or(0, |before| before.len());
            }
        }
        self.drain(&mut found);
        while self.waiting_bytes > WAITING_BYTES_MAX || self.waiting.len() > WAITING_MAX {
            self.skip(&mut found);
        }
        found
    }

    /// Tells what waits in vain, as no more segments come.
    pub(super) fn end(&mut self, found: &mut Vec<Arrival>) {
        while !self.waiting.is_empty() {
            self.skip(found);
        }
    }

    fn take(&mut self, octets: Vec<u8>, found: &mut Vec<Arrival>) {
        if octets.is_empty() {
            return;
        }
        self.place += octets.len() as u64;
        // A stream wraps around its sequence numbers.
        let length = u32::try_from(octets.len()).unwrap_or(0);
        self.next = self.next.map(|next| next.wrapping_add(length));
        found.push(Arrival::Octets(octets));
    }

    /// Takes what has waited for what is there now.
    fn drain(&mut self, found: &mut Vec<Arrival>) {
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() > self.place {
                return;
            }
            let (place, mut octets) = entry.remove_entry();
            self.waiting_bytes = self.waiting_bytes.saturating_sub(octets.len());
            let again = usize::try_from(self.place - place).unwrap_or(usize::MAX);
            octets.drain(..again.min(octets.len()));
            self.take(octets, found);
        }
    }

    /// Passes over what is missing before the first that waits.
    fn skip(&mut self, found: &mut Vec<Arrival>) {
        let Some(place) = self.waiting.keys().next().copied() else {
            self.waiting_bytes = 0;
            return;
        };
        let missing = place.saturating_sub(self.place);
        if missing > 0 {
            found.push(Arrival::Missing(missing));
            let ahead = u32::try_from(missing).unwrap_or(0);
            self.next = self.next.map(|next| next.wrapping_add(ahead));
            self.place = place;
        }
        self.drain(found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(text: &str) -> Arrival {
        Arrival::Octets(text.as_bytes().to_vec())
    }

    #[test]
    fn segments_are_put_in_order_and_repetitions_dropped() {
        let mut order = Order::default();
        let start = u32::MAX - 2;
        assert_eq!(order.push(start - 1, true, b""), []);
        assert_eq!(order.push(start, false, b"abc"), [octets("abc")]);
        assert_eq!(order.push(start, false, b"abc"), []);
        assert_eq!(order.push(start.wrapping_add(6), false, b"ghi"), []);
        assert_eq!(order.push(start.wrapping_add(8), false, b"ijk"), []);
        assert_eq!(
            order.push(start.wrapping_add(2), false, b"cdef"),
            [octets("def"), octets("ghi"), octets("jk")]
        );
        assert_eq!((order.waiting_bytes, order.place), (0, 11));
    }

    #[test]
    fn what_is_missing_is_told_at_the_end() {
        let mut order = Order::default();
        order.push(0, false, b"ab");
        assert_eq!(order.push(5, false, b"fg"), []);
        assert_eq!(order.push(9, false, b"j"), []);
        let mut found = Vec::new();
        order.end(&mut found);
        assert_eq!(
            found,
            [
                Arrival::Missing(3),
                octets("fg"),
                Arrival::Missing(2),
                octets("j")
            ]
        );
    }

    #[test]
    fn a_port_used_again_begins_another_stream() {
        let mut order = Order::default();
        order.push(7, true, b"");
        order.push(8, false, b"ab");
        assert_eq!(order.push(1_000, true, b""), [Arrival::Begin]);
        assert_eq!(order.push(1_001, false, b"cd"), [octets("cd")]);
        let behind = 0_u32.wrapping_sub(1 << 21);
        assert_eq!(
            order.push(behind, false, b"ef"),
            [Arrival::Begin, octets("ef")]
        );
    }

    #[test]
    fn no_more_than_a_little_waits() {
        let mut order = Order::default();
        order.push(0, false, b"a");
        let mut told = 0;
        for place in 0..3_000 {
            told += order.push(10 + 4 * place, false, b"xy").len();
        }
        assert!(told > 3_000 && order.waiting.len() <= WAITING_MAX);
    }
}

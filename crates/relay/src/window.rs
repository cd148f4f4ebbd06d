//! What was sent and is not stored yet.

use std::collections::VecDeque;

use gridos_journal::{Position, Tail};

/// One piece in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) from: Tail,
    pub(crate) until: Tail,
    /// Its number in the stream; that of its last part.
    pub(crate) sequence: u64,
    /// How many messages it took.
    pub(crate) parts: usize,
    /// The round that it was sent in.
    pub(crate) round: u64,
}

/// What was sent of one journal and is still needed, and where to go on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Window {
    sent: VecDeque<Sent>,
    next: Option<Tail>,
    rounds: u64,
}

impl Window {
    /// Where to go on; `None` before the first [`Self::begin`].
    pub(crate) fn next(&self) -> Option<Tail> {
        self.next
    }

    /// How often it began anew. The server knows a message again by its name for some minutes, also
    /// when it is gone; so what is sent again must have another one.
    pub(crate) fn rounds(&self) -> u64 {
        self.rounds
    }

    /// Whatever was sent counts for nothing: all goes on at `from`.
    pub(crate) fn begin(&mut self, from: Tail) {
        self.sent.clear();
        self.next = Some(from);
        self.rounds += 1;
    }

    /// What was under way from `from` on may be there or not: it goes on there. All of it is sent once
    /// more in its order; what the server knew again would stay before what was missing.
    pub(crate) fn retry(&mut self, from: Tail) {
        self.next = Some(from);
        self.rounds += 1;
    }

    /// The piece up to `until` is about to be sent.
    pub(crate) fn advance(&mut self, until: Tail) {
        self.next = Some(until);
    }

    /// The server has a piece.
    pub(crate) fn on_sent(&mut self, sent: Sent) {
        self.sent.push_back(sent);
    }

    /// The database needs nothing before `needed` any more, and stands at `stored`.
    pub(crate) fn on_stored(&mut self, needed: Position, stored: Tail) {
        while self
            .sent
            .front()
            .is_some_and(|sent| sent.until.position <= needed)
        {
            self.sent.pop_front();
        }
        // Somebody else brought it further than was sent from here.
        if self
            .next
            .is_some_and(|next| next.position < stored.position)
        {
            self.begin(stored);
        }
    }

    /// The oldest piece that is still needed.
    pub(crate) fn oldest(&self) -> Option<Sent> {
        self.sent.front().copied()
    }

    /// Bytes of the journal in the stream that are still needed.
    pub(crate) fn bytes(&self) -> u64 {
        let (first, last) = (self.sent.front(), self.sent.back());
        first.zip(last).map_or(0, |(first, last)| {
            last.until.position.bytes_since(first.from.position)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(bytes: u64) -> Tail {
        Tail {
            position: Position::new(bytes),
            readings: bytes / 16,
        }
    }

    fn sent(from: u64, until: u64) -> Sent {
        Sent {
            from: tail(from),
            until: tail(until),
            sequence: until,
            parts: 1,
            round: 1,
        }
    }

    #[test]
    fn what_is_needed_no_more_leaves_it() {
        let mut window = Window::default();
        assert_eq!(window.next(), None);
        window.begin(tail(16));
        for (from, until) in [(16, 32), (32, 64), (64, 80)] {
            window.advance(tail(until));
            window.on_sent(sent(from, until));
        }
        assert_eq!((window.bytes(), window.next()), (64, Some(tail(80))));
        window.on_stored(Position::new(48), tail(64));
        assert_eq!(window.oldest(), Some(sent(32, 64)));
        window.on_stored(Position::new(80), tail(80));
        assert_eq!((window.oldest(), window.bytes()), (None, 0));
    }

    #[test]
    fn it_begins_anew_behind_what_others_brought_and_where_it_is_told() {
        let mut window = Window::default();
        window.begin(tail(0));
        window.advance(tail(32));
        window.on_sent(sent(0, 32));
        window.on_stored(Position::new(96), tail(96));
        assert_eq!((window.next(), window.rounds()), (Some(tail(96)), 2));
        window.begin(tail(16));
        assert_eq!((window.next(), window.rounds()), (Some(tail(16)), 3));
        window.advance(tail(32));
        window.on_sent(sent(16, 32));
        window.advance(tail(64));
        window.retry(tail(32));
        assert_eq!((window.next(), window.rounds()), (Some(tail(32)), 4));
        assert_eq!(window.oldest(), Some(sent(16, 32)));
    }
}

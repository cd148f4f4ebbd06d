//! Who asks a device: whether there are ever two at once, and how long nobody does.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Watches who asks one device, over whatever connections.
///
/// A master that was followed by another, on a later connection, must never ask again: of two that
/// ask in turns, one always does.
#[derive(Debug, Default)]
pub struct Masters {
    seen: Mutex<Seen>,
}

/// What was seen of a device's masters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Requests.
    pub requests: u64,
    /// Connections that were opened.
    pub connections: u64,
    /// Requests on a connection after a later one had been asked on: two masters at one time.
    pub overlaps: u64,
    /// How long nobody asked, each time that another connection followed.
    pub changes: Vec<Duration>,
    last: Option<(u64, Instant)>,
}

impl Masters {
    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// When it was asked last.
    pub fn last_asked(&self) -> Option<Instant> {
        self.lock().last.map(|(_, at)| at)
    }

    pub(super) fn open(&self) -> u64 {
        let mut seen = self.lock();
        seen.connections += 1;
        seen.connections
    }

    pub(super) fn ask(&self, connection: u64, now: Instant) {
        let mut seen = self.lock();
        seen.requests += 1;
        match seen.last {
            Some((last, _)) if connection < last => {
                seen.overlaps += 1;
                return;
            }
            Some((last, at)) if connection > last => {
                let gap = now.saturating_duration_since(at);
                seen.changes.push(gap);
            }
            Some(_) | None => {}
        }
        seen.last = Some((connection, now));
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        // A test that panicked elsewhere leaves it whole.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_ask_in_turns_are_seen() {
        let (masters, start) = (Masters::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        let (first, second) = (masters.open(), masters.open());
        masters.ask(first, at(0));
        masters.ask(first, at(10));
        masters.ask(second, at(35));
        assert_eq!(masters.seen().changes, [Duration::from_millis(25)]);
        assert_eq!(masters.seen().overlaps, 0);
        masters.ask(first, at(40));
        masters.ask(second, at(45));
        let seen = masters.seen();
        assert_eq!((seen.overlaps, seen.requests, seen.connections), (1, 5, 2));
    }
}

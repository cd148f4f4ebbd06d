//! The safety window: how long segments stay after they are stored.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use gridos_journal::Position;

/// How often a stored position is noted with its time.
const NOTE_PERIOD: Duration = Duration::from_secs(10);

/// Remembers what was stored when, so that segments are kept for some time after.
///
/// A database that is restored from a backup, or fails over to a replica that lags, finds what it
/// lost still in the journal.
#[derive(Debug)]
pub(super) struct Window {
    keep: Duration,
    notes: VecDeque<(Instant, Position)>,
    behind: Position,
}

impl Window {
    pub(super) fn new(keep: Duration) -> Self {
        Self {
            keep,
            notes: VecDeque::new(),
            behind: Position::START,
        }
    }

    /// Notes what is stored at `now`; returns what was stored `keep` ago.
    pub(super) fn note(&mut self, now: Instant, stored: Position) -> Position {
        let due = |last: &(Instant, Position)| now.duration_since(last.0) >= NOTE_PERIOD;
        if self.notes.back().is_none_or(due) {
            self.notes.push_back((now, stored));
        }
        while self
            .notes
            .front()
            .is_some_and(|note| now.duration_since(note.0) >= self.keep)
        {
            self.behind = self.notes.pop_front().map_or(self.behind, |note| note.1);
        }
        self.behind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_trails_by_what_is_kept() {
        let start = Instant::now();
        let mut window = Window::new(Duration::from_secs(60));
        for second in 0..600 {
            let now = start + Duration::from_secs(second);
            let behind = window.note(now, Position::new(second * 1_000));
            let expected = second.saturating_sub(60) / 10 * 10 * 1_000;
            assert_eq!(behind, Position::new(expected), "{second}");
        }
    }
}

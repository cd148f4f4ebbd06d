//! Housekeeping: trimming the journal behind the database, and the gauges nobody else sets.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use gridos_api::Readiness;
use gridos_journal::{Journal, JournalError, Position, Streams, Tail};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;

use super::writing::Undrained;

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(1);
/// How often a stored position is noted with its time.
const NOTE_PERIOD: Duration = Duration::from_secs(10);
/// Above this share of the budget, or when the journal cannot be written (the disk is full),
/// what is stored is trimmed at once, whatever its age.
const PRESSURE_PERCENT: u64 = 80;

/// What housekeeping looks after.
#[derive(Debug)]
pub(super) struct Housekeeping {
    /// The folder of all streams.
    pub(super) journal_dir: PathBuf,
    /// The folder of this life's stream.
    pub(super) stream_dir: PathBuf,
    pub(super) undrained: Undrained,
    pub(super) keep: Duration,
    pub(super) bytes_max: u64,
    pub(super) stored: watch::Receiver<Tail>,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) readiness: Readiness,
}

impl Housekeeping {
    pub(super) async fn run(self) {
        let mut window = Window::new(self.keep);
        let mut period = tokio::time::interval(PERIOD);
        let mut refused = false;
        loop {
            period.tick().await;
            let stalled = self.telemetry.journal.stalled.get() > 0;
            self.readiness.on_journal_stalled(stalled);
            let stored = self.stored.borrow().position;
            let behind = window.note(Instant::now(), stored);
            match self.tidy(stored, behind, stalled).await {
                Ok(()) => refused = false,
                Err(error) if !refused => {
                    tracing::warn!(%error, "the journal cannot be trimmed");
                    refused = true;
                }
                Err(_) => {}
            }
        }
    }

    async fn tidy(
        &self,
        stored: Position,
        behind: Position,
        stalled: bool,
    ) -> Result<(), JournalError> {
        let (root, current) = (self.journal_dir.clone(), self.stream_dir.clone());
        let (undrained, keep, bytes_max) = (self.undrained.clone(), self.keep, self.bytes_max);
        // Deleting a large file can take a while.
        let tidied = tokio::task::spawn_blocking(move || {
            let (bytes, _) = Journal::usage(&root)?;
            let pressed = stalled || bytes >= bytes_max / 100 * PRESSURE_PERCENT;
            Journal::trim(&current, if pressed { stored } else { behind })?;
            let is_needed = |dir: &Path| dir == current || undrained.contains(dir);
            let is_old =
                |changed: SystemTime| pressed || changed.elapsed().is_ok_and(|age| age >= keep);
            Streams::trim(&root, is_needed, is_old)?;
            Journal::usage(&root)
        });
        let Ok(tidied) = tidied.await else {
            return Ok(());
        };
        let (bytes, segments) = tidied?;
        self.telemetry.journal.bytes.set(bytes);
        self.telemetry.journal.segments.set(segments as u64);
        Ok(())
    }
}

/// Remembers what was stored when, so that segments are kept for some time after.
///
/// A database that is restored from a backup, or fails over to a replica that lags, finds what it
/// lost still in the journal.
#[derive(Debug)]
struct Window {
    keep: Duration,
    notes: VecDeque<(Instant, Position)>,
    behind: Position,
}

impl Window {
    fn new(keep: Duration) -> Self {
        Self {
            keep,
            notes: VecDeque::new(),
            behind: Position::START,
        }
    }

    /// Notes what is stored at `now`; returns what was stored `keep` ago.
    fn note(&mut self, now: Instant, stored: Position) -> Position {
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

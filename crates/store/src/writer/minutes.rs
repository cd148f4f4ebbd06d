//! The minutes of a stream that are open: to be added up again, and to be closed.

use std::time::{Duration, SystemTime};

use gridos_journal::{Chunk, JournalError, Read, Tail};
use tokio::sync::watch;
use tokio::time::Instant;

use super::{Writer, WriterError};
use crate::Stored;
use crate::blocking::blocking;

const MINUTE: Duration = Duration::from_secs(60);
/// How long after its end a minute is closed if nothing comes that would.
const CLOSED_AFTER: Duration = Duration::from_secs(5);

/// Since where minutes are open, and until when they may be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct OpenSince(Option<(Tail, Instant)>);

impl OpenSince {
    /// The database stands at `stored`: while it turned at the same place, the same minutes are open.
    pub(super) fn follow(&mut self, stored: Stored) {
        let turned = stored
            .turned
            .filter(|turned| turned.position < stored.tail.position);
        self.0 = turned.map(|turned| match self.0 {
            Some((since, due)) if since == turned => (since, due),
            _ => (turned, Instant::now() + until_closed(SystemTime::now())),
        });
    }

    /// When minutes that are open must be closed.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.map(|(_, due)| due)
    }

    /// Whether there are minutes to close, because it is time or because the stream `ends`.
    pub(super) fn is_due(&self, now: Instant, ends: bool) -> bool {
        self.due().is_some_and(|due| ends || now >= due)
    }
}

/// How long it is from `now` until the present minute is closed.
fn until_closed(now: SystemTime) -> Duration {
    let since_1970 = now.duration_since(SystemTime::UNIX_EPOCH);
    let into = since_1970.map_or(0, |since| since.as_secs() % MINUTE.as_secs());
    MINUTE + CLOSED_AFTER - Duration::from_secs(into)
}

impl Writer {
    /// From where on the journal is needed to go on as if nothing had happened, after a crash too:
    /// where the stream turned last, at most a minute or so behind [`Self::stored`]. What the
    /// database can still lose (a standby that takes over, a backup restored) the journal must be
    /// able to give again, so trim it with a window behind this.
    pub fn needed(&self) -> watch::Receiver<Tail> {
        self.needed.subscribe()
    }

    /// Lets the store add up the minutes again that are open where the database stands. Whatever of
    /// them cannot be read any more is missing in their rows, and stops nothing.
    pub(super) async fn recall(&mut self, stored: Stored) -> Result<(), WriterError> {
        let Some(turned) = stored.turned else {
            return Ok(());
        };
        let (mut from, mut missing) = (turned, None);
        let mut chunk = Chunk::default();
        let until = stored.furthest();
        while from.position < until.position {
            let bytes_max = self.pace.bytes();
            let reader = &mut self.reader;
            let read = blocking(|| reader.read(from, until, bytes_max, &mut chunk));
            let next = match read {
                Ok(Read::Frames) => {
                    let recalled = self.store.recall(self.stream, stored, &chunk, &self.book);
                    recalled.await?;
                    from = chunk.until();
                    continue;
                }
                Ok(Read::End) => break,
                Ok(Read::Damaged { resume }) => Some(resume),
                Ok(Read::Foreign) => None,
                Err(JournalError::Trimmed { .. } | JournalError::NotASegment { .. }) => {
                    blocking(|| self.reader.next_segment(from.position)).unwrap_or(None)
                }
                Err(error) => {
                    tracing::warn!(%error, "the journal cannot be read");
                    None
                }
            };
            if self.recalls {
                let at = from.position;
                return Err(WriterError::Unreadable { at });
            }
            missing.get_or_insert(from);
            match next.filter(|next| next.position > from.position) {
                Some(next) => from = next,
                None => break,
            }
        }
        if let Some(missing) = missing {
            self.telemetry.store.minutes_partial.increment();
            let (stream, from) = (self.stream, missing.position);
            tracing::warn!(
                %stream, %from,
                "the journal does not hold any more what the last minutes were made of: in the view \
                 reading_1m readings of them may be missing; in the view reading they are all there"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use gridos_journal::Position;

    use super::*;

    /// Gaps and alarms come and go: they put nothing off.
    #[test]
    fn what_closes_no_minute_does_not_put_it_off() {
        let tail = |bytes| Tail {
            position: Position::new(bytes),
            readings: 0,
        };
        let stored = |turned, bytes| Stored {
            tail: tail(bytes),
            turned: Some(tail(turned)),
            ..Stored::default()
        };
        let mut open = OpenSince::default();
        open.follow(stored(16, 16));
        assert_eq!(open.due(), None);
        open.follow(stored(16, 32));
        let due = open.due();
        assert!(open.is_due(Instant::now(), true) && !open.is_due(Instant::now(), false));
        open.follow(stored(16, 48));
        assert_eq!(open.due(), due);
        open.follow(stored(32, 48));
        assert_ne!(open.due(), due);
        open.follow(stored(48, 48));
        assert_eq!(open.due(), None);
    }

    #[test]
    fn a_minute_is_closed_a_little_after_its_end() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(until_closed(at(120)), Duration::from_secs(65));
        assert_eq!(until_closed(at(179)), Duration::from_secs(6));
    }
}

//! Dead letters of one outstation: what becomes a record, and how many may.

use std::time::{Duration, Instant};

use gridos_dnp3::master;
use gridos_model::{DeadLetter, DeviceId, Timestamp};
use gridos_telemetry::{DeadLetterFate, DeviceStats, Dnp3Cells};

use super::recent::Key;

/// A record to be, and what it is known again by.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) record: Box<DeadLetter>,
    pub(super) key: Key,
}

impl Letter {
    /// What came from `device` and was received then.
    pub(super) fn new(
        device: DeviceId,
        received: Timestamp,
        letter: &master::DeadLetter<'_>,
    ) -> Self {
        let reason = letter.error.to_string();
        let record = DeadLetter::new(device, received, &reason, letter.octets);
        Self {
            key: Key::of_letter(&record),
            record: Box::new(record),
        }
    }
}

/// What becomes of the end of a fragment that cannot be read.
#[derive(Debug)]
pub(super) enum Mail {
    /// It is to be recorded.
    Record(Letter),
    /// It is not, for that reason.
    Nothing(DeadLetterFate),
}

/// Bounds the letters that are recorded: an outstation that sends nothing else must not fill the
/// disk.
#[derive(Debug, Default)]
pub(super) struct LetterLimit {
    /// When the present minute began.
    began: Option<Instant>,
    /// Letters recorded in it.
    recorded: u32,
    /// Whether it was said that no more are.
    is_said: bool,
}

/// So many letters of one outstation are recorded in a minute.
const LETTERS_PER_MINUTE_MAX: u32 = 10;
/// So many octets of a letter are logged.
const OCTETS_SHOWN_MAX: usize = 512;
const MINUTE: Duration = Duration::from_secs(60);

impl LetterLimit {
    /// Whether one more may be recorded.
    pub(super) fn has_room(&mut self, now: Instant) -> bool {
        let is_over = |began| now.saturating_duration_since(began) >= MINUTE;
        if self.began.is_none_or(is_over) {
            *self = Self {
                began: Some(now),
                ..Self::default()
            };
        }
        self.recorded < LETTERS_PER_MINUTE_MAX
    }

    /// Counts a letter and says what became of it.
    pub(super) fn tell(
        &mut self,
        letter: &master::DeadLetter<'_>,
        fate: DeadLetterFate,
        stats: &DeviceStats,
        cells: &Dnp3Cells,
    ) {
        cells.on_dead_letters(fate, 1);
        let (device, error, octets) = (stats.name(), &letter.error, letter.octets);
        stats.note(error);
        match fate {
            DeadLetterFate::Taken => {
                self.recorded += 1;
                let shown = octets.get(..OCTETS_SHOWN_MAX).unwrap_or(octets);
                let octets = shown.escape_ascii().to_string();
                tracing::error!(device, %error, octets, "a fragment cannot be read to its end");
            }
            DeadLetterFate::OverLimit => {
                if !std::mem::replace(&mut self.is_said, true) {
                    tracing::error!(device, "more dead letters of this minute are only counted");
                }
            }
            DeadLetterFate::Repeated | DeadLetterFate::Refused => {
                let fate = fate.label();
                tracing::debug!(device, %error, fate, "a fragment cannot be read to its end");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_room_for_some() {
        let mut limit = LetterLimit::default();
        let began = Instant::now();
        for minute in 0..3 {
            let minute = began + MINUTE * minute;
            for _ in 0..LETTERS_PER_MINUTE_MAX {
                assert!(limit.has_room(minute));
                limit.recorded += 1;
            }
            let last = minute + MINUTE - Duration::from_nanos(1);
            assert!(!limit.has_room(minute) && !limit.has_room(last));
        }
    }
}

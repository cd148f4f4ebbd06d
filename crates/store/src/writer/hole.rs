//! A hole in the journal: what is known of readings that cannot be stored any more.

use std::time::SystemTime;

use gridos_journal::{Reader, Tail};
use gridos_model::{DeviceId, Gap, GapReason, Timestamp};
use gridos_telemetry::Loss as Reason;

use crate::Loss;

/// So much of a damaged span is kept in the table `quarantine`.
const OCTETS_MAX: usize = 1 << 20;

/// A span that has to be skipped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hole {
    pub(super) from: Tail,
    pub(super) until: Tail,
    /// What the reader found.
    pub(super) what: What,
}

/// What the reader found in place of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Something else than frames.
    Damage,
    /// A segment whose header is damaged.
    Header,
    /// Nothing.
    Nothing,
}

/// Where the stream of a hole ends, and whether it goes on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    pub(super) end: Tail,
    /// Whether nothing more comes.
    pub(super) is_ended: bool,
    /// When the last record stored was received, if that is known.
    pub(super) covered: Option<Timestamp>,
}

impl Hole {
    /// All that can be told of it. What the disk does not give is left out: a hole must not become
    /// an obstacle.
    pub(super) fn tell(&self, reader: &mut Reader, around: Surroundings) -> (Loss, Reason) {
        let given_up = reader.given_up(self.from.position).ok().flatten();
        let (reason, gap_reason, what) = match (given_up, self.what) {
            (Some(_), _) => (
                Reason::GivenUp,
                GapReason::JournalFull,
                "the disk was full and older readings were given up for newer ones,",
            ),
            (None, What::Damage) => (
                Reason::Damaged,
                GapReason::JournalDamaged,
                "the journal is damaged",
            ),
            (None, What::Header) => (
                Reason::Damaged,
                GapReason::JournalDamaged,
                "the header of a journal segment is damaged,",
            ),
            (None, What::Nothing) => (
                Reason::Trimmed,
                GapReason::JournalDamaged,
                "the journal was trimmed before the database had it,",
            ),
        };
        let before = || reader.received_before(self.from).ok().flatten();
        let since = around.covered.or_else(before);
        let since = since.or(given_up.map(|given_up| given_up.since));
        let behind = reader.received_from(self.until, around.end).ok().flatten();
        let ended = || around.is_ended.then(|| reader.last_write()).flatten();
        let until = behind
            .or_else(ended)
            .unwrap_or_else(|| Timestamp::from(SystemTime::now()));
        let octets = match reason {
            Reason::Damaged => reader.octets(self.from.position, self.until.position, OCTETS_MAX),
            Reason::Trimmed | Reason::GivenUp => Ok(Vec::new()),
        };
        let loss = Loss {
            from: self.from,
            until: self.until,
            reason: format!(
                "{what} from {} to {}",
                self.from.position, self.until.position
            ),
            gap: Gap {
                device: DeviceId::WHOLE_ENGINE,
                from: since.unwrap_or(until).min(until),
                until,
                reason: gap_reason,
            },
            octets: octets.unwrap_or_default(),
        };
        (loss, reason)
    }
}

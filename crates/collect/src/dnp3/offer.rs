//! Sorted fragments become batches in the ring, with receipts.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use gridos_model::{Batch, Gap, GapReason, Layout, LinkChange, Timestamp};
use gridos_ring::{Beside, Intake, Receipt, Refused};
use gridos_telemetry::Refusal;

use super::letter::Letter;
use super::pending::Part;
use super::recent::Key;
use super::sorting::{Row, TextRow};
use super::{Dnp3Device, Recent};

/// Batches of one fragment that are to be taken together.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    intake: &'a Intake,
    whole: &'a Arc<Layout>,
    received: Timestamp,
    lots: Vec<Lot>,
    /// Readings for which there was no batch.
    without_batch: usize,
    /// Whether there was no batch for something.
    lacks_batch: bool,
}

/// One batch, and what is to be remembered of it.
#[derive(Debug)]
struct Lot {
    batch: Box<Batch>,
    keys: Source,
    letter: Option<Letter>,
}

/// Which events are in a batch.
#[derive(Debug)]
enum Source {
    /// None.
    None,
    /// So many of the rows.
    Rows(Range<usize>),
    /// So many of the texts.
    Texts(Range<usize>),
}

/// What was taken of an offer.
#[derive(Debug)]
pub(super) struct Taken {
    /// The batches with receipts.
    pub(super) parts: VecDeque<Part>,
    /// Readings taken.
    pub(super) readings: usize,
    /// Whether the gap was.
    pub(super) has_gap: bool,
    /// The change of the link, if that was.
    pub(super) link: Option<LinkChange>,
    /// Whether something was not taken.
    pub(super) is_refused: bool,
}

/// On what terms batches are offered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    /// When it was due.
    pub(super) due: Instant,
    /// When the last byte was read.
    pub(super) wire: Instant,
    /// Whether each batch has a receipt.
    pub(super) with_receipts: bool,
    /// The gap that the first batch ends.
    pub(super) gap: Option<Gap>,
    /// What goes beside the first batch, whatever is in it.
    pub(super) link: Option<LinkChange>,
}

impl Terms {
    /// Those of what the engine itself tells at this moment.
    pub(super) fn of_now(gap: Option<Gap>, link: Option<LinkChange>) -> Self {
        let now = Instant::now();
        Self {
            due: now,
            wire: now,
            with_receipts: false,
            gap,
            link,
        }
    }
}

impl<'a> Offer<'a> {
    /// An offer of nothing yet, of what was received then.
    pub(super) fn new(intake: &'a Intake, whole: &'a Arc<Layout>, received: Timestamp) -> Self {
        Self {
            intake,
            whole,
            received,
            lots: Vec::new(),
            without_batch: 0,
            lacks_batch: false,
        }
    }

    /// Adds events.
    pub(super) fn add_rows(&mut self, rows: &[Row]) {
        let mut start = 0;
        for chunk in rows.chunks(Dnp3Device::EVENTS_PER_BATCH_MAX) {
            let range = start..start + chunk.len();
            start = range.end;
            let Some(mut batch) = self.take(chunk.len()) else {
                continue;
            };
            batch.start_events(self.whole, self.received);
            let events = chunk.iter();
            batch.push_events(events.map(|r| (r.position, r.time, r.value, r.quality)));
            self.lots.push(Lot {
                batch,
                keys: Source::Rows(range),
                letter: None,
            });
        }
    }

    /// Adds texts: outstations give them no time.
    pub(super) fn add_texts(&mut self, texts: &[TextRow<'_>]) {
        let mut start = 0;
        for chunk in texts.chunks(TEXTS_PER_BATCH_MAX) {
            let range = start..start + chunk.len();
            start = range.end;
            let Some(mut batch) = self.take(chunk.len()) else {
                continue;
            };
            batch.start_texts(self.whole, self.received);
            let quality = gridos_model::Quality::NO_SOURCE_TIME;
            for text in chunk {
                batch.push_text(text.position, self.received, text.octets, quality);
            }
            self.lots.push(Lot {
                batch,
                keys: Source::Texts(range),
                letter: None,
            });
        }
    }

    /// Adds whole sweeps, and how many readings had no batch before.
    #[expect(clippy::vec_box, reason = "the batches of the pool are boxed")]
    pub(super) fn add_sweeps(&mut self, sweeps: Vec<Box<Batch>>, without_batch: usize) {
        self.without_batch += without_batch;
        self.lacks_batch |= without_batch > 0;
        self.lots.extend(sweeps.into_iter().map(|batch| Lot {
            batch,
            keys: Source::None,
            letter: None,
        }));
    }

    /// Adds what could not be read behind all that was added: it goes with the last batch, so that
    /// it is taken only if all are, or with one of its own if there is no other.
    pub(super) fn add_letter(&mut self, letter: Letter) {
        self.add_carrier();
        if let Some(last) = self.lots.last_mut() {
            last.letter = Some(letter);
        }
    }

    /// Makes sure of a batch for what goes beside one, if there are no readings.
    pub(super) fn add_carrier(&mut self) {
        if self.lots.is_empty()
            && let Some(mut batch) = self.take(0)
        {
            batch.start_events(self.whole, self.received);
            self.lots.push(Lot {
                batch,
                keys: Source::None,
                letter: None,
            });
        }
    }

    /// Leaves all at the intake, or nothing if there is no room for all; what is taken is
    /// remembered. Others may take the room at the same moment: then some is taken.
    pub(super) fn make(
        self,
        mut terms: Terms,
        recent: &mut Recent,
        rows: &[Row],
        texts: &[TextRow<'_>],
    ) -> Taken {
        let intake = self.intake;
        let mut taken = Taken {
            parts: VecDeque::new(),
            readings: 0,
            has_gap: false,
            link: None,
            is_refused: false,
        };
        let refusal = if self.lacks_batch {
            Some(Refusal::PoolEmpty)
        } else if terms.with_receipts && intake.is_stalled() {
            Some(Refusal::JournalStalled)
        } else if self.lots.len() > intake.room() {
            intake.find_full();
            Some(Refusal::RingFull)
        } else {
            None
        };
        refuse(intake, Refusal::PoolEmpty, self.without_batch);
        taken.is_refused = refusal.is_some();
        if taken.is_refused {
            intake.hold_back();
        }
        for lot in self.lots {
            let readings = lot.batch.len();
            if taken.is_refused {
                let reason = refusal.unwrap_or(Refusal::RingFull);
                refuse(intake, reason, readings);
                intake.give_back(lot.batch);
                continue;
            }
            let (receipt, receiver) = if terms.with_receipts {
                let (receipt, receiver) = Receipt::pair();
                (Some(receipt), Some(receiver))
            } else {
                (None, None)
            };
            let letter = lot.letter.as_ref().map(|letter| letter.key);
            let beside = Beside {
                // Readings end an outage; what the outstation itself tells needs none.
                gap: terms.gap.filter(|gap| readings > 0 || is_told_once(gap)),
                letter: lot.letter.map(|letter| letter.record),
                link: terms.link,
            };
            let beside_gap = beside.gap.is_some();
            let times = (terms.due, terms.wire);
            match intake.offer_due(lot.batch, times, receipt, beside) {
                Ok(()) => {}
                Err(Refused::RingFull | Refused::JournalStalled | Refused::Fenced) => {
                    taken.is_refused = true;
                    continue;
                }
                Err(Refused::Invalid(error)) => {
                    // A fault of the engine: the outstation cannot mend it by sending it again.
                    tracing::error!(%error, "a batch of an outstation is invalid");
                    continue;
                }
            }
            taken.link = taken.link.or(terms.link.take());
            if beside_gap {
                taken.has_gap = true;
                terms.gap = None;
            }
            taken.readings += readings;
            letter.iter().for_each(|key| recent.remember_letter(*key));
            let events = match lot.keys {
                Source::None => recent.remember([]),
                Source::Rows(range) => {
                    let rows = rows.get(range).unwrap_or_default();
                    recent.remember(events(rows.iter().map(|row| row.key)))
                }
                Source::Texts(range) => {
                    let texts = texts.get(range).unwrap_or_default();
                    recent.remember(events(texts.iter().map(|text| text.key)))
                }
            };
            if let Some(receiver) = receiver {
                taken.parts.push_back(Part {
                    receiver,
                    events,
                    letter,
                });
            }
        }
        taken
    }

    fn take(&mut self, readings: usize) -> Option<Box<Batch>> {
        let batch = self.intake.take();
        if batch.is_none() {
            self.without_batch += readings;
            self.lacks_batch = true;
        }
        batch
    }
}

/// The longest texts of an outstation fit so often into the bytes of one batch, even if every octet
/// has to be escaped.
pub(super) const TEXTS_PER_BATCH_MAX: usize =
    gridos_model::TEXTS_BYTES_MAX / gridos_model::TEXT_BYTES_MAX;

/// Without present values, which may come as often as they like.
fn events(keys: impl Iterator<Item = Key>) -> impl Iterator<Item = Key> {
    keys.filter(|key| *key != Key::NONE)
}

/// Whether a gap is known from an indication, which the outstation does not repeat once the fragment
/// with it is confirmed.
pub(super) fn is_told_once(gap: &Gap) -> bool {
    matches!(
        gap.reason,
        GapReason::DeviceRestart | GapReason::EventBufferOverflow
    )
}

/// Counts readings that came and were not even offered.
pub(super) fn refuse(intake: &Intake, reason: Refusal, readings: usize) {
    if readings > 0 {
        let ledger = &intake.telemetry().ledger;
        ledger.received.add(readings as u64);
        ledger.refuse(reason, readings as u64);
    }
}

#[cfg(test)]
mod tests;

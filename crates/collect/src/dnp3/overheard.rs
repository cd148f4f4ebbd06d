//! An outstation that somebody else talks with: what it says, decoded as a session of its own would.

use std::collections::HashMap;
use std::sync::Arc;

use gridos_dnp3::master::{Delivery, Ignored};
use gridos_model::{Batch, DeadLetter, Layout, Quality, Timestamp};
use gridos_ring::Intake;

use super::begun::Begun;
use super::offer::TEXTS_PER_BATCH_MAX;
use super::recent::Key;
use super::sorting::{Place, Row, Sorted};
use super::unmapped::Unmapped;
use super::{Dnp3Device, PointMap};

/// An outstation that somebody else talks with.
///
/// What it sends again because a confirm was lost is told again: only who confirms can know it.
#[derive(Debug)]
pub struct Overheard {
    map: Arc<PointMap>,
    whole: Arc<Layout>,
    groups: Vec<Arc<Layout>>,
    intake: Intake,
    /// By position: the text that was told last.
    texts: HashMap<u32, Key>,
    begun: Option<Box<Begun>>,
    rows: Vec<Row>,
    unmapped: Unmapped,
}

/// What a fragment came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Values of points that are not mapped.
    pub unmapped: u64,
    /// Values for which the pool had no batch: they are missing.
    pub without_batch: usize,
    /// What could not be read.
    pub letter: Option<DeadLetter>,
}

impl Overheard {
    /// An outstation with the points of `map`; `whole` and `groups` as of [`Dnp3Device`]. Batches are
    /// borrowed from the pool of `intake`, and nothing is offered to it.
    pub fn new(
        map: Arc<PointMap>,
        whole: Arc<Layout>,
        groups: Vec<Arc<Layout>>,
        intake: Intake,
    ) -> Self {
        Self {
            map,
            whole,
            groups,
            intake,
            texts: HashMap::new(),
            begun: None,
            rows: Vec::new(),
            unmapped: Unmapped::default(),
        }
    }

    /// Takes a fragment that was received then, and gives each batch of it to `take`: events, texts,
    /// then present values.
    ///
    /// # Errors
    /// If it is none that an outstation sends.
    pub fn on_fragment(
        &mut self,
        fragment: &[u8],
        received: Timestamp,
        take: &mut dyn FnMut(&mut Batch),
    ) -> Result<Heard, Ignored> {
        let Some(delivery) = Delivery::overheard(fragment)? else {
            self.give_up_begun(take);
            return Ok(Heard::default());
        };
        self.rows.clear();
        let place = Place {
            map: &self.map,
            groups: &self.groups,
            intake: &self.intake,
            texts: &self.texts,
        };
        let (begun, rows) = (self.begun.take(), &mut self.rows);
        let sorted = Sorted::of(&delivery, received, place, begun, rows, &mut self.unmapped);
        let texts: Vec<_> = sorted
            .texts
            .iter()
            .map(|t| (t.position, t.octets))
            .collect();
        self.tell_rows(received, take);
        self.tell_texts(&texts, received, take);
        for mut batch in sorted.sweeps {
            take(&mut batch);
            self.intake.give_back(batch);
        }
        self.begun = sorted.begun;
        let device = self.whole.device_id();
        let letter = delivery.dead_letter.map(|letter| {
            let reason = letter.error.to_string();
            DeadLetter::new(device, received, &reason, letter.octets)
        });
        Ok(Heard {
            unmapped: sorted.unmapped,
            without_batch: sorted.without_batch,
            letter,
        })
    }

    /// The stream ends: a group that had begun does not go on.
    pub fn finish(&mut self, take: &mut dyn FnMut(&mut Batch)) {
        self.give_up_begun(take);
    }

    fn give_up_begun(&mut self, take: &mut dyn FnMut(&mut Batch)) {
        if let Some(begun) = self.begun.take() {
            self.rows.clear();
            self.rows.extend(begun.rows(&self.map));
            self.tell_rows(begun.received(), take);
        }
    }

    fn tell_rows(&mut self, received: Timestamp, take: &mut dyn FnMut(&mut Batch)) {
        for chunk in self.rows.chunks(Dnp3Device::EVENTS_PER_BATCH_MAX) {
            let mut batch = Batch::default();
            batch.start_events(&self.whole, received);
            let events = chunk.iter();
            batch.push_events(events.map(|r| (r.position, r.time, r.value, r.quality)));
            take(&mut batch);
        }
    }

    fn tell_texts(
        &mut self,
        texts: &[(u32, &[u8])],
        received: Timestamp,
        take: &mut dyn FnMut(&mut Batch),
    ) {
        for chunk in texts.chunks(TEXTS_PER_BATCH_MAX) {
            let mut batch = Batch::default();
            batch.start_texts(&self.whole, received);
            for (position, octets) in chunk {
                batch.push_text(*position, received, octets, Quality::NO_SOURCE_TIME);
                self.texts
                    .insert(*position, Key::of_octets(*position, octets));
            }
            take(&mut batch);
        }
    }
}

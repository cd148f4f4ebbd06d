//! What became of every event.

use super::NumberSet;

/// What has become of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits to be sent, for the first time or again.
    Buffered,
    /// It is in a fragment whose confirm is awaited.
    Written,
    /// A fragment with it was confirmed; the outstation deleted it.
    Confirmed,
    /// The buffer was full, and it had to go.
    Overflowed,
    /// It was in the buffer when the outstation restarted without keeping it.
    Forgotten,
}

/// The events of an outstation by number. Numbers begin with 0, follow each other in the order in
/// which events were made, and go on over restarts.
///
/// At every moment each number below [`Ledger::produced`] is either still in the buffer or in
/// exactly one of `confirmed`, `overflowed` and `forgotten`. A master has stored all confirmed
/// ones. Of those lost it may have some: see [`Ledger::lost_after_sending`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    produced: u64,
    confirmed: NumberSet,
    overflowed: NumberSet,
    forgotten: NumberSet,
    lost_after_sending: NumberSet,
}

impl Ledger {
    /// How many events were made; the number of the next one.
    pub fn produced(&self) -> u64 {
        self.produced
    }

    /// Those that a master confirmed.
    pub fn confirmed(&self) -> &NumberSet {
        &self.confirmed
    }

    /// Those that a full buffer dropped.
    pub fn overflowed(&self) -> &NumberSet {
        &self.overflowed
    }

    /// Those that a restart dropped.
    pub fn forgotten(&self) -> &NumberSet {
        &self.forgotten
    }

    /// Those of the overflowed and forgotten ones that were in a fragment at least once: its
    /// confirm did not arrive, or not before they were lost. A master may have them or not.
    pub fn lost_after_sending(&self) -> &NumberSet {
        &self.lost_after_sending
    }

    /// The fate of an event that is in no buffer.
    pub(super) fn settled(&self, number: u64) -> Option<Fate> {
        [
            (&self.confirmed, Fate::Confirmed),
            (&self.overflowed, Fate::Overflowed),
            (&self.forgotten, Fate::Forgotten),
        ]
        .into_iter()
        .find_map(|(numbers, fate)| numbers.contains(number).then_some(fate))
    }

    pub(super) fn on_produced(&mut self) -> u64 {
        let number = self.produced;
        self.produced += 1;
        number
    }

    pub(super) fn on_confirmed(&mut self, number: u64) {
        self.confirmed.insert(number);
    }

    pub(super) fn on_overflowed(&mut self, number: u64, was_sent: bool) {
        self.overflowed.insert(number);
        self.on_lost(number, was_sent);
    }

    pub(super) fn on_forgotten(&mut self, number: u64, was_sent: bool) {
        self.forgotten.insert(number);
        self.on_lost(number, was_sent);
    }

    fn on_lost(&mut self, number: u64, was_sent: bool) {
        if was_sent {
            self.lost_after_sending.insert(number);
        }
    }
}

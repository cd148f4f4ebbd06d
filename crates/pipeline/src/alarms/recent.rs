//! The last records, for who follows them and was away for a moment.

use std::collections::VecDeque;
use std::sync::Arc;

use gridos_model::{AlarmId, AlarmRecord};

/// So many records are kept at most.
pub(crate) const RECORDS_MAX: usize = 8_192;

/// What comes next for somebody who follows.
#[derive(Clone, Debug, PartialEq)]
pub enum Following {
    /// These records; none if nothing has happened yet.
    Records(Vec<Arc<AlarmRecord>>),
    /// These alarms are unconfirmed no more.
    Confirmed(Vec<AlarmId>),
}

/// The last records, without gaps, and the last confirmations, which have no records.
#[derive(Debug)]
pub(crate) struct Recent {
    records: VecDeque<Arc<AlarmRecord>>,
    /// Each with the last record before it; as many as records at most.
    confirmed: VecDeque<(u64, AlarmId)>,
    /// How many there were.
    confirmations: u64,
    /// The sequence of the last record, also if none is kept.
    last: u64,
}

impl Recent {
    /// Nothing yet after the record `last`.
    pub(crate) fn new(last: u64) -> Self {
        Self {
            records: VecDeque::new(),
            confirmed: VecDeque::new(),
            confirmations: 0,
            last,
        }
    }

    pub(crate) fn add(&mut self, record: Arc<AlarmRecord>) {
        if self.records.len() == RECORDS_MAX {
            self.records.pop_front();
        }
        self.last = record.sequence;
        self.records.push_back(record);
    }

    /// Adds to `found` up to `max` records behind `sequence`; false if it cannot be told what comes
    /// behind that.
    pub(crate) fn since(
        &self,
        sequence: u64,
        max: usize,
        found: &mut Vec<Arc<AlarmRecord>>,
    ) -> bool {
        let kept = self.records.len();
        // Ahead of all there is: the sequence is of another life whose end was lost.
        let Some(behind) = self.last.checked_sub(sequence) else {
            return false;
        };
        let behind = usize::try_from(behind).unwrap_or(usize::MAX);
        let Some(skipped) = kept.checked_sub(behind) else {
            return false;
        };
        found.extend(self.records.iter().skip(skipped).take(max).cloned());
        true
    }

    pub(crate) fn confirm(&mut self, alarms: &[AlarmId]) {
        for alarm in alarms {
            if self.confirmed.len() == RECORDS_MAX {
                self.confirmed.pop_front();
            }
            self.confirmed.push_back((self.last, *alarm));
            self.confirmations += 1;
        }
    }

    pub(crate) fn confirmations(&self) -> u64 {
        self.confirmations
    }

    /// What comes next behind the record `sequence` and the first `confirmations`, up to `max` of a
    /// kind, in the order in which it happened; `None` if that cannot be told.
    pub(crate) fn following(
        &self,
        sequence: u64,
        confirmations: u64,
        max: usize,
    ) -> Option<Following> {
        let behind = usize::try_from(self.confirmations.checked_sub(confirmations)?).ok()?;
        let skipped = self.confirmed.len().checked_sub(behind)?;
        let pending = || self.confirmed.iter().skip(skipped);
        let due = pending().take_while(|(before, _)| *before <= sequence);
        let due: Vec<_> = due.take(max).map(|(_, alarm)| *alarm).collect();
        if !due.is_empty() {
            return Some(Following::Confirmed(due));
        }
        let mut records = Vec::new();
        if !self.since(sequence, max, &mut records) {
            return None;
        }
        let until = pending().next().map(|(before, _)| *before);
        records.retain(|record| until.is_none_or(|until| record.sequence <= until));
        Some(Following::Records(records))
    }
}

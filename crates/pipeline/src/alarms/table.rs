//! The table of alarms: all that are not at rest, at one moment.

use std::sync::Arc;

use gridos_alarm::Case;
use gridos_model::{AlarmFlags, AlarmId, AlarmRecord};

use super::cases::Cases;
use super::counts::AlarmCounts;

/// All alarms that are not at rest, at one moment. A clone is cheap, and stays as it is.
#[derive(Clone, Debug, Default)]
pub struct AlarmTable {
    /// The last record that is in it.
    pub sequence: u64,
    /// The cases that are not at rest.
    pub cases: Cases,
    /// How many of them are in which state.
    pub counts: AlarmCounts,
}

impl AlarmTable {
    /// The table of `cases` as of the record `sequence`; those at rest are left out.
    pub(crate) fn new(sequence: u64, cases: impl IntoIterator<Item = Case>) -> Self {
        let mut table = Self {
            sequence,
            ..Self::default()
        };
        for case in cases {
            table.put(Arc::new(case));
        }
        table
    }

    /// Adds what the next record tells.
    pub(crate) fn apply(&mut self, record: &AlarmRecord) {
        let mut case = match self.cases.take(record.alarm) {
            Some(before) => {
                self.counts.remove(&before.facts);
                before
            }
            None => Arc::new(Case::new(record.alarm)),
        };
        Arc::make_mut(&mut case).apply(record);
        self.put(case);
        self.sequence = record.sequence;
    }

    /// The alarm is unconfirmed no more.
    pub(crate) fn confirm(&mut self, alarm: AlarmId) {
        let Some(before) = self.cases.get(&alarm) else {
            return;
        };
        if before.facts.flags.contains(AlarmFlags::UNCONFIRMED) {
            let mut case = Arc::clone(before);
            Arc::make_mut(&mut case)
                .facts
                .flags
                .remove(AlarmFlags::UNCONFIRMED);
            self.cases.put(case);
        }
    }

    fn put(&mut self, case: Arc<Case>) {
        if !case.facts.is_at_rest() {
            self.counts.add(&case.facts);
            self.cases.put(case);
        }
    }
}

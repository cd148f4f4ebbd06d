//! Alarms whose device goes to another engine of a fleet, or comes from one.

use gridos_model::{AlarmAction, AlarmFlags, AlarmRecord, Note, Quality};

use super::Desk;
use crate::{Case, Now};

impl Desk {
    /// Ends here what another engine goes on with; what is known of it is kept for that one.
    pub(super) fn hand_over(&mut self, case: Case, now: Now) {
        self.end_here(&case, AlarmAction::HandedOver, None, now);
        self.handed_over.push(case);
    }

    /// Goes on with what another engine knew: nobody is told anything. What is active waits for a reading that
    /// says so, as after a restart.
    pub(super) fn take_over(&mut self, known: Case, now: Now) {
        let Some(alarm) = self.catalog.find(known.alarm) else {
            return;
        };
        if known.facts.is_at_rest() || self.stories.get(alarm).is_some() {
            return;
        }
        let mut after = known.facts;
        if after.is_active() {
            after.flags.insert(AlarmFlags::UNCONFIRMED);
        }
        self.sequence += 1;
        let record = AlarmRecord {
            sequence: self.sequence,
            alarm: known.alarm,
            occurrence: known.occurrence,
            action: AlarmAction::TakenOver,
            is_annunciated: false,
            from: known.facts.level,
            time: now.wall,
            received: now.wall,
            value: f64::NAN,
            quality: Quality::GOOD,
            after,
            note: Some(Box::new(Note {
                definition: known.to_json().into(),
                ..Note::default()
            })),
        };
        let mut case = Case::new(known.alarm);
        case.apply(&record);
        self.records.push(record);
        self.restore_case(alarm, case, now);
    }
}

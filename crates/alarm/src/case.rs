//! A case: what is known of one alarm, put together from its records.

use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmRecord, Level, Quality, Timestamp,
};

/// What a reading was when it did something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// At the source, or on the engine's clock if no reading did it.
    pub time: Timestamp,
    /// When the engine learned of it.
    pub received: Timestamp,
    /// The value; NaN if none did it.
    pub value: f64,
    /// Its quality.
    pub quality: Quality,
}

/// Somebody did something about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who; empty if the engine did it by itself.
    pub by: Box<str>,
    /// When, on the engine's clock.
    pub at: Timestamp,
    /// Why, in their words.
    pub comment: Box<str>,
}

/// What operators were not told of an occurrence because it was hidden. The numbers are frozen: they
/// are written to disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Withheld {
    /// Nothing.
    #[default]
    Nothing = 0,
    /// Something beside what they were told and have not acknowledged yet.
    More = 1,
    /// All that an acknowledgement could be of.
    All = 2,
}

/// What is known of one alarm. It is made of records alone, so everybody who has them has the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The alarm.
    pub alarm: AlarmId,
    /// The present or last occurrence; 0 if there never was one.
    pub occurrence: u64,
    /// Its last record.
    pub sequence: u64,
    /// Its state.
    pub facts: AlarmFacts,
    /// What raised the present or last occurrence.
    pub raised: Option<Moment>,
    /// What brought the present level.
    pub changed: Option<Moment>,
    /// What brought the worst level of the occurrence.
    pub worst: Option<Moment>,
    /// What ended it, if it is over.
    pub returned: Option<Moment>,
    /// When it was annunciated last, on the engine's clock.
    pub annunciated: Option<Timestamp>,
    /// How often the occurrence was annunciated.
    pub annunciations: u32,
    /// What operators were not told because it was hidden.
    pub withheld: Withheld,
    /// Who acknowledged it last in this occurrence.
    pub acknowledged: Option<Deed>,
    /// Who put it where it is hidden, last.
    pub hidden: Option<Deed>,
}

impl Case {
    /// The case of an alarm that nothing ever happened to.
    pub fn new(alarm: AlarmId) -> Self {
        Self {
            alarm,
            occurrence: 0,
            sequence: 0,
            facts: AlarmFacts::REST,
            raised: None,
            changed: None,
            worst: None,
            returned: None,
            annunciated: None,
            annunciations: 0,
            withheld: Withheld::Nothing,
            acknowledged: None,
            hidden: None,
        }
    }

    /// Adds what a later record of the same alarm tells; an earlier one is passed over, so that
    /// the same records may come twice.
    pub fn apply(&mut self, record: &AlarmRecord) {
        if record.sequence <= self.sequence {
            return;
        }
        if record.action == AlarmAction::TakenOver {
            return self.take_over(record);
        }
        if record.action == AlarmAction::HandedOver {
            // What becomes of it is not known here.
            *self = Self {
                sequence: record.sequence,
                ..Self::new(self.alarm)
            };
            return;
        }
        // Who shows alarms forgets those at rest: for all to have the same, everybody begins anew.
        if self.facts.is_at_rest() {
            *self = Self::new(self.alarm);
        }
        self.withheld = self.withheld_after(record);
        let moment = Moment {
            time: record.time,
            received: record.received,
            value: record.value,
            quality: record.quality,
        };
        match record.action {
            AlarmAction::Raised => {
                self.raised = Some(moment);
                self.changed = Some(moment);
                self.worst = Some(moment);
                self.returned = None;
                self.acknowledged = None;
                self.annunciations = 0;
            }
            AlarmAction::Escalated => {
                self.changed = Some(moment);
                if record.after.worst != self.facts.worst {
                    self.worst = Some(moment);
                }
            }
            AlarmAction::Eased => self.changed = Some(moment),
            AlarmAction::Returned | AlarmAction::Retired => {
                if record.from != Level::Normal {
                    self.changed = Some(moment);
                    self.returned = Some(moment);
                }
            }
            AlarmAction::Acknowledged => self.acknowledged = Some(deed(record)),
            AlarmAction::Shelved | AlarmAction::Suppressed | AlarmAction::OutOfService => {
                let deed = deed(record);
                // A lost link has no name: who put the alarm away before stays known.
                if !deed.by.is_empty() || self.hidden.is_none() {
                    self.hidden = Some(deed);
                }
            }
            AlarmAction::Unshelved | AlarmAction::Unsuppressed | AlarmAction::InService => {
                if !record.after.is_hidden() {
                    self.hidden = None;
                }
            }
            AlarmAction::HandedOver
            | AlarmAction::TakenOver
            | AlarmAction::ReAnnunciated
            | AlarmAction::Reset
            | AlarmAction::Silenced
            | AlarmAction::Redefined => {}
        }
        if record.is_annunciated {
            self.annunciated = Some(record.received);
            self.annunciations = self.annunciations.saturating_add(1);
        }
        self.occurrence = record.occurrence;
        self.sequence = record.sequence;
        self.facts = record.after;
    }

    /// Goes on with what another engine knew.
    fn take_over(&mut self, record: &AlarmRecord) {
        let note = record.note.as_deref();
        let known = note.and_then(|note| Self::of_json(&note.definition));
        let known = known.filter(|known| known.alarm == self.alarm);
        *self = Self {
            occurrence: record.occurrence,
            sequence: record.sequence,
            facts: record.after,
            ..known.unwrap_or_else(|| Self::new(self.alarm))
        };
    }

    fn withheld_after(&self, record: &AlarmRecord) -> Withheld {
        if record.is_annunciated || record.action == AlarmAction::Acknowledged {
            return Withheld::Nothing;
        }
        let (before, after) = (&self.facts, &record.after);
        if after.worst.rank() > before.worst.rank() {
            let has_told =
                before.flags.contains(AlarmFlags::UNACKNOWLEDGED) && self.withheld != Withheld::All;
            return match has_told {
                true => Withheld::More,
                false => Withheld::All,
            };
        }
        match after.is_active() || after.flags.contains(AlarmFlags::UNACKNOWLEDGED) {
            true => self.withheld,
            false => Withheld::Nothing,
        }
    }
}

fn deed(record: &AlarmRecord) -> Deed {
    let note = record.note.as_deref();
    Deed {
        by: note.map(|note| note.by.clone()).unwrap_or_default(),
        at: record.received,
        comment: note.map(|note| note.comment.clone()).unwrap_or_default(),
    }
}

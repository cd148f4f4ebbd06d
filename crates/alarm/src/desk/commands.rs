//! What operators and engineers command.

use std::sync::Arc;
use std::time::Duration;

use gridos_model::{AlarmAction, AlarmFacts, AlarmFlags, AlarmState, Note, Shelf, Suppression};

use super::{Change, Desk, Due, keys};
use crate::command::{NOTE_BYTES_MAX, SHELF_MAX};
use crate::{
    AlarmIndex, Command, Deed, Defined, Definition, Edit, Now, Order, Outcome, Refusal, UsedKey,
};

impl Desk {
    pub(crate) fn on_command(&mut self, command: &Command, now: Now) -> Result<Outcome, Refusal> {
        check_note(&command.note)?;
        let alarm = self.catalog.find(command.alarm).ok_or(Refusal::Unknown)?;
        let order = keys::order_of(command);
        if let Some(used) = self.keys.get(&command.note.key) {
            return match used.alarm == command.alarm && used.order == order {
                true => Ok(self.outcome(alarm, false)),
                false => Err(Refusal::KeyReused),
            };
        }
        let is_changed = self.obey(alarm, command, now)?;
        let outcome = self.outcome(alarm, is_changed);
        self.keys.add(UsedKey {
            key: command.note.key.clone(),
            alarm: command.alarm,
            sequence: outcome.case.sequence,
            order,
        });
        Ok(outcome)
    }

    fn outcome(&self, alarm: AlarmIndex, is_changed: bool) -> Outcome {
        Outcome {
            case: self.case_at(alarm),
            version: self.current_at(alarm).version,
            is_changed,
        }
    }

    /// Does it; returns whether anything had to be done.
    fn obey(&mut self, alarm: AlarmIndex, command: &Command, now: Now) -> Result<bool, Refusal> {
        let before = self.facts(alarm);
        let (action, after) = match &command.order {
            Order::Acknowledge => {
                self.check_occurrence(alarm, command)?;
                (AlarmAction::Acknowledged, acknowledged(before))
            }
            Order::Reset => {
                self.check_occurrence(alarm, command)?;
                (AlarmAction::Reset, self.reset(alarm, before)?)
            }
            Order::Silence => {
                self.check_occurrence(alarm, command)?;
                (AlarmAction::Silenced, silenced(before))
            }
            Order::Shelve {
                period,
                is_one_shot,
            } => {
                check_comment(command)?;
                check_period(*period)?;
                let shelf = Shelf {
                    until: now.wall.saturating_add(*period),
                    is_one_shot: *is_one_shot,
                };
                self.shelve(alarm, before, shelf, *period, command, now);
                return Ok(true);
            }
            Order::Unshelve => (AlarmAction::Unshelved, unshelved(before)),
            Order::Suppress => {
                check_comment(command)?;
                (AlarmAction::Suppressed, suppressed(before, true))
            }
            Order::Unsuppress => (AlarmAction::Unsuppressed, suppressed(before, false)),
            Order::TakeOutOfService => {
                check_comment(command)?;
                (AlarmAction::OutOfService, out_of_service(before, true))
            }
            Order::PutInService => (AlarmAction::InService, out_of_service(before, false)),
            Order::Redefine {
                definition,
                if_version,
            } => return self.redefine(alarm, definition, *if_version, &command.note, now),
        };
        if after == before {
            return Ok(false);
        }
        let mut change = Change::at(now, action, after);
        change.is_news = self.comes_back(alarm, &after);
        change.note = Some(note_of(command));
        self.tell(alarm, change, now);
        Ok(true)
    }

    /// Whether the present occurrence is the one that was seen.
    fn check_occurrence(&self, alarm: AlarmIndex, command: &Command) -> Result<(), Refusal> {
        let story = self.stories.get(alarm);
        let present = story.map_or(0, |story| story.case.occurrence);
        match command.occurrence {
            _ if present == 0 => Err(Refusal::NeverRaised),
            None => Err(Refusal::NoOccurrence { present }),
            Some(seen) if seen != present => Err(Refusal::Moved { seen, present }),
            Some(_) => self.check_worst(alarm, command),
        }
    }

    /// Whether it is no worse than what was seen, if that is said.
    fn check_worst(&self, alarm: AlarmIndex, command: &Command) -> Result<(), Refusal> {
        let present = self.facts(alarm).worst;
        match command.worst {
            Some(seen) if present.rank() > seen.rank() => Err(Refusal::Worse { seen, present }),
            Some(_) | None => Ok(()),
        }
    }

    /// The facts without the latch. One that latches and was reset before stays as it is.
    fn reset(&self, alarm: AlarmIndex, before: AlarmFacts) -> Result<AlarmFacts, Refusal> {
        let is_latched = before.flags.contains(AlarmFlags::LATCHED);
        if !is_latched && !self.judge.definition(alarm).latches {
            return Err(Refusal::NotLatched);
        }
        if before.is_active() {
            return Err(Refusal::StillActive);
        }
        if before.flags.contains(AlarmFlags::UNACKNOWLEDGED) {
            return Err(Refusal::NotAcknowledged);
        }
        let mut after = before;
        after.flags.remove(AlarmFlags::LATCHED);
        Ok(after)
    }

    /// Puts on the shelf, or changes its time there, which is measured from now on.
    fn shelve(
        &mut self,
        alarm: AlarmIndex,
        before: AlarmFacts,
        shelf: Shelf,
        period: Duration,
        command: &Command,
        now: Now,
    ) {
        let mut change = Change::at(now, AlarmAction::Shelved, before);
        change.after.shelf = Some(shelf);
        change.note = Some(note_of(command));
        self.tell(alarm, change, now);
        let end = now.mono.saturating_add(period);
        self.set_timer(alarm, Due::ShelfEnd, Some(end));
    }

    fn redefine(
        &mut self,
        alarm: AlarmIndex,
        definition: &Arc<Definition>,
        if_version: Option<u32>,
        note: &Note,
        now: Now,
    ) -> Result<bool, Refusal> {
        let present = self.current_at(alarm).version;
        if let Some(expected) = if_version.filter(|expected| *expected != present) {
            return Err(Refusal::Version { expected, present });
        }
        if definition.condition.kind() != self.kind(alarm) {
            return Err(Refusal::OtherKind);
        }
        definition.check().map_err(Refusal::Definition)?;
        let defined = self.defined(alarm, definition);
        let defined = defined.map_err(Refusal::NoReference)?;
        if definition == self.judge.definition(alarm) {
            return Ok(false);
        }
        let edit = Edit {
            version: present.saturating_add(1),
            base: self.base(alarm),
            definition: Arc::clone(definition),
            deed: Deed {
                by: note.by.clone(),
                at: now.wall,
                comment: note.comment.clone(),
            },
        };
        self.give_definition(alarm, (edit, defined), note.key.clone(), now);
        Ok(true)
    }

    /// Goes on by another definition, which [`Self::defined`] makes of an edit. Only what is judged
    /// otherwise by it touches the state.
    pub(super) fn give_definition(
        &mut self,
        alarm: AlarmIndex,
        (edit, defined): (Edit, Defined),
        key: Box<str>,
        now: Now,
    ) {
        let is_enabled = defined.definition.is_enabled;
        let mut after = self.facts(alarm);
        after.flags.set(AlarmFlags::DISABLED, !is_enabled);
        let mut change = Change::at(now, AlarmAction::Redefined, after);
        change.is_news = self.comes_back(alarm, &after);
        change.note = Some(Box::new(Note {
            by: edit.deed.by.clone(),
            comment: edit.deed.comment.clone(),
            key,
            definition: edit.text(),
        }));
        self.catalog.edit(alarm, edit);
        self.judge.redefine(alarm, &defined, now, &mut self.judged);
        self.tell(alarm, change, now);
        match is_enabled {
            true => self.settle(now),
            false => self.switch_off(alarm, now),
        }
        self.follow_link(alarm, now);
    }

    /// The alarm as if it were configured so.
    ///
    /// # Errors
    /// The name of the point that it refers to, if there is none.
    pub(super) fn defined(
        &self,
        alarm: AlarmIndex,
        definition: &Arc<Definition>,
    ) -> Result<Defined, String> {
        Ok(Defined {
            id: self.catalog.id(alarm),
            device: self.device(alarm),
            point: self.judge.point(alarm),
            reference: self.catalog.reference(self.device(alarm), definition)?,
            definition: Arc::clone(definition),
        })
    }

    /// The fingerprint of the configured definition.
    pub(super) fn base(&self, alarm: AlarmIndex) -> u64 {
        match self.catalog.edit_of(alarm) {
            Some(edit) => edit.base,
            None => self.judge.definition(alarm).fingerprint(),
        }
    }

    /// Ends what is there of an alarm that is judged no longer.
    pub(super) fn switch_off(&mut self, alarm: AlarmIndex, now: Now) {
        self.judged.retain(|judged| judged.alarm != alarm);
        if self.facts_told(alarm).base_state() != AlarmState::Normal {
            self.retire(alarm, now);
        }
    }
}

fn acknowledged(mut facts: AlarmFacts) -> AlarmFacts {
    if facts.flags.contains(AlarmFlags::UNACKNOWLEDGED) {
        facts
            .flags
            .remove(AlarmFlags::UNACKNOWLEDGED | AlarmFlags::SILENCED);
    }
    facts
}

fn silenced(mut facts: AlarmFacts) -> AlarmFacts {
    if facts.is_sounding() {
        facts.flags.insert(AlarmFlags::SILENCED);
    }
    facts
}

fn unshelved(mut facts: AlarmFacts) -> AlarmFacts {
    facts.shelf = None;
    facts
}

fn suppressed(mut facts: AlarmFacts, is_suppressed: bool) -> AlarmFacts {
    facts.suppression.set(Suppression::ASKED, is_suppressed);
    facts
}

fn out_of_service(mut facts: AlarmFacts, is_out: bool) -> AlarmFacts {
    facts.flags.set(AlarmFlags::OUT_OF_SERVICE, is_out);
    facts
}

/// The note of a record: who, why and by which key.
fn note_of(command: &Command) -> Box<Note> {
    Box::new(Note {
        definition: Box::default(),
        ..command.note.clone()
    })
}

fn check_note(note: &Note) -> Result<(), Refusal> {
    let texts = [
        ("by", &note.by),
        ("comment", &note.comment),
        ("key", &note.key),
    ];
    for (key, text) in texts {
        if text.len() > NOTE_BYTES_MAX {
            let given = text.len();
            return Err(Refusal::TooLong { key, given });
        }
    }
    Ok(())
}

fn check_comment(command: &Command) -> Result<(), Refusal> {
    match command.note.comment.trim().is_empty() {
        true => Err(Refusal::NoComment),
        false => Ok(()),
    }
}

fn check_period(given: Duration) -> Result<(), Refusal> {
    match (Duration::from_secs(1)..=SHELF_MAX).contains(&given) {
        true => Ok(()),
        false => Err(Refusal::Period {
            given,
            most: SHELF_MAX,
        }),
    }
}

//! Going on with what an earlier process left.

use std::collections::HashSet;
use std::sync::Arc;

use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmRecord, Level, Note, Quality, Suppression,
};

use super::stories::RESTED_MAX;
use super::{Desk, Due};
use crate::command::SHELF_MAX;
use crate::{AlarmIndex, Case, Deed, Edit, Memory, Now};

/// Who changes a definition when the configuration does.
const CONFIGURATION: &str = "configuration";

impl Desk {
    /// Nothing is annunciated by it. There are records only of what the configuration ended or
    /// changed since.
    pub(crate) fn restore(&mut self, memory: Memory, elsewhere: &HashSet<AlarmId>, now: Now) {
        let cases = memory.cases.values();
        let latest = cases.map(|case| case.sequence).max();
        self.sequence = memory.sequence.max(latest.unwrap_or(0));
        memory.keys.into_iter().for_each(|used| self.keys.add(used));
        let outdated = self.restore_edits(memory.edits, now);
        let gone = self.restore_cases(memory.cases.into_values().collect(), now);
        // The configuration was changed since these edits, so it counts.
        for (alarm, version) in outdated {
            self.configure_anew(alarm, version, now);
        }
        self.switch_over(now);
        for case in gone {
            match elsewhere.contains(&case.alarm) {
                // What became of it since is not known here, so nothing is recorded.
                true => self.handed_over.push(case),
                false if case.facts.is_at_rest() => {}
                false => self.retire_unknown(&case, now),
            }
        }
        // What was judged by a changed definition before any reading is of no reading.
        self.judged.clear();
    }

    /// Puts edits in the place of the definitions that they replaced; returns the alarms that are
    /// configured otherwise now, and the versions of their edits.
    pub(super) fn restore_edits(
        &mut self,
        edits: impl IntoIterator<Item = (AlarmId, Edit)>,
        now: Now,
    ) -> Vec<(AlarmIndex, u32)> {
        let mut outdated = Vec::new();
        for (id, edit) in edits {
            let Some(alarm) = self.catalog.find(id) else {
                self.catalog.keep_dormant(id, edit);
                continue;
            };
            let is_of_kind = edit.definition.condition.kind() == self.kind(alarm);
            let is_sound = is_of_kind && edit.definition.check().is_ok();
            let defined = self.defined(alarm, &edit.definition);
            match defined {
                Ok(defined) if is_sound && edit.base == self.base(alarm) => {
                    self.judge.redefine(alarm, &defined, now, &mut self.judged);
                    self.catalog.edit(alarm, edit);
                }
                _ => outdated.push((alarm, edit.version)),
            }
        }
        outdated
    }

    /// Begins the stories of earlier cases; returns those of alarms that are gone.
    fn restore_cases(&mut self, mut cases: Vec<Case>, now: Now) -> Vec<Case> {
        cases.sort_by_key(|case| case.sequence);
        let at_rest = |case: &&Case| case.facts.is_at_rest();
        let rested = cases.iter().filter(at_rest).count();
        let mut forgotten = rested.saturating_sub(RESTED_MAX);
        let mut gone = Vec::new();
        for case in cases {
            let is_at_rest = case.facts.is_at_rest();
            match self.catalog.find(case.alarm) {
                Some(_) if is_at_rest && forgotten > 0 => forgotten -= 1,
                Some(alarm) => self.restore_case(alarm, case, now),
                None => gone.push(case),
            }
        }
        gone
    }

    pub(super) fn restore_case(&mut self, alarm: AlarmIndex, mut case: Case, now: Now) {
        let facts = &mut case.facts;
        if facts.is_active() {
            facts.flags.insert(AlarmFlags::UNCONFIRMED);
            if self.judge.definition(alarm).is_enabled {
                self.judge.restore(alarm, facts.level, now);
            }
        }
        let device = self.device(alarm);
        let is_link_lost = facts.is_active() && self.link_alarm(device) == Some(alarm);
        if is_link_lost || facts.suppression.contains(Suppression::LINK) {
            self.links.doubt(device);
        }
        // The time of day is all that is known of how long the engine was gone.
        let shelf_end = facts.shelf.map(|shelf| {
            let left = shelf.until.since(now.wall).min(SHELF_MAX);
            now.mono.saturating_add(left)
        });
        let is_doubtful = facts.flags.contains(AlarmFlags::UNCONFIRMED);
        self.stories.begin(alarm, || case);
        self.follow_up(alarm, now);
        if is_doubtful {
            self.doubt(alarm);
        }
        if shelf_end.is_some() {
            self.set_timer(alarm, Due::ShelfEnd, shelf_end);
        }
    }

    /// Takes in where the configuration switched an alarm with a story off or on again.
    pub(super) fn switch_over(&mut self, now: Now) {
        let found = self.cases().filter_map(|case| {
            let alarm = self.catalog.find(case.alarm)?;
            let is_off = case.facts.flags.contains(AlarmFlags::DISABLED);
            let is_switched = self.judge.definition(alarm).is_enabled == is_off;
            is_switched.then_some((case.sequence, alarm))
        });
        let mut switched: Vec<_> = found.collect();
        switched.sort_unstable();
        for (_, alarm) in switched {
            let version = self.current_at(alarm).version;
            self.configure_anew(alarm, version, now);
        }
    }

    /// Records that the definition of the configuration counts now, after that of `version`.
    pub(super) fn configure_anew(&mut self, alarm: AlarmIndex, version: u32, now: Now) {
        let definition = Arc::clone(self.judge.definition(alarm));
        // A configuration is refused in which a point is missing that a definition refers to.
        let Ok(defined) = self.defined(alarm, &definition) else {
            return;
        };
        let edit = Edit {
            version: version.saturating_add(1),
            base: self.base(alarm),
            definition,
            deed: Deed {
                by: CONFIGURATION.into(),
                at: now.wall,
                comment: Box::default(),
            },
        };
        self.give_definition(alarm, (edit, defined), Box::default(), now);
    }

    /// Ends what is left of an alarm that is not configured any more.
    pub(super) fn retire_unknown(&mut self, case: &Case, now: Now) {
        let note = Note {
            by: CONFIGURATION.into(),
            ..Note::default()
        };
        self.end_here(case, AlarmAction::Retired, Some(Box::new(note)), now);
    }

    /// Records that nothing of an alarm is left here.
    pub(super) fn end_here(
        &mut self,
        case: &Case,
        action: AlarmAction,
        note: Option<Box<Note>>,
        now: Now,
    ) {
        self.sequence += 1;
        self.records.push(AlarmRecord {
            sequence: self.sequence,
            alarm: case.alarm,
            occurrence: case.occurrence,
            action,
            is_annunciated: false,
            from: case.facts.level,
            time: now.wall,
            received: now.wall,
            value: f64::NAN,
            quality: Quality::GOOD,
            after: AlarmFacts {
                priority: case.facts.priority,
                level: Level::Normal,
                ..AlarmFacts::REST
            },
            note,
        });
    }
}

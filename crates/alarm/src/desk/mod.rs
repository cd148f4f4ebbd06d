//! The desk: what the judge's findings and the operators' commands make of an alarm's facts.
//!
//! Facts do not depend on each other; the states of ISA-18.2 are read from them. A hidden alarm
//! (shelved, suppressed, out of service) goes on like any other, only nobody is told.

mod catalog;
mod commands;
mod conditions;
mod doubts;
mod generation;
mod hand_over;
mod keys;
mod links;
mod restart;
mod stories;
mod timers;

use std::sync::Arc;
use std::time::Duration;

use gridos_model::{
    AlarmAction, AlarmFacts, AlarmFlags, AlarmId, AlarmKind, AlarmRecord, DeviceIndex, Directory,
    Note, PointIndex, Quality, Readings,
};

use catalog::Catalog;
use doubts::Doubts;
use keys::Keys;
pub(crate) use keys::order_of_record;
use links::Links;
pub(crate) use stories::RESTED_MAX;
use stories::Stories;
use timers::{Due, Timers};

use crate::judge::{Judge, Judged};
use crate::{AlarmIndex, Case, Current, Defined, Memory, Moment, Now, Withheld};

/// Facts, occurrences and annunciation of all alarms, by what the judge finds.
#[derive(Debug)]
pub(crate) struct Desk {
    judge: Judge,
    catalog: Catalog,
    stories: Stories,
    links: Links,
    doubts: Doubts,
    timers: Timers,
    keys: Keys,
    sequence: u64,
    /// What the judge found, and nobody has looked at yet.
    judged: Vec<Judged>,
    pub(crate) records: Vec<AlarmRecord>,
    /// What is known of alarms that another engine goes on with, and nobody has asked for yet.
    pub(crate) handed_over: Vec<Case>,
}

/// What becomes of an alarm: a record without what follows from the alarm itself.
struct Change {
    action: AlarmAction,
    /// Whether operators are told, unless the alarm is hidden after it.
    is_news: bool,
    moment: Moment,
    after: AlarmFacts,
    note: Option<Box<Note>>,
}

impl Change {
    /// A change that no reading did, and that is no news.
    fn at(now: Now, action: AlarmAction, after: AlarmFacts) -> Self {
        let moment = Moment {
            time: now.wall,
            received: now.wall,
            value: f64::NAN,
            quality: Quality::GOOD,
        };
        Self {
            action,
            is_news: false,
            moment,
            after,
            note: None,
        }
    }
}

impl Desk {
    pub(crate) fn new(directory: Arc<Directory>, defined: &[Defined]) -> Self {
        let devices = directory.devices().iter();
        let firsts: Vec<_> = devices.map(|device| device.whole().first()).collect();
        Self {
            judge: Judge::new(directory.point_count(), &firsts, defined),
            catalog: Catalog::new(directory, defined),
            stories: Stories::default(),
            links: Links::default(),
            doubts: Doubts::default(),
            timers: Timers::default(),
            keys: Keys::default(),
            sequence: 0,
            judged: Vec::new(),
            records: Vec::new(),
            handed_over: Vec::new(),
        }
    }

    pub(crate) fn on_readings(&mut self, first: PointIndex, readings: &Readings<'_>, now: Now) {
        let judged = &mut self.judged;
        self.judge.on_readings(first, readings, now, judged);
        if !judged.is_empty() {
            self.settle(now);
        }
        if self.has_lost_links_in_doubt() {
            self.clear_links_in_doubt(first, readings, now);
        }
        if self.has_doubts() {
            self.confirm_of(self.catalog.device_of_point(first));
        }
    }

    /// Lets delays end, ends shelves, and tells alarms again.
    pub(crate) fn on_time(&mut self, now: Now) {
        self.judge.on_time(now, &mut self.judged);
        self.settle(now);
        while let Some((alarm, due)) = self.timers.take_due(now.mono) {
            self.set_timer(alarm, due, None);
            match due {
                Due::ShelfEnd => self.end_shelf(alarm, now),
                Due::ReAlarm => self.tell_again(alarm, now),
            }
        }
    }

    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let deadlines = [self.judge.next_deadline(), self.timers.next()];
        deadlines.into_iter().flatten().min()
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.sequence
    }

    pub(crate) fn cases(&self) -> impl Iterator<Item = &Case> {
        self.stories.cases()
    }

    pub(crate) fn case(&self, id: AlarmId) -> Option<Case> {
        Some(self.case_at(self.catalog.find(id)?))
    }

    fn case_at(&self, alarm: AlarmIndex) -> Case {
        match self.stories.get(alarm) {
            Some(story) => story.case.clone(),
            None => Case::new(self.catalog.id(alarm)),
        }
    }

    pub(crate) fn current(&self, id: AlarmId) -> Option<Current<'_>> {
        Some(self.current_at(self.catalog.find(id)?))
    }

    fn current_at(&self, alarm: AlarmIndex) -> Current<'_> {
        let edit = self.catalog.edit_of(alarm);
        Current {
            definition: self.judge.definition(alarm),
            version: edit.map_or(1, |edit| edit.version),
            edited: edit.map(|edit| &edit.deed),
        }
    }

    fn device(&self, alarm: AlarmIndex) -> DeviceIndex {
        let point = self.judge.point(alarm);
        let of_point = point.and_then(|point| self.catalog.device_of_point(point));
        of_point.unwrap_or_else(|| self.catalog.device_of(alarm))
    }

    fn kind(&self, alarm: AlarmIndex) -> AlarmKind {
        self.judge.definition(alarm).condition.kind()
    }

    /// The alarm of a device's link, if there is one and it is judged.
    fn link_alarm(&self, device: DeviceIndex) -> Option<AlarmIndex> {
        let alarm = self.catalog.link_of(device)?;
        self.judge.definition(alarm).is_enabled.then_some(alarm)
    }

    pub(crate) fn memory(&self) -> Memory {
        let cases = self.cases().map(|case| (case.alarm, case.clone()));
        let edits = self.catalog.edits();
        Memory {
            sequence: self.sequence,
            cases: cases.collect(),
            edits: edits.map(|(id, edit)| (id, edit.clone())).collect(),
            keys: self.keys.all(),
        }
    }

    /// The facts of an alarm; the doubt whether a restored one still is there is gone as soon as
    /// the judge has none.
    fn facts(&self, alarm: AlarmIndex) -> AlarmFacts {
        let mut facts = self.facts_told(alarm);
        if self.judge.is_confirmed(alarm) {
            facts.flags.remove(AlarmFlags::UNCONFIRMED);
        }
        facts
    }

    /// The facts after the alarm's last record.
    fn facts_told(&self, alarm: AlarmIndex) -> AlarmFacts {
        let story = self.stories.get(alarm);
        story.map_or(AlarmFacts::REST, |story| story.case.facts)
    }

    fn withheld(&self, alarm: AlarmIndex) -> Withheld {
        let story = self.stories.get(alarm);
        story.map_or(Withheld::Nothing, |story| story.case.withheld)
    }

    /// Whether operators are told that an alarm is hidden no longer: if it is active, and they have
    /// not acknowledged it or never heard of it.
    fn comes_back(&self, alarm: AlarmIndex, after: &AlarmFacts) -> bool {
        let was_hidden = self.facts_told(alarm).is_hidden();
        let waits = after.flags.contains(AlarmFlags::UNACKNOWLEDGED)
            || self.withheld(alarm) != Withheld::Nothing;
        was_hidden && !after.is_hidden() && after.is_active() && waits
    }

    /// Records a change, and sets the alarm's timers by it.
    fn tell(&mut self, alarm: AlarmIndex, change: Change, now: Now) {
        let Change {
            action,
            is_news,
            moment,
            mut after,
            note,
        } = change;
        let id = self.catalog.id(alarm);
        let story = self.stories.begin(alarm, || Case::new(id));
        self.sequence += 1;
        let is_annunciated = is_news && !after.is_hidden();
        if is_annunciated {
            after.flags.remove(AlarmFlags::SILENCED);
        }
        if is_news {
            story.since = Some(now.mono);
        }
        let record = AlarmRecord {
            sequence: self.sequence,
            alarm: id,
            occurrence: match action == AlarmAction::Raised {
                true => self.sequence,
                false => story.case.occurrence,
            },
            action,
            is_annunciated,
            from: story.case.facts.level,
            time: moment.time,
            received: moment.received,
            value: moment.value,
            quality: moment.quality,
            after,
            note,
        };
        story.case.apply(&record);
        self.records.push(record);
        self.follow_up(alarm, now);
    }

    /// Sets what depends on the facts.
    fn follow_up(&mut self, alarm: AlarmIndex, now: Now) {
        let definition = self.judge.definition(alarm);
        let (re_alarm, is_child) = (
            definition.re_alarm,
            definition.condition.kind().is_child_of_link(),
        );
        let Some(story) = self.stories.get_mut(alarm) else {
            return;
        };
        let (facts, sequence) = (story.case.facts, story.case.sequence);
        let counts = facts.is_active() && !facts.is_hidden();
        let since = *story.since.get_or_insert(now.mono);
        let again = re_alarm
            .filter(|_| counts)
            // Later than now in any case, or it would be due for ever.
            .map(|after| since.saturating_add(after.max(Duration::from_secs(1))));
        let timers = &mut self.timers;
        timers.set(alarm, Due::ReAlarm, &mut story.re_alarm, again);
        if facts.shelf.is_none() {
            timers.set(alarm, Due::ShelfEnd, &mut story.shelf_end, None);
        }
        if is_child {
            let device = self.device(alarm);
            self.links.note_child(device, alarm, facts.is_active());
        }
        if facts.is_at_rest() {
            self.stories.rest(alarm, sequence);
        }
    }

    fn set_timer(&mut self, alarm: AlarmIndex, due: Due, to: Option<Duration>) {
        if let Some(story) = self.stories.get_mut(alarm) {
            let place = match due {
                Due::ShelfEnd => &mut story.shelf_end,
                Due::ReAlarm => &mut story.re_alarm,
            };
            self.timers.set(alarm, due, place, to);
        }
    }

    fn end_shelf(&mut self, alarm: AlarmIndex, now: Now) {
        let mut after = self.facts(alarm);
        if after.shelf.take().is_some() {
            let mut change = Change::at(now, AlarmAction::Unshelved, after);
            change.is_news = self.comes_back(alarm, &after);
            self.tell(alarm, change, now);
        }
    }

    fn tell_again(&mut self, alarm: AlarmIndex, now: Now) {
        let needs = self.judge.definition(alarm).needs_acknowledgement;
        let mut after = self.facts(alarm);
        after.flags.set(AlarmFlags::UNACKNOWLEDGED, needs);
        let mut change = Change::at(now, AlarmAction::ReAnnunciated, after);
        change.is_news = true;
        self.tell(alarm, change, now);
    }
}

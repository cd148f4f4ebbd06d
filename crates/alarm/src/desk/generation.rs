//! Another generation of devices and alarms: what stays goes on, what is gone is retired.

use std::collections::HashSet;
use std::sync::Arc;

use gridos_model::{AlarmAction, AlarmFlags, AlarmId, DeviceIndex, LinkChange, LinkState};

use super::stories::Story;
use super::{Desk, Due};
use crate::{AlarmIndex, Condition, Defined, Generation, Now};

impl Desk {
    /// Goes on with the alarms of `generation`, as a start with its configuration would; only that what
    /// stays as it was forgets nothing.
    pub(crate) fn renew(&mut self, generation: Generation, now: Now) {
        let Generation {
            directory,
            left,
            defined,
            begin_anew,
            handed_over,
            taken_over,
            forgotten,
        } = generation;
        let wanted: HashSet<AlarmId> = defined.iter().map(|defined| defined.id).collect();
        let all = self.catalog.all();
        let gone: Vec<_> = all
            .filter(|(id, _)| !wanted.contains(id))
            .map(|(_, alarm)| alarm)
            .collect();
        let is_new = |defined: &Defined| self.catalog.find(defined.id).is_none();
        let (new, kept): (Vec<_>, Vec<_>) = defined.into_iter().partition(is_new);
        let unlinked = self.dismiss(&gone, &handed_over, now);
        let is_stale =
            |defined: &Defined| matches!(defined.definition.condition, Condition::Stale { .. });
        let is_age_asked = new.iter().chain(&kept).any(is_stale);
        let points = directory.point_count();
        self.judge.grow(points, directory.rows(), is_age_asked, now);
        left.into_iter()
            .for_each(|points| self.judge.forget(points, now));
        let is_retired = |device: DeviceIndex| directory.device(device).is_retired();
        self.links.forget(is_retired);
        let places = self.catalog.renew(Arc::clone(&directory), &new);
        self.relocate(&kept, now);
        for device in begin_anew {
            self.doubt_device(device);
        }
        for defined in &kept {
            self.keep(defined, now);
        }
        for (alarm, defined) in places.into_iter().zip(&new) {
            self.admit(alarm, defined, now);
        }
        for case in taken_over {
            self.take_over(case, now);
        }
        for case in forgotten {
            self.end_here(&case, AlarmAction::HandedOver, None, now);
        }
        self.switch_over(now);
        self.settle(now);
        for device in unlinked {
            if self.link_alarm(device).is_none() {
                self.release(device, now);
            }
        }
    }

    /// The definitions that were changed at run time.
    pub(crate) fn edited(&self) -> impl Iterator<Item = AlarmId> {
        self.catalog.edits().map(|(id, _)| id)
    }

    /// Ends what is left of the alarms that are `gone`, and forgets them; returns the devices whose
    /// alarm of the link is among them.
    fn dismiss(
        &mut self,
        gone: &[AlarmIndex],
        handed_over: &HashSet<AlarmId>,
        now: Now,
    ) -> Vec<DeviceIndex> {
        let mut unlinked = Vec::new();
        let mut ended = Vec::new();
        for alarm in gone {
            let device = self.device(*alarm);
            self.links.note_child(device, *alarm, false);
            if self.judge.definition(*alarm).condition == Condition::Link {
                unlinked.push(device);
            }
            if let Some(story) = self.stories.end(*alarm) {
                ended.push((*alarm, story));
            }
        }
        ended.sort_by_key(|(_, story)| story.case.sequence);
        for (alarm, story) in ended {
            let Story {
                case,
                mut shelf_end,
                mut re_alarm,
                ..
            } = *story;
            self.timers.set(alarm, Due::ShelfEnd, &mut shelf_end, None);
            self.timers.set(alarm, Due::ReAlarm, &mut re_alarm, None);
            match case.facts.is_at_rest() {
                true => {}
                false if handed_over.contains(&case.alarm) => self.hand_over(case, now),
                false => self.retire_unknown(&case, now),
            }
        }
        self.catalog.remove(gone);
        gone.iter().for_each(|alarm| self.judge.remove(*alarm));
        unlinked
    }

    /// Follows points to other places in the columns.
    fn relocate(&mut self, kept: &[Defined], now: Now) {
        for defined in kept {
            let Some(alarm) = self.catalog.find(defined.id) else {
                continue;
            };
            if let Some(to) = defined.point
                && self.judge.point(alarm) != Some(to)
            {
                self.judge.relocate(alarm, to, now);
                self.mark_unconfirmed(alarm);
            }
        }
    }

    /// Whoever told how the link of `device` stands begins anew.
    fn doubt_device(&mut self, device: DeviceIndex) {
        if !self.links.is_lost(device) {
            return;
        }
        self.links.doubt(device);
        if let Some(alarm) = self.link_alarm(device) {
            self.judge.doubt_link(alarm);
            self.mark_unconfirmed(alarm);
        }
    }

    /// What is active goes on, and waits for a reading that says so.
    fn mark_unconfirmed(&mut self, alarm: AlarmIndex) {
        if let Some(story) = self.stories.get_mut(alarm)
            && story.case.facts.is_active()
        {
            story.case.facts.flags.insert(AlarmFlags::UNCONFIRMED);
            self.doubt(alarm);
        }
    }

    /// Goes on with an alarm that is still there, by what the configuration says of it now.
    fn keep(&mut self, defined: &Defined, now: Now) {
        let Some(alarm) = self.catalog.find(defined.id) else {
            return;
        };
        let edited = self.catalog.edit_of(alarm).map(|edit| edit.version);
        let is_configured_anew = defined.definition.fingerprint() != self.base(alarm);
        match edited {
            Some(version) if is_configured_anew => {
                self.catalog.drop_edit(alarm);
                self.judge.redefine(alarm, defined, now, &mut self.judged);
                self.configure_anew(alarm, version, now);
            }
            Some(_) => {
                let definition = Arc::clone(self.judge.definition(alarm));
                match self.defined(alarm, &definition) {
                    Ok(defined) => self.judge.redefine(alarm, &defined, now, &mut self.judged),
                    // It is measured from a point that is gone.
                    Err(_) => {
                        let version = self.current_at(alarm).version;
                        self.catalog.drop_edit(alarm);
                        self.judge.redefine(alarm, defined, now, &mut self.judged);
                        self.configure_anew(alarm, version, now);
                    }
                }
            }
            None => {
                self.judge.redefine(alarm, defined, now, &mut self.judged);
                if is_configured_anew {
                    self.follow_up(alarm, now);
                }
            }
        }
    }

    /// Adds an alarm that was not there.
    fn admit(&mut self, alarm: AlarmIndex, defined: &Defined, now: Now) {
        self.judge.insert(alarm, defined, now, &mut self.judged);
        if let Some(edit) = self.catalog.take_dormant(defined.id) {
            let outdated = self.restore_edits([(defined.id, edit)], now);
            for (alarm, version) in outdated {
                self.configure_anew(alarm, version, now);
            }
        }
        let device = defined.device;
        if defined.definition.condition == Condition::Link && self.links.is_lost(device) {
            let change = LinkChange {
                device,
                state: LinkState::Lost,
                time: now.wall,
            };
            self.on_link(&change, now);
        }
    }
}

//! Lost links: the device's one alarm stands for those that a lost link explains.
//!
//! Only alarms that are active are held back, so a lost device costs nothing for the others.

use std::collections::{BTreeSet, HashMap};

use gridos_model::{
    AlarmAction, AlarmFlags, AlarmKind, DeviceIndex, LinkChange, LinkState, PointIndex, Quality,
    Readings, Suppression,
};

use super::{Change, Desk};
use crate::{AlarmIndex, Now};

/// How a device's link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// Lost.
    Lost,
    /// It was lost when the earlier process ended; a good reading ends that.
    Doubtful,
    /// It is whole, and alarms of the earlier process wait for their own readings.
    Lingering,
}

/// The lost links, and the active alarms that a lost link explains.
#[derive(Debug, Default)]
pub(crate) struct Links {
    losses: HashMap<DeviceIndex, Loss>,
    /// How many of them are not simply lost.
    doubts: usize,
    children: BTreeSet<(DeviceIndex, AlarmIndex)>,
}

impl Links {
    pub(crate) fn note_child(&mut self, device: DeviceIndex, alarm: AlarmIndex, is_active: bool) {
        match is_active {
            true => self.children.insert((device, alarm)),
            false => self.children.remove(&(device, alarm)),
        };
    }

    /// Notes that an alarm of the device was held back when whoever told its link's state ended.
    pub(crate) fn doubt(&mut self, device: DeviceIndex) {
        self.set(device, Some(Loss::Doubtful));
    }

    /// Forgets the devices that are retired.
    pub(super) fn forget(&mut self, is_retired: impl Fn(DeviceIndex) -> bool) {
        let lost: Vec<_> = self.losses.keys().copied().collect();
        for device in lost.into_iter().filter(|device| is_retired(*device)) {
            self.set(device, None);
        }
    }

    pub(super) fn is_lost(&self, device: DeviceIndex) -> bool {
        matches!(self.losses.get(&device), Some(Loss::Lost | Loss::Doubtful))
    }

    fn set(&mut self, device: DeviceIndex, loss: Option<Loss>) {
        let before = match loss {
            Some(loss) => self.losses.insert(device, loss),
            None => self.losses.remove(&device),
        };
        let is_doubt =
            |loss: Option<Loss>| usize::from(loss.is_some_and(|loss| loss != Loss::Lost));
        self.doubts += is_doubt(loss);
        self.doubts -= is_doubt(before);
    }

    fn children(&self, device: DeviceIndex) -> Vec<AlarmIndex> {
        let first = (device, AlarmIndex::new(0));
        let last = (device, AlarmIndex::new(u32::MAX));
        let children = self.children.range(first..=last);
        children.map(|(_, alarm)| *alarm).collect()
    }
}

impl Desk {
    pub(crate) fn on_link(&mut self, change: &LinkChange, now: Now) {
        match change.state {
            LinkState::Lost => {
                self.links.set(change.device, Some(Loss::Lost));
                self.hold(change.device, now);
                self.judge.on_link(change, now, &mut self.judged);
                self.settle(now);
            }
            LinkState::Restored => {
                self.judge.on_link(change, now, &mut self.judged);
                self.settle(now);
                self.links.set(change.device, None);
                self.release(change.device, now);
            }
        }
        if self.has_doubts() {
            self.confirm_of(Some(change.device));
        }
    }

    /// Whether a process before this one left something open about links.
    pub(super) fn has_lost_links_in_doubt(&self) -> bool {
        self.links.doubts > 0
    }

    /// A good reading says that the link of its device is whole.
    pub(super) fn clear_links_in_doubt(
        &mut self,
        first: PointIndex,
        readings: &Readings<'_>,
        now: Now,
    ) {
        let Some(device) = self.catalog.device_of_point(first) else {
            return;
        };
        match self.links.losses.get(&device) {
            Some(Loss::Doubtful) if has_good(readings) => {
                let change = LinkChange {
                    device,
                    state: LinkState::Restored,
                    time: readings.received(),
                };
                self.on_link(&change, now);
            }
            Some(Loss::Lingering) => self.release(device, now),
            Some(Loss::Doubtful | Loss::Lost) | None => {}
        }
    }

    /// Whether the link of the alarm's device is lost, and its alarm stands for this one.
    pub(super) fn is_held_by_link(&self, alarm: AlarmIndex) -> bool {
        let device = self.device(alarm);
        self.kind(alarm).is_child_of_link()
            && self.links.is_lost(device)
            && self.link_alarm(device).is_some()
    }

    /// Holds back what is active and explained by the lost link.
    pub(super) fn hold(&mut self, device: DeviceIndex, now: Now) {
        if self.link_alarm(device).is_none() {
            return;
        }
        for alarm in self.links.children(device) {
            let mut after = self.facts(alarm);
            if !after.suppression.contains(Suppression::LINK) {
                after.suppression.insert(Suppression::LINK);
                self.tell(alarm, Change::at(now, AlarmAction::Suppressed, after), now);
            }
        }
    }

    /// Lets go of what is still active; of what an earlier process left only that which was judged
    /// since.
    pub(super) fn release(&mut self, device: DeviceIndex, now: Now) {
        let mut lingers = false;
        for alarm in self.links.children(device) {
            let mut after = self.facts(alarm);
            if !after.suppression.contains(Suppression::LINK) {
                continue;
            }
            if after.flags.contains(AlarmFlags::UNCONFIRMED) {
                lingers = true;
                continue;
            }
            after.suppression.remove(Suppression::LINK);
            let mut change = Change::at(now, AlarmAction::Unsuppressed, after);
            change.is_news = self.comes_back(alarm, &after);
            self.tell(alarm, change, now);
        }
        if !self.links.is_lost(device) {
            self.links.set(device, lingers.then_some(Loss::Lingering));
        }
    }

    /// After a device's alarm of the link was switched off or on: it stands for others no more, or
    /// again.
    pub(super) fn follow_link(&mut self, alarm: AlarmIndex, now: Now) {
        let device = self.device(alarm);
        if self.kind(alarm) != AlarmKind::Link || !self.links.is_lost(device) {
            return;
        }
        match self.link_alarm(device) {
            Some(_) => self.hold(device, now),
            None => self.release(device, now),
        }
    }
}

/// Whether any reading is good enough to be a measurement.
fn has_good(readings: &Readings<'_>) -> bool {
    let no_proof = Quality::BAD | Quality::LATE;
    let qualities = readings.qualities();
    match qualities.is_empty() {
        true => !readings.is_empty(),
        false => qualities
            .iter()
            .any(|quality| !quality.intersects(no_proof)),
    }
}

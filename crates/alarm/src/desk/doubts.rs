//! Doubts: which active alarms of an earlier process nothing in this one has spoken of yet.

use std::collections::BTreeSet;

use gridos_model::{AlarmFlags, AlarmId, DeviceIndex};

use super::Desk;
use crate::AlarmIndex;

/// The alarms that are marked as unconfirmed, and those that lately no longer are.
#[derive(Debug, Default)]
pub(crate) struct Doubts {
    open: BTreeSet<(DeviceIndex, AlarmIndex)>,
    /// Confirmed, and nobody has looked at it yet.
    confirmed: Vec<AlarmId>,
}

impl Desk {
    /// Alarms that were confirmed since that was last forgotten. There is no record of it: nothing
    /// happened to them.
    pub(crate) fn confirmed(&self) -> &[AlarmId] {
        &self.doubts.confirmed
    }

    pub(crate) fn forget_confirmed(&mut self) {
        self.doubts.confirmed.clear();
    }

    pub(super) fn has_doubts(&self) -> bool {
        !self.doubts.open.is_empty()
    }

    /// An active alarm of an earlier process goes on.
    pub(super) fn doubt(&mut self, alarm: AlarmIndex) {
        self.doubts.open.insert((self.device(alarm), alarm));
    }

    /// Takes the mark from those alarms of `device` that were judged in this life.
    #[cold]
    pub(super) fn confirm_of(&mut self, device: Option<DeviceIndex>) {
        let Some(device) = device else { return };
        let first = (device, AlarmIndex::new(0));
        let last = (device, AlarmIndex::new(u32::MAX));
        let open = self.doubts.open.range(first..=last);
        let confirmed = open.filter(|(_, alarm)| self.judge.is_confirmed(*alarm));
        let confirmed: Vec<_> = confirmed.copied().collect();
        for doubt in confirmed {
            self.doubts.open.remove(&doubt);
            let (_, alarm) = doubt;
            let Some(story) = self.stories.get_mut(alarm) else {
                continue;
            };
            let flags = &mut story.case.facts.flags;
            // A record may have told it meanwhile.
            if flags.contains(AlarmFlags::UNCONFIRMED) {
                flags.remove(AlarmFlags::UNCONFIRMED);
                self.doubts.confirmed.push(self.catalog.id(alarm));
            }
        }
    }
}

//! What a member has, is to take, and lets go.

use std::collections::{BTreeMap, BTreeSet};

use gridos_model::DeviceId;

use crate::view::View;
use crate::{Epoch, Holding, Plan, SessionId};

/// The devices of one member.
#[derive(Debug, Default)]
pub(crate) struct Member {
    /// Polled, or about to stop being polled.
    held: BTreeMap<DeviceId, Held>,
    /// Given by the plan and not held.
    waiting: BTreeSet<DeviceId>,
    /// The plan that is acted upon.
    seen: Epoch,
    /// Others wait for what the next record says.
    is_awaited: bool,
}

/// A device that is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    pub(crate) device: DeviceId,
    pub(crate) epoch: Epoch,
    pub(crate) is_forced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Active(Epoch),
    Releasing,
}

impl Member {
    /// Acts upon the plan as `me`; answers which devices to let go.
    pub(crate) fn handle_plan(
        &mut self,
        plan: Option<&Plan>,
        me: Option<SessionId>,
    ) -> Vec<DeviceId> {
        let given = |holding: &Holding| me.is_some() && holding.owner == me;
        let holding = |device| plan.and_then(|plan| plan.holdings.get(device));
        let mut released = Vec::new();
        for (device, held) in &mut self.held {
            let Held::Active(epoch) = *held else { continue };
            let stays = holding(device).is_some_and(|h| given(h) && h.epoch == epoch);
            if !stays {
                *held = Held::Releasing;
                released.push(*device);
            }
        }
        let holdings = || plan.iter().flat_map(|plan| &plan.holdings);
        self.waiting = holdings()
            .filter(|(device, holding)| given(holding) && !self.held.contains_key(device))
            .map(|(device, _)| *device)
            .collect();
        self.is_awaited |= holdings().any(|(_, holding)| me.is_some() && holding.from == me);
        self.seen = plan.map_or(Epoch::default(), |plan| plan.version);
        released
    }

    /// The devices that may be taken now, and by which epoch; they are held from now on.
    ///
    /// A device may be taken once the one before has let go of it, or is over.
    pub(crate) fn take(&mut self, view: &View) -> Vec<Taken> {
        let Some(plan) = view.plan() else {
            return Vec::new();
        };
        let free = |device: &DeviceId| {
            let holding = plan.holdings.get(device)?;
            let taken = Taken {
                device: *device,
                epoch: holding.epoch,
                is_forced: !has_said_so(view, *device, holding),
            };
            has_been_left(view, *device, holding).then_some(taken)
        };
        let taken: Vec<_> = self.waiting.iter().filter_map(free).collect();
        for taken in &taken {
            self.waiting.remove(&taken.device);
            self.held.insert(taken.device, Held::Active(taken.epoch));
        }
        taken
    }

    /// All that is held is to be let go at once.
    pub(crate) fn fence(&mut self) {
        for held in self.held.values_mut() {
            *held = Held::Releasing;
        }
    }

    /// The engine has let go of the device.
    pub(crate) fn handle_released(
        &mut self,
        device: DeviceId,
        plan: Option<&Plan>,
        me: Option<SessionId>,
    ) {
        if self.held.get(&device) != Some(&Held::Releasing) {
            return;
        }
        self.held.remove(&device);
        self.is_awaited = true;
        let holding = plan.and_then(|plan| plan.holdings.get(&device));
        if me.is_some() && holding.is_some_and(|holding| holding.owner == me) {
            self.waiting.insert(device);
        }
    }

    /// What a record says: the plan that is acted upon, and what is not yet let go.
    pub(crate) fn tell(&mut self) -> (Epoch, Vec<DeviceId>) {
        self.is_awaited = false;
        let releasing = self
            .held
            .iter()
            .filter(|(_, held)| **held == Held::Releasing);
        (self.seen, releasing.map(|(device, _)| *device).collect())
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.is_awaited
    }

    /// What was told may not have arrived.
    pub(crate) fn on_untold(&mut self) {
        self.is_awaited = true;
    }

    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

/// Whether the session that had the device before has told in its record that it let go of it.
fn has_said_so(view: &View, device: DeviceId, holding: &Holding) -> bool {
    let from = holding.from.and_then(|from| view.of_session(from));
    from.is_some_and(|(_, seen)| seen.record.has_released(device, holding.epoch))
}

/// Whether the session that had the device before is known to have let go of it.
pub(crate) fn has_been_left(view: &View, device: DeviceId, holding: &Holding) -> bool {
    let Some(from) = holding.from else {
        return true;
    };
    match view.of_session(from) {
        Some((_, seen)) => seen.record.has_released(device, holding.epoch),
        None => view.is_over(from),
    }
}

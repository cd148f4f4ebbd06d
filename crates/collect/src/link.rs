//! What the pipeline is told of the communication with one device.

use std::sync::Arc;
use std::time::Instant;

use gridos_model::{DeviceIndex, Layout, LinkChange, LinkState, Timestamp};
use gridos_ring::{Beside, Intake};

/// The communication with a device, as its session sees it and as the pipeline was told.
///
/// A change goes beside the next batch that is taken, and is kept until one is. What became of two
/// changes of which none was told is that nothing changed. A device is not lost at the start.
#[derive(Debug)]
pub(crate) struct Link {
    device: DeviceIndex,
    is_lost: bool,
    untold: Option<LinkChange>,
}

impl Link {
    /// That of `device`.
    pub(crate) fn new(device: DeviceIndex) -> Self {
        Self {
            device,
            is_lost: false,
            untold: None,
        }
    }

    /// Whether it is lost, and was not restored since.
    pub(crate) fn is_lost(&self) -> bool {
        self.is_lost
    }

    /// The device went down at `now`; no news if it was not whole again since it last did.
    pub(crate) fn lose(&mut self, now: Timestamp) {
        if !self.is_lost {
            self.change(LinkState::Lost, now);
        }
    }

    /// What was to be heard of the device after a loss was heard at `now`.
    pub(crate) fn restore(&mut self, now: Timestamp) {
        if self.is_lost {
            self.change(LinkState::Restored, now);
        }
    }

    fn change(&mut self, state: LinkState, time: Timestamp) {
        self.is_lost = state == LinkState::Lost;
        self.untold = match self.untold {
            // The pipeline never knew of the other one.
            Some(_) => None,
            None => Some(LinkChange {
                device: self.device,
                state,
                time,
            }),
        };
    }

    /// What goes beside the next batch with readings.
    pub(crate) fn untold(&self) -> Option<LinkChange> {
        self.untold
    }

    /// The same for a batch that tells that points have no values: only a loss, since more such
    /// batches may follow.
    pub(crate) fn untold_loss(&self) -> Option<LinkChange> {
        self.untold.filter(|change| change.state == LinkState::Lost)
    }

    /// A batch was taken with `link` beside it.
    pub(crate) fn on_taken(&mut self, link: Option<LinkChange>) {
        if link.is_some() {
            self.untold = None;
        }
    }

    /// Tells what is not told yet with a batch of its own, without readings; returns whether there
    /// was room for it.
    pub(crate) fn deliver(&mut self, whole: &Arc<Layout>, intake: &Intake) -> bool {
        let Some(change) = self.untold else {
            return true;
        };
        if intake.room() == 0 {
            return false;
        }
        let Some(mut batch) = intake.take() else {
            return false;
        };
        batch.start_events(whole, change.time);
        let beside = Beside {
            link: self.untold,
            ..Beside::default()
        };
        let offered = intake.offer_with(batch, Instant::now(), None, beside);
        if offered.is_ok() {
            self.untold = None;
        }
        offered.is_ok()
    }
}

#[cfg(test)]
mod tests;

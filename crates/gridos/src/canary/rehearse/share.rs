//! Which devices the candidate has: the canary's share of the fleet.

use gridos_fleet::Share;
use gridos_roster::Bucket;

use super::error::RehearseError;

/// The canary's share, as `gridos fleet share` sets it.
#[derive(Debug)]
pub(super) struct CanaryShare {
    bucket: Bucket,
    devices: usize,
    /// Whether the candidate takes what it is given.
    takes: bool,
    goal: Held,
}

/// How many devices each side has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) stable: usize,
    pub(super) candidate: usize,
}

/// What a change of the share did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moved {
    /// How many devices went from one to the other.
    pub(super) devices: usize,
    /// How many the candidate has.
    pub(super) candidate: usize,
}

impl CanaryShare {
    /// The candidate has none yet; with `takes` unset, it never takes any.
    pub(super) fn new(bucket: Bucket, devices: usize, takes: bool) -> Self {
        Self {
            bucket,
            devices,
            takes,
            goal: Held {
                stable: devices,
                candidate: 0,
            },
        }
    }

    /// Who is to have how many.
    pub(super) fn goal(&self) -> Held {
        self.goal
    }

    /// Lets the canary have `percent` of the devices from now on; how many that moves.
    pub(super) async fn set(&mut self, percent: u8) -> Result<usize, RehearseError> {
        let share = Share::from_percent(f64::from(percent)).unwrap_or(Share::ALL);
        let share_set = self.bucket.set_share(share).await;
        share_set.map_err(RehearseError::Fleet)?;
        let candidate = match self.takes {
            true => share.of(self.devices),
            false => 0,
        };
        let moved = candidate.abs_diff(self.goal.candidate);
        self.goal = Held {
            stable: self.devices - candidate,
            candidate,
        };
        Ok(moved)
    }
}

//! The durations of a lease, derived from three and checked against each other.

use std::time::Duration;

/// How long a member may go without renewing, and how long others wait for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    lease: Duration,
    poll_timeout_max: Duration,
    keep: Duration,
}

/// A duration that does not go with the others.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    /// Less than [`Timing::LEASE_MIN`].
    #[error("a lease of {0:?} is too short: renewals need time; give it {min:?} at least", min = Timing::LEASE_MIN)]
    ShortLease(Duration),
    /// More than a day.
    #[error("{0:?} is too long: give it {max:?} at most", max = Timing::DURATION_MAX)]
    Long(Duration),
    /// To keep for less than a lease keeps nothing.
    #[error(
        "keep = {keep:?} is shorter than the lease of {lease:?}: give 0 to stop at the lease's end, or more than it"
    )]
    ShortKeep {
        /// What was asked.
        keep: Duration,
        /// The lease.
        lease: Duration,
    },
}

impl Timing {
    /// The shortest lease.
    pub const LEASE_MIN: Duration = Duration::from_secs(1);
    /// The longest of the durations.
    pub const DURATION_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);
    /// By how much two members' clocks may differ in rate. Quartz stays below a hundredth of that.
    pub const DRIFT_PERCENT_MAX: u32 = 2;

    /// `lease`: for how long a renewal lasts, from when it was sent. `poll_timeout_max`: how long an answer of a
    /// device may be awaited after its poll was sent. `keep`: for how long the peers' grants may keep a
    /// session alive without the store; zero for not at all.
    pub fn new(
        lease: Duration,
        poll_timeout_max: Duration,
        keep: Duration,
    ) -> Result<Self, TimingError> {
        if lease < Self::LEASE_MIN {
            return Err(TimingError::ShortLease(lease));
        }
        let long = [lease, poll_timeout_max, keep];
        if let Some(long) = long.into_iter().find(|d| *d > Self::DURATION_MAX) {
            return Err(TimingError::Long(long));
        }
        if !keep.is_zero() && keep < lease {
            return Err(TimingError::ShortKeep { keep, lease });
        }
        Ok(Self {
            lease,
            poll_timeout_max,
            keep,
        })
    }

    /// For how long a member polls after it sent the last renewal that succeeded: a tenth less than the lease,
    /// for what it takes to stop.
    pub fn fence_after(&self) -> Duration {
        self.lease - self.lease / 10
    }

    /// For how long the peers' grants may keep it alive after it sent the last renewal that succeeded.
    pub fn keep_after(&self) -> Duration {
        if self.keep.is_zero() {
            self.fence_after()
        } else {
            self.keep - self.lease / 10
        }
    }

    /// For how long others must have seen no renewal: the lease, what clocks may differ, and a poll that was
    /// under way.
    pub fn hold_off(&self) -> Duration {
        self.stretched(self.lease)
    }

    /// The same for those who grant nothing.
    pub fn keep_hold_off(&self) -> Duration {
        self.stretched(self.keep.max(self.lease))
    }

    /// How often the lease is renewed: three times before it ends.
    pub fn renew_every(&self) -> Duration {
        self.lease / 4
    }

    /// Whether the session may outlive its lease by the peers' grants.
    pub fn keeps(&self) -> bool {
        !self.keep.is_zero()
    }

    fn stretched(&self, duration: Duration) -> Duration {
        duration + duration * (2 * Self::DRIFT_PERCENT_MAX) / 100 + self.poll_timeout_max
    }
}

//! Durations of a lease go with each other, or are refused.

#![cfg(test)]

use std::time::Duration;

use gridos_fleet::{Timing, TimingError};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn the_hold_off_outlasts_the_lease_a_poll_and_what_clocks_may_differ() {
    for lease in [1, 30, 600] {
        let timing = Timing::new(secs(lease), secs(5), secs(0)).unwrap();
        let fast = timing.hold_off() * 98 / 100;
        let slow = timing.fence_after() * 102 / 100;
        assert!(fast > slow + secs(4), "{timing:?}");
        assert!(timing.renew_every() * 3 < timing.fence_after());
        assert_eq!(timing.keep_hold_off(), timing.hold_off());
        assert!(!timing.keeps());
    }
    let timing = Timing::new(secs(30), secs(5), secs(3_600)).unwrap();
    assert!(timing.keep_hold_off() > timing.keep_after() + secs(5));
}

#[test]
fn what_does_not_go_together_is_refused() {
    let refused = |lease, keep| Timing::new(lease, secs(5), keep).unwrap_err();
    let short = Duration::from_millis(999);
    assert_eq!(refused(short, secs(0)), TimingError::ShortLease(short));
    let (lease, keep) = (secs(30), secs(29));
    assert_eq!(refused(lease, keep), TimingError::ShortKeep { keep, lease });
    let long = secs(8 * 24 * 3_600);
    assert_eq!(refused(lease, long), TimingError::Long(long));
}

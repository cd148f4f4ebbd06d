//! How fast the search for what a device refuses may go.

use std::time::{Duration, Instant};

/// Lets a search have some requests at once and then so many a second, whatever the device answers:
/// one that changes its mind must not be searched as fast as it answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    /// When all that was spent is made up for.
    free_at: Option<Instant>,
}

/// What one request of a search costs.
const REQUEST: Duration = Duration::from_nanos(1_000_000_000 / 32);
/// What may be spent at once.
const BURST: Duration = Duration::from_secs(2);

impl Pace {
    /// Whether a request may be sent at `now`.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.free_at.is_none_or(|free_at| free_at < now + BURST)
    }

    /// At `now` so many requests were spent on the search.
    pub(super) fn spend(&mut self, requests: usize, now: Instant) {
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        if requests > 0 {
            let from = self.free_at.map_or(now, |free_at| free_at.max(now));
            self.free_at = Some(from + REQUEST.saturating_mul(requests));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_at_once_and_then_so_many_a_second() {
        let start = Instant::now();
        let mut pace = Pace::default();
        let mut spent = [0; 4];
        for millis in 0..4_000 {
            let now = start + Duration::from_millis(millis);
            while pace.is_open(now) {
                pace.spend(1, now);
                spent[usize::try_from(millis / 1_000).unwrap()] += 1;
            }
        }
        assert_eq!(spent, [96, 32, 32, 32]);
        // Much at once is made up for as well.
        pace.spend(320, start + Duration::from_secs(4));
        assert!(!pace.is_open(start + Duration::from_secs(13)));
        assert!(pace.is_open(start + Duration::from_secs(15)));
    }
}

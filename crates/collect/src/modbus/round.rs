//! What must be read anew of a device that was lost until its link is whole.

use std::time::Duration;

/// The requests that are still to be answered: all that are sent often, each once; or if none is,
/// any one. What a device refuses is answered as well.
#[derive(Debug, Default)]
pub(super) struct Round {
    waits: Vec<usize>,
}

/// A request that is sent more rarely is not waited for.
const PERIOD_MAX: Duration = Duration::from_secs(10);

impl Round {
    /// The round of requests with these scan periods, by their positions; none was answered yet.
    pub(super) fn of(periods: impl Iterator<Item = Duration>) -> Self {
        let periods = periods.enumerate();
        let often = periods.filter(|(_, period)| *period <= PERIOD_MAX);
        Self {
            waits: often.map(|(position, _)| position).collect(),
        }
    }

    /// The request at `position` was answered: whether the round is complete.
    pub(super) fn on_answer(&mut self, position: usize) -> bool {
        self.waits.retain(|waiting| *waiting != position);
        self.waits.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(seconds: &[u64]) -> Round {
        Round::of(seconds.iter().map(|seconds| Duration::from_secs(*seconds)))
    }

    #[test]
    fn each_request_that_is_sent_often_is_waited_for_once() {
        let mut round = round(&[10, 11, 1, 3_600, 1]);
        assert!(!round.on_answer(2));
        assert!(!round.on_answer(2));
        assert!(!round.on_answer(1));
        assert!(!round.on_answer(4));
        assert!(round.on_answer(0));
    }

    #[test]
    fn any_request_will_do_if_all_are_sent_rarely() {
        for position in 0..2 {
            assert!(round(&[11, 3_600]).on_answer(position));
        }
    }
}

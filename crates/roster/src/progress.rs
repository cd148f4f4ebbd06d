//! How far a watch has come in its bucket: whether it has told all, and whether it still goes on.

/// How many looks in a row may find the watch behind and where it was, before it counts as stuck.
const LOOKS_MAX: u32 = 3;

/// How far a watch has come, by the revisions it told.
///
/// A watch may fall silent without an end: when the server on which its consumer was is killed, NATS may place the
/// consumer that is made in its stead on the same server, and the client then asks for that one for as long as the
/// server is away.
#[derive(Debug)]
pub(crate) struct Progress {
    /// The last revision there was when the watch had begun.
    first: u64,
    told: u64,
    is_complete: bool,
    /// The last revision told when last looked at.
    told_then: u64,
    /// How many looks have found it behind and where it was.
    stuck: u32,
}

impl Progress {
    /// Of a watch that has told nothing, where `last` is the bucket's last revision.
    pub(crate) fn new(last: u64) -> Self {
        Self {
            first: last,
            told: 0,
            is_complete: false,
            told_then: 0,
            stuck: 0,
        }
    }

    /// The watch told `revision`; the server says `is_last` if it knows of nothing after it. Answers whether all that
    /// was there at the beginning has been told now, once.
    pub(crate) fn on_told(&mut self, revision: u64, is_last: bool) -> bool {
        self.told = self.told.max(revision);
        let is_all = is_last || self.told >= self.first;
        is_all && !std::mem::replace(&mut self.is_complete, true)
    }

    /// The bucket's last revision is `last`. Answers whether the watch is stuck: look after look behind, and where it
    /// was.
    pub(crate) fn is_stuck(&mut self, last: u64) -> bool {
        let is_still = self.told < last && self.told == self.told_then;
        self.stuck = if is_still { self.stuck + 1 } else { 0 };
        self.told_then = self.told;
        self.stuck >= LOOKS_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_told_once_what_was_there_is_reached_whatever_the_server_counts() {
        let mut progress = Progress::new(7);
        assert!(!progress.on_told(3, false));
        assert!(progress.on_told(7, false));
        assert!(!progress.on_told(8, true), "it is said once");
    }

    #[test]
    fn all_is_told_when_the_server_says_so() {
        // The last message of a bucket may have been purged: no watch ever tells its revision.
        let mut progress = Progress::new(7);
        assert!(progress.on_told(5, true));
        assert!(!progress.on_told(6, false));
    }

    #[test]
    fn a_watch_is_stuck_when_it_stays_behind_and_never_while_it_goes_on() {
        let mut progress = Progress::new(4);
        progress.on_told(4, true);
        assert!((0..10).all(|_| !progress.is_stuck(4)), "nothing is new");
        for last in 5..20 {
            progress.on_told(last - 1, false);
            assert!(!progress.is_stuck(last), "behind, but it goes on");
        }
        assert!(!progress.is_stuck(20));
        assert!(!progress.is_stuck(21));
        assert!(progress.is_stuck(22));
        progress.on_told(22, false);
        assert!(!progress.is_stuck(22));
    }

    #[test]
    fn a_watch_that_never_tells_anything_is_stuck() {
        let mut progress = Progress::new(4);
        let looks: Vec<_> = (0..3).map(|_| progress.is_stuck(4)).collect();
        assert_eq!(looks, [false, false, true]);
    }
}

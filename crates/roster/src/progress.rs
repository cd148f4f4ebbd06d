//! How far a watch has come in its bucket: whether it has told all, and whether it still goes on.

/// How many looks in a row may find the watch behind and where it was, before it counts as stuck.
const LOOKS_MAX: u32 = 3;

/// How far a watch has come, by the revisions it told.
///
/// A watch may fall silent without an end: when the server on which its consumer was is killed, NATS may place the
/// consumer that is made in its stead on the same server, and the client then asks for that one for as long as the
/// server is away.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    told: u64,
    is_complete: bool,
    /// The last revision told when the bucket was asked.
    told_then: u64,
    /// How many looks have found it behind and where it was.
    stuck: u32,
}

/// What a look at the bucket says of its watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// It goes on.
    On,
    /// It has told all that is there, which nobody knew so far.
    Complete,
    /// Look after look it is behind, and where it was.
    Stuck,
}

impl Progress {
    /// The watch told `revision`; `is_last` if the server knows of nothing after it. Answers whether all that was there
    /// at the beginning has been told now, once.
    ///
    /// To have reached the revision that was the last one at the beginning says nothing: a key that is written again
    /// meanwhile moves behind it.
    pub(crate) fn on_told(&mut self, revision: u64, is_last: bool) -> bool {
        self.told = self.told.max(revision);
        is_last && !std::mem::replace(&mut self.is_complete, true)
    }

    /// The bucket is asked where it stands.
    pub(crate) fn on_asked(&mut self) {
        // Still where it was at the look before?
        self.stuck = if self.told == self.told_then {
            self.stuck
        } else {
            0
        };
        self.told_then = self.told;
    }

    /// The bucket answered that its last revision is `last`.
    pub(crate) fn on_look(&mut self, last: u64) -> Course {
        // Nothing was written between what had been told when it was asked and the answer: so what was told is all.
        if self.told_then >= last {
            self.stuck = 0;
            let was_complete = std::mem::replace(&mut self.is_complete, true);
            return if was_complete {
                Course::On
            } else {
                Course::Complete
            };
        }
        self.stuck = if self.told == self.told_then {
            self.stuck + 1
        } else {
            0
        };
        if self.stuck >= LOOKS_MAX {
            Course::Stuck
        } else {
            Course::On
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(progress: &mut Progress, last: u64) -> Course {
        progress.on_asked();
        progress.on_look(last)
    }

    #[test]
    fn all_is_told_when_the_server_knows_of_nothing_more_and_it_is_said_once() {
        let mut progress = Progress::default();
        assert!(!progress.on_told(3, false));
        assert!(progress.on_told(7, true));
        assert!(!progress.on_told(8, true));
        assert_eq!(look(&mut progress, 8), Course::On);
    }

    #[test]
    fn what_moved_behind_the_end_of_the_beginning_is_waited_for() {
        // The bucket ended at 100 when the watch began; the key of 98 was then written again, as 101.
        let mut progress = Progress::default();
        progress.on_asked();
        assert!(!progress.on_told(100, false));
        assert_eq!(
            progress.on_look(100),
            Course::On,
            "it was asked before 100 was told"
        );
        assert_eq!(look(&mut progress, 101), Course::On);
        assert!(progress.on_told(101, true));
    }

    #[test]
    fn all_is_told_when_nothing_was_written_since_whatever_the_server_counts() {
        let mut progress = Progress::default();
        assert!(!progress.on_told(7, false));
        assert_eq!(look(&mut progress, 7), Course::Complete);
        assert_eq!(look(&mut progress, 7), Course::On);
        assert!(!progress.on_told(8, true), "it is said once");
    }

    #[test]
    fn a_watch_is_stuck_when_it_stays_behind_and_never_while_it_goes_on() {
        let mut progress = Progress::default();
        progress.on_told(4, true);
        assert!(
            (0..10).all(|_| look(&mut progress, 4) == Course::On),
            "nothing is new"
        );
        for last in 5..20 {
            progress.on_told(last - 1, false);
            assert_eq!(
                look(&mut progress, last),
                Course::On,
                "behind, but it goes on"
            );
        }
        progress.on_told(19, false);
        let looks: Vec<_> = (20..23).map(|last| look(&mut progress, last)).collect();
        assert_eq!(looks, [Course::On, Course::On, Course::Stuck]);
        progress.on_told(22, false);
        assert_eq!(look(&mut progress, 23), Course::On);
    }

    #[test]
    fn a_watch_that_never_tells_anything_is_stuck() {
        let mut progress = Progress::default();
        let looks: Vec<_> = (0..3).map(|_| look(&mut progress, 4)).collect();
        assert_eq!(looks, [Course::On, Course::On, Course::Stuck]);
    }
}

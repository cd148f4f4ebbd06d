//! How many connections of the whole process may be under way at once, and whose come first.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Shares out the connections that may be under way at one time.
///
/// An address that swallows what it is sent holds its connection up for the whole timeout. So those
/// that failed have a quarter of all, and they and those that never answered together three
/// quarters: a good connection that ended is made again without waiting for any of them.
#[derive(Debug)]
pub(crate) struct Connects {
    all: Semaphore,
    unproven: Semaphore,
    failing: Semaphore,
}

/// What is known of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It answered the last time it was asked.
    Good,
    /// It has not answered yet, or no more.
    Unproven,
    /// No connection could be made.
    Failing,
}

/// The right to make a connection, as long as it is held.
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    _permits: [Option<SemaphorePermit<'a>>; 3],
}

impl Connects {
    /// No more than `most` at once, at least 1; of less than two nothing can be kept free.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.clamp(1, Semaphore::MAX_PERMITS);
        let quarter = (most / 4).max(1);
        Self {
            all: Semaphore::new(most),
            unproven: Semaphore::new((most - quarter).max(1)),
            failing: Semaphore::new(quarter),
        }
    }

    /// Waits until a connection to an address of that `standing` may be made.
    pub(crate) async fn admit(&self, standing: Standing) -> Admission<'_> {
        // From the narrowest to the widest, so that nobody waits with what others need. The
        // semaphores are never closed; if they were, connecting unbounded is the lesser evil.
        let failing = match standing {
            Standing::Failing => self.failing.acquire().await.ok(),
            Standing::Good | Standing::Unproven => None,
        };
        let unproven = match standing {
            Standing::Failing | Standing::Unproven => self.unproven.acquire().await.ok(),
            Standing::Good => None,
        };
        let all = self.all.acquire().await.ok();
        Admission {
            _permits: [failing, unproven, all],
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    /// What is admitted at once.
    fn try_admit(connects: &Connects, standing: Standing) -> Option<Admission<'_>> {
        let admitting = pin!(connects.admit(standing));
        match admitting.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(admission) => Some(admission),
            Poll::Pending => None,
        }
    }

    fn admit_all(connects: &Connects, standing: Standing) -> Vec<Admission<'_>> {
        std::iter::from_fn(|| try_admit(connects, standing)).collect()
    }

    #[test]
    fn failing_addresses_hold_up_no_others_and_all_are_bounded() {
        for (most, good, unproven, failing) in [
            (512, 128, 256, 128),
            (8, 2, 4, 2),
            (3, 1, 1, 1),
            (2, 1, 0, 1),
        ] {
            let connects = Connects::new(most);
            let all = [Standing::Failing, Standing::Unproven, Standing::Good]
                .map(|standing| admit_all(&connects, standing));
            let counts = [&all[0], &all[1], &all[2]].map(Vec::len);
            assert_eq!(counts, [failing, unproven, good], "{most}");
            drop(all);
            // What nobody else needs is free for those that answer.
            assert_eq!(admit_all(&connects, Standing::Good).len(), most);
        }
    }

    #[test]
    fn a_bound_of_one_is_for_all() {
        let connects = Connects::new(0);
        for standing in [Standing::Good, Standing::Unproven, Standing::Failing] {
            assert_eq!(admit_all(&connects, standing).len(), 1, "{standing:?}");
        }
    }
}

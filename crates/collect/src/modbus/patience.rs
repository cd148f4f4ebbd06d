//! How long an answer is waited for, with one timer for all requests of a connection.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// A timer that is set again only when it has gone off, or would go off too late: nearly all
/// answers come long before, and setting it for each would cost as much as decoding them.
#[derive(Debug)]
pub(super) struct Patience {
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self {
            timer: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// What `work` gives, or `None` if that takes longer than `within`.
    pub(super) async fn wait_for<T>(
        &mut self,
        within: Duration,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let deadline = Instant::now() + within;
        if self.timer.deadline() > deadline {
            self.timer.as_mut().reset(deadline);
        }
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(done) = work.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            while self.timer.as_mut().poll(context).is_ready() {
                if Instant::now() >= deadline {
                    return Poll::Ready(None);
                }
                self.timer.as_mut().reset(deadline);
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::time::sleep;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(3_600);

    #[tokio::test(start_paused = true)]
    async fn each_wait_has_its_own_deadline() {
        let mut patience = Patience::new();
        let began = Instant::now();
        assert_eq!(patience.wait_for(LONG, ready(1)).await, Some(1));
        assert_eq!(patience.wait_for(LONG, sleep(SHORT)).await, Some(()));
        assert_eq!(began.elapsed(), SHORT);
        // The timer stands at the long deadline, and must be set forward.
        assert_eq!(patience.wait_for(SHORT, pending::<()>()).await, None);
        // It has gone off, and must be set anew.
        let began = Instant::now();
        assert_eq!(patience.wait_for(2 * SHORT, sleep(SHORT)).await, Some(()));
        assert_eq!(patience.wait_for(3 * SHORT, pending::<()>()).await, None);
        assert_eq!(began.elapsed(), 4 * SHORT);
    }
}

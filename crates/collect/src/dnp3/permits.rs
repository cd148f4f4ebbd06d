//! Permits for integrity polls, which are the heavy part of a start.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use gridos_ring::Intake;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

use super::outstation::Outstation;

/// Gets the permits that the outstations of one connection wish for, one after the other.
pub(super) struct Permits {
    semaphore: Arc<Semaphore>,
    waiting: Option<Waiting>,
}

type Waiting =
    Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send + Sync>>;

impl Permits {
    pub(super) fn new(semaphore: &Arc<Semaphore>) -> Self {
        Self {
            semaphore: Arc::clone(semaphore),
            waiting: None,
        }
    }

    /// Wishes end with the connection.
    pub(super) fn forget(&mut self) {
        self.waiting = None;
    }

    /// Gives permits to those who wish for them, as far as there are some; returns whether anybody
    /// got one.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        outstations: &mut [Outstation],
        intake: &Intake,
    ) -> bool {
        let mut has_given = false;
        for outstation in outstations.iter_mut().filter(|o| o.unit.wants_integrity) {
            let waiting = self.waiting.get_or_insert_with(|| {
                let semaphore = Arc::clone(&self.semaphore);
                Box::pin(semaphore.acquire_owned())
            });
            let Poll::Ready(permit) = waiting.as_mut().poll(context) else {
                return has_given;
            };
            self.waiting = None;
            // The semaphore is never closed.
            if let Ok(permit) = permit {
                outstation.unit.grant(permit, intake);
                outstation.is_touched = true;
                has_given = true;
            }
        }
        has_given
    }
}

/// The permit of an integrity poll under way, if it still has one.
#[derive(Debug, Default)]
pub(super) struct Held {
    permit: Option<OwnedSemaphorePermit>,
    since: Option<Instant>,
}

/// A poll that takes longer goes on without its permit: as many outstations as there are permits,
/// slow or hostile, must not keep all others from being read.
const HELD_FOR_MAX: Duration = Duration::from_secs(60);

impl Held {
    /// Holds `permit` from now on.
    pub(super) fn begin(&mut self, permit: OwnedSemaphorePermit, now: Instant) {
        self.permit = Some(permit);
        self.since = Some(now);
    }

    /// Gives it back; returns whether there was one.
    pub(super) fn end(&mut self) -> bool {
        self.since = None;
        self.permit.take().is_some()
    }

    /// Whether it is held for too long.
    pub(super) fn is_too_long(&self, now: Instant) -> bool {
        let since = self.since;
        since.is_some_and(|since| now.saturating_duration_since(since) >= HELD_FOR_MAX)
    }
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permits(waiting: {})", self.waiting.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permit_is_not_held_for_ever() {
        let semaphore = Arc::new(Semaphore::new(1));
        let mut held = Held::default();
        let now = Instant::now();
        assert!(!held.is_too_long(now + HELD_FOR_MAX));
        held.begin(Arc::clone(&semaphore).try_acquire_owned().unwrap(), now);
        assert!(!held.is_too_long(now + HELD_FOR_MAX - Duration::from_nanos(1)));
        assert!(held.is_too_long(now + HELD_FOR_MAX));
        assert_eq!(semaphore.available_permits(), 0);
        assert!(held.end());
        assert_eq!(semaphore.available_permits(), 1);
        assert!(!held.is_too_long(now + HELD_FOR_MAX) && !held.end());
    }
}

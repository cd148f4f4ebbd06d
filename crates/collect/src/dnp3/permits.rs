//! Permits for integrity polls, which are the heavy part of a start.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

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

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Permits(waiting: {})", self.waiting.is_some())
    }
}

//! The table of all that is followed, shared by all who follow.
//!
//! Nobody keeps it up to date but those who follow: whoever comes first after a tenth of a second
//! looks at the live view for all of them. So it costs nothing while nobody follows, nothing on the
//! way of a reading ever, and a thousand clients of the same points as much as one.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::asked::Asked;
use super::rows::{Rows, Subject};
use super::subscription::Subscription;
use crate::state::Api;

/// How often the table is brought up to date at most.
const SPACING: Duration = Duration::from_millis(100);
/// So many rows are looked at before others have their turn.
const ROWS_AT_ONCE: usize = 256;

/// Cloning shares it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    rows: Arc<RwLock<Rows>>,
    /// Held by who brings it up to date; when that was done last.
    looked: Arc<Mutex<Option<Instant>>>,
}

impl Table {
    /// Follows what is `asked`.
    pub(super) async fn subscribe(&self, api: &Api, asked: &Asked) -> Subscription {
        let mut subscription = Subscription::new(self.clone());
        self.write().look_at_alarms(&api.state);
        let overview = asked.overview.then_some(Subject::Overview);
        let lists = [&*asked.points, &*asked.devices, overview.as_slice()];
        for (list, subjects) in lists.into_iter().enumerate() {
            for piece in subjects.chunks(ROWS_AT_ONCE) {
                subscription.lists[list].extend(self.follow(api, piece));
                tokio::task::yield_now().await;
            }
        }
        subscription
    }

    fn follow(&self, api: &Api, subjects: &[Subject]) -> Vec<usize> {
        let mut rows = self.write();
        let now = Instant::now().into_std();
        let places = subjects
            .iter()
            .map(|subject| rows.follow(api, *subject, now));
        places.collect()
    }

    /// Brings the table up to date, unless that was done just now or is under way.
    pub(super) async fn look(&self, api: &Api) {
        let Ok(mut looked) = self.looked.try_lock() else {
            return;
        };
        let now = Instant::now();
        if looked.is_some_and(|last| now.saturating_duration_since(last) < SPACING) {
            return;
        }
        *looked = Some(now);
        self.write().look_at_alarms(&api.state);
        let mut from = 0;
        while self.write().look(api, from, ROWS_AT_ONCE, now.into_std()) {
            from += ROWS_AT_ONCE;
            tokio::task::yield_now().await;
        }
    }

    /// What it holds.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Rows> {
        self.rows.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it holds, to change it.
    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Rows> {
        self.rows.write().unwrap_or_else(PoisonError::into_inner)
    }
}

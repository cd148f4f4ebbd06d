//! Looks after the users' file: what is changed counts within seconds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::state::Access;

/// How often the file is looked at.
const LOOK: Duration = Duration::from_secs(1);

impl Access {
    /// Reads the users' file again whenever it has changed, until `stop` turns true. What is wrong with a
    /// new one is told once, and the last good one counts on; one that is gone lets nobody in.
    pub async fn watch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        if !self.is_on() {
            return;
        }
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut seen = Seen::default();
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                _ = look.tick() => {}
            }
            let access = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || access.look(seen)).await;
            seen = looked.unwrap_or_default();
        }
    }

    fn look(&self, before: Seen) -> Seen {
        let found = self.file().text().map_err(|error| error.to_string());
        if before.0.as_ref() == Some(&found) {
            return before;
        }
        let book = found.clone().and_then(|text| {
            let read = text.map(|text| self.file().parse(&text)).transpose();
            read.map_err(|error| error.to_string())
        });
        match book {
            Ok(book) => {
                let book = book.unwrap_or_default();
                let is_other = *self.book() != book;
                if is_other {
                    let (users, tokens) = (book.users().count(), book.tokens().count());
                    tracing::info!(users, tokens, "the users' file was read again");
                    self.set_book(book);
                }
            }
            Err(error) => tracing::error!(error, "users and tokens stay as they were"),
        }
        Seen(Some(found))
    }
}

/// What stood in the file, or why it could not be read.
#[derive(Clone, Debug, Default)]
struct Seen(Option<Result<Option<String>, String>>);

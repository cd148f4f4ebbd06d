//! The sessions of one protocol while they run.

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

/// Running sessions; dropping it ends them at once.
#[derive(Debug, Default)]
pub struct Collector {
    sessions: JoinSet<()>,
}

impl Collector {
    /// Runs `session` until it ends or `stop` becomes true or loses its sender.
    pub(crate) fn spawn(
        &mut self,
        session: impl Future<Output = ()> + Send + 'static,
        mut stop: watch::Receiver<bool>,
    ) {
        self.sessions.spawn(async move {
            tokio::select! {
                () = session => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        });
    }

    /// Runs `session` until it ends, which it does by itself soon after the stop.
    pub(crate) fn spawn_to_its_end(&mut self, session: impl Future<Output = ()> + Send + 'static) {
        self.sessions.spawn(session);
    }

    /// Lets go of sessions that have ended.
    pub fn reap(&mut self) {
        while let Some(ended) = self.sessions.try_join_next() {
            note(ended);
        }
    }

    /// How many sessions there are.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is no session.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Waits until all sessions have ended, after `stop` became true: then no batch comes any more.
    pub async fn join(mut self) {
        while let Some(ended) = self.sessions.join_next().await {
            note(ended);
        }
    }
}

fn note(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a session ended by a fault of the engine");
    }
}

//! Connections for questions about the past: some, so that a long question holds up no short one,
//! and not many, because each costs the server a process.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::PostgresConfig;
use super::connect::connect;
use super::connection::{Connection, Purpose};
use crate::StoreError;
use crate::history::too_slow;

/// The most questions at once; others wait for their turn.
const QUESTIONS_MAX: usize = 8;
/// Connections that are kept open while nobody asks.
const KEPT_MAX: usize = 2;

/// The connections that read.
#[derive(Debug)]
pub(crate) struct Readers {
    places: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(QUESTIONS_MAX)),
            idle: Mutex::default(),
        })
    }

    /// A connection for one question, as soon as it is its turn.
    pub(crate) async fn take(
        self: &Arc<Self>,
        config: &PostgresConfig,
    ) -> Result<Reader, StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let idle = self.next_idle();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(config, Purpose::Read, 0).await?.0,
        };
        Ok(Reader {
            readers: Arc::clone(self),
            connection: Some(connection),
            place: place.ok(),
            patience: config.read_timeout,
        })
    }

    fn next_idle(&self) -> Option<Connection> {
        let mut idle = self.idle();
        std::iter::from_fn(|| idle.pop()).find(|connection| !connection.is_closed())
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection of one question. If it is dropped before the answer is there, the server is told
/// to break the question off.
#[derive(Debug)]
pub(crate) struct Reader {
    readers: Arc<Readers>,
    /// Until the question is answered.
    connection: Option<Connection>,
    place: Option<OwnedSemaphorePermit>,
    patience: Duration,
}

impl Reader {
    /// Asks for what `query` says on the connection, which is kept if there is an answer.
    pub(crate) async fn ask<Q: ?Sized, T>(
        mut self,
        query: &Q,
        ask: impl for<'c> FnOnce(&'c mut Connection, &'c Q) -> Asked<'c, T>,
    ) -> Result<T, StoreError> {
        let Some(connection) = &mut self.connection else {
            let reason = "the question was asked already".to_owned();
            return Err(StoreError::Refused { reason });
        };
        let patience = self.patience;
        let answer = timeout(patience, ask(connection, query)).await;
        match answer {
            Ok(Ok(answer)) => {
                self.keep();
                Ok(answer)
            }
            // The server's own clock ran out.
            Ok(Err(StoreError::Busy { reason })) if reason.contains(STATEMENT_TIMEOUT) => {
                Err(too_slow(patience))
            }
            Ok(Err(error)) => Err(error),
            Err(_) => Err(too_slow(patience)),
        }
    }

    fn keep(&mut self) {
        let mut idle = self.readers.idle();
        if idle.len() < KEPT_MAX {
            idle.extend(self.connection.take());
        } else {
            // Nothing runs on it: there is nothing to break off.
            drop(self.connection.take());
        }
    }
}

/// An answer that is to come.
pub(crate) type Asked<'c, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'c>>;

/// SQLSTATE 57014, query_canceled, as it stands in what is said of errors.
const STATEMENT_TIMEOUT: &str = "SQLSTATE 57014";

impl Drop for Reader {
    fn drop(&mut self) {
        let (connection, place) = (self.connection.take(), self.place.take());
        if let Some(connection) = connection
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(async move {
                connection.cancel().await;
                drop((connection, place));
            });
        }
    }
}

//! A lane: a connection of the writer, and the minutes that are open on it.

use tokio::sync::{Mutex, MutexGuard};

use super::connection::Connection;
use crate::StoreError;
use crate::minutes::roll_up::OpenMinutes;

/// What one of the writer's connections has of its own.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    pub(crate) connection: Mutex<Option<Connection>>,
    pub(crate) open: OpenMinutes,
}

/// A connection taken out of its place: it goes back only by [`Self::keep`], so whatever ends early
/// ends the connection.
pub(crate) struct Borrowed<'a> {
    pub(crate) place: MutexGuard<'a, Option<Connection>>,
    pub(crate) connection: Connection,
}

impl Borrowed<'_> {
    /// Puts the connection back if it is surely in step with the server.
    pub(crate) fn keep<T>(mut self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(answer, Ok(_) | Err(StoreError::Moved { .. })) {
            *self.place = Some(self.connection);
        }
        answer
    }
}

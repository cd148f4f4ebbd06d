//! One connection: every wait on it is bounded, and after an error it is thrown away.
//!
//! It must be: a COPY that the server refuses before it begins leaves the driver one answer out
//! of step (rust-postgres issue 789), and a COPY has no time-out of its own (issue 1109).

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::{Client, Error, NoTls, Statement};

use super::PostgresTls;
use super::fault::classify;
use crate::StoreError;
use crate::alarm_name::KnownAlarms;
use crate::contents::KnownLayouts;
use crate::fence::Fences;

/// How much longer than the server we wait for a statement: its word is the better one.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// A connection and what is known about it.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    /// Moves the bytes; ends the connection when it is dropped.
    driver: JoinHandle<()>,
    tls: Option<PostgresTls>,
    patience: Duration,
    /// When the server was started: no two servers are alike in that.
    server: String,
    statements: HashMap<&'static str, Statement>,
    /// Layouts that were seen or made through this connection: another database, or the same one
    /// from a backup, may have others.
    pub(crate) known: KnownLayouts,
    /// Who has devices of a fleet, as far as it was asked.
    pub(crate) fences: Arc<Fences>,
    /// Alarms likewise.
    pub(crate) alarms: KnownAlarms,
    /// Whether the book's layouts are all in the database.
    pub(crate) is_introduced: bool,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Write,
    Read,
}

impl Connection {
    /// A connection over `tls` whose statements may last so long, and whose bytes `driver` moves.
    pub(crate) fn new(
        client: Client,
        driver: JoinHandle<()>,
        tls: Option<PostgresTls>,
        limit: Duration,
    ) -> Self {
        Self {
            client,
            driver,
            tls,
            patience: limit + GRACE,
            server: String::new(),
            statements: HashMap::new(),
            known: KnownLayouts::new(),
            fences: Arc::default(),
            alarms: KnownAlarms::new(),
            is_introduced: false,
        }
    }

    /// Which server it is, as something that can be compared.
    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Notes which server it is.
    pub(crate) fn is_to(&mut self, server: &str) {
        server.clone_into(&mut self.server);
    }

    /// Whether the connection is known to be broken.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The driver's client, to be used within [`Self::within`].
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The driver's client, to begin a transaction.
    pub(crate) fn client_mut(&mut self) -> &mut Client {
        &mut self.client
    }

    /// The longest wait for an answer.
    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }

    /// Asks the server, on a connection of its own, to break off what runs on this one.
    pub(crate) async fn cancel(&self) {
        // Nothing can be done if it does not get through: the statement has its own time-out.
        let token = self.client.cancel_token();
        match self.tls.as_ref().map(PostgresTls::connector) {
            None => {
                let _ = timeout(GRACE, token.cancel_query(NoTls)).await;
            }
            Some(Ok(connector)) => {
                let _ = timeout(GRACE, token.cancel_query(connector)).await;
            }
            // Its key is as secret as what runs.
            Some(Err(_)) => {}
        }
    }

    /// Waits for an answer, but not for ever.
    pub(crate) async fn within<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        self.within_time(self.patience, answer).await
    }

    /// Waits for an answer, but not longer than `patience`.
    pub(crate) async fn within_time<T>(
        &self,
        patience: Duration,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        let answer = Deadline::after(patience).wait(answer).await?;
        answer.map_err(|error| classify(&error))
    }

    /// By when a statement that begins now must be done.
    pub(crate) fn deadline(&self) -> Deadline {
        Deadline::after(self.patience)
    }

    /// Runs statements without parameters and without results.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), StoreError> {
        self.within(self.client.batch_execute(sql)).await
    }

    /// The statement `sql`, prepared once per connection.
    pub(crate) async fn prepare(&mut self, sql: &'static str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.within(self.client.prepare(sql)).await?;
        self.statements.insert(sql, statement.clone());
        Ok(statement)
    }
}

/// By when something must be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    at: Instant,
    patience: Duration,
}

impl Deadline {
    pub(crate) fn after(patience: Duration) -> Self {
        let at = Instant::now() + patience;
        Self { at, patience }
    }

    /// Waits for an answer, but not for ever.
    pub(crate) async fn wait<T>(self, answer: impl Future<Output = T>) -> Result<T, StoreError> {
        let waited = timeout_at(self.at, answer).await;
        waited.map_err(|_| StoreError::Away {
            reason: format!("no answer within {} s", self.patience.as_secs()),
        })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

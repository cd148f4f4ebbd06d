//! One connection: every wait on it is bounded, and after an error it is thrown away.
//!
//! It must be: a COPY that the server refuses before it begins leaves the driver one answer out
//! of step (rust-postgres issue 789), and a COPY has no time-out of its own (issue 1109).

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Error, NoTls, Statement};

use super::PostgresConfig;
use super::fault::classify;
use crate::StoreError;
use crate::contents::KnownLayouts;

/// How long an idle connection may be silent before the system probes it.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
/// How much longer than the server we wait for a statement: its word is the better one.
const GRACE: Duration = Duration::from_secs(2);

/// A connection and what is known about it.
#[derive(Debug)]
pub(crate) struct Connection {
    client: Client,
    /// Moves the bytes; ends the connection when it is dropped.
    driver: JoinHandle<()>,
    patience: Duration,
    statements: HashMap<&'static str, Statement>,
    /// Layouts that were seen or made through this connection: another database, or the same one
    /// from a backup, may have others.
    pub(crate) known: KnownLayouts,
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
    /// Connects and sets the session up.
    pub(crate) async fn open(
        config: &PostgresConfig,
        purpose: Purpose,
    ) -> Result<Self, StoreError> {
        let mut driver_config = tokio_postgres::Config::new();
        driver_config
            .host(&config.host)
            .port(config.port)
            .user(&config.user)
            .dbname(&config.database)
            .application_name("gridos")
            .ssl_mode(SslMode::Disable)
            .connect_timeout(config.connect_timeout)
            .keepalives_idle(KEEPALIVE_IDLE)
            .keepalives_interval(KEEPALIVE_IDLE)
            .keepalives_retries(3)
            .tcp_user_timeout(config.write_timeout);
        if let Some(password) = &config.password {
            driver_config.password(password);
        }
        let connecting = driver_config.connect(NoTls);
        let (client, connection) = timeout(config.connect_timeout + GRACE, connecting)
            .await
            .map_err(|_| StoreError::Away {
                reason: format!("{} does not answer", config.place()),
            })?
            .map_err(|error| at(config, classify(&error)))?;
        let driver = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a database connection broke off");
            }
        });
        let limit = match purpose {
            Purpose::Write => config.write_timeout,
            Purpose::Read => config.read_timeout,
        };
        let mut connection = Self {
            client,
            driver,
            patience: limit + GRACE,
            statements: HashMap::new(),
            known: KnownLayouts::new(),
            is_introduced: false,
        };
        connection.run(&session(purpose, limit)).await?;
        Ok(connection)
    }

    /// Whether the connection is known to be broken.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The driver's client, to be used within [`Self::within`].
    pub(crate) fn client(&self) -> &Client {
        &self.client
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
        match timeout(patience, answer).await {
            Ok(answer) => answer.map_err(|error| classify(&error)),
            Err(_) => Err(StoreError::Away {
                reason: format!("no answer within {} s", patience.as_secs()),
            }),
        }
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

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// What a session needs: an end to every statement, and an early one to what is left of a
/// connection that broke off in the middle of a transaction, because it holds the stream's row.
fn session(purpose: Purpose, limit: Duration) -> String {
    let limit = limit.as_millis();
    let read_only = match purpose {
        Purpose::Write => "off",
        Purpose::Read => "on",
    };
    format!(
        "set statement_timeout = {limit}; \
         set idle_in_transaction_session_timeout = {limit}; \
         set tcp_user_timeout = {limit}; \
         set tcp_keepalives_idle = 10; \
         set tcp_keepalives_interval = 10; \
         set tcp_keepalives_count = 3; \
         set default_transaction_read_only = {read_only}"
    )
}

fn at(config: &PostgresConfig, error: StoreError) -> StoreError {
    let place = config.place();
    match error {
        StoreError::Away { reason } => StoreError::Away {
            reason: format!("{place}: {reason}"),
        },
        StoreError::Refused { reason } => StoreError::Refused {
            reason: format!("{place}: {reason}"),
        },
        error @ (StoreError::Moved { .. } | StoreError::Schema { .. }) => error,
    }
}

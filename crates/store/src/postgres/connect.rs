//! Connecting: the first server in order that does what it is wanted for.

use std::net::IpAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::task::JoinHandle;
use tokio_postgres::config::{ChannelBinding, SslMode};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use super::connection::{Connection, Deadline, GRACE, Purpose};
use super::fault::classify;
use super::{PostgresConfig, PostgresServer};
use crate::StoreError;

/// How long an idle connection may be silent before the system probes it.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);

/// Connects to the first server that serves `purpose`, beginning with the one that did so last;
/// returns which it was.
pub(crate) async fn connect(
    config: &PostgresConfig,
    purpose: Purpose,
    last: usize,
) -> Result<(Connection, usize), StoreError> {
    let mut servers: Vec<_> = config.servers().enumerate().collect();
    let count = servers.len();
    servers.rotate_left(last % count);
    let mut refusals = Vec::new();
    for (nth, server) in servers {
        let deadline = Deadline::after(config.connect_timeout + GRACE);
        match addresses(&server, deadline).await {
            Ok(addresses) => {
                for address in addresses {
                    match one(config, &server, address, purpose).await {
                        Ok(connection) => return Ok((connection, nth)),
                        Err(error) => refusals.push(error.at_place(&config.place(&server))),
                    }
                }
            }
            Err(error) => refusals.push(error.at_place(&config.place(&server))),
        }
    }
    Err(StoreError::of_all(refusals))
}

/// The addresses of a server; none for a socket. A name may be that of a primary and its standbys,
/// so each address is tried.
async fn addresses(
    server: &PostgresServer,
    deadline: Deadline,
) -> Result<Vec<Option<IpAddr>>, StoreError> {
    if server.is_socket() {
        return Ok(vec![None]);
    }
    let found = deadline.wait(lookup_host((&*server.host, server.port)));
    let found = found.await?.map_err(|error| StoreError::Away {
        reason: format!("the name cannot be resolved: {error}"),
    })?;
    let found: Vec<_> = found.map(|address| Some(address.ip())).collect();
    if found.is_empty() {
        let reason = "the name has no address".to_owned();
        return Err(StoreError::Away { reason });
    }
    Ok(found)
}

/// Connects to one address and sets the session up.
async fn one(
    config: &PostgresConfig,
    server: &PostgresServer,
    address: Option<IpAddr>,
    purpose: Purpose,
) -> Result<Connection, StoreError> {
    let deadline = Deadline::after(config.connect_timeout + GRACE);
    let driver = driver_config(config, server, address);
    let (client, task) = log_in(config, &driver, deadline).await?;
    let limit = match purpose {
        Purpose::Write => config.write_timeout,
        Purpose::Read => config.read_timeout,
    };
    let mut connection = Connection::new(client, task, config.tls.clone(), limit);
    let session = session(purpose, limit);
    let answer = deadline.wait(connection.client().simple_query(&session));
    let answer = answer.await?.map_err(|error| classify(&error))?;
    let server = suits(purpose, &answer)?;
    connection.is_to(&server);
    Ok(connection)
}

fn driver_config(
    config: &PostgresConfig,
    server: &PostgresServer,
    address: Option<IpAddr>,
) -> tokio_postgres::Config {
    let mut driver = tokio_postgres::Config::new();
    driver
        .host(&server.host)
        .port(server.port)
        .user(&config.user)
        .dbname(&config.database)
        .application_name("gridos")
        .ssl_mode(match &config.tls {
            Some(_) => SslMode::Require,
            None => SslMode::Disable,
        })
        .channel_binding(match config.channel_binding {
            true => ChannelBinding::Require,
            false => ChannelBinding::Prefer,
        })
        .connect_timeout(config.connect_timeout)
        .keepalives_idle(KEEPALIVE_IDLE)
        .keepalives_interval(KEEPALIVE_IDLE)
        .keepalives_retries(3)
        .tcp_user_timeout(config.write_timeout);
    if let Some(address) = address {
        driver.hostaddr(address);
    }
    if let Some(password) = &config.password {
        driver.password(password);
    }
    driver
}

/// Logs in, and starts the task that moves the bytes.
async fn log_in(
    config: &PostgresConfig,
    driver: &tokio_postgres::Config,
    deadline: Deadline,
) -> Result<(Client, JoinHandle<()>), StoreError> {
    if let Some(tls) = &config.tls {
        let connector = tls.connector().map_err(|error| StoreError::Forbidden {
            reason: error.to_string(),
        })?;
        let connected = deadline.wait(driver.connect(connector)).await?;
        let (client, connection) = connected.map_err(|error| classify(&error))?;
        Ok((client, tokio::spawn(move_bytes(connection))))
    } else {
        let connected = deadline.wait(driver.connect(NoTls)).await?;
        let (client, connection) = connected.map_err(|error| classify(&error))?;
        Ok((client, tokio::spawn(move_bytes(connection))))
    }
}

async fn move_bytes(connection: impl Future<Output = Result<(), tokio_postgres::Error>>) {
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a database connection broke off");
    }
}

/// What a session needs: an end to every statement, and an early one to what is left of a
/// connection that broke off in the middle of a transaction, because it holds the stream's row.
/// Answers whether the server is read-only, the encoding of the database, and when it was started.
fn session(purpose: Purpose, limit: Duration) -> String {
    let limit = limit.as_millis();
    // A writer keeps to what the server says: read-only is how a primary is taken out of service.
    let read_only = match purpose {
        Purpose::Write => "",
        Purpose::Read => "set default_transaction_read_only = on; ",
    };
    format!(
        "set statement_timeout = {limit}; \
         set idle_in_transaction_session_timeout = {limit}; \
         set tcp_user_timeout = {limit}; \
         set tcp_keepalives_idle = 10; \
         set tcp_keepalives_interval = 10; \
         set tcp_keepalives_count = 3; \
         set jit = off; \
         {read_only}\
         select current_setting('transaction_read_only'), current_setting('server_encoding'), \
         extract(epoch from pg_postmaster_start_time())"
    )
}

/// Whether the server's answer to [`session`] lets it be used; which server it is.
fn suits(purpose: Purpose, answer: &[SimpleQueryMessage]) -> Result<String, StoreError> {
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        SimpleQueryMessage::CommandComplete(_) | SimpleQueryMessage::RowDescription(_) | _ => None,
    });
    let column = |column| row.and_then(|row| row.get(column)).unwrap_or_default();
    if purpose == Purpose::Write && column(0) == "on" {
        let reason = "it takes no writes: it is a standby, or default_transaction_read_only is on";
        let reason = reason.to_owned();
        return Err(StoreError::ReadOnly { reason });
    }
    match column(1) {
        "UTF8" | "SQL_ASCII" => Ok(column(2).to_owned()),
        other => Err(StoreError::Schema {
            reason: format!(
                "the database has the encoding {other}, which not every text can be kept in; make \
                 it anew with: create database … encoding 'UTF8' template template0"
            ),
        }),
    }
}

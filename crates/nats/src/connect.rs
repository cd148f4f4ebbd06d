//! Making connections.

use std::error::Error as _;
use std::time::Duration;

use async_nats::{Client, ConnectErrorKind, ConnectOptions};

use crate::{Credentials, ServerOptions};

/// A broken connection is tried again after this time at most.
const RECONNECT_MAX: Duration = Duration::from_millis(500);
/// A server that says nothing is asked after this time; after two, it counts as gone.
const PING_EVERY: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a question to the server may take.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// What is needed to come in cannot be read or used.
    #[error("the credentials for NATS cannot be used: {0}")]
    Credentials(String),
    /// No server can be used.
    #[error("no NATS server can be used: {0}")]
    Server(String),
}

/// A connection that is there, and is made again whenever it breaks.
///
/// # Errors
/// If a file of the credentials cannot be used, or no server lets one in.
pub async fn connect(options: &ServerOptions) -> Result<Client, ConnectError> {
    made(connect_options(options).await?, options).await
}

/// A connection that is made for as long as it takes, and again whenever it breaks; the first may
/// still be under way when this returns.
///
/// # Errors
/// If a file of the credentials cannot be used, or an address is none.
pub async fn connect_later(options: &ServerOptions) -> Result<Client, ConnectError> {
    let connect = connect_options(options).await?.retry_on_initial_connect();
    made(connect, options).await
}

async fn made(connect: ConnectOptions, options: &ServerOptions) -> Result<Client, ConnectError> {
    let made = connect.connect(options.servers.clone()).await;
    made.map_err(|error| ConnectError::Server(why(&error)))
}

/// Why there is no connection, with all that led to it, and what to do.
fn why(error: &async_nats::ConnectError) -> String {
    let mut told = error.kind().to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !told.contains(&text) {
            told = format!("{told}: {text}");
        }
        cause = error.source();
    }
    let refusals = [
        ConnectErrorKind::AuthorizationViolation,
        ConnectErrorKind::Authentication,
    ];
    let advice = if refusals.contains(&error.kind()) {
        "it does not let us in by what the configuration says: see token_file, user and password_file, credentials_file, \
         certificate_file"
    } else if told.contains("UnknownIssuer") || told.contains("BadSignature") {
        "nobody that is trusted has signed its certificate: name the authority in ca_file"
    } else if told.contains("not valid for name") {
        "its certificate is for another name than the one in servers"
    } else {
        return told;
    };
    format!("{told}; {advice}")
}

async fn connect_options(options: &ServerOptions) -> Result<ConnectOptions, ConnectError> {
    let mut connect = ConnectOptions::new()
        .name(&options.client)
        .connection_timeout(CONNECT_TIMEOUT)
        .ping_interval(PING_EVERY)
        .request_timeout(Some(ANSWER_TIMEOUT))
        .reconnect_delay_callback(|attempts| {
            let attempts = u32::try_from(attempts).unwrap_or(u32::MAX);
            RECONNECT_MAX.min(Duration::from_millis(50).saturating_mul(attempts))
        });
    connect = match &options.credentials {
        Credentials::None => connect,
        Credentials::Token(token) => connect.token(token.clone()),
        Credentials::Password { user, password } => {
            connect.user_and_password(user.clone(), password.clone())
        }
        Credentials::File(path) => connect
            .credentials_file(path)
            .await
            .map_err(|error| ConnectError::Credentials(format!("{}: {error}", path.display())))?,
    };
    if let Some(path) = &options.ca_file {
        connect = connect.add_root_certificates(path.clone());
    }
    if let Some((certificate, key)) = &options.certificate {
        connect = connect.add_client_certificate(certificate.clone(), key.clone());
    }
    Ok(connect)
}

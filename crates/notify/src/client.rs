//! Messages over HTTP.

use std::fmt;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, Response, StatusCode, Url};
use tokio_rustls::rustls;

use crate::{Body, Receiver};

/// The longest a receiver may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Alertmanager's path for alerts, below whatever path it is served at.
const ALERTS_PATH: &str = "api/v2/alerts";

/// No more of an answer is read than this.
const ANSWER_BYTES_MAX: usize = 4_096;

/// So much of an answer is told.
const ANSWER_CHARS_SHOWN: usize = 200;

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// It may be taken later.
    #[error("{0}")]
    Failed(String),
    /// It will never be.
    #[error("the receiver answered {status}: {text}")]
    Rejected {
        /// How it answered.
        status: StatusCode,
        /// The beginning of what it said.
        text: String,
    },
}

/// Why a text is no receiver's address. The text is not shown, since it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is none at all.
    #[error("is no address; write for example \"http://127.0.0.1:9093\"")]
    Malformed,
    /// It holds a name or a password.
    #[error(
        "holds a name or a password, and secrets are never in this file; write a bearer token into \
         a file of its own and name that as token_file"
    )]
    Credentials,
    /// It is of a page within Alertmanager.
    #[error("has {0}; write the address at which Alertmanager is served, and no more")]
    NotTheBase(&'static str),
}

/// Where a receiver takes messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// The address of `receiver`, which is the webhook's own or that at which Alertmanager is served.
    ///
    /// # Errors
    /// If it is none, or holds what it must not.
    pub fn parse(receiver: Receiver, text: &str) -> Result<Self, AddressError> {
        let mut url: Url = text.parse().map_err(|_| AddressError::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(AddressError::Malformed);
        }
        if receiver == Receiver::Alertmanager {
            let base = url.path().trim_end_matches('/').to_owned();
            let wrong = [
                (url.query().is_some(), "a query"),
                (url.fragment().is_some(), "a fragment"),
                (base.contains("/api/v"), "the path of its API in it"),
            ];
            if let Some((_, what)) = wrong.iter().find(|(is_wrong, _)| *is_wrong) {
                return Err(AddressError::NotTheBase(what));
            }
            url.set_path(&format!("{base}/{ALERTS_PATH}"));
        }
        Ok(Self(url))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a receiver asks for, and is asked for. Neither shows itself.
#[derive(Clone, Default)]
pub struct Access {
    /// The bearer token.
    pub token: Option<String>,
    /// The certificates, in PEM, of the only authorities that are trusted; else the system's are.
    pub authorities: Option<Vec<u8>>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

impl Access {
    /// Makes sure that it can be used.
    ///
    /// # Errors
    /// If it cannot.
    pub fn check(&self) -> Result<(), ClientError> {
        self.authorization()?;
        self.authorities()?;
        Ok(())
    }

    fn authorization(&self) -> Result<Option<HeaderValue>, ClientError> {
        let bearer = |token: &str| {
            let value = HeaderValue::try_from(format!("Bearer {token}"));
            let mut value = value.map_err(|_| ClientError::Token)?;
            value.set_sensitive(true);
            Ok(value)
        };
        self.token.as_deref().map(bearer).transpose()
    }

    fn authorities(&self) -> Result<Option<Vec<Certificate>>, ClientError> {
        let Some(pem) = &self.authorities else {
            return Ok(None);
        };
        let authorities = Certificate::from_pem_bundle(pem).unwrap_or_default();
        match authorities.is_empty() {
            true => Err(ClientError::Authorities),
            false => Ok(Some(authorities)),
        }
    }
}

/// Why there can be no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The token has letters that no HTTP header may have.
    #[error("the token holds line breaks or control characters; write nothing but the token")]
    Token,
    /// The file of authorities has no certificate.
    #[error("there is no certificate in the file of authorities; write them in PEM")]
    Authorities,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] reqwest::Error),
}

/// The way to one receiver.
#[derive(Clone, Debug)]
pub struct Sender {
    client: Client,
    address: Address,
    /// It is marked as secret, so it never shows itself.
    authorization: Option<HeaderValue>,
}

impl Sender {
    /// The way to `address`.
    ///
    /// # Errors
    /// If what it is accessed with cannot be used.
    pub fn new(address: Address, access: &Access) -> Result<Self, ClientError> {
        // An error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let authorization = access.authorization()?;
        let mut builder = Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("gridos/", env!("CARGO_PKG_VERSION")));
        if let Some(authorities) = access.authorities()? {
            builder = builder.tls_certs_only(authorities);
        }
        Ok(Self {
            client: builder.build().map_err(ClientError::Tls)?,
            address,
            authorization,
        })
    }

    /// Sends one message.
    ///
    /// # Errors
    /// If the receiver did not take it; the error says whether it may take it later.
    pub async fn send(&self, body: &Body) -> Result<(), SendError> {
        let mut headers = HeaderMap::new();
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let url = self.address.0.clone();
        let request = self.client.post(url).headers(headers).json(body);
        let answer = request.send().await;
        let answer = answer.map_err(|error| SendError::Failed(chain(&error)))?;
        let status = answer.status();
        // Also of what was taken, so that the connection can be used again.
        let text = beginning(answer).await;
        if status.is_success() {
            return Ok(());
        }
        let text = self.shown(&text);
        match may_be_taken_later(status) {
            true => Err(SendError::Failed(format!(
                "the receiver answered {status}: {text}"
            ))),
            false => Err(SendError::Rejected { status, text }),
        }
    }

    /// What a receiver said, in one line, without the token that it may have repeated.
    fn shown(&self, text: &str) -> String {
        let value = self.authorization.as_ref();
        let token = value.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let text = match token {
            Some(token) => text.replace(token, "***"),
            None => text.to_owned(),
        };
        let words: Vec<_> = text
            .split(|letter: char| letter.is_whitespace() || letter.is_control())
            .filter(|word| !word.is_empty())
            .collect();
        words.join(" ").chars().take(ANSWER_CHARS_SHOWN).collect()
    }
}

/// Somebody mends the address or the token, and nothing may be lost meanwhile.
fn may_be_taken_later(status: StatusCode) -> bool {
    status.is_server_error()
        || status.is_redirection()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT
                | StatusCode::TOO_MANY_REQUESTS
                | StatusCode::UNAUTHORIZED
                | StatusCode::FORBIDDEN
                | StatusCode::NOT_FOUND
                | StatusCode::METHOD_NOT_ALLOWED
        )
}

/// The beginning of an answer; its end if that fits.
async fn beginning(mut answer: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = answer.chunk().await {
        bytes.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES_MAX - bytes.len())]);
        if bytes.len() == ANSWER_BYTES_MAX {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// An error with its causes, without the address, which may hold a secret in its path.
fn chain(error: &reqwest::Error) -> String {
    let mut text = match () {
        () if error.is_timeout() => "no answer in time".to_owned(),
        () if error.is_connect() => "no connection".to_owned(),
        () => "the exchange broke".to_owned(),
    };
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

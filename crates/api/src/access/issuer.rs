//! An identity provider, asked for its keys.
//!
//! Keys are kept: those that are known go on while the provider is away. They are asked for again after
//! some time, and when a token names a key that is not known, but not oftener than every few seconds,
//! whatever tokens somebody makes up.

use std::fmt;
use std::time::{Duration, Instant};

use gridos_access::oidc::{Demands, Identity, KeySet, NotBelieved};
use gridos_model::Timestamp;
use reqwest::{Certificate, Client, Url};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio_rustls::rustls;

use super::settings::OidcSettings;

/// The longest that the provider may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Keys are asked for again after this time, so that one that was withdrawn is believed no longer.
const FRESH: Duration = Duration::from_secs(600);
/// And not oftener than this.
const PAUSE: Duration = Duration::from_secs(5);
/// Keys are believed for no longer than this while the provider is away.
const STALE: Duration = Duration::from_secs(24 * 3_600);
/// No document of it is longer.
const BYTES_MAX: usize = 1 << 20;

/// An identity provider with its keys.
pub struct Issuer {
    demands: Demands,
    keys_url: Option<String>,
    client: Client,
    keys: Mutex<Keys>,
}

/// Why the provider can never be asked.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// An address is none.
    #[error("{key} is no address of https, or of http on this machine")]
    Address {
        /// Which one.
        key: &'static str,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up for the identity provider: {0}")]
    Tls(String),
}

/// Why a token was not judged, or not believed.
#[derive(Debug)]
pub(super) enum NotJudged {
    NotBelieved(NotBelieved),
    /// The provider does not answer, and its keys are not known.
    Away,
}

#[derive(Debug, Default)]
struct Keys {
    /// With when they were read.
    known: Option<(KeySet, Instant)>,
    /// When they were asked for last.
    asked: Option<Instant>,
    /// Whether the last answer was one.
    is_away: bool,
}

impl Issuer {
    /// The provider that `settings` name; it is asked when the first of its tokens comes.
    ///
    /// # Errors
    /// If it can never be.
    pub fn new(settings: OidcSettings) -> Result<Self, IssuerError> {
        // An error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        check_address("issuer", &settings.demands.issuer)?;
        if let Some(url) = &settings.keys_url {
            check_address("keys_url", url)?;
        }
        let mut builder = Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("gridos/", env!("CARGO_PKG_VERSION")));
        let tls = |error: reqwest::Error| IssuerError::Tls(error.to_string());
        if let Some(pem) = &settings.authorities {
            let authorities = Certificate::from_pem_bundle(pem).map_err(tls)?;
            builder = builder.tls_certs_only(authorities);
        }
        Ok(Self {
            demands: settings.demands,
            keys_url: settings.keys_url,
            client: builder.build().map_err(tls)?,
            keys: Mutex::default(),
        })
    }

    /// Whose `token` is at `now`.
    pub(super) async fn judge(&self, token: &str, now: Timestamp) -> Result<Identity, NotJudged> {
        // One at a time: whoever waits for the provider waits for one answer for all.
        let mut keys = self.keys.lock().await;
        let is_fresh = keys
            .known
            .as_ref()
            .is_some_and(|(_, at)| at.elapsed() < FRESH);
        if !is_fresh {
            self.ask(&mut keys).await;
        }
        let mut judged = self.by_known(&keys, token, now);
        let is_unknown = matches!(judged, Err(NotJudged::NotBelieved(NotBelieved::UnknownKey)));
        if is_unknown && self.ask(&mut keys).await {
            judged = self.by_known(&keys, token, now);
        }
        match judged {
            // It may be signed with a new key, which cannot be asked for.
            Err(NotJudged::NotBelieved(NotBelieved::UnknownKey)) if keys.is_away => {
                Err(NotJudged::Away)
            }
            judged => judged,
        }
    }

    fn by_known(&self, keys: &Keys, token: &str, now: Timestamp) -> Result<Identity, NotJudged> {
        let known = keys.known.as_ref().filter(|(_, at)| at.elapsed() < STALE);
        let (known, _) = known.ok_or(NotJudged::Away)?;
        let judged = self.demands.judge(token, known, now);
        judged.map_err(NotJudged::NotBelieved)
    }

    /// Asks for the keys, unless that was done a moment ago; whether it was.
    async fn ask(&self, keys: &mut Keys) -> bool {
        if keys.asked.is_some_and(|at| at.elapsed() < PAUSE) {
            return false;
        }
        keys.asked = Some(Instant::now());
        match self.fetch().await {
            Ok(found) => {
                keys.known = Some((found, Instant::now()));
                keys.is_away = false;
            }
            Err(error) => {
                keys.is_away = true;
                let issuer = &self.demands.issuer;
                tracing::warn!(
                    issuer,
                    error,
                    "the keys of the identity provider cannot be read"
                );
            }
        }
        true
    }

    async fn fetch(&self) -> Result<KeySet, String> {
        let url = match &self.keys_url {
            Some(url) => url.clone(),
            None => self.discover().await?,
        };
        let keys = KeySet::parse(&self.get(&url).await?);
        keys.map_err(|error| error.to_string())
    }

    /// Where its keys are, as its discovery document says (OpenID Connect Discovery 1.0, 4).
    async fn discover(&self) -> Result<String, String> {
        let base = self.demands.issuer.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let document: Value = serde_json::from_slice(&self.get(&url).await?)
            .map_err(|_| "its discovery document is no JSON".to_owned())?;
        // 4.3: it must be the document of this issuer.
        if document.get("issuer").and_then(Value::as_str) != Some(self.demands.issuer.as_str()) {
            return Err("its discovery document is of another issuer".to_owned());
        }
        let url = document.get("jwks_uri").and_then(Value::as_str);
        let url = url.ok_or("its discovery document names no keys")?;
        check_address("issuer", url).map_err(|_| "its keys are not at an https address")?;
        Ok(url.to_owned())
    }

    async fn get(&self, url: &str) -> Result<Vec<u8>, String> {
        let told = |error: reqwest::Error| match error.is_timeout() {
            true => "no answer in time".to_owned(),
            false => format!("the exchange broke: {}", error.without_url()),
        };
        let mut answer = self.client.get(url).send().await.map_err(told)?;
        if !answer.status().is_success() {
            return Err(format!("it answered {}", answer.status()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(told)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > BYTES_MAX {
                return Err("its answer is too long".to_owned());
            }
        }
        Ok(bytes)
    }
}

/// Whoever sits on the way could give keys of their own, were they not fetched over TLS.
fn check_address(key: &'static str, text: &str) -> Result<(), IssuerError> {
    let url: Url = text.parse().map_err(|_| IssuerError::Address { key })?;
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback());
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_here => Ok(()),
        _ => Err(IssuerError::Address { key }),
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("issuer", &self.demands.issuer)
            .finish_non_exhaustive()
    }
}

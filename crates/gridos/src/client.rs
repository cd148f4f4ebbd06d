//! A client of a running engine, as the commands need one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Certificate, Identity, RequestBuilder, StatusCode, Url};
use serde_json::Value;
use tokio_rustls::rustls;

use crate::cli::EngineAt;

/// The variable that holds the token, so that it stands in no list of processes.
const TOKEN_VARIABLE: &str = "GRIDOS_TOKEN";
/// A longer answer is none of an engine.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// Why an engine did not do what it was asked, or could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// The address is none.
    #[error("'{0}' is no address of an engine; write for example --url http://127.0.0.1:8080")]
    Address(String),
    /// A file that was named cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// What a file holds is not what it should.
    #[error("{} holds {what}", path.display())]
    Content {
        /// Which.
        path: PathBuf,
        /// What it holds, and what it should.
        what: &'static str,
    },
    /// The token cannot be sent.
    #[error("the token holds line breaks or control characters; give nothing but the token")]
    Token,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] reqwest::Error),
    /// Nobody answers.
    #[error("no engine answers at {url}: {why}; see whether it runs, or name another with --url")]
    NotReached {
        /// Where it was asked.
        url: String,
        /// What was in the way.
        why: String,
    },
    /// It asks who one is.
    #[error(
        "the engine wants to know who asks; put a token into the variable GRIDOS_TOKEN, or name its file \
         with --token-file"
    )]
    WhoAsks,
    /// It says no.
    #[error("{detail}{hint}")]
    Refused {
        /// What is wrong, as it says.
        detail: String,
        /// What to do, as it says, or nothing.
        hint: String,
    },
    /// The answer is not an engine's.
    #[error("what answers at {url} is no GridOS engine: {what}")]
    Foreign {
        /// Where it was asked.
        url: String,
        /// What it answered.
        what: String,
    },
}

/// The way to one engine.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    /// It is marked as secret, so it never shows itself.
    authorization: Option<HeaderValue>,
    shows_certificate: bool,
}

impl Client {
    /// The way to the engine that `at` names; nothing is connected yet.
    pub(crate) fn new(at: &EngineAt) -> Result<Self, AskError> {
        // An error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .timeout(at.timeout)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("gridos/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &at.ca {
            let authorities = Certificate::from_pem_bundle(&read(path)?).unwrap_or_default();
            if authorities.is_empty() {
                return Err(content(path, "no certificate; write authorities in PEM"));
            }
            http = http.tls_certs_only(authorities);
        }
        if let (Some(certificate), Some(key)) = (&at.certificate, &at.key) {
            let pem = [read(key)?, b"\n".to_vec(), read(certificate)?].concat();
            let identity = Identity::from_pem(&pem);
            let what = "no certificate that can be shown with this key; write both in PEM";
            http = http.identity(identity.map_err(|_| content(certificate, what))?);
        }
        Ok(Self {
            http: http.build().map_err(AskError::Tls)?,
            base: base(&at.url)?,
            authorization: authorization(at.token_file.as_deref())?,
            shows_certificate: at.certificate.is_some(),
        })
    }

    /// Where the engine is.
    pub(crate) fn url(&self) -> &Url {
        &self.base
    }

    /// Whether the engine learns who asks.
    pub(crate) fn is_known(&self) -> bool {
        self.authorization.is_some() || self.shows_certificate
    }

    /// Asks for what is at `path`, such as `api/v1/alarms`, with parameters.
    pub(crate) async fn get(
        &self,
        path: &[&str],
        parameters: &[(&str, String)],
    ) -> Result<Value, AskError> {
        let mut url = self.at(path);
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        self.ask(self.http.get(url)).await
    }

    /// Gives the command `body` to what is at `path`.
    pub(crate) async fn post(&self, path: &[&str], body: &Value) -> Result<Value, AskError> {
        self.ask(self.http.post(self.at(path)).json(body)).await
    }

    fn at(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        // Only an address without a host has no path, and that was refused.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    async fn ask(&self, request: RequestBuilder) -> Result<Value, AskError> {
        let mut headers = HeaderMap::new();
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let not_reached = |error: reqwest::Error| AskError::NotReached {
            url: self.base.to_string(),
            why: why(&error),
        };
        let answer = request.headers(headers).send().await;
        let mut answer = answer.map_err(not_reached)?;
        let status = answer.status();
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(not_reached)? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_BYTES_MAX {
                return Err(self.foreign("an answer without end".to_owned()));
            }
        }
        let value = serde_json::from_slice::<Value>(&body).ok();
        match (status, value) {
            (StatusCode::UNAUTHORIZED, _) => Err(AskError::WhoAsks),
            (status, Some(value)) if status.is_success() => Ok(value),
            (_, Some(problem)) if problem["detail"].is_string() => Err(refusal(&problem)),
            (status, _) => Err(self.foreign(format!("it answers {status}"))),
        }
    }

    fn foreign(&self, what: String) -> AskError {
        AskError::Foreign {
            url: self.base.to_string(),
            what,
        }
    }
}

fn base(text: &str) -> Result<Url, AskError> {
    let wrong = || AskError::Address(text.to_owned());
    let mut url: Url = text.parse().map_err(|_| wrong())?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
        return Err(wrong());
    }
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn authorization(file: Option<&Path>) -> Result<Option<HeaderValue>, AskError> {
    let token = match file {
        Some(path) => Some(String::from_utf8(read(path)?).map_err(|_| AskError::Token)?),
        None => std::env::var(TOKEN_VARIABLE).ok(),
    };
    let token = token.as_deref().map(str::trim);
    let Some(token) = token.filter(|token| !token.is_empty()) else {
        return Ok(None);
    };
    let value = HeaderValue::try_from(format!("Bearer {token}"));
    let mut value = value.map_err(|_| AskError::Token)?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn read(path: &Path) -> Result<Vec<u8>, AskError> {
    fs::read(path).map_err(|source| AskError::File {
        path: path.to_owned(),
        source,
    })
}

fn content(path: &Path, what: &'static str) -> AskError {
    AskError::Content {
        path: path.to_owned(),
        what,
    }
}

fn refusal(problem: &Value) -> AskError {
    let text = |key: &str| problem[key].as_str().unwrap_or_default().to_owned();
    let hint = match text("hint") {
        hint if hint.is_empty() => hint,
        hint => format!("; {hint}"),
    };
    AskError::Refused {
        detail: text("detail"),
        hint,
    }
}

/// The innermost cause: the others say that something was asked.
fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    advised(cause.to_string())
}

/// With what to do about a certificate that `openssl req -x509` makes unless told otherwise: one of an
/// authority, which is no engine's own.
fn advised(why: String) -> String {
    if why.contains("CaUsedAsEndEntity") {
        return "its certificate is that of an authority; make one of its own, with the extension \
                basicConstraints=CA:FALSE"
            .to_owned();
    }
    why
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_base_below_which_the_api_is() {
        let base = |text: &str| base(text).map(|url| url.to_string());
        assert_eq!(base("http://h:8080").unwrap(), "http://h:8080/");
        assert_eq!(base("https://h/gridos/?x#y").unwrap(), "https://h/gridos/");
        for wrong in ["", "h:8080", "ftp://h", "http://anna:secret@h/", "/x"] {
            assert!(base(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_certificate_of_an_authority_is_told_in_words() {
        let why = "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))";
        assert!(advised(why.to_owned()).contains("basicConstraints=CA:FALSE"));
        assert_eq!(advised("refused".to_owned()), "refused");
    }

    #[test]
    fn a_refusal_is_told_with_its_advice() {
        let told = |problem: &Value| refusal(problem).to_string();
        let problem = serde_json::json!({ "detail": "no such alarm", "hint": "see the list" });
        assert_eq!(told(&problem), "no such alarm; see the list");
        let problem = serde_json::json!({ "detail": "no such alarm" });
        assert_eq!(told(&problem), "no such alarm");
    }
}

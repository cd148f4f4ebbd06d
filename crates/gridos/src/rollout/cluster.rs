//! The API of the cluster in which this process is a pod.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Certificate, StatusCode};
use serde_json::Value;
use tokio_rustls::rustls;

use super::{Rollout, StatusError};

const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// A Rollout has no more than this.
const ANSWER_BYTES_MAX: u64 = 4 << 20;
/// How much of a refusal is shown.
const REFUSAL_SHOWN: usize = 200;

/// A way to the Rollout.
#[derive(Debug)]
pub(crate) struct Cluster {
    http: reqwest::Client,
    url: String,
    /// The file of the token, which is renewed while this runs; nothing if there is none.
    token: Option<PathBuf>,
}

/// Why the Rollout is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClusterError {
    /// Not in a pod, and nobody says where else.
    #[error(
        "this is no pod of a cluster (KUBERNETES_SERVICE_HOST is not set); say where its API is, for example \
         --api http://127.0.0.1:8001 beside kubectl proxy"
    )]
    NoPod,
    /// Not told, and not a pod's.
    #[error("the namespace is not known ({} cannot be read); give --namespace", .0.display())]
    NoNamespace(PathBuf),
    /// A file of the account cannot be read.
    #[error("{} cannot be read", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The certificate, the address.
    #[error("the API of the cluster cannot be asked")]
    Http(#[from] reqwest::Error),
    /// It says no.
    #[error(
        "{url} is refused: {status} {text}; the service account needs the right to get this Rollout"
    )]
    Refused {
        /// What was asked.
        url: String,
        /// How it was answered.
        status: StatusCode,
        /// The beginning of the answer.
        text: String,
    },
    /// It is not what it should be.
    #[error("{url} answers what is no JSON of a Rollout")]
    Foreign {
        /// What was asked.
        url: String,
    },
    /// It says nothing.
    #[error("the Rollout says nothing of its weight")]
    Status(#[from] StatusError),
}

impl Cluster {
    /// The way to `rollout` in `namespace` (that of the pod unless given) over `api` (that of the
    /// pod's cluster unless given), as the account in the folder `account`.
    ///
    /// # Errors
    /// If any of these is not given, and not found either.
    pub(crate) fn new(
        rollout: &str,
        namespace: Option<&str>,
        api: Option<&str>,
        account: &Path,
    ) -> Result<Self, ClusterError> {
        let namespace = match namespace {
            Some(given) => given.to_owned(),
            None => {
                let path = account.join("namespace");
                let text = fs::read_to_string(&path);
                text.map_err(|_| ClusterError::NoNamespace(path))?
            }
        };
        let api = match api {
            Some(given) => given.trim_end_matches('/').to_owned(),
            None => of_pod(|name| env::var(name).ok()).ok_or(ClusterError::NoPod)?,
        };
        // An error says that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .timeout(ANSWER_WITHIN)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        let authority = account.join("ca.crt");
        if authority.exists() {
            let pem = fs::read(&authority).map_err(|source| file(&authority, source))?;
            http = http.tls_certs_only(Certificate::from_pem_bundle(&pem)?);
        }
        let token = account.join("token");
        Ok(Self {
            http: http.build()?,
            url: format!(
                "{api}/apis/argoproj.io/v1alpha1/namespaces/{}/rollouts/{rollout}",
                namespace.trim()
            ),
            token: token.exists().then_some(token),
        })
    }

    /// What the Rollout says now.
    ///
    /// # Errors
    /// If it cannot be asked, or says nothing.
    pub(crate) async fn rollout(&self) -> Result<Rollout, ClusterError> {
        let mut request = self.http.get(&self.url);
        if let Some(path) = &self.token {
            let token = fs::read_to_string(path).map_err(|source| file(path, source))?;
            request = request.bearer_auth(token.trim());
        }
        let answer = request.send().await?;
        let status = answer.status();
        let foreign = || ClusterError::Foreign {
            url: self.url.clone(),
        };
        if answer
            .content_length()
            .is_some_and(|length| length > ANSWER_BYTES_MAX)
        {
            return Err(foreign());
        }
        let text = answer.text().await?;
        if !status.is_success() {
            return Err(ClusterError::Refused {
                url: self.url.clone(),
                status,
                text: text.chars().take(REFUSAL_SHOWN).collect(),
            });
        }
        let document: Value = serde_json::from_str(&text).map_err(|_| foreign())?;
        Ok(Rollout::read(&document)?)
    }
}

/// Where a pod finds the API, by what `variable` says.
fn of_pod(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let host = variable("KUBERNETES_SERVICE_HOST")?;
    let port = variable("KUBERNETES_SERVICE_PORT").unwrap_or_else(|| "443".to_owned());
    Some(match host.contains(':') {
        true => format!("https://[{host}]:{port}"),
        false => format!("https://{host}:{port}"),
    })
}

fn file(path: &Path, source: io::Error) -> ClusterError {
    ClusterError::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_finds_the_api_by_its_variables() {
        let of = |host: &'static str| {
            of_pod(move |name| {
                let is_host = name == "KUBERNETES_SERVICE_HOST";
                Some(if is_host { host } else { "6443" }.to_owned())
            })
        };
        assert_eq!(of("10.0.0.1").as_deref(), Some("https://10.0.0.1:6443"));
        assert_eq!(of("fd00::1").as_deref(), Some("https://[fd00::1]:6443"));
        assert_eq!(of_pod(|_| None), None);
    }
}

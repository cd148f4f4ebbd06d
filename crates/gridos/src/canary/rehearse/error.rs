//! Why a rehearsal cannot go on.

use std::io;
use std::path::PathBuf;

use crate::canary::{ManifestsError, PrometheusError};
use crate::client::AskError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum RehearseError {
    #[error("{} cannot be written", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("the simulated devices cannot listen")]
    Devices(#[source] io::Error),
    #[error("{} cannot be started", path.display())]
    NotStarted { path: PathBuf, source: io::Error },
    #[error(
        "there is no '{}': a rehearsal needs a real Prometheus; on Debian: apt-get install prometheus, \
         elsewhere --prometheus-binary FILE",
        .0.display()
    )]
    NoPrometheus(PathBuf),
    #[error("Prometheus does not get ready; it says: {0}")]
    PrometheusUnready(String),
    #[error("{who} ended before it served; it says: {log}")]
    EngineEnded { who: &'static str, log: String },
    #[error("{who} does not get ready within a minute; it says: {log}")]
    EngineUnready { who: &'static str, log: String },
    #[error("{who} does not take its devices")]
    NotTaken {
        who: &'static str,
        #[source]
        source: AskError,
    },
    #[error("the manifests cannot be followed")]
    Manifests(#[from] ManifestsError),
    #[error("Prometheus cannot be asked")]
    Prometheus(#[from] PrometheusError),
}

impl RehearseError {
    pub(crate) fn folder(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Folder { path, source }
    }
}

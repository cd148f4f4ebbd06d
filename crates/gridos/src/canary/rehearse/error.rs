//! Why a rehearsal cannot go on.

use std::io;
use std::path::PathBuf;

use gridos_roster::BucketError;

use super::share::Held;
use crate::canary::{ManifestsError, PrometheusError};
use crate::child::ChildError;
use crate::client::AskError;
use crate::scratch::ScratchError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum RehearseError {
    #[error("{} cannot be written", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("there is no folder for what is written")]
    Scratch(#[from] ScratchError),
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
    #[error(
        "there is no '{}': in a rehearsal engines share devices over a real NATS server; on Debian: \
         apt-get install nats-server, elsewhere --nats-binary FILE",
        .0.display()
    )]
    NoNats(PathBuf),
    #[error("the NATS server does not get ready; it says: {0}")]
    NatsUnready(String),
    #[error("the canary's share cannot be set")]
    Fleet(#[source] BucketError),
    #[error(
        "the devices are not handed over within two minutes: stable has {}, the candidate {}; \
         they should have {} and {}",
        .held.stable, .held.candidate, .goal.stable, .goal.candidate
    )]
    NotHandedOver { held: Held, goal: Held },
    #[error("Prometheus does not get ready; it says: {0}")]
    PrometheusUnready(String),
    #[error("{who} does not serve")]
    Engine {
        who: &'static str,
        source: ChildError,
    },
    #[error("{who} cannot be asked")]
    NotAsked {
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

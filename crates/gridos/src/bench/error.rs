//! Why a bench cannot go on.

use std::io;
use std::path::{Path, PathBuf};

use crate::child::ChildError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum BenchError {
    #[error("{} cannot be written", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error("{} cannot be started", path.display())]
    NotStarted { path: PathBuf, source: io::Error },
    #[error("{who} does not serve")]
    Child {
        who: &'static str,
        source: ChildError,
    },
    #[error("{who} ended, or does not get ready within a minute; it says: {log}")]
    Unready { who: String, log: String },
    #[error(
        "there is no PostgreSQL server of version 15 or later in /usr/lib/postgresql/*/bin; on Debian: apt-get install postgresql, \
         elsewhere --postgres URL"
    )]
    NoServer,
    #[error("PostgreSQL does not run as root, and there is no user 'postgres' to run it as")]
    NoServerUser,
    #[error("--postgres is no URL of a server")]
    Url(#[source] tokio_postgres::Error),
    #[error("the database cannot be asked")]
    Database(#[from] tokio_postgres::Error),
    #[error("the engine does not tell how it does")]
    Engine(#[from] reqwest::Error),
    #[error("the engine tells no {0}")]
    Untold(&'static str),
    #[error("{} holds no latencies that can be read", path.display())]
    Log { path: PathBuf },
    #[error("{} is not empty: name a folder that is new, or empty this one", path.display())]
    Used { path: PathBuf },
    #[error(
        "{scenario} ended with readings that are neither stored nor refused; keep it with --data-dir, and report it"
    )]
    NotBalanced { scenario: String },
    #[error("the devices do not answer")]
    Wire(#[source] io::Error),
    #[error(
        "outage takes the database away: it needs a server of the bench's own, so leave --postgres out"
    )]
    ForeignServer,
    #[error("{option} is for {of}, not for {scenario}; name those scenarios, or leave it out")]
    NotOfScenario {
        option: &'static str,
        of: &'static str,
        scenario: String,
    },
    #[error("the engine does not tell the history ({status}): {text}")]
    Question { status: u16, text: String },
    #[error(transparent)]
    Files(#[from] crate::files::TooFewFiles),
}

impl BenchError {
    pub(super) fn folder(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Folder { path, source }
    }
}

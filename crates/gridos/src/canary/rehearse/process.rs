//! An engine as a process of its own.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::error::RehearseError;
use crate::child::Child;
use crate::cli::EngineAt;
use crate::client::Client;

/// How long an engine may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any rehearsal.
const LIFE: &str = "3h";
/// As a Rollout gives it to its pods.
const ROLE_VARIABLE: &str = "GRIDOS_ROLE";
const LISTEN_VARIABLE: &str = "GRIDOS__HTTP__LISTEN";
/// Any free port.
pub(super) const ANYWHERE: &str = "127.0.0.1:0";

/// A running engine; killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    who: &'static str,
    child: Child,
    /// Where its API is: `127.0.0.1:8080`.
    pub(super) address: String,
}

impl Process {
    /// Starts `gridos run` with that configuration and role, and waits until it serves at `listen`.
    pub(super) async fn start(
        (who, role): (&'static str, &str),
        binary: &Path,
        (config, listen): (&Path, &str),
        log: &Path,
    ) -> Result<Self, RehearseError> {
        let life = ["--json", "--for", LIFE].map(AsRef::as_ref);
        // If the rehearsal is killed, nobody else ends it.
        let arguments = ["run".as_ref(), config.as_os_str()].into_iter().chain(life);
        let variables = [(ROLE_VARIABLE, role), (LISTEN_VARIABLE, listen)];
        let started = Child::start(binary, arguments, &variables, log, "started").await;
        let (child, event) = started.map_err(|source| RehearseError::Engine { who, source })?;
        Ok(Self {
            who,
            child,
            address: event["address"].as_str().unwrap_or_default().to_owned(),
        })
    }

    /// A client of its API.
    pub(super) fn client(&self) -> Result<Client, RehearseError> {
        let at = EngineAt {
            url: format!("http://{}", self.address),
            token_file: None,
            ca: None,
            certificate: None,
            key: None,
            timeout: PATIENCE,
        };
        let who = self.who;
        Client::new(&at).map_err(|source| RehearseError::NotAsked { who, source })
    }

    /// `kill -9`.
    pub(super) fn kill(&mut self) {
        self.child.kill();
    }

    pub(super) fn has_ended(&mut self) -> bool {
        self.child.has_ended()
    }

    /// Asks it to drain; its summary, if it gives one.
    pub(super) async fn end(self) -> Option<Value> {
        self.child.end().await
    }
}

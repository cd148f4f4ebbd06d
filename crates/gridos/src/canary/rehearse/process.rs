//! An engine as a process of its own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::error::RehearseError;
use crate::cli::EngineAt;
use crate::client::Client;

/// How long an engine may take to begin, or to drain.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any rehearsal.
const LIFE: &str = "3h";
/// With what the names of variables begin that change a configuration.
const VARIABLES: &str = "GRIDOS__";
/// As a Rollout gives it to its pods.
const ROLE_VARIABLE: &str = "GRIDOS_ROLE";
/// Of a log, what is told where something went wrong.
const LOG_BYTES: usize = 600;
const LINES_HELD: usize = 64;

/// A running engine; killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    who: &'static str,
    child: Child,
    events: mpsc::Receiver<Value>,
    log: PathBuf,
    /// Where its API is: `127.0.0.1:8080`.
    pub(super) address: String,
}

impl Process {
    /// Starts `gridos run` with that configuration and role, and waits until it serves.
    pub(super) async fn start(
        (who, role): (&'static str, &str),
        binary: &Path,
        config: &Path,
        log: &Path,
    ) -> Result<Self, RehearseError> {
        let output = File::options().create(true).append(true).open(log);
        let output = output.map_err(RehearseError::folder(log))?;
        let mut command = Command::new(binary);
        command
            .arg("run")
            .arg(config)
            .arg("--json")
            // If the rehearsal is killed, nobody else ends it.
            .args(["--for", LIFE])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(output);
        // Variables are meant for a real engine.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with(VARIABLES) {
                command.env_remove(name);
            }
        }
        command.env(ROLE_VARIABLE, role);
        let mut child = command
            .spawn()
            .map_err(|source| RehearseError::NotStarted {
                path: binary.to_owned(),
                source,
            })?;
        let (tell, events) = mpsc::channel(LINES_HELD);
        if let Some(stdout) = child.stdout.take() {
            // It ends with the process.
            std::thread::spawn(move || {
                let lines = BufReader::new(stdout).lines().map_while(Result::ok);
                for event in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                    if tell.blocking_send(event).is_err() {
                        break;
                    }
                }
            });
        }
        let mut process = Self {
            who,
            child,
            events,
            log: log.to_owned(),
            address: String::new(),
        };
        match process.event("started").await {
            Ok(Some(started)) => {
                process.address = started["address"].as_str().unwrap_or_default().to_owned();
                Ok(process)
            }
            Ok(None) => Err(RehearseError::EngineEnded {
                who,
                log: process.log_end(),
            }),
            Err(_) => Err(RehearseError::EngineUnready {
                who,
                log: process.log_end(),
            }),
        }
    }

    /// The next event of that name; none if the process ended without.
    async fn event(&mut self, name: &str) -> Result<Option<Value>, tokio::time::error::Elapsed> {
        let found = async {
            while let Some(event) = self.events.recv().await {
                if event["event"] == name {
                    return Some(event);
                }
            }
            None
        };
        timeout(PATIENCE, found).await
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
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    pub(super) fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks it to drain; its summary, if it gives one.
    pub(super) async fn end(mut self) -> Option<Value> {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id.filter(|_| !self.has_ended()) {
            let _ = kill_process(id, Signal::TERM);
        }
        self.event("ended").await.ok().flatten()
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let cut = log.len().saturating_sub(LOG_BYTES);
        let begin = (cut..log.len()).find(|at| log.is_char_boundary(*at));
        log[begin.unwrap_or(log.len())..].trim().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

//! Another `gridos` as a process of its own, which tells in JSON what becomes of it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long one may take to get ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long one may take to drain.
const ENDED_WITHIN: Duration = Duration::from_secs(300);
/// With what the names of variables begin that change a configuration: they are meant for a real engine.
const VARIABLES: &str = "GRIDOS__";
/// Of a log, what is told where something went wrong.
const LOG_BYTES: usize = 600;
const EVENTS_HELD: usize = 64;

/// A running `gridos`; killed when dropped.
#[derive(Debug)]
pub(crate) struct Child {
    process: process::Child,
    events: mpsc::Receiver<Value>,
    log: PathBuf,
}

/// Why one does not run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChildError {
    #[error("{} cannot be written", path.display())]
    Log { path: PathBuf, source: io::Error },
    #[error("{} cannot be started", path.display())]
    NotStarted { path: PathBuf, source: io::Error },
    #[error("it ended before it was ready; it says: {0}")]
    Ended(String),
    #[error("it does not get ready within a minute; it says: {0}")]
    Unready(String),
}

/// `binary`, without the variables that are meant for a real engine.
pub(crate) fn command(binary: &Path) -> Command {
    let mut command = Command::new(binary);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with(VARIABLES) {
            command.env_remove(name);
        }
    }
    command
}

impl Child {
    /// Starts `binary` with these arguments and variables, and waits until it tells an event called `ready`, which
    /// is given back. What it logs goes behind what is in `log`.
    pub(crate) async fn start<A: AsRef<OsStr>>(
        binary: &Path,
        arguments: impl IntoIterator<Item = A>,
        variables: &[(&str, &str)],
        log: &Path,
        ready: &str,
    ) -> Result<(Self, Value), ChildError> {
        let output = File::options().create(true).append(true).open(log);
        let output = output.map_err(|source| ChildError::Log {
            path: log.to_owned(),
            source,
        })?;
        let mut command = command(binary);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(output);
        command.envs(variables.iter().copied());
        let process = command.spawn().map_err(|source| ChildError::NotStarted {
            path: binary.to_owned(),
            source,
        });
        let mut process = process?;
        let mut child = Self {
            events: events(process.stdout.take()),
            process,
            log: log.to_owned(),
        };
        match timeout(READY_WITHIN, child.event(ready)).await {
            Ok(Some(event)) => Ok((child, event)),
            Ok(None) => Err(ChildError::Ended(child.log_end())),
            Err(_) => Err(ChildError::Unready(child.log_end())),
        }
    }

    /// The next event of that name; none if the process ended without.
    async fn event(&mut self, name: &str) -> Option<Value> {
        while let Some(event) = self.events.recv().await {
            if event["event"] == name {
                return Some(event);
            }
        }
        None
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.process.try_wait(), Ok(None))
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Asks it to end; what it tells at its end, if anything.
    pub(crate) async fn end(mut self) -> Option<Value> {
        let id = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw);
        if let Some(id) = id.filter(|_| !self.has_ended()) {
            // It may have ended since.
            let _ = kill_process(id, Signal::TERM);
        }
        let ended = timeout(ENDED_WITHIN, self.event("ended")).await;
        ended.ok().flatten()
    }

    fn log_end(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let cut = log.len().saturating_sub(LOG_BYTES);
        let begin = (cut..log.len()).find(|at| log.is_char_boundary(*at));
        log[begin.unwrap_or(log.len())..].trim().to_owned()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What a process tells, a line of JSON each; the thread ends with the process.
fn events(stdout: Option<ChildStdout>) -> mpsc::Receiver<Value> {
    let (tell, events) = mpsc::channel(EVENTS_HELD);
    if let Some(stdout) = stdout {
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout).lines().map_while(Result::ok);
            for event in lines.filter_map(|line| serde_json::from_str(&line).ok()) {
                if tell.blocking_send(event).is_err() {
                    break;
                }
            }
        });
    }
    events
}

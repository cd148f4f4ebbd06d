//! The processes that a bench runs: simulated devices and the engine, each a `gridos` of its own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::error::BenchError;

/// How long one may take to get ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long one may take to drain.
const ENDED_WITHIN: Duration = Duration::from_secs(300);
/// With what the names of variables begin that change a configuration; the password is meant for the bench.
const VARIABLES: &str = "GRIDOS__";
const PASSWORD: &str = "GRIDOS__STORE__PASSWORD";
/// Of a log, what is told where something went wrong.
const LOG_BYTES: usize = 600;
const EVENTS_HELD: usize = 64;

/// A running `gridos`; killed when dropped.
#[derive(Debug)]
pub(super) struct Child {
    who: String,
    process: process::Child,
    events: mpsc::Receiver<Value>,
    log: PathBuf,
}

impl Child {
    /// Starts `binary` with these arguments, and waits until it tells an event called `ready`, which is given back.
    pub(super) async fn start<A: AsRef<OsStr>>(
        binary: &Path,
        arguments: impl IntoIterator<Item = A>,
        (who, log): (&str, PathBuf),
        ready: &str,
    ) -> Result<(Self, Value), BenchError> {
        let output = File::options().create(true).append(true).open(&log);
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(output.map_err(BenchError::folder(&log))?);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with(VARIABLES) && text != PASSWORD {
                command.env_remove(name);
            }
        }
        let process = command.spawn().map_err(|source| BenchError::NotStarted {
            path: binary.to_owned(),
            source,
        });
        let mut process = process?;
        let mut child = Self {
            who: who.to_owned(),
            events: events(process.stdout.take()),
            process,
            log,
        };
        match timeout(READY_WITHIN, child.event(ready)).await {
            Ok(Some(event)) => Ok((child, event)),
            Ok(None) | Err(_) => Err(BenchError::Unready {
                who: child.who.clone(),
                log: child.log_end(),
            }),
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
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to end; what it tells at its end, if anything.
    pub(super) async fn end(mut self) -> Option<Value> {
        let id = i32::try_from(self.process.id())
            .ok()
            .and_then(Pid::from_raw);
        if let Some(id) = id {
            // It may have ended already.
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
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a process tells, a line of JSON each; the thread ends with the process.
fn events(stdout: Option<process::ChildStdout>) -> mpsc::Receiver<Value> {
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

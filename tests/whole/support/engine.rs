//! The engine as a process of its own, as its users run it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::postgres::free_port;

/// A running `gridos`; killed when dropped.
pub(crate) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
    log: PathBuf,
}

/// The binary under test: that of the variable GRIDOS_BINARY, else the one of this profile.
pub(crate) fn binary() -> PathBuf {
    let given = std::env::var_os("GRIDOS_BINARY");
    PathBuf::from(given.unwrap_or_else(|| env!("CARGO_BIN_EXE_gridos").into()))
}

/// An address for an engine that is killed and started again: the system gives it to nobody by itself,
/// or a connection of another test would have it by then.
pub(crate) fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}

impl Process {
    /// Starts `gridos` with `args`; its log goes to `log`.
    pub(crate) fn start(args: &[&str], log: &Path) -> Self {
        Self::spawn(Command::new(binary()).args(args), log)
    }

    /// Starts a command whose process becomes `gridos`; its log goes to `log`.
    pub(crate) fn spawn(command: &mut Command, log: &Path) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(log).unwrap())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self {
            child,
            output,
            log: log.to_owned(),
        }
    }

    /// Reads its output up to the line that has `mark` in it, and returns that line.
    pub(crate) fn wait_for(&mut self, mark: &str) -> String {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            if self.output.read_line(&mut line).unwrap() == 0 {
                panic!("it ended without '{mark}':\n{seen}\n{}", self.log());
            }
            if line.contains(mark) {
                return line;
            }
            seen += &line;
        }
    }

    /// What it logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// `kill -9`, and waits for the end.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let tracer = tracer(self.child.id());
        // It may have ended already.
        let _ = self.child.kill();
        if let Some(tracer) = tracer {
            // It holds on to what it traces.
            let _ = kill_process(tracer, Signal::KILL);
        }
        let _ = self.child.wait();
    }

    /// Waits for its end; returns the rest of its output.
    pub(crate) fn wait(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// Who traces a process.
fn tracer(process: u32) -> Option<Pid> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("TracerPid:"))?;
    Pid::from_raw(line.trim().parse().ok()?)
}

/// The address in a line such as `page and API: http://127.0.0.1:8080/   Ctrl-C ends`.
pub(crate) fn address(line: &str) -> String {
    let rest = line.split("http://").nth(1).unwrap();
    rest.split('/').next().unwrap().to_owned()
}

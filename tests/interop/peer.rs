//! Peers in Python: the scripts beside this file, as child processes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value;

/// A script that runs; it ends with this.
pub(crate) struct Peer {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Where it listens, or what it connects to.
    pub(crate) port: u16,
}

impl Peer {
    /// Starts a script, or says why the test is skipped.
    pub(crate) fn start(script: &str, arguments: &[&str]) -> Option<Self> {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests");
        let python = tests.join(".venv/bin/python");
        if !python.exists() {
            let python = python.display();
            skipped(&format!("there is no {python}; see tests/requirements.txt"));
            return None;
        }
        let mut child = Command::new(python)
            .arg(tests.join("interop").join(script))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut peer = Self {
            commands: child.stdin.take().unwrap(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
            port: 0,
        };
        let greeting = peer.answer();
        peer.port = u16::try_from(greeting["port"].as_u64().unwrap()).unwrap();
        Some(peer)
    }

    /// Gives a command; returns its answer.
    pub(crate) fn order(&mut self, command: &Value) -> Value {
        writeln!(self.commands, "{command}").unwrap();
        let answer = self.answer();
        assert!(answer.get("error").is_none(), "{command}: {answer}");
        answer
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        // It may have ended already, for whatever reason the test has found.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the script should answer with an object")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Says why a test is skipped; with `GRIDOS_TESTS_SKIP_NOTHING`, as in `tests/run`, it fails.
pub(crate) fn skipped(why: &str) {
    let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
    assert!(nothing.is_none(), "{why}");
    println!("skipped: {why}");
}

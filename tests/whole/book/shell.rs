//! A shell that is given blocks of commands one after another, as somebody types them.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long a block may take; the machine may be busy.
const DEADLINE: Duration = Duration::from_secs(180);

/// What the shell tells behind each block, with a number.
const END: &str = "@@end";

/// A running shell; it and all that it started end with it.
pub(super) struct Shell {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    folder: PathBuf,
    blocks: usize,
}

impl Shell {
    /// A shell in `folder`, after `prelude`; `path` is looked through first for commands.
    pub(super) fn start(folder: &Path, path: &Path, prelude: &str) -> Self {
        let others = std::env::var("PATH").unwrap_or_default();
        let log = fs::File::create(folder.join("shell.log")).unwrap();
        let mut child = Command::new("bash")
            .args(["--noprofile", "--norc"])
            .current_dir(folder)
            .env("PATH", format!("{}:{others}", path.display()))
            .env("HOME", folder)
            .env_remove("GRIDOS_BINARY")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut shell = Self {
            child,
            input,
            lines,
            folder: folder.to_owned(),
            blocks: 0,
        };
        let end = "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n";
        let why = "trap 'echo \"ended with $?: $BASH_COMMAND\" >&2' ERR\n";
        let prelude = format!("set -eEuo pipefail\n{end}{why}{prelude}\n");
        shell.input.write_all(prelude.as_bytes()).unwrap();
        shell
    }

    /// What `commands` told on their output.
    ///
    /// # Errors
    /// What they told, and why not more: one of them failed, or they take too long.
    pub(super) fn run(&mut self, commands: &str) -> Result<String, String> {
        self.blocks += 1;
        let name = format!("block-{}.sh", self.blocks);
        fs::write(self.folder.join(&name), commands).unwrap();
        // A command that reads its input must not eat the next block.
        let line = format!(
            ". ./{name} </dev/null\nprintf '\\n{END} {}\\n'\n",
            self.blocks
        );
        let sent = self.input.write_all(line.as_bytes());
        let (end, deadline) = (format!("{END} {}", self.blocks), Instant::now() + DEADLINE);
        let mut told = String::new();
        let why = loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line == end => return Ok(told),
                Ok(line) => {
                    told += &line;
                    told.push('\n');
                }
                Err(_) if left.is_zero() => break "it takes too long",
                Err(_) => break "a command failed",
            }
        };
        let log = fs::read_to_string(self.folder.join("shell.log")).unwrap_or_default();
        let sent = sent
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        Err(format!(
            "{why} {sent}\n{commands}\n--- told\n{told}\n--- log\n{log}"
        ))
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        // It ends what it started, and then itself.
        let _ = self.input.write_all(b"exit 0\n");
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            crate::support::patience::look_again();
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

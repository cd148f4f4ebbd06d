//! The commands of README.md run, as they stand there, in their order.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::engine;

/// What cannot be run in a test, and where it is seen to work instead.
const ELSEWHERE: [(&str, &str); 3] = [
    ("git clone", "a fresh clone is what CI starts from"),
    ("tests/run", "this test is a part of it"),
    ("cargo bench", "tests/run builds all benches"),
];

#[test]
fn every_command_of_the_readme_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let script: Vec<_> = blocks(&readme).flat_map(commands).collect();
    assert!(script.len() > 5, "{script:?}");
    let dir = TempDir::new().unwrap();
    // Commands refer to the examples as from the root of a clone; data goes elsewhere.
    std::os::unix::fs::symlink(root.join("examples"), dir.path().join("examples")).unwrap();
    let mut text =
        String::from("set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n");
    for command in &script {
        text += &format!("echo '+' {}\n{}\n", quoted(command), runnable(command));
    }
    let output = Command::new("bash")
        .args(["-c", &text])
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{log}");
}

/// The blocks of shell commands.
fn blocks(readme: &str) -> impl Iterator<Item = &str> {
    readme
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap_or(rest))
}

/// The commands of a block, comments and what runs elsewhere left out; a line that ends with a
/// backslash goes on in the next.
fn commands(block: &str) -> Vec<String> {
    let joined = block.replace("\\\n", " ");
    joined
        .lines()
        .map(|line| line.split("  #").next().unwrap_or(line).trim().to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter(|line| !ELSEWHERE.iter().any(|(start, _)| line.starts_with(start)))
        .collect()
}

/// The command with the binary that was built; an engine that would run until Ctrl-C ends by
/// itself, and what runs in the background is waited for until it serves.
fn runnable(command: &str) -> String {
    let binary = engine::binary();
    let mut command = command.replace("cargo run --release --", &binary.display().to_string());
    if let Some(rest) = command.strip_prefix("gridos ") {
        command = format!("{} {rest}", binary.display());
    }
    let foreground = !command.trim_end().ends_with('&');
    let runs_on = command.contains(" demo") || command.contains(" run ");
    if foreground && runs_on && !command.contains("--for") {
        command += " --for 2s";
    }
    if let Some(port) = listens_at(&command).filter(|_| !foreground) {
        command += &format!("\nuntil (: >/dev/tcp/127.0.0.1/{port}) 2>/dev/null; do :; done");
    }
    if !foreground && runs_on {
        command += "\nuntil curl -sf http://127.0.0.1:8080/health >/dev/null; do :; done";
    }
    command
}

/// The first port of simulated devices.
fn listens_at(command: &str) -> Option<&str> {
    let (_, after) = command.split_once(" simulate ")?;
    let mut words = after
        .split(' ')
        .skip_while(|word| !word.starts_with("--port"));
    words.nth(1)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

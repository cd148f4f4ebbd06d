//! The command line as people and scripts use it: exit codes, JSON, colours, completions, manual pages.

mod asking;
mod shapes;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::binary;

/// Runs `gridos` with `args` where the examples are.
fn gridos(args: &[&str]) -> Output {
    command(args).output().unwrap()
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(args).current_dir(root());
    command
}

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The error that a command tells in JSON, with its exit code.
fn refused(args: &[&str]) -> (i32, Value) {
    let output = gridos(args);
    assert_eq!(text(&output.stdout), "", "{args:?}");
    let told = text(&output.stderr);
    let value: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("no JSON: {told}"));
    (output.status.code().unwrap(), value["error"].clone())
}

#[test]
fn exit_codes_are_those_that_are_documented() {
    let codes = text(&gridos(&["help", "exit-codes"]).stdout);
    for (code, what) in [
        (0, "done"),
        (1, "could not be done"),
        (2, "is wrong"),
        (3, "gridos status"),
        (4, "rolled back"),
        (5, "too little is known"),
    ] {
        assert!(
            codes.contains(&format!("  {code}  ")) && codes.contains(what),
            "{codes}"
        );
    }
    let code = |args: &[&str]| gridos(args).status.code().unwrap();
    assert_eq!(code(&["check", "examples/small.toml"]), 0);
    assert_eq!(code(&["--help"]), 0);
    assert_eq!(code(&["--version"]), 0);
    assert_eq!(code(&["journal", "info", "/no/such/folder"]), 2);
    assert_eq!(code(&["journal", "info", "examples"]), 1);
    assert_eq!(code(&["status", "--url", "http://127.0.0.1:1"]), 1);
    assert_eq!(code(&["check"]), 2);
    assert_eq!(code(&["no-such-command"]), 2);
    assert_eq!(code(&["check", "/no/such/file"]), 2);
    let none = gridos(&[]);
    assert_eq!(none.status.code(), Some(2));
    assert!(text(&none.stderr).contains("Usage: gridos"));
}

#[test]
fn with_json_errors_are_json() {
    let (code, error) = refused(&["check", "/no/such/file", "--json"]);
    assert_eq!((code, &error["exit_code"]), (2, &2.into()));
    let fault = &error["faults"][0];
    assert_eq!(fault["place"], "/no/such/file");
    assert!(
        fault["what"]
            .as_str()
            .unwrap()
            .starts_with("cannot be read")
    );
    // Also where the command line itself is wrong.
    let (code, error) = refused(&["chek", "--json"]);
    assert_eq!(code, 2);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("unrecognized subcommand 'chek'"),
        "{message}"
    );
    let (code, error) = refused(&["status", "--json", "--url", "http://127.0.0.1:1"]);
    assert_eq!(code, 1);
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("http://127.0.0.1:1/") && message.contains("--url"),
        "{message}"
    );
    let (code, error) = refused(&["status", "--json", "--url", "nowhere"]);
    assert_eq!(code, 1);
    assert!(error["message"].as_str().unwrap().contains("no address"));
}

#[test]
fn tokens_are_told_nowhere() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("token");
    let told = |command: &mut Command| {
        let output = command.output().unwrap();
        text(&[output.stdout, output.stderr].concat())
    };
    let arguments = ["status", "--url", "http://127.0.0.1:1"];
    let by_variable = told(command(&arguments).env("GRIDOS_TOKEN", "s3cr3t-value"));
    fs::write(&file, "s3cr3t-value\nsecond line").unwrap();
    let by_file = told(command(&arguments).arg("--token-file").arg(&file));
    assert!(by_file.contains("line breaks"), "{by_file}");
    let help = told(command(&["status", "--help"]).env("GRIDOS_TOKEN", "s3cr3t-value"));
    for told in [by_variable, by_file, help] {
        assert!(!told.contains("s3cr3t"), "{told}");
    }
}

#[test]
fn completions_are_scripts_that_know_every_command() {
    let dir = TempDir::new().unwrap();
    for (shell, checks) in [
        ("bash", &["bash", "-n"][..]),
        ("zsh", &["zsh", "-n"][..]),
        ("fish", &["fish", "--no-execute"][..]),
    ] {
        let output = gridos(&["completions", shell]);
        assert!(output.status.success());
        let script = text(&output.stdout);
        for command in ["doctor", "status", "verify", "completions", "sunspec"] {
            assert!(script.contains(command), "{shell}: {command}");
        }
        let path = dir.path().join(shell);
        fs::write(&path, &script).unwrap();
        // Shells that are not here are not asked.
        let (program, arguments) = checks.split_first().unwrap();
        if let Ok(checked) = Command::new(program).args(arguments).arg(&path).output() {
            assert!(checked.status.success(), "{}", text(&checked.stderr));
        }
    }
    let offered = r#"source "$1"; COMP_WORDS=(gridos jour); COMP_CWORD=1; _gridos gridos jour gridos
        echo "${COMPREPLY[@]}""#;
    let path = dir.path().join("bash");
    let output = Command::new("bash")
        .args(["-c", offered, "x"])
        .arg(&path)
        .output()
        .unwrap();
    assert_eq!(
        text(&output.stdout).trim(),
        "journal",
        "{}",
        text(&output.stderr)
    );
    assert_eq!(gridos(&["completions", "tcsh"]).status.code(), Some(2));
}

#[test]
fn there_is_a_manual_page_of_every_command() {
    let page = text(&gridos(&["man"]).stdout);
    assert!(page.contains(".TH gridos 1"), "{page}");
    assert!(
        page.contains("gridos\\-status(1)") && page.contains("Exit codes"),
        "{page}"
    );
    let page = text(&gridos(&["man", "journal", "verify"]).stdout);
    assert!(page.contains(".TH gridos-journal-verify 1"), "{page}");
    assert!(page.contains("gridos journal verify"), "{page}");
    assert_eq!(gridos(&["man", "jurnal"]).status.code(), Some(1));
    let dir = TempDir::new().unwrap();
    let output = gridos(&["man", "--output", dir.path().to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for page in [
        "gridos",
        "gridos-doctor",
        "gridos-alarms-replay",
        "gridos-probe-dnp3",
    ] {
        let path = dir.path().join(format!("{page}.1"));
        let text = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{page}"));
        assert!(text.contains(".SH"), "{page}");
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let help = |args: &[&str]| {
        let output = gridos(args);
        text(&output.stdout)
    };
    assert!(!help(&["--help"]).contains('\x1b'));
    assert!(help(&["--color", "always", "--help"]).contains('\x1b'));
    assert!(!help(&["--color=never", "--help"]).contains('\x1b'));
    assert_eq!(
        gridos(&["--color", "sometimes", "check", "x"])
            .status
            .code(),
        Some(2)
    );
    // On a terminal, made by `script`: by themselves, and not with NO_COLOR.
    let on_terminal = |variable: Option<(&str, &str)>| {
        let line = format!("{} --help", binary().display());
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        script
            .env("TERM", "xterm")
            .env_remove("NO_COLOR")
            .envs(variable);
        text(&script.output().unwrap().stdout)
    };
    assert!(on_terminal(None).contains('\x1b'));
    assert!(!on_terminal(Some(("NO_COLOR", "1"))).contains('\x1b'));
}

/// On the error output, so that the output can go into a file all the same.
#[test]
fn progress_is_shown_on_terminals_alone() {
    let dir = TempDir::new().unwrap();
    let data = dir.path().join("data");
    let data = data.to_str().unwrap();
    let demo = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--for",
        "1s",
        "--data-dir",
        data,
    ];
    assert!(gridos(&demo).status.success());
    let plain = gridos(&["journal", "verify", data]);
    assert!(plain.status.success());
    assert_eq!(text(&plain.stderr), "");
    let line = format!("{} journal verify {data} > /dev/null", binary().display());
    let output = Command::new("script")
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env("TERM", "xterm")
        .output()
        .unwrap();
    let told = text(&output.stdout);
    assert!(
        output.status.success() && told.contains("reading ["),
        "{told:?}"
    );
}

//! The shapes of what commands tell in JSON stay as they are documented: `shapes.txt` beside this file.
//!
//! Every path that a command tells stands there once; with the variable `GRIDOS_WRITE` the file is
//! written anew, to be looked at and committed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::{command, gridos, text};
use crate::support::engine::Process;

/// The paths of `value`: `.key`, and `[]` for what is in a list. Names that depend on what is there are left out.
fn paths(value: &Value, here: &str, found: &mut BTreeSet<String>) {
    let by_name = ["kinds", "priorities", "refused_by"];
    match value {
        Value::Object(members) if by_name.iter().any(|name| here.ends_with(name)) => {
            assert!(members.values().all(Value::is_number), "{here}: {value}");
            found.insert(format!("{here}.*"));
        }
        Value::Object(members) => {
            for (key, member) in members {
                paths(member, &format!("{here}.{key}"), found);
            }
        }
        Value::Array(list) => {
            found.insert(format!("{here}[]"));
            for element in list {
                paths(element, &format!("{here}[]"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.insert(here.to_owned());
        }
    }
}

#[derive(Default)]
struct Shapes(String);

impl Shapes {
    fn add(&mut self, title: &str, json: &str) {
        let mut found = BTreeSet::new();
        for line in json.lines() {
            let value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{title}: {line}"));
            paths(&value, "", &mut found);
        }
        assert!(!found.is_empty(), "{title} told nothing");
        let found: Vec<String> = found.into_iter().collect();
        writeln!(self.0, "{title}\n  {}\n", found.join("\n  ")).unwrap();
    }

    fn add_output(&mut self, title: &str, output: &Output) {
        assert!(output.status.success(), "{title}: {}", text(&output.stderr));
        self.add(title, &text(&output.stdout));
    }
}

#[test]
fn what_is_told_in_json_has_the_documented_shape() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let mut shapes = Shapes::default();
    let mut take = |title: &str, args: &[&str]| shapes.add_output(title, &gridos(args));
    take("gridos check", &["check", "examples/small.toml", "--json"]);
    take("gridos plan", &["plan", "examples/small.toml", "--json"]);
    let data = at("data");
    let demo = [
        "demo",
        "--listen",
        "127.0.0.1:0",
        "--devices",
        "2",
        "--for",
        "3s",
    ];
    take(
        "gridos demo, gridos run",
        &[&demo[..], &["--data-dir", &data, "--json"]].concat(),
    );
    take("gridos journal info", &["journal", "info", &data, "--json"]);
    take(
        "gridos journal verify",
        &["journal", "verify", &data, "--json"],
    );
    take(
        "gridos journal repair",
        &["journal", "repair", &data, "--json"],
    );
    let config = at("demo.toml");
    fs::write(&config, demo_config(&dir.path().join("data"))).unwrap();
    take("gridos migrate", &["migrate", &config, "--json"]);
    for (title, args, input) in access(&config) {
        shapes.add_output(title, &fed(&args, input));
    }
    let mut take = |title: &str, args: &[&str]| shapes.add_output(title, &gridos(args));
    let csv = at("all.csv");
    let export = [
        "export", &config, "--format", "csv", "--from", "-1h", "--output", &csv, "--json",
    ];
    take("gridos export", &export);
    let list = root_file("crates/gridos/src/import/tests/meter.csv");
    take(
        "gridos import modbus",
        &["import", "modbus", &list, "--json"],
    );
    let log = dir.path().join("log");
    let arguments = ["simulate", "sunspec", "--port", "0", "--json"];
    let mut inverter = Process::start(&arguments, &log);
    let line = inverter.wait_for("serving");
    shapes.add("gridos simulate", &line);
    let serving: Value = serde_json::from_str(&line).unwrap();
    let address = serving["first"].as_str().unwrap();
    shapes.add_output(
        "gridos discover sunspec",
        &gridos(&["discover", "sunspec", address, "--unit", "126", "--json"]),
    );
    let doctor = command(&["doctor", &config, "--json"]).output().unwrap();
    shapes.add("gridos doctor", &text(&doctor.stdout));
    let told = gridos(&["check", "/no/such/file", "--json"]);
    shapes.add("errors, on the error output", &text(&told.stderr));
    compare(&shapes.0);
}

/// The commands about users and tokens: their titles, arguments and what they read.
fn access(config: &str) -> Vec<(&'static str, Vec<&str>, &'static str)> {
    let (first, second) = ("correct horse battery", "battery horse correct");
    vec![
        (
            "gridos user add",
            vec!["user", "add", config, "anna", "--role", "viewer", "--json"],
            first,
        ),
        (
            "gridos user passwd",
            vec!["user", "passwd", config, "anna", "--json"],
            second,
        ),
        (
            "gridos user list",
            vec!["user", "list", config, "--json"],
            "",
        ),
        (
            "gridos user remove",
            vec!["user", "remove", config, "anna", "--json"],
            "",
        ),
        (
            "gridos token create",
            vec![
                "token", "create", config, "gw", "--role", "viewer", "--json",
            ],
            "",
        ),
        (
            "gridos token revoke",
            vec!["token", "revoke", config, "gw", "--json"],
            "",
        ),
        (
            "gridos token list",
            vec!["token", "list", config, "--json"],
            "",
        ),
    ]
}

/// What a command says that reads `input`.
fn fed(args: &[&str], input: &str) -> Output {
    let mut command = command(args);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // One that reads nothing may have ended.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// What the demo ran with, as far as its data go.
fn demo_config(data: &Path) -> String {
    format!(
        "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n",
        data.display()
    )
}

fn root_file(path: &str) -> String {
    super::root().join(path).to_str().unwrap().to_owned()
}

fn compare(shapes: &str) {
    let path = PathBuf::from(root_file("tests/whole/cli/shapes.txt"));
    if std::env::var_os("GRIDOS_WRITE").is_some() {
        fs::write(&path, shapes).unwrap();
    }
    let documented = fs::read_to_string(&path).unwrap();
    assert_eq!(
        shapes, documented,
        "see the head of tests/whole/cli/shapes.rs"
    );
}

//! The description of the API against a running engine: a foreign tool makes requests of it, right
//! and wrong ones, and holds the answers against it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::engine::{Process, free_address};
use crate::support::http::Client;

const PATIENCE: Duration = Duration::from_secs(60);

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance";

const CONFIG: &str = r#"
[store]
kind = "sqlite"
[[profile]]
name = "meter"
protocol = "push"
point = [
    { name = "p", unit = "kW", limits = { high = 10.0 } },
    { name = "q" },
    { name = "serial", type = "string" },
]
[[device]]
name = "meter"
profile = "meter"
"#;

/// Where `tests/run install` puts the tool; `None` if it is not there and need not be.
fn tool() -> Option<std::path::PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let tool = root.join("tests/.venv/bin/schemathesis");
    let must = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING").is_some();
    assert!(
        tool.exists() || !must,
        "schemathesis is missing; run tests/run install"
    );
    tool.exists().then_some(tool)
}

#[test]
fn the_answers_are_as_they_are_described() {
    let Some(tool) = tool() else {
        eprintln!("skipped: schemathesis is not installed; run tests/run install");
        return;
    };
    let dir = TempDir::new().unwrap();
    let address = free_address();
    let config = dir.path().join("gridos.toml");
    let data = dir.path().join("data");
    let head = format!(
        "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"{address}\"\n",
        data.display()
    );
    fs::write(&config, head + CONFIG).unwrap();
    let log = dir.path().join("log");
    let process = Process::start(&["run", config.to_str().unwrap()], &log);
    let began = Instant::now();
    while Client::connect(&address).is_err() {
        assert!(began.elapsed() < PATIENCE, "{}", process.log());
    }
    let output = Command::new(tool)
        .current_dir(dir.path())
        .args(["run", &format!("http://{address}/api/v1/openapi.json")])
        .args(["--checks", CHECKS])
        .args([
            "--phases",
            "coverage,fuzzing",
            "--max-examples",
            "10",
            "--seed",
            "1",
        ])
        // Their answers have no end.
        .args(["--exclude-path-regex", "/stream$"])
        // It makes no TOML.
        .args(["--exclude-operation-id", "replace_config"])
        .args(["--warnings", "off", "--request-timeout", "30"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", process.log());
}

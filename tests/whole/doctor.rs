//! `gridos doctor` with real parts: a database without rights, a port that is taken, a limit of files.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::engine::binary;
use crate::support::postgres::{Cluster, SUPERUSER};

fn examine(config: &Path) -> (i32, Value) {
    let output = Command::new(binary())
        .arg("doctor")
        .arg(config)
        .arg("--json")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    let value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{told}"));
    (output.status.code().unwrap(), value)
}

/// The grade and the words of a check.
fn check<'a>(value: &'a Value, name: &str) -> (&'a str, &'a str, &'a str) {
    let checks = value["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["check"] == name);
    let found = found.unwrap_or_else(|| panic!("no {name} in {value}"));
    let text = |key: &str| found[key].as_str().unwrap();
    (text("grade"), text("what"), text("advice"))
}

fn config(dir: &TempDir, more: &str) -> std::path::PathBuf {
    let path = dir.path().join("gridos.toml");
    let text = format!(
        "[engine]\ndata_dir = \"{}\"\n{more}",
        dir.path().join("data").display()
    );
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn a_machine_is_looked_at_as_a_whole() {
    let dir = TempDir::new().unwrap();
    let (_, value) = examine(&config(&dir, "[http]\nlisten = \"127.0.0.1:0\"\n"));
    for name in [
        "open files",
        "memory",
        "cgroup",
        "huge pages",
        "clock",
        "time zone",
        "leap second",
        "disk",
        "disk space",
        "database",
        "ports",
        "certificates",
        "devices",
    ] {
        check(&value, name);
    }
    assert_eq!(check(&value, "open files").0, "ok");
    let (_, disk, _) = check(&value, "disk");
    assert!(disk.contains("p99"), "{disk}");
    // Nothing stays of it.
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn a_port_that_is_taken_is_a_problem() {
    let dir = TempDir::new().unwrap();
    let holder = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = holder.local_addr().unwrap();
    let (code, value) = examine(&config(&dir, &format!("[http]\nlisten = \"{address}\"\n")));
    assert_eq!(code, 1);
    let (grade, what, advice) = check(&value, "ports");
    assert_eq!(grade, "problem");
    assert!(
        what.contains(&address.to_string()) && advice.contains("ss -ltnp"),
        "{value}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_without_rights_and_a_database_without_tables_are_told() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    cluster.create_database("fit").await;
    let client = cluster.connect("fit").await;
    let roles = "create role pen login; revoke create on schema public from public";
    client.batch_execute(roles).await.unwrap();
    let dir = TempDir::new().unwrap();
    let config = |user: &str| {
        let url = format!("postgres://{user}@127.0.0.1:{}/fit", cluster.port());
        let store = format!(
            "[http]\nlisten = \"127.0.0.1:0\"\n[store]\nkind = \"postgres\"\nurl = \"{url}\"\n"
        );
        config(&dir, &store)
    };
    let (code, value) = examine(&config("pen"));
    assert_eq!((code, check(&value, "schema").0), (1, "problem"), "{value}");
    let (_, value) = examine(&config(SUPERUSER));
    assert_eq!(check(&value, "database rights").0, "warning", "{value}");
    assert_eq!(check(&value, "schema").0, "warning", "{value}");
    let migrate = |more: &[&str]| {
        let made = Command::new(binary())
            .arg("migrate")
            .arg(config(SUPERUSER))
            .args(more)
            .output();
        assert!(made.unwrap().status.success());
    };
    migrate(&[]);
    let (_, value) = examine(&config("pen"));
    let (grade, what, advice) = check(&value, "database rights");
    assert_eq!(grade, "problem", "{value}");
    assert!(
        what.contains("pen may not") && advice.contains("--grant-to pen"),
        "{value}"
    );
    migrate(&["--grant-to", "pen"]);
    let (_, value) = examine(&config("pen"));
    for name in ["database", "database rights", "schema"] {
        assert_eq!(check(&value, name).0, "ok", "{value}");
    }
}

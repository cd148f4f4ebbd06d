//! The floors of ARCHITECTURE.md hold: arrows go down only, files stay small, crates say what they
//! are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const LINES_PER_FILE_MAX: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Crate → floor, from the table in ARCHITECTURE.md.
fn floors() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    text.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let floor = cells.next()?.parse().ok()?;
            Some((cells.next()?.trim_matches('`').to_owned(), floor))
        })
        .collect()
}

/// Crate → its direct dependencies, without those of its tests.
fn crates() -> BTreeMap<String, Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages
        .map(|package| {
            let dependencies = package["dependencies"].as_array().unwrap().iter();
            let normal = dependencies.filter(|dependency| dependency["kind"].is_null());
            (
                text(&package["name"]),
                normal.map(|dependency| text(&dependency["name"])).collect(),
            )
        })
        .collect()
}

fn short(package: &str) -> &str {
    package.strip_prefix("gridos-").unwrap_or(package)
}

#[test]
fn every_crate_has_a_floor_and_every_floor_a_crate() {
    let floors: Vec<_> = floors().into_keys().collect();
    let mut crates: Vec<_> = crates()
        .into_keys()
        .map(|name| short(&name).to_owned())
        .collect();
    crates.sort();
    assert_eq!(floors, crates);
}

#[test]
fn arrows_go_down_only() {
    let floors = floors();
    let mut up = Vec::new();
    for (name, dependencies) in crates() {
        for dependency in dependencies.iter().filter(|d| d.starts_with("gridos")) {
            if floors[short(dependency)] >= floors[short(&name)] {
                up.push(format!("{name} → {dependency}"));
            }
        }
    }
    assert_eq!(up, Vec::<String>::new());
}

#[test]
fn pure_crates_depend_on_no_runtime() {
    let crates = crates();
    for pure in [
        "gridos-model",
        "gridos-dnp3",
        "gridos-line",
        "gridos-modbus",
        "gridos-rows",
        "gridos-alarm",
        "gridos-fleet",
        "gridos-canary",
        "gridos-analysis",
    ] {
        let foreign = ["tokio", "axum", "rusqlite", "tokio-postgres", "metrics"];
        // Definitions of alarms are written by people, in one shape for files, HTTP and the journal.
        // Verdicts are told in JSON, and manifests are YAML.
        let has_format = ["gridos-alarm", "gridos-canary", "gridos-analysis"].contains(&pure);
        let found: Vec<_> = crates[pure]
            .iter()
            .filter(|name| foreign.contains(&name.as_str()) || *name == "serde" && !has_format)
            .collect();
        assert!(found.is_empty(), "{pure} depends on {found:?}");
    }
}

#[test]
fn files_stay_small() {
    let long: Vec<_> = ["crates", "tests", "benches"]
        .into_iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            (lines > LINES_PER_FILE_MAX).then(|| format!("{}: {lines}", path.display()))
        })
        .collect();
    assert_eq!(
        long,
        Vec::<String>::new(),
        "a file this long wants a second noun"
    );
}

#[test]
fn every_crate_says_what_it_is_and_what_it_must_not_know() {
    for entry in fs::read_dir(root().join("crates")).unwrap() {
        let lib = entry.unwrap().path().join("src/lib.rs");
        let text = fs::read_to_string(&lib).unwrap();
        let head: Vec<_> = text
            .lines()
            .take_while(|line| line.starts_with("//!"))
            .collect();
        assert!(
            head.join(" ").contains("must not know"),
            "{}",
            lib.display()
        );
    }
}

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

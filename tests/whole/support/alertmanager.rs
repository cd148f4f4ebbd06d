//! An Alertmanager of the test's own.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::http::Client;
use crate::support::postgres::free_port;

const BINARY: &str = "prometheus-alertmanager";

/// An Alertmanager with a folder and a port of its own, which may be started and stopped; killed
/// when dropped.
pub(crate) struct Alertmanager {
    pub(crate) address: String,
    dir: TempDir,
    child: Option<Child>,
}

impl Alertmanager {
    /// One with that configuration that does not run yet; `None` if it is not installed, where a
    /// test may be skipped.
    pub(crate) fn of(config: &str) -> Option<Self> {
        let version = Command::new(BINARY).arg("--version").output();
        if version.is_err() {
            let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
            assert!(
                nothing.is_none(),
                "{BINARY} is not installed; run tests/run install"
            );
            eprintln!("skipped: {BINARY} is not installed");
            return None;
        }
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("alertmanager.yml"), config).unwrap();
        Some(Self {
            address: format!("127.0.0.1:{}", free_port()),
            dir,
            child: None,
        })
    }

    pub(crate) fn start(&mut self) {
        let file = |name: &str| self.dir.path().join(name);
        let flag = |name: &str, path: PathBuf| format!("--{name}={}", path.display());
        let child = Command::new(BINARY)
            .arg(flag("config.file", file("alertmanager.yml")))
            .arg(flag("storage.path", file("data")))
            .arg(format!("--web.listen-address={}", self.address))
            // No gossip with others.
            .arg("--cluster.listen-address=")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(file("log")).unwrap())
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// What it forgets by that it is told again.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// The alerts that are active; `None` while it is not there.
    pub(crate) fn active(&self) -> Option<Vec<Value>> {
        self.get("/api/v2/alerts?active=true")
    }

    /// Its groups of alerts.
    pub(crate) fn groups(&self) -> Option<Vec<Value>> {
        self.get("/api/v2/alerts/groups")
    }

    fn get(&self, path: &str) -> Option<Vec<Value>> {
        let answer = Client::connect(&self.address).ok()?.get(path).ok()?;
        (answer.status == 200).then(|| serde_json::from_str(&answer.body).unwrap())
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        self.stop();
    }
}

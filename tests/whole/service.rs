//! The engine under a service manager: what it tells over the socket, and when the watchdog is fed.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::engine::{Process, binary};

/// Longer than anything may take: only a hang ends it.
const PATIENCE: Duration = Duration::from_secs(60);

/// The manager's end of the socket.
struct Manager(UnixDatagram);

impl Manager {
    fn at(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    /// The next message that has a line beginning with `mark`, and those that came before it.
    fn wait_for(&self, mark: &str) -> (String, Vec<String>) {
        let (mut buffer, mut before) = ([0; 4_096], Vec::new());
        loop {
            let bytes = self.0.recv(&mut buffer);
            let bytes = bytes.unwrap_or_else(|error| panic!("no '{mark}' ({error}): {before:?}"));
            let message = String::from_utf8(buffer[..bytes].to_vec()).unwrap();
            if message.lines().any(|line| line.starts_with(mark)) {
                return (message, before);
            }
            before.push(message);
        }
    }
}

#[test]
fn the_manager_is_told_of_the_start_the_state_and_the_end() {
    let dir = TempDir::new().unwrap();
    let manager = Manager::at(&dir.path().join("notify"));
    let config = dir.path().join("gridos.toml");
    let data = dir.path().join("data");
    let text = format!(
        "[engine]\ndata_dir = \"{}\"\n[http]\nlisten = \"127.0.0.1:0\"\n",
        data.display()
    );
    std::fs::write(&config, text).unwrap();
    let mut command = Command::new(binary());
    command
        .arg("run")
        .arg(&config)
        .env("NOTIFY_SOCKET", dir.path().join("notify"))
        .env("WATCHDOG_USEC", "2000000");
    let engine = Process::spawn(&mut command, &dir.path().join("log"));
    let (_, before) = manager.wait_for("READY=1");
    assert!(before.is_empty(), "{before:?}");
    let (state, _) = manager.wait_for("STATUS=");
    assert!(state.contains("0 of 0 devices up"), "{state}");
    for _ in 0..3 {
        manager.wait_for("WATCHDOG=1");
    }
    engine.signal(Signal::TERM);
    let (stopping, _) = manager.wait_for("STOPPING=1");
    assert!(stopping.contains("STATUS=draining"), "{stopping}");
    let (status, _) = engine.wait();
    assert!(status.success());
}

#[test]
fn the_unit_is_sound_and_hardened() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let unit = std::fs::read_to_string(root.join("deploy/systemd/gridos.service")).unwrap();
    let Ok(version) = Command::new("systemd-analyze").arg("--version").output() else {
        let nothing = std::env::var_os("GRIDOS_TESTS_SKIP_NOTHING");
        assert!(nothing.is_none(), "there is no systemd-analyze");
        println!("skipped: there is no systemd-analyze");
        return;
    };
    assert!(version.status.success());
    // The program that it starts, and the manual, are where they would be installed.
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("gridos.service");
    let here = unit
        .replace("/usr/local/bin/gridos", &binary().display().to_string())
        .replace("Documentation=man:gridos(1)\n", "");
    std::fs::write(&path, here).unwrap();
    let analyze = |arguments: &[&str]| {
        let output = Command::new("systemd-analyze")
            .args(arguments)
            .arg(&path)
            .output()
            .unwrap();
        let told = [output.stdout, output.stderr].concat();
        (output.status, String::from_utf8_lossy(&told).into_owned())
    };
    let (verified, told) = analyze(&["verify"]);
    let of_this = told.lines().filter(|line| line.contains("gridos"));
    let wrong: Vec<&str> = of_this.collect();
    assert!(verified.success() && wrong.is_empty(), "{told}");
    // 10 is a service that may do everything; what does not need the network at all would have less.
    let (exposed, told) = analyze(&["security", "--offline=true", "--threshold=20"]);
    assert!(exposed.success(), "{told}");
}

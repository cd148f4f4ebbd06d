//! A NATS server of the rehearsal's own, over which the engines share the devices.

use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use gridos_roster::{Bucket, BucketOptions, Credentials};
use tokio::time::sleep;

use super::error::RehearseError;

/// The fleet's name.
pub(super) const FLEET: &str = "rehearsal";

/// How long it may take to get ready on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// Somebody else may take a port between the look and the start.
const TRIES: usize = 5;
/// Where Debian keeps it, out of an ordinary user's search path.
const SYSTEM_FOLDER: &str = "/usr/sbin";

/// A running server; killed when dropped.
#[derive(Debug)]
pub(super) struct Nats {
    child: Child,
    /// `nats://127.0.0.1:4222`.
    pub(super) url: String,
    /// What the members share.
    pub(super) bucket: Bucket,
}

impl Nats {
    /// Starts one that keeps what it knows in `folder`, and waits until it can be used.
    pub(super) async fn start(binary: &Path, folder: &Path) -> Result<Self, RehearseError> {
        fs::create_dir_all(folder).map_err(RehearseError::folder(folder))?;
        let log = folder.join("log");
        let mut said = String::new();
        for _ in 0..TRIES {
            let (mut child, url) = spawn(binary, folder, &log)?;
            if let Some(bucket) = opened(&mut child, &url).await {
                return Ok(Self { child, url, bucket });
            }
            end(&mut child);
            said = fs::read_to_string(&log).unwrap_or_default();
        }
        Err(RehearseError::NatsUnready(said.trim().to_owned()))
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn end(child: &mut Child) {
    // It may have ended already.
    let _ = child.kill();
    let _ = child.wait();
}

fn spawn(binary: &Path, folder: &Path, log: &Path) -> Result<(Child, String), RehearseError> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
    let address = free.map_err(RehearseError::Devices)?;
    let started = |binary: &Path| {
        let output = File::create(log)?;
        Command::new(binary)
            .arg("--jetstream")
            .arg("--store_dir")
            .arg(folder.join("data"))
            .args(["--addr", "127.0.0.1", "--port"])
            .arg(address.port().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
    };
    let is_missing = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let child = match started(binary) {
        Err(error) if is_missing(&error) && is_bare(binary) => {
            started(&Path::new(SYSTEM_FOLDER).join(binary))
        }
        child => child,
    };
    let path = PathBuf::from(binary);
    match child {
        Ok(child) => Ok((child, format!("nats://{address}"))),
        Err(error) if is_missing(&error) => Err(RehearseError::NoNats(path)),
        Err(source) => Err(RehearseError::NotStarted { path, source }),
    }
}

/// A name without a folder.
fn is_bare(binary: &Path) -> bool {
    binary
        .parent()
        .is_some_and(|folder| folder.as_os_str().is_empty())
}

/// The bucket of the server at `url`; none if it ends, or does not answer for long.
async fn opened(child: &mut Child, url: &str) -> Option<Bucket> {
    let options = BucketOptions {
        servers: vec![url.to_owned()],
        fleet: FLEET.to_owned(),
        replicas: 1,
        client: "gridos canary rehearse".to_owned(),
        credentials: Credentials::None,
        ca_file: None,
        certificate: None,
    };
    let began = Instant::now();
    while began.elapsed() < PATIENCE && matches!(child.try_wait(), Ok(None)) {
        if let Ok(bucket) = Bucket::open(&options).await {
            return Some(bucket);
        }
        sleep(LOOK).await;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bare_name_is_looked_for_elsewhere() {
        let bare = ["nats-server", "./nats-server", "/opt/nats-server"];
        assert_eq!(
            bare.map(|name| is_bare(Path::new(name))),
            [true, false, false]
        );
    }
}

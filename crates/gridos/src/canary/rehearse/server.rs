//! A server that the rehearsal runs for itself, at a free port of this machine.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::error::RehearseError;

/// How long it may take to get ready on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(50);
/// Somebody else may take a port between the look and the start.
const TRIES: usize = 5;
/// Where Debian keeps servers, out of an ordinary user's search path.
const SYSTEM_FOLDER: &str = "/usr/sbin";

/// What is run, and how.
pub(super) struct Program<'a> {
    pub(super) binary: &'a Path,
    /// Where what it says goes.
    pub(super) log: &'a Path,
    /// Its arguments, for the address at which it is to listen.
    pub(super) arguments: &'a dyn Fn(SocketAddr) -> Vec<OsString>,
    /// Why it does not go on where there is no such program.
    pub(super) missing: fn(PathBuf) -> RehearseError,
    /// The same where it does not get ready, with what it says.
    pub(super) unready: fn(String) -> RehearseError,
}

/// A running server; killed when dropped.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    /// Starts it, and waits until `ready` finds at its address what it is wanted for.
    pub(super) async fn start<T>(
        program: &Program<'_>,
        ready: impl AsyncFn(SocketAddr) -> Option<T>,
    ) -> Result<(Self, T), RehearseError> {
        for _ in 0..TRIES {
            let mut server = Self::spawn(program)?;
            if let Some(found) = server.until(&ready).await {
                return Ok((server, found));
            }
        }
        let said = fs::read_to_string(program.log).unwrap_or_default();
        Err((program.unready)(said.trim().to_owned()))
    }

    fn spawn(program: &Program<'_>) -> Result<Self, RehearseError> {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|free| free.local_addr());
        let address = free.map_err(RehearseError::Devices)?;
        let binary = program.binary;
        let child = match run(program, binary, address) {
            Err(error) if is_missing(&error) && is_bare(binary) => {
                run(program, &Path::new(SYSTEM_FOLDER).join(binary), address)
            }
            child => child,
        };
        let path = binary.to_owned();
        match child {
            Ok(child) => Ok(Self { child, address }),
            Err(error) if is_missing(&error) => Err((program.missing)(path)),
            Err(source) => Err(RehearseError::NotStarted { path, source }),
        }
    }

    /// None if it ends, or is not ready for long.
    async fn until<T>(&mut self, ready: &impl AsyncFn(SocketAddr) -> Option<T>) -> Option<T> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE && matches!(self.child.try_wait(), Ok(None)) {
            if let Some(found) = ready(self.address).await {
                return Some(found);
            }
            sleep(LOOK).await;
        }
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(program: &Program<'_>, binary: &Path, address: SocketAddr) -> io::Result<Child> {
    let output = File::create(program.log)?;
    Command::new(binary)
        .args((program.arguments)(address))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(output)
        .spawn()
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// A name without a folder.
fn is_bare(binary: &Path) -> bool {
    binary
        .parent()
        .is_some_and(|folder| folder.as_os_str().is_empty())
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

//! The commands, one file each.

use std::error::Error;
use std::io;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

pub(crate) mod alarms;
pub(crate) mod bench;
pub(crate) mod canary;
pub(crate) mod check;
pub(crate) mod decode;
pub(crate) mod demo;
pub(crate) mod discover;
pub(crate) mod doctor;
pub(crate) mod event;
pub(crate) mod export;
pub(crate) mod fleet;
mod follow;
pub(crate) mod import;
pub(crate) mod journal;
pub(crate) mod migrate;
pub(crate) mod plan;
pub(crate) mod probe;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod shell;
pub(crate) mod simulate;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod writer;

/// What every command ends with.
pub(crate) type Outcome = Result<(), Box<dyn Error>>;

/// Runs `work`, and leaves behind whatever still waits for a foreign lock or disk.
fn block_on<T>(work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let outcome = runtime.block_on(work);
    runtime.shutdown_background();
    Ok(outcome)
}

/// Waits for Ctrl-C, SIGTERM, or the end of `duration`.
pub(crate) async fn asked_to_end(duration: Option<Duration>) -> io::Result<()> {
    EndSignals::listen()?.asked(duration).await;
    Ok(())
}

/// The signals that ask a process to end, from the moment on at which it listens.
struct EndSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl EndSignals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Waits for one of them, or the end of `duration`.
    async fn asked(mut self, duration: Option<Duration>) {
        let over = async {
            match duration {
                Some(duration) => tokio::time::sleep(duration).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = over => {}
        }
    }
}

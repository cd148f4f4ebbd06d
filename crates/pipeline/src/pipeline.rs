//! The threads of the pipeline: their start, their turns and their end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use gridos_journal::{JournalError, Tail};
use gridos_ring::Producer;
use tokio::sync::watch;

use crate::sync::{self, SyncOptions, SyncQueue, Written};
use crate::turn::Turn;

/// A sleeping pipeline looks again after this even if nobody wakes it: belt and braces.
const SLEEP_MAX: Duration = Duration::from_millis(50);
/// How long the pipeline waits before it tries a refused write again.
const WRITE_RETRY: Duration = Duration::from_millis(100);

/// The running pipeline.
#[derive(Debug)]
pub struct Pipeline {
    stopping: Arc<AtomicBool>,
    waker: Producer,
    durable: watch::Receiver<Tail>,
    failed: watch::Receiver<bool>,
    turns: JoinHandle<Result<Tail, JournalError>>,
    syncs: JoinHandle<Result<(), JournalError>>,
}

/// Why the pipeline ended before it was asked to, or could not end well.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The journal can no longer be written or synced; nothing was acknowledged since.
    #[error("the journal failed: nothing more is acknowledged")]
    Journal(#[from] JournalError),
    /// A thread of the pipeline panicked: a defect.
    #[error("a thread of the pipeline panicked; please report it")]
    Panicked,
}

impl Pipeline {
    /// Starts both threads. `waker` is a producer's end of the ring that `turn` consumes.
    pub fn start(turn: Turn, options: SyncOptions, waker: Producer) -> io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let queue = Arc::new(SyncQueue::new(options, turn.end()));
        let (durable_sender, durable) = watch::channel(turn.end());
        let (failed_sender, failed) = watch::channel(false);
        let syncer = turn.journal().syncer();
        let telemetry = Arc::clone(turn.telemetry());
        telemetry.journal.position.set(turn.end().position.get());
        telemetry.journal.durable.set(turn.end().position.get());
        let syncs = {
            let (queue, failed) = (Arc::clone(&queue), failed_sender.clone());
            thread::Builder::new()
                .name("journal-sync".to_owned())
                .spawn(move || {
                    let outcome = sync::run(&queue, &syncer, &durable_sender, &telemetry);
                    failed.send_if_modified(|failed| {
                        outcome.is_err() && !std::mem::replace(failed, true)
                    });
                    outcome
                })?
        };
        let turns = {
            let stopping = Arc::clone(&stopping);
            thread::Builder::new()
                .name("pipeline".to_owned())
                .spawn(move || {
                    let outcome = run(turn, &queue, &stopping);
                    queue.close();
                    failed_sender.send_if_modified(|failed| {
                        outcome.is_err() && !std::mem::replace(failed, true)
                    });
                    outcome
                })?
        };
        Ok(Self {
            stopping,
            waker,
            durable,
            failed,
            turns,
            syncs,
        })
    }

    /// The end of what is durable, as it moves.
    pub fn durable(&self) -> watch::Receiver<Tail> {
        self.durable.clone()
    }

    /// Becomes true if the pipeline fails: the engine must end then.
    pub fn failed(&self) -> watch::Receiver<bool> {
        self.failed.clone()
    }

    /// Takes what is still in the ring, makes it durable and ends; blocks until then.
    ///
    /// Producers must have ended before. Returns the end of the journal.
    pub fn stop(self) -> Result<Tail, PipelineError> {
        self.stopping.store(true, Ordering::Release);
        self.waker.wake();
        let end = self.turns.join().map_err(|_| PipelineError::Panicked)?;
        self.syncs.join().map_err(|_| PipelineError::Panicked)??;
        Ok(end?)
    }
}

fn run(mut turn: Turn, queue: &SyncQueue, stopping: &AtomicBool) -> Result<Tail, JournalError> {
    loop {
        let last = stopping.load(Ordering::Acquire);
        if turn.take() == 0 {
            if last {
                return Ok(turn.end());
            }
            turn.consumer().wait(SLEEP_MAX);
            continue;
        }
        if let Some(written) = write(&mut turn, stopping)?
            && !queue.push(written)
        {
            return Err(JournalError::Poisoned);
        }
    }
}

/// Writes, again and again while the disk refuses: the ring fills meanwhile, and devices are held
/// back. Gives up only when the engine is stopping anyway.
fn write(turn: &mut Turn, stopping: &AtomicBool) -> Result<Option<Written>, JournalError> {
    let mut refused = false;
    loop {
        match turn.write() {
            Ok(written) => {
                if refused {
                    tracing::info!("the journal takes readings again");
                }
                return Ok(written);
            }
            Err(error) => {
                turn.telemetry().journal.write_failures.increment();
                if matches!(error, JournalError::Poisoned) || stopping.load(Ordering::Acquire) {
                    return Err(error);
                }
                if !std::mem::replace(&mut refused, true) {
                    tracing::error!(error = %Chain(&error), "the journal takes no readings");
                }
                thread::park_timeout(WRITE_RETRY);
            }
        }
    }
}

/// An error with all its causes on one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}

//! The threads of the pipeline: their start, their turns and their end.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use gridos_journal::{JournalError, Tail};
use gridos_ring::Producer;
use tokio::sync::watch;

use crate::chain::Chain;
use crate::sync::{self, SyncOptions, SyncQueue};
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
        let queue = Arc::new(SyncQueue::new(options, turn.written()));
        let (durable_sender, durable) = watch::channel(turn.written());
        let (failed_sender, failed) = watch::channel(false);
        let syncer = turn.journal().syncer();
        let telemetry = Arc::clone(turn.telemetry());
        telemetry
            .journal
            .position
            .set(turn.written().position.get());
        telemetry.journal.durable.set(turn.written().position.get());
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
                    let closing = Closing(queue);
                    let outcome = run(turn, &closing.0, &stopping);
                    drop(closing);
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
    let mut stall = Stall::default();
    loop {
        let last = stopping.load(Ordering::Acquire);
        let taken = turn.take();
        if stall.may_write(Instant::now()) && !queue.is_full() {
            match turn.write() {
                Ok(written) => {
                    stall.end();
                    if !written.is_none_or(|written| queue.push(written)) {
                        return Err(JournalError::Poisoned);
                    }
                }
                Err(error) => {
                    turn.telemetry().journal.write_failures.increment();
                    stall.on_refused(error, Instant::now())?;
                }
            }
        }
        turn.set_stalled(stall.is_on() || queue.is_full());
        if taken > 0 {
            continue;
        }
        if last && (turn.is_written() || turn.is_stalled()) {
            turn.give_up();
            return Ok(turn.written());
        }
        let sleep = if turn.is_written() {
            SLEEP_MAX
        } else {
            WRITE_RETRY
        };
        turn.consumer().wait(sleep);
    }
}

/// Whether the disk takes what is written, and when to try again.
#[derive(Debug, Default)]
struct Stall {
    tried: Option<Instant>,
}

impl Stall {
    fn is_on(&self) -> bool {
        self.tried.is_some()
    }

    fn may_write(&self, now: Instant) -> bool {
        self.tried
            .is_none_or(|tried| now.duration_since(tried) >= WRITE_RETRY)
    }

    fn end(&mut self) {
        if self.tried.take().is_some() {
            tracing::info!("the journal takes readings again");
        }
    }

    /// A write was refused at `now`: it is tried again, unless nothing can ever be written again.
    fn on_refused(&mut self, error: JournalError, now: Instant) -> Result<(), JournalError> {
        if matches!(error, JournalError::Poisoned) {
            return Err(error);
        }
        if self.tried.replace(now).is_none() {
            tracing::error!(error = %Chain(&error), "the journal takes no readings");
        }
        Ok(())
    }
}

/// Ends the sync thread with the pipeline thread, also if that panics.
struct Closing(Arc<SyncQueue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

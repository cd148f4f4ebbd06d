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
use crate::pulse::{Pulse, PulseWatch};
use crate::sync::{self, SyncOptions, SyncQueue};
use crate::turn::Turn;

/// A sleeping pipeline looks again after this even if nobody wakes it: belt and braces.
const SLEEP_MAX: Duration = Duration::from_millis(50);
/// How long the pipeline waits before it tries a refused write again.
const WRITE_RETRY: Duration = Duration::from_millis(100);
/// A journal that takes nothing for so long is not waited for at the end.
const STALL_LASTS: Duration = Duration::from_secs(1);
/// How often the pipeline looks whether everything is durable, when it is to end.
const STOP_SLEEP: Duration = Duration::from_millis(2);

/// The running pipeline.
#[derive(Debug)]
pub struct Pipeline {
    stopping: Arc<AtomicBool>,
    waker: Producer,
    durable: watch::Receiver<Tail>,
    failed: watch::Receiver<bool>,
    pulse: Arc<Pulse>,
    turns: JoinHandle<Tail>,
    syncs: JoinHandle<Result<(), JournalError>>,
}

/// Why the pipeline ended before it was asked to, or could not end well.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    /// The disk did not take the end of the journal; nothing of it was acknowledged.
    #[error("the disk did not take the end of the journal, and it was not acknowledged")]
    Journal(#[from] JournalError),
    /// A thread of the pipeline panicked: a defect.
    #[error("a thread of the pipeline panicked; please report it")]
    Panicked,
}

impl Pipeline {
    /// Starts both threads. `waker` is a producer's end of the ring that `turn` consumes.
    pub fn start(turn: Turn, options: SyncOptions, waker: Producer) -> io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let pulse = Arc::new(Pulse::default());
        let queue = SyncQueue::new(options, turn.written(), Arc::clone(&pulse));
        let queue = Arc::new(queue);
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
            let board = Arc::clone(&turn.views().alarms);
            thread::Builder::new()
                .name("journal-sync".to_owned())
                .spawn(move || {
                    let outcome = sync::run(&queue, &syncer, &durable_sender, &board, &telemetry);
                    failed.send_if_modified(|failed| {
                        outcome.is_err() && !std::mem::replace(failed, true)
                    });
                    outcome
                })?
        };
        let turns = {
            let (stopping, pulse) = (Arc::clone(&stopping), Arc::clone(&pulse));
            thread::Builder::new()
                .name("pipeline".to_owned())
                .spawn(move || {
                    let closing = Closing(queue);
                    // Who watches learns of a panic by its being dropped.
                    let _failed = failed_sender;
                    run(turn, &closing.0, &stopping, &pulse)
                })?
        };
        Ok(Self {
            stopping,
            waker,
            durable,
            failed,
            pulse,
            turns,
            syncs,
        })
    }

    /// The end of what is durable, as it moves.
    pub fn durable(&self) -> watch::Receiver<Tail> {
        self.durable.clone()
    }

    /// Tells whether both threads still turn: asked less often than every second, it says yes while all is
    /// well.
    pub fn pulse(&self) -> PulseWatch {
        PulseWatch::new(Arc::clone(&self.pulse))
    }

    /// Becomes true, or its sender goes away, if the pipeline ends: the engine must end then.
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
        Ok(end)
    }
}

fn run(mut turn: Turn, queue: &SyncQueue, stopping: &AtomicBool, pulse: &Pulse) -> Tail {
    let mut stall = Stall::default();
    loop {
        pulse.on_turn();
        let last = stopping.load(Ordering::Acquire);
        let taken = turn.take();
        // What the disk failed to take is written again however much it is.
        let may_write = !queue.is_full() || turn.journal().is_poisoned();
        if may_write && stall.may_write(Instant::now()) {
            match turn.write() {
                Ok(written) => {
                    if stall.is_on() {
                        turn.telemetry().journal.full.set(0);
                    }
                    stall.end();
                    if let Some(written) = written {
                        queue.push(written);
                    }
                }
                Err(error) => {
                    let cells = &turn.telemetry().journal;
                    cells.write_failures.increment();
                    cells.full.set(u64::from(error.is_full()));
                    stall.on_refused(&error, Instant::now());
                    queue.call();
                }
            }
        }
        turn.set_stalled(stall.is_on() || queue.is_full() || turn.is_degraded());
        if taken > 0 {
            continue;
        }
        // A disk that is slow, or a next segment that is late, is waited for.
        let is_hopeless = turn.is_degraded() || stall.is_lasting(Instant::now());
        if last && (is_hopeless || turn.is_written() && queue.hurry()) {
            turn.give_up();
            return turn.written();
        }
        let sleep = match (last, turn.is_written()) {
            (true, _) => STOP_SLEEP,
            (false, true) => SLEEP_MAX,
            (false, false) => WRITE_RETRY,
        };
        turn.sleep(sleep);
    }
}

/// Whether the disk takes what is written, and when to try again.
#[derive(Debug, Default)]
struct Stall {
    since: Option<Instant>,
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

    fn is_lasting(&self, now: Instant) -> bool {
        self.since
            .is_some_and(|since| now.duration_since(since) >= STALL_LASTS)
    }

    fn end(&mut self) {
        self.since = None;
        if self.tried.take().is_some() {
            tracing::info!("the journal takes readings again");
        }
    }

    /// A write was refused at `now`: it is tried again.
    fn on_refused(&mut self, error: &JournalError, now: Instant) {
        self.since.get_or_insert(now);
        if self.tried.replace(now).is_none() {
            tracing::error!(error = %Chain(error), "the journal takes no readings");
        }
    }
}

/// Ends the sync thread with the pipeline thread, also if that panics.
struct Closing(Arc<SyncQueue>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

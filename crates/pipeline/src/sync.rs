//! The sync thread: one fdatasync for many batches, and then their receipts.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gridos_journal::{JournalError, Syncer, Tail};
use gridos_ring::Receipt;
use gridos_telemetry::{StageRecorder, Telemetry};
use tokio::sync::watch;

/// When the sync thread syncs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncOptions {
    /// The longest that something written waits for others before it is synced; 5 ms by default.
    ///
    /// Longer spares the disk and delays every receipt; zero syncs as fast as the disk can.
    pub interval: Duration,
    /// So many bytes are synced at once without waiting; 1 MiB by default.
    pub bytes: u64,
    /// So many bytes may be written and not yet durable; beyond it the journal counts as stalled
    /// and producers are held back. 64 MiB by default.
    pub backlog_bytes_max: u64,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(5),
            bytes: 1 << 20,
            backlog_bytes_max: 64 << 20,
        }
    }
}

/// What one turn wrote.
#[derive(Debug)]
pub struct Written {
    /// Where the journal ended then.
    pub tail: Tail,
    /// The batches of the turn.
    pub batches: Vec<Awaiting>,
}

/// A batch that is written and not yet durable.
#[derive(Debug)]
pub struct Awaiting {
    /// When its last byte was read from the wire.
    pub wire: Instant,
    /// Redeemed once it is durable.
    pub receipt: Option<Receipt>,
}

/// What the pipeline thread and the sync thread share.
#[derive(Debug)]
pub(crate) struct SyncQueue {
    options: SyncOptions,
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug)]
struct Inner {
    written: VecDeque<(Instant, Written)>,
    tail: Tail,
    durable: Tail,
    closed: bool,
    failed: bool,
}

impl SyncQueue {
    pub(crate) fn new(options: SyncOptions, tail: Tail) -> Self {
        let inner = Inner {
            written: VecDeque::new(),
            tail,
            durable: tail,
            closed: false,
            failed: false,
        };
        Self {
            options,
            inner: Mutex::new(inner),
            changed: Condvar::new(),
        }
    }

    /// Hands over what a turn wrote; returns whether the sync thread still works.
    pub(crate) fn push(&self, written: Written) -> bool {
        let mut inner = self.lock();
        inner.tail = written.tail;
        inner.written.push_back((Instant::now(), written));
        self.changed.notify_all();
        !inner.failed
    }

    /// Whether so much is written and not durable that no more should be.
    pub(crate) fn is_full(&self) -> bool {
        let inner = self.lock();
        !inner.failed && inner.backlog() > self.options.backlog_bytes_max
    }

    /// Nothing more will come: the sync thread syncs what there is and ends.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Waits until there is something to sync and it is time to; `None` at the end.
    fn next(&self) -> Option<Tail> {
        let mut inner = self.lock();
        loop {
            match inner.written.front() {
                None if inner.closed => return None,
                None => {
                    inner = self
                        .changed
                        .wait(inner)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                Some((since, _)) => {
                    let left = self.options.interval.saturating_sub(since.elapsed());
                    if left.is_zero() || inner.closed || inner.backlog() >= self.options.bytes {
                        return Some(inner.tail);
                    }
                    let waited = self.changed.wait_timeout(inner, left);
                    inner = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Everything before `durable` is durable: takes out the turns that are.
    fn settle(&self, durable: Tail, settled: &mut Vec<Written>) {
        let mut inner = self.lock();
        while inner
            .written
            .front()
            .is_some_and(|(_, turn)| turn.tail.position <= durable.position)
        {
            settled.extend(inner.written.pop_front().map(|(_, turn)| turn));
        }
        inner.durable = durable;
        self.changed.notify_all();
    }

    /// No receipt will ever be given again: those waiting learn that by its being dropped.
    fn fail(&self) {
        let mut inner = self.lock();
        inner.failed = true;
        inner.written.clear();
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn backlog(&self) -> u64 {
        self.tail.position.bytes_since(self.durable.position)
    }
}

/// Syncs until the queue is closed, telling `durable` and the receipts each time.
pub(crate) fn run(
    queue: &SyncQueue,
    syncer: &Syncer,
    durable: &watch::Sender<Tail>,
    telemetry: &Arc<Telemetry>,
) -> Result<(), JournalError> {
    let mut stage = telemetry.stages.durable.recorder();
    let mut settled = Vec::new();
    while let Some(tail) = queue.next() {
        if let Err(error) = syncer.sync() {
            telemetry.journal.sync_failures.increment();
            queue.fail();
            return Err(error);
        }
        telemetry.journal.syncs.increment();
        telemetry.journal.durable.set(tail.position.get());
        durable.send_replace(tail);
        queue.settle(tail, &mut settled);
        for turn in settled.drain(..) {
            release(turn, &mut stage);
        }
        stage.flush();
    }
    Ok(())
}

fn release(turn: Written, stage: &mut StageRecorder) {
    for batch in turn.batches {
        stage.record(batch.wire.elapsed());
        if let Some(receipt) = batch.receipt {
            receipt.redeem(turn.tail.position.get());
        }
    }
}

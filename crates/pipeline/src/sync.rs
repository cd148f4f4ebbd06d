//! The sync thread: one fdatasync for many batches, and then their receipts.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use gridos_alarm::Outcome;
use gridos_journal::{JournalError, Syncer, Tail};
use gridos_ring::Receipt;
use gridos_telemetry::{Protocol, StageRecorder, Telemetry};
use tokio::sync::watch;

use crate::alarms::{AlarmBoard, Answer};
use crate::chain::Chain;
use crate::pulse::Pulse;

/// How long the sync thread waits for the pipeline thread to write again what the disk failed to
/// take.
const REST: Duration = Duration::from_millis(10);
/// How long the sync thread sleeps while nothing is written: its pulse goes on.
const IDLE_MAX: Duration = Duration::from_millis(250);
/// The first wait before a segment is prepared again, when that or the disk failed; then twice as
/// long each time.
const PREPARE_RETRY: Duration = Duration::from_millis(100);
const PREPARE_RETRY_MAX: Duration = Duration::from_secs(5);

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
    /// and producers are held back. They stay in memory until the disk has them. 16 MiB by default.
    pub backlog_bytes_max: u64,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(5),
            bytes: 1 << 20,
            backlog_bytes_max: 16 << 20,
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
    /// Its commands.
    pub promised: Vec<Promised>,
    /// The sequence of the last record of an alarm up to there.
    pub alarms: u64,
}

/// A command that is done and not yet durable.
#[derive(Debug)]
pub struct Promised {
    pub(crate) answer: Answer,
    pub(crate) outcome: Outcome,
}

/// A batch that is written and not yet durable.
#[derive(Debug)]
pub struct Awaiting {
    /// When its last byte was read from the wire.
    pub wire: Instant,
    /// How long before that it was due.
    pub lead: Duration,
    /// By which protocol it came.
    pub protocol: Protocol,
    /// Redeemed once it is durable.
    pub receipt: Option<Receipt>,
}

/// What the pipeline thread and the sync thread share.
#[derive(Debug)]
pub(crate) struct SyncQueue {
    options: SyncOptions,
    inner: Mutex<Inner>,
    changed: Condvar,
    pulse: Arc<Pulse>,
}

#[derive(Debug)]
struct Inner {
    written: VecDeque<(Instant, Written)>,
    tail: Tail,
    durable: Tail,
    /// What there is, is to be synced at once.
    hurried: bool,
    /// The journal refused a write: it may need the sync thread.
    called: bool,
    closed: bool,
}

impl SyncQueue {
    pub(crate) fn new(options: SyncOptions, tail: Tail, pulse: Arc<Pulse>) -> Self {
        let inner = Inner {
            written: VecDeque::new(),
            tail,
            durable: tail,
            hurried: false,
            called: false,
            closed: false,
        };
        Self {
            options,
            inner: Mutex::new(inner),
            changed: Condvar::new(),
            pulse,
        }
    }

    /// Hands over what a turn wrote.
    pub(crate) fn push(&self, written: Written) {
        let mut inner = self.lock();
        inner.tail = written.tail;
        inner.written.push_back((Instant::now(), written));
        self.changed.notify_all();
    }

    /// The journal refused a write: the sync thread looks whether that is for want of a segment.
    pub(crate) fn call(&self) {
        self.lock().called = true;
        self.changed.notify_all();
    }

    /// Whether so much is written and not durable that no more should be.
    pub(crate) fn is_full(&self) -> bool {
        self.lock().backlog() > self.options.backlog_bytes_max
    }

    /// Whether everything written is durable; what is not is synced without waiting for more.
    pub(crate) fn hurry(&self) -> bool {
        let mut inner = self.lock();
        inner.hurried = true;
        self.changed.notify_all();
        inner.written.is_empty()
    }

    /// Nothing more will come: the sync thread syncs what there is and ends.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Waits until there is something to sync and it is time to; false at the end.
    fn wait(&self) -> bool {
        let bytes = self.options.bytes.min(self.options.backlog_bytes_max / 2);
        let mut inner = self.lock();
        loop {
            self.pulse.on_sync();
            if std::mem::take(&mut inner.called) {
                return true;
            }
            match inner.written.front() {
                None if inner.closed => return false,
                None => {
                    let waited = self.changed.wait_timeout(inner, IDLE_MAX);
                    inner = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
                Some((since, _)) => {
                    let left = self.options.interval.saturating_sub(since.elapsed());
                    let hurried = inner.hurried || inner.closed;
                    if left.is_zero() || hurried || inner.backlog() >= bytes {
                        return true;
                    }
                    let waited = self.changed.wait_timeout(inner, left);
                    inner = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Lets the pipeline thread write what the disk failed to take.
    fn rest(&self) {
        let inner = self.lock();
        drop(self.changed.wait_timeout(inner, REST));
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
    fn abandon(&self) {
        self.lock().written.clear();
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

/// Syncs until the queue is closed, telling `durable`, the board and the receipts each time.
///
/// What the disk fails to take is written again by the pipeline thread, to a segment that is
/// prepared here; receipts wait meanwhile. An error is returned only at the end, if something is
/// left that did not become durable.
pub(crate) fn run(
    queue: &SyncQueue,
    syncer: &Syncer,
    durable: &watch::Sender<Tail>,
    board: &AlarmBoard,
    telemetry: &Arc<Telemetry>,
) -> Result<(), JournalError> {
    let mut stage = telemetry.stages.durable.recorder();
    let mut due = telemetry.stages.due.durable.recorder();
    let mut settled = Vec::new();
    let mut ahead = Ahead::default();
    while queue.wait() {
        match syncer.sync() {
            Ok(tail) => {
                telemetry.journal.syncs.increment();
                telemetry.journal.durable.set(tail.position.get());
                durable.send_replace(tail);
                queue.settle(tail, &mut settled);
                if let Some(last) = settled.last() {
                    board.on_durable(last.alarms);
                }
                for turn in settled.drain(..) {
                    release(turn, &mut stage, &mut due);
                }
                stage.flush();
                due.flush();
                ahead.on_synced();
            }
            Err(error) => {
                if !matches!(error, JournalError::Poisoned) {
                    telemetry.journal.sync_failures.increment();
                    ahead.on_failed(&error, Instant::now());
                }
                if queue.is_closed() {
                    queue.abandon();
                    return Err(error);
                }
                queue.rest();
            }
        }
        if ahead.is_due(Instant::now()) {
            ahead.on_prepared(syncer.prepare(), Instant::now());
        }
    }
    syncer.close();
    Ok(())
}

fn release(turn: Written, stage: &mut StageRecorder, due: &mut StageRecorder) {
    for batch in turn.batches {
        let durable = batch.wire.elapsed();
        stage.record(batch.protocol, durable);
        due.record(batch.protocol, batch.lead + durable);
        if let Some(receipt) = batch.receipt {
            receipt.redeem(turn.tail.position.get());
        }
    }
    for Promised { answer, outcome } in turn.promised {
        answer.tell(Ok(outcome));
    }
}

/// When the next segment is prepared: at once, and ever less often while that or the disk fails.
#[derive(Debug, Default)]
struct Ahead {
    failed: Option<(Instant, Duration)>,
    refused: Option<(Instant, Duration)>,
}

impl Ahead {
    fn is_due(&self, now: Instant) -> bool {
        [self.failed, self.refused]
            .iter()
            .flatten()
            .all(|(since, wait)| now.duration_since(*since) >= *wait)
    }

    fn on_synced(&mut self) {
        if self.failed.take().is_some() {
            tracing::info!("the disk takes the journal again");
        }
    }

    fn on_failed(&mut self, error: &JournalError, now: Instant) {
        if self.failed.is_none() {
            let error = Chain(error);
            tracing::error!(%error, "the disk failed; what is not durable is written anew");
        }
        self.failed = Some(longer(self.failed, now));
    }

    fn on_prepared(&mut self, prepared: Result<(), JournalError>, now: Instant) {
        match prepared {
            Ok(()) => self.refused = None,
            Err(error) => {
                if self.refused.is_none() {
                    let error = Chain(&error);
                    tracing::warn!(%error, "the next journal segment cannot be prepared");
                }
                self.refused = Some(longer(self.refused, now));
            }
        }
    }
}

/// Twice the wait of last time, from `now` on.
fn longer(last: Option<(Instant, Duration)>, now: Instant) -> (Instant, Duration) {
    let wait = last.map_or(PREPARE_RETRY, |(_, wait)| 2 * wait);
    (now, wait.min(PREPARE_RETRY_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_disk_is_asked_ever_less_often() {
        let mut ahead = Ahead::default();
        let start = Instant::now();
        let mut now = start;
        assert!(ahead.is_due(now));
        for wait in [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000] {
            ahead.on_failed(&JournalError::Poisoned, now);
            let wait = Duration::from_millis(wait);
            assert!(!ahead.is_due(now + wait - Duration::from_millis(1)));
            now += wait;
            assert!(ahead.is_due(now), "{wait:?}");
        }
        ahead.on_prepared(Err(JournalError::Poisoned), now);
        assert!(!ahead.is_due(now));
        ahead.on_synced();
        assert!(!ahead.is_due(now) && ahead.is_due(now + PREPARE_RETRY));
        ahead.on_prepared(Ok(()), now);
        assert!(ahead.is_due(now));
    }
}

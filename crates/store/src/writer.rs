//! The writer: carries the journal into the store for as long as the engine runs.

mod error;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use gridos_journal::{
    Chunk, JournalError, LayoutBook, Position, Read, Reader, Record, StreamId, Tail,
};
use gridos_model::Timestamp;
use gridos_telemetry::{StageRecorder, Telemetry};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::account::Account;
use crate::backoff::{Backoff, random};
use crate::blocking::blocking;
use crate::{Loss, Store, StoreError, Stored};
use error::WriterError;

/// Failures in a row after which a writer that was told to stop leaves the rest to the journal.
const FAILURES_WHEN_STOPPING_MAX: u32 = 3;
/// How often the backlog is shown while the database is away.
const BACKLOG_SHOWN_EVERY: Duration = Duration::from_secs(1);

/// The knobs of a writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriterOptions {
    /// Where the journal ended when it was opened: what of it is not stored was carried over.
    pub recovered: Tail,
    /// Journal bytes of one transaction under load; 4 MiB by default.
    pub batch_bytes: usize,
    /// How long a smaller transaction waits for more; 100 ms by default. With the time of a
    /// commit it is how late the database shows what is durable.
    pub linger: Duration,
    /// The longest first wait after a failure; 100 ms by default. It doubles with each further.
    pub retry_first: Duration,
    /// The longest wait after any number of failures; 10 s by default.
    pub retry_cap: Duration,
}

impl WriterOptions {
    /// The defaults for a journal that ended at `recovered` when it was opened.
    pub fn new(recovered: Tail) -> Self {
        Self {
            recovered,
            batch_bytes: 4 << 20,
            linger: Duration::from_millis(100),
            retry_first: Duration::from_millis(100),
            retry_cap: Duration::from_secs(10),
        }
    }
}

/// How a writer ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriterSummary {
    /// Where the database stood when last heard of; the start if never.
    pub stored: Tail,
    /// Where the durable journal ended.
    pub durable: Tail,
    /// The database does not fit an earlier stream, which was set aside: neither stored nor lost.
    pub set_aside: bool,
}

impl WriterSummary {
    /// Whether everything durable is stored; the rest is carried over to the next start.
    pub fn is_drained(&self) -> bool {
        self.stored.position >= self.durable.position
    }
}

/// What a turn came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The database stands further on, or elsewhere.
    Moved,
    /// Everything durable is stored.
    Idle,
}

/// Follows the durable end of the journal and writes what it finds, in large transactions under
/// load and at once when idle.
///
/// Where to go on is what the database says, asked after every failure: a commit whose answer was
/// lost is neither repeated nor missed.
pub struct Writer {
    store: Arc<dyn Store>,
    reader: Reader,
    chunk: Chunk,
    book: Arc<LayoutBook>,
    stream: StreamId,
    telemetry: Arc<Telemetry>,
    options: WriterOptions,
    recorder: StageRecorder,
    stored: watch::Sender<Tail>,
    migrated: bool,
    /// Where the database stands; `None` if it must be asked.
    at: Option<Tail>,
    account: Account,
    /// The furthest position this journal is known to have had.
    known: Position,
    /// Where the database stood when that was last found to be a place of this journal.
    vouched: Option<(Tail, Option<u32>)>,
    /// Whether the stream ends for ever where it is known to end.
    draining: bool,
    /// Where the durable journal behind the stream ends, if another stream follows.
    behind: Option<watch::Receiver<Tail>>,
    /// Where the journal began: what is before cannot wait to be stored, whatever the database
    /// will say.
    oldest: Position,
    backoff: Backoff,
    trouble: Option<String>,
}

impl Writer {
    /// A writer of the journal `stream`, which `reader` reads and whose layouts are in `book`.
    pub fn new(
        store: Arc<dyn Store>,
        reader: Reader,
        book: Arc<LayoutBook>,
        stream: StreamId,
        telemetry: Arc<Telemetry>,
        options: WriterOptions,
    ) -> Self {
        Self {
            store,
            reader,
            chunk: Chunk::default(),
            book,
            stream,
            recorder: telemetry.stages.stored.recorder(),
            telemetry,
            options,
            stored: watch::Sender::new(Tail::default()),
            migrated: false,
            at: None,
            account: Account::new(options.recovered),
            known: options.recovered.position,
            vouched: None,
            draining: false,
            behind: None,
            oldest: Position::START,
            backoff: Backoff::new(options.retry_first, options.retry_cap),
            trouble: None,
        }
    }

    /// Where the database stands: the journal before it is not needed to write. What the
    /// database can still lose (a standby that takes over, a backup restored) the journal
    /// must be able to give again, so trim it with a window behind this.
    pub fn stored(&self) -> watch::Receiver<Tail> {
        self.stored.subscribe()
    }

    /// Writes what an earlier life of the engine left, up to `end`, where that stream ends for
    /// ever; then ends by itself, or like [`Writer::run`] when `stop` is true. What waits `behind`
    /// it, in the stream that follows, counts as backlog too.
    ///
    /// If the database does not fit the stream, it is set aside: what others write must not wait
    /// for somebody to look at it.
    pub async fn drain(
        mut self,
        end: Tail,
        behind: watch::Receiver<Tail>,
        stop: watch::Receiver<bool>,
    ) -> WriterSummary {
        self.draining = true;
        self.behind = Some(behind);
        let durable = watch::Sender::new(end);
        self.run(durable.subscribe(), stop).await
    }

    /// Writes until `stop` is true (or either sender is gone) and everything durable is stored.
    ///
    /// `durable` is where the durable journal ends. A database that is away is tried again for
    /// ever; once stopping, three times. May be dropped at any time: what was not committed then
    /// is not stored, and the next start finds out.
    pub async fn run(
        mut self,
        mut durable: watch::Receiver<Tail>,
        mut stop: watch::Receiver<bool>,
    ) -> WriterSummary {
        if let Ok(oldest) = blocking(|| self.reader.oldest()) {
            self.oldest = oldest.position;
        }
        let mut set_aside = false;
        loop {
            let stopping = is_stopping(&durable, &stop);
            let end = *durable.borrow_and_update();
            self.show_backlog(end);
            let turn = self.turn(end).await;
            self.show_backlog(*durable.borrow());
            match turn {
                Ok(Turn::Idle) if stopping || self.draining => break,
                // Nothing more comes to a stream that has ended: there is nothing to wait for.
                Ok(Turn::Moved) if self.draining || self.has_full_batch(&durable) => {}
                Ok(Turn::Moved | Turn::Idle) => self.gather(&mut durable, &mut stop).await,
                Err(error) => {
                    self.fail(&error);
                    set_aside = self.draining && error.is_for_ever();
                    if set_aside {
                        break;
                    }
                    if stopping && self.backoff.failures() >= FAILURES_WHEN_STOPPING_MAX {
                        break;
                    }
                    self.wait_out(&durable, &mut stop).await;
                }
            }
        }
        let summary = WriterSummary {
            stored: *self.stored.borrow(),
            durable: *durable.borrow(),
            set_aside,
        };
        if !summary.is_drained() {
            let backlog = backlog(summary.stored, summary.durable);
            tracing::warn!(backlog, "bytes of the journal are left for the next start");
        }
        summary
    }

    /// Asks where the database stands, if need be, and writes one chunk.
    async fn turn(&mut self, end: Tail) -> Result<Turn, WriterError> {
        let at = match self.at {
            Some(at) => at,
            None => self.locate().await?,
        };
        let bytes_max = self.options.batch_bytes;
        let (reader, chunk) = (&mut self.reader, &mut self.chunk);
        match blocking(|| reader.read(at, end, bytes_max, chunk)) {
            Ok(Read::End) => {
                self.works();
                Ok(Turn::Idle)
            }
            Ok(Read::Frames) => self.commit().await,
            Ok(Read::Foreign) => Err(self.foreign(at)),
            Ok(Read::Damaged { resume }) => {
                let what = "the journal is damaged";
                self.skip(at, resume, what).await
            }
            Err(JournalError::Trimmed { .. }) => {
                let next = blocking(|| self.reader.next_segment(at.position))?;
                let what = "the journal was trimmed before the database had it";
                self.skip(at, next.unwrap_or(at), what).await
            }
            Err(JournalError::NotASegment { .. }) => {
                let next = blocking(|| self.reader.next_segment(at.position))?;
                let what = "the header of a journal segment is damaged";
                self.skip(at, next.unwrap_or(end), what).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn locate(&mut self) -> Result<Tail, WriterError> {
        if !self.migrated {
            self.store.migrate().await?;
            self.migrated = true;
        }
        let stored = self.store.position(self.stream).await?;
        self.vouch(stored)?;
        self.arrive(stored);
        Ok(stored.tail)
    }

    /// Makes sure that what the database has is of this journal, as far as that can be told.
    fn vouch(&mut self, stored: Stored) -> Result<(), WriterError> {
        let (at, last) = (stored.tail, stored.last);
        if at.position > self.known {
            return Err(WriterError::Ahead {
                stream: self.stream,
                stored: at.position,
                known: self.known,
            });
        }
        let is_ours = self.vouched == Some((at, last)) || blocking(|| self.reader.knows(at, last))?;
        if is_ours {
            Ok(())
        } else {
            Err(self.foreign(at))
        }
    }

    fn foreign(&self, at: Tail) -> WriterError {
        WriterError::Foreign {
            stream: self.stream,
            stored: at.position,
        }
    }

    async fn commit(&mut self) -> Result<Turn, WriterError> {
        self.known = self.known.max(self.chunk.until().position);
        let written = self.store.write(self.stream, &self.chunk, &self.book).await;
        self.settle(written).await?;
        if self.at == Some(self.chunk.until()) {
            self.record_latency();
        }
        Ok(Turn::Moved)
    }

    /// Goes on behind a span that cannot be read.
    async fn skip(&mut self, from: Tail, until: Tail, what: &str) -> Result<Turn, WriterError> {
        if until.position <= from.position {
            // Nothing to skip to: look again later.
            let at = from.position;
            return Err(WriterError::Unreadable { at });
        }
        let reason = format!("{what} from {} to {}", from.position, until.position);
        let loss = Loss {
            from,
            until,
            reason,
        };
        let (stream, readings) = (self.stream, loss.readings());
        tracing::error!(%stream, readings, reason = loss.reason, "readings are lost");
        self.known = self.known.max(until.position);
        let skipped = self.store.skip(self.stream, &loss).await;
        self.settle(skipped).await?;
        Ok(Turn::Moved)
    }

    /// What a commit came to.
    async fn settle(&mut self, outcome: Result<Stored, StoreError>) -> Result<(), WriterError> {
        match outcome {
            Ok(stored) => {
                self.telemetry.store.commits.increment();
                self.works();
                self.arrive(stored);
                Ok(())
            }
            Err(StoreError::Moved { stored }) => {
                tracing::info!(position = %stored.position, "the database stands elsewhere");
                self.at = None;
                self.locate().await.map(|_| ())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The database stands at a place of this journal: the ledger follows it.
    fn arrive(&mut self, stored: Stored) {
        let tail = stored.tail;
        self.account.follow(stored, &self.telemetry.ledger);
        self.vouched = Some((tail, stored.last));
        self.at = Some(tail);
        if tail.position > self.stored.borrow().position {
            // The answer to the commit was lost.
            self.works();
        }
        self.telemetry.store.position.set(tail.position.get());
        self.stored.send_replace(tail);
    }

    /// The database commits, or there is nothing to commit. That it answers is not enough: with a
    /// full disk it does, and each commit fails.
    fn works(&mut self) {
        self.backoff.reset();
        let cells = &self.telemetry.store;
        cells.connected.set(1);
        // It may be another writer's of the same database.
        cells.trouble.clear();
        if self.trouble.take().is_some() {
            tracing::info!("the database works again");
        }
    }

    fn record_latency(&mut self) {
        let now = Timestamp::from(SystemTime::now());
        for (_, record) in self.chunk.records() {
            if let Ok(Record::Readings(readings)) = record {
                self.recorder.record(now.since(readings.received()));
            }
        }
        self.recorder.flush();
    }

    fn fail(&mut self, error: &WriterError) {
        self.at = None;
        let cells = &self.telemetry.store;
        cells.errors.increment();
        cells.connected.set(0);
        let trouble = error.to_string();
        if self.trouble.as_ref() == Some(&trouble) {
            tracing::debug!(trouble, "still cannot store");
            return;
        }
        match error {
            WriterError::Store(StoreError::Away { .. } | StoreError::Moved { .. }) => {
                tracing::warn!(
                    trouble,
                    "cannot store; the journal keeps everything meanwhile"
                );
            }
            WriterError::Store(StoreError::Schema { .. } | StoreError::Refused { .. })
            | WriterError::Journal(_)
            | WriterError::Unreadable { .. }
            | WriterError::Ahead { .. }
            | WriterError::Foreign { .. } => tracing::error!(trouble, "cannot store"),
        }
        cells.trouble.set(&trouble);
        self.trouble = Some(trouble);
    }

    /// Waits until there is something to write, and then a little for more.
    async fn gather(
        &mut self,
        durable: &mut watch::Receiver<Tail>,
        stop: &mut watch::Receiver<bool>,
    ) {
        let Some(at) = self.at else { return };
        let mut wait_for_bytes = async |bytes: u64, until: Option<Instant>| {
            if is_stopping(durable, stop) {
                return;
            }
            let enough = |end: &Tail| backlog(at, *end) >= bytes;
            tokio::select! {
                _ = durable.wait_for(enough) => {}
                _ = stop.wait_for(|stop| *stop) => {}
                () = sleep_or_never(until) => {}
            }
            self.show_backlog(*durable.borrow());
        };
        wait_for_bytes(1, None).await;
        let full = self.options.batch_bytes as u64;
        wait_for_bytes(full, Some(Instant::now() + self.options.linger)).await;
    }

    fn has_full_batch(&self, durable: &watch::Receiver<Tail>) -> bool {
        self.at
            .is_some_and(|at| backlog(at, *durable.borrow()) >= self.options.batch_bytes as u64)
    }

    /// Waits before the next attempt; a stop ends the wait.
    async fn wait_out(
        &mut self,
        durable: &watch::Receiver<Tail>,
        stop: &mut watch::Receiver<bool>,
    ) {
        let until = Instant::now() + self.backoff.wait(random());
        let stopping = is_stopping(durable, stop);
        while Instant::now() < until {
            self.show_backlog(*durable.borrow());
            let next = until.min(Instant::now() + BACKLOG_SHOWN_EVERY);
            tokio::select! {
                () = sleep_until(next) => {}
                _ = stop.changed(), if !stopping => break,
            }
        }
        self.telemetry.store.retries.increment();
    }

    fn show_backlog(&self, end: Tail) {
        let from = self.stored.borrow().position.max(self.oldest);
        let behind = self.behind.as_ref().map_or(0, |behind| {
            behind.borrow().position.bytes_since(Position::START)
        });
        let bytes = end.position.bytes_since(from) + behind;
        self.telemetry.store.backlog_bytes.set(bytes);
    }
}

fn backlog(stored: Tail, end: Tail) -> u64 {
    end.position.bytes_since(stored.position)
}

fn is_stopping(durable: &watch::Receiver<Tail>, stop: &watch::Receiver<bool>) -> bool {
    *stop.borrow() || stop.has_changed().is_err() || durable.has_changed().is_err()
}

async fn sleep_or_never(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => sleep(Duration::MAX).await,
    }
}

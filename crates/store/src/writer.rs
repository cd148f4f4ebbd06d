//! The writer: carries the journal into the store for as long as the engine runs.

mod commit;
mod error;
mod follow;
mod hole;
mod minutes;
mod options;
mod pace;
mod search;
mod trouble;
mod vouch;

use std::sync::Arc;
use std::time::Duration;

use gridos_journal::{Chunk, JournalError, LayoutBook, Position, Read, Reader, StreamId, Tail};
use gridos_model::Timestamp;
use gridos_telemetry::{Loss as LossReason, StageRecorder, Telemetry};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use crate::account::Account;
use crate::backoff::{Backoff, random};
use crate::blocking::blocking;
use crate::{Store, StoreError, Stored};
use error::WriterError;
pub use follow::Unfollowed;
use hole::{Hole, Surroundings, What};
use minutes::OpenSince;
pub use options::{WriterOptions, WriterSummary};
use pace::Pace;
use search::Search;

/// Failures in a row after which a writer that was told to stop leaves the rest to the journal.
const FAILURES_WHEN_STOPPING_MAX: u32 = 3;
/// How often the backlog is shown while the database is away.
const BACKLOG_SHOWN_EVERY: Duration = Duration::from_secs(1);

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
    recorder: StageRecorder,
    due: StageRecorder,
    stored: watch::Sender<Tail>,
    needed: watch::Sender<Tail>,
    migrated: bool,
    /// Where the database stands; `None` if it must be asked.
    at: Option<Tail>,
    account: Account,
    /// Why what is skipped at present, or was last, is lost.
    losing: LossReason,
    /// When the last record stored was received, if this writer stored it.
    covered: Option<Timestamp>,
    open: OpenSince,
    /// The furthest position this journal is known to have had.
    known: Position,
    /// Where the durable journal ended at the beginning of this turn.
    end: Position,
    /// Where the database stood when that was last found to be a place of this journal.
    vouched: Option<(Tail, Option<u32>)>,
    /// Where the furthest of the database's connections stood when last heard of.
    furthest: Tail,
    /// Whether the database was found further back than before.
    set_back: bool,
    /// Whether the stream ends for ever where it is known to end.
    draining: bool,
    /// Whether what cannot be read is skipped, and counted as lost.
    skips: bool,
    /// Whether the minutes that are open must be added up again.
    recalls: bool,
    /// Where the durable journal behind the stream ends, if another stream follows.
    behind: Option<watch::Receiver<Tail>>,
    /// Where the journal began: what is before cannot wait to be stored, whatever the database
    /// will say.
    oldest: Position,
    backoff: Backoff,
    pace: Pace,
    /// For a record that the database refuses.
    search: Search,
    /// Where the record begins that it refused alone, and why.
    suspect: Option<(Tail, String)>,
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
            due: telemetry.stages.due.stored.recorder(),
            telemetry,
            stored: watch::Sender::new(Tail::default()),
            needed: watch::Sender::new(Tail::default()),
            migrated: false,
            at: None,
            account: Account::new(options.recovered),
            losing: LossReason::Damaged,
            covered: None,
            open: OpenSince::default(),
            known: options.recovered.position,
            end: options.recovered.position,
            vouched: None,
            furthest: Tail::default(),
            set_back: false,
            draining: false,
            skips: options.skips,
            recalls: options.recalls,
            behind: None,
            oldest: Position::START,
            backoff: Backoff::new(options.retry_first, options.retry_cap),
            pace: Pace::new(options.batch_bytes, options.linger),
            search: Search::default(),
            suspect: None,
            trouble: None,
        }
    }

    /// Where the database stands: the journal before it is not needed to write readings.
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
        durable: watch::Receiver<Tail>,
        stop: watch::Receiver<bool>,
    ) -> WriterSummary {
        let mut set_back = false;
        loop {
            let summary = self.run_on(durable.clone(), stop.clone()).await;
            set_back |= summary.set_back;
            if self.draining || !summary.set_back {
                return WriterSummary {
                    set_back,
                    ..summary
                };
            }
        }
    }

    /// Does the same as [`Self::run`], but ends when the database is found further back than before,
    /// so that what comes first can be written first; then it is to be called again.
    pub async fn run_on(
        &mut self,
        mut durable: watch::Receiver<Tail>,
        mut stop: watch::Receiver<bool>,
    ) -> WriterSummary {
        self.at = None;
        self.set_back = false;
        if let Ok(oldest) = blocking(|| self.reader.oldest()) {
            self.oldest = oldest.position;
        }
        let (mut set_aside, mut lacks) = (false, false);
        loop {
            let stopping = is_stopping(&durable, &stop);
            let end = *durable.borrow_and_update();
            self.show_backlog(end);
            let turn = self.turn(end, stopping || self.draining).await;
            self.show_backlog(*durable.borrow());
            match turn {
                // What has ended is drained to its end first: its account must be complete.
                Ok(_) if self.set_back && !self.draining => break,
                Ok(Turn::Idle) if stopping || self.draining => break,
                // Nothing more comes to a stream that has ended: there is nothing to wait for.
                Ok(Turn::Moved) if self.draining || self.is_in_haste(&durable) => {}
                Ok(Turn::Moved | Turn::Idle) => self.gather(&mut durable, &mut stop).await,
                Err(error) => {
                    lacks = !self.skips && error.is_of_the_journal();
                    if lacks {
                        break;
                    }
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
            set_back: self.set_back,
            lacks,
        };
        if !summary.is_drained() && !summary.set_back && !summary.lacks {
            let backlog = backlog(summary.stored, summary.durable);
            tracing::warn!(backlog, "bytes of the journal are left for the next start");
        }
        summary
    }

    /// Asks where the database stands, if need be, and writes one chunk, or else closes what is to
    /// be closed; `ends` is whether nothing more is to come.
    async fn turn(&mut self, end: Tail, ends: bool) -> Result<Turn, WriterError> {
        self.end = end.position;
        let at = match self.at {
            Some(at) => at,
            None => self.locate().await?,
        };
        let (bytes_max, until) = self.search.narrow(at, self.pace.bytes(), end);
        let (reader, chunk) = (&mut self.reader, &mut self.chunk);
        match blocking(|| reader.read(at, until, bytes_max, chunk)) {
            Ok(Read::End) if self.open.is_due(Instant::now(), ends) => {
                let turned = self.store.turn(self.stream, at).await;
                self.settle(turned).await?;
                self.open = OpenSince::default();
                Ok(Turn::Moved)
            }
            Ok(Read::End) => {
                self.works();
                Ok(Turn::Idle)
            }
            Ok(Read::Frames) => self.commit().await,
            Ok(Read::Foreign) => Err(self.foreign(at)),
            Ok(Read::Damaged { resume }) => self.skip(at, resume, What::Damage, end).await,
            Err(JournalError::Trimmed { .. }) => {
                let next = blocking(|| self.reader.next_segment(at.position))?;
                self.skip(at, next.unwrap_or(at), What::Nothing, end).await
            }
            Err(JournalError::NotASegment { .. }) => {
                let next = blocking(|| self.reader.next_segment(at.position))?;
                self.skip(at, next.unwrap_or(end), What::Header, end).await
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
        self.recall(stored).await?;
        self.arrive(stored);
        Ok(stored.tail)
    }

    /// Goes on behind a span that cannot be read.
    async fn skip(
        &mut self,
        from: Tail,
        until: Tail,
        what: What,
        end: Tail,
    ) -> Result<Turn, WriterError> {
        if !self.skips || until.position <= from.position {
            // Nothing to skip to: look again later.
            let at = from.position;
            return Err(WriterError::Unreadable { at });
        }
        // What another connection has stored already is not lost, and of a part of that nobody knows
        // how many readings it is.
        let until = match until.position < self.furthest.position {
            true => self.furthest,
            false => until,
        };
        let hole = Hole { from, until, what };
        let around = Surroundings {
            end,
            is_ended: self.draining,
            covered: self.covered,
        };
        let (loss, reason) = blocking(|| hole.tell(&mut self.reader, around));
        self.losing = reason;
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
        self.account
            .follow(stored, self.losing, &self.telemetry.ledger);
        self.vouched = Some((tail, stored.last));
        self.at = Some(tail);
        self.set_back |= tail.position < self.stored.borrow().position
            || stored.furthest().position < self.furthest.position;
        self.furthest = stored.furthest();
        if tail.position > self.stored.borrow().position {
            // The answer to the commit was lost.
            self.works();
        }
        self.telemetry.store.position.set(tail.position.get());
        self.open.follow(stored);
        self.needed.send_replace(stored.turned.unwrap_or(tail));
        self.stored.send_replace(tail);
    }

    /// Waits until there is something to write, and then a little for more.
    async fn gather(
        &mut self,
        durable: &mut watch::Receiver<Tail>,
        stop: &mut watch::Receiver<bool>,
    ) {
        let Some(at) = self.at else { return };
        let due = self.open.due();
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
        wait_for_bytes(1, due).await;
        let full = self.pace.bytes() as u64;
        wait_for_bytes(full, Some(Instant::now() + self.pace.linger())).await;
    }

    /// Whether the next chunk need not wait for more.
    fn is_in_haste(&self, durable: &watch::Receiver<Tail>) -> bool {
        self.search.is_on() || self.has_full_batch(durable)
    }

    fn has_full_batch(&self, durable: &watch::Receiver<Tail>) -> bool {
        self.at
            .is_some_and(|at| backlog(at, *durable.borrow()) >= self.pace.bytes() as u64)
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
            // What was given up meanwhile waits no more.
            if let Ok(oldest) = blocking(|| self.reader.oldest()) {
                self.oldest = oldest.position;
            }
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

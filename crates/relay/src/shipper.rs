//! The engine's side: what is durable in the journal goes to the stream, and what the database has is
//! learnt from the database.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::context::PublishAckFuture;
use gridos_journal::{Chunk, JournalError, LayoutBook, Piece, Read, Reader, StreamId, Tail};
use gridos_store::{Stored, Unfollowed, Writer, WriterSummary};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::blocking::blocking;
use crate::channel::{Channel, Name};
use crate::layouts::Layouts;
use crate::window::{Sent, Window};
use crate::{RelayError, RelayOptions};

/// Pieces whose receipt is not there yet.
const UNDER_WAY_MAX: usize = 8;
/// How often the database is asked where it stands while something is to come.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// The same while nothing is.
const LOOK_AT_REST: Duration = Duration::from_secs(1);
/// How long a piece waits for more to come into it.
const GATHER: Duration = Duration::from_millis(50);
/// How long nothing may be stored before it is looked whether the stream still has it.
const DOUBT_AFTER: Duration = Duration::from_secs(2);
/// How long nothing may be stored before the layouts are sent again.
const LAYOUTS_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// How long after something failed it is tried again.
const RETRY: Duration = Duration::from_millis(500);

/// Sends one stream of the journal to the writers, for as long as the engine runs.
pub struct Shipper {
    /// Keeps the account of what the database has, and writes only what the others cannot.
    writer: Writer,
    reader: Reader,
    chunk: Chunk,
    stream: StreamId,
    options: Arc<RelayOptions>,
    channel: Option<Channel>,
    /// Whether the stream was found or made since something failed.
    is_there: bool,
    layouts: Layouts,
    window: Window,
    under_way: VecDeque<UnderWay>,
    telemetry: Arc<Telemetry>,
    stored: Option<Stored>,
    look: Instant,
    /// When the database last came further, or everything was there.
    moved: Instant,
    doubted: Instant,
    retry: Instant,
    /// When the last piece was sent.
    sent: Option<Instant>,
    is_hindered: bool,
    unfit: bool,
}

struct UnderWay {
    from: Tail,
    until: Tail,
    round: u64,
    receipts: Vec<PublishAckFuture>,
}

impl Shipper {
    /// A shipper of the journal `stream`, which `reader` reads and whose layouts are in `book`. The
    /// `writer` is one of the same stream: it asks the database how far it stands, and writes where
    /// the journal is damaged, which nobody else could tell from what is only missing on the way.
    pub fn new(
        writer: Writer,
        reader: Reader,
        book: Arc<LayoutBook>,
        stream: StreamId,
        options: Arc<RelayOptions>,
        telemetry: Arc<Telemetry>,
    ) -> Self {
        let now = Instant::now();
        Self {
            writer,
            reader,
            chunk: Chunk::default(),
            stream,
            options,
            channel: None,
            is_there: false,
            layouts: Layouts::new(book),
            window: Window::default(),
            under_way: VecDeque::new(),
            telemetry,
            stored: None,
            look: now,
            moved: now,
            doubted: now,
            retry: now,
            sent: None,
            is_hindered: false,
            unfit: false,
        }
    }

    /// Where the database stands.
    pub fn stored(&self) -> watch::Receiver<Tail> {
        self.writer.stored()
    }

    /// From where on the journal is needed to go on as if nothing had happened.
    pub fn needed(&self) -> watch::Receiver<Tail> {
        self.writer.needed()
    }

    /// Ships what an earlier life of the engine left, up to `end`, until the database has it.
    /// What waits `behind` it counts as backlog, too.
    pub async fn drain(
        mut self,
        end: Tail,
        behind: watch::Receiver<Tail>,
        stop: watch::Receiver<bool>,
    ) -> WriterSummary {
        self.writer.ends_before(behind);
        let durable = watch::Sender::new(end);
        let mut set_back = false;
        loop {
            let summary = self
                .run_until(durable.subscribe(), stop.clone(), true)
                .await;
            set_back |= summary.set_back;
            if !summary.set_back {
                return WriterSummary {
                    set_back,
                    ..summary
                };
            }
        }
    }

    /// Ships until `stop` is true (or either sender is gone) and the database has everything durable,
    /// or until the database is found further back than before; then it is to be called again. May be
    /// dropped at any time.
    pub async fn run_on(
        &mut self,
        durable: watch::Receiver<Tail>,
        stop: watch::Receiver<bool>,
    ) -> WriterSummary {
        self.run_until(durable, stop, false).await
    }

    async fn run_until(
        &mut self,
        mut durable: watch::Receiver<Tail>,
        mut stop: watch::Receiver<bool>,
        drains: bool,
    ) -> WriterSummary {
        self.writer.look_anew();
        self.look = Instant::now();
        loop {
            let is_over = *stop.borrow() || stop.has_changed().is_err();
            let stopping = is_over || (durable.has_changed().is_err() && !drains);
            let end = *durable.borrow_and_update();
            self.look(end).await;
            let is_stored = self
                .stored
                .is_some_and(|stored| stored.tail.position >= end.position);
            let ends = self.writer.is_set_back() || (drains && self.unfit);
            if ends || (is_stored && (stopping || drains)) {
                return self.summary(end, drains);
            }
            let worked = match Instant::now() < self.retry {
                true => false,
                false => self.step(end).await,
            };
            if !worked {
                tokio::select! {
                    () = sleep(GATHER) => {}
                    _ = stop.changed(), if !stopping => {}
                }
                if is_stored && !stopping {
                    tokio::select! {
                        _ = durable.changed() => {}
                        _ = stop.changed() => {}
                        () = sleep(LOOK_AT_REST) => {}
                    }
                }
            }
        }
    }

    fn summary(&self, end: Tail, drains: bool) -> WriterSummary {
        WriterSummary {
            stored: *self.stored().borrow(),
            durable: end,
            set_aside: drains && self.unfit,
            set_back: self.writer.is_set_back(),
            lacks: false,
        }
    }

    /// Asks the database where it stands, if it is time.
    async fn look(&mut self, end: Tail) {
        let now = Instant::now();
        if now < self.look {
            return;
        }
        let looked = self.writer.look(end).await;
        self.unfit = looked == Err(Unfollowed::ForEver);
        let Ok(stored) = looked else {
            self.stored = None;
            self.look = now + RETRY;
            return;
        };
        let before = self.stored.replace(stored).map(|before| before.tail);
        let needed = needed(&stored);
        if before != Some(stored.tail) || stored.tail.position >= end.position {
            self.moved = now;
        }
        if self.window.next().is_none() || self.writer.is_set_back() {
            self.begin(needed);
        }
        self.window.on_stored(needed.position, stored.tail);
        let pending = self.window.bytes();
        self.telemetry.relay.pending_bytes.set(pending);
        if !self.is_hindered {
            self.writer.flow();
        }
        let is_at_rest = stored.tail.position >= end.position;
        self.look = now + if is_at_rest { LOOK_AT_REST } else { LOOK_EVERY };
    }

    /// Everything goes on at `from`, whatever was sent.
    fn begin(&mut self, from: Tail) {
        self.under_way.clear();
        self.window.begin(from);
    }

    /// Sends, or takes receipts, or looks whether the stream has lost something; whether there may
    /// be more to do at once.
    async fn step(&mut self, end: Tail) -> bool {
        let stepped = self.try_step(end).await;
        let reachable = &self.telemetry.relay.reachable;
        match stepped {
            Ok(worked) => {
                reachable.set(1);
                if std::mem::take(&mut self.is_hindered) {
                    tracing::info!("the journal is shipped again");
                }
                worked
            }
            Err(error) => {
                if matches!(error, RelayError::Full { .. }) {
                    self.telemetry.relay.full.increment();
                } else {
                    reachable.set(0);
                }
                self.is_hindered = true;
                self.is_there = false;
                self.writer.hinder(&error.to_string());
                self.retry = Instant::now() + RETRY;
                if let Some(first) = self.under_way.front() {
                    self.window.retry(first.from);
                }
                self.under_way.clear();
                false
            }
        }
    }

    async fn try_step(&mut self, end: Tail) -> Result<bool, RelayError> {
        let channel = match &self.channel {
            Some(channel) => channel.clone(),
            None => {
                let made = Channel::connect(&self.options).await?;
                self.channel.insert(made).clone()
            }
        };
        if !self.is_there {
            channel.stream().await?;
            self.is_there = true;
        }
        self.doubt(&channel, end).await?;
        let Some(next) = self.window.next() else {
            return Ok(false);
        };
        let mut sent = false;
        if next.position < end.position && self.under_way.len() < UNDER_WAY_MAX {
            self.layouts.tell(&channel).await?;
            sent = self.send(&channel, next, end).await?;
        }
        let is_full = self.under_way.len() >= UNDER_WAY_MAX;
        if is_full || !sent {
            return Ok(self.take_receipt(&channel).await? || sent);
        }
        Ok(true)
    }

    /// Sends the piece at `next`; whether there was one.
    async fn send(&mut self, channel: &Channel, next: Tail, end: Tail) -> Result<bool, RelayError> {
        let bytes_max = channel.piece_bytes();
        let is_little = end.position.bytes_since(next.position) < (bytes_max / 4) as u64;
        if is_little && self.sent.is_some_and(|sent| sent.elapsed() < GATHER) {
            return Ok(false);
        }
        let (reader, chunk) = (&mut self.reader, &mut self.chunk);
        let read = blocking(|| reader.read(next, end, bytes_max, chunk));
        match read {
            Ok(Read::Frames) => {}
            Ok(Read::End) => return Ok(false),
            Ok(Read::Damaged { resume }) => {
                self.pass(next, Some(resume)).await;
                return Ok(false);
            }
            Ok(Read::Foreign) => {
                self.pass(next, None).await;
                return Ok(false);
            }
            Err(JournalError::Trimmed { .. } | JournalError::NotASegment { .. }) => {
                let behind = blocking(|| self.reader.next_segment(next.position));
                self.pass(next, behind.ok().flatten()).await;
                return Ok(false);
            }
            Err(error) => return Err(channel.failed(error)),
        }
        let Some(piece) = Piece::write(self.stream, &self.chunk) else {
            return Ok(false);
        };
        let (from, until, bytes) = (self.chunk.from(), self.chunk.until(), piece.len());
        let name = self.name(from, until, self.window.rounds());
        let receipts = channel.send_piece(&name, piece).await?;
        self.window.advance(until);
        self.sent = Some(Instant::now());
        self.under_way.push_back(UnderWay {
            from,
            until,
            round: name.round,
            receipts,
        });
        let cells = &self.telemetry.relay;
        cells.sent_bytes.add(bytes as u64);
        cells.pieces.increment();
        Ok(true)
    }

    fn name(&self, from: Tail, until: Tail, round: u64) -> Name {
        Name {
            stream: self.stream,
            from: from.position,
            until: until.position,
            round,
        }
    }

    /// The journal cannot be read at `at`, and goes on at `resume`. Once the database stands there,
    /// this engine says so itself: writers elsewhere cannot know it from what is only missing on the way.
    async fn pass(&mut self, at: Tail, resume: Option<Tail>) {
        let Some(stored) = self.stored else { return };
        if at.position < stored.tail.position {
            // It was only wanted for the minutes that are open.
            return self.begin(stored.tail);
        }
        if !self.under_way.is_empty() || stored.tail.position < at.position {
            return;
        }
        let until = resume.filter(|resume| resume.position > at.position);
        let Some(until) = until else {
            return self
                .writer
                .hinder("the journal cannot be read, and nothing is behind it yet");
        };
        let (durable, stop) = (watch::Sender::new(until), watch::Sender::new(true));
        let written = self.writer.run_on(durable.subscribe(), stop.subscribe());
        let summary = written.await;
        self.look = Instant::now();
        if summary.stored.position > at.position {
            self.begin(summary.stored);
        }
    }

    /// Takes the oldest receipt, if one is missing; whether one was.
    async fn take_receipt(&mut self, channel: &Channel) -> Result<bool, RelayError> {
        let Some(first) = self.under_way.front_mut() else {
            return Ok(false);
        };
        let parts = first.receipts.len();
        let mut sequence = 0;
        for receipt in std::mem::take(&mut first.receipts) {
            sequence = channel.receipt(receipt).await?;
        }
        if let Some(UnderWay {
            from, until, round, ..
        }) = self.under_way.pop_front()
        {
            self.window.on_sent(Sent {
                from,
                until,
                sequence,
                parts,
                round,
            });
        }
        Ok(true)
    }

    /// If nothing was stored for a while, looks whether the stream still has what is needed next, and
    /// sends it again if not.
    async fn doubt(&mut self, channel: &Channel, end: Tail) -> Result<(), RelayError> {
        let now = Instant::now();
        let is_due = |since: Instant| now.saturating_duration_since(since) >= DOUBT_AFTER;
        if !is_due(self.moved) || !is_due(self.doubted) {
            return Ok(());
        }
        self.doubted = now;
        if now.saturating_duration_since(self.moved) >= LAYOUTS_AGAIN_AFTER {
            self.layouts.forget();
            self.moved = now;
        }
        let Some(oldest) = self.window.oldest() else {
            return Ok(());
        };
        let name = self.name(oldest.from, oldest.until, oldest.round);
        if channel.has(oldest.sequence, &name, oldest.parts).await? {
            return Ok(());
        }
        // It may have been deleted because it is stored by now.
        self.look = now;
        self.look(end).await;
        let Some(stored) = self.stored else {
            return Ok(());
        };
        if self.window.oldest() == Some(oldest) {
            let from = needed(&stored);
            tracing::warn!(
                stream = %self.stream, from = %from.position,
                "the stream to the writers has lost what they did not store: it is sent again from the journal"
            );
            self.telemetry.relay.resent.increment();
            self.layouts.forget();
            self.begin(from);
        }
        Ok(())
    }
}

/// From where on the journal is needed: the last turn of its minutes, or where the database stands.
fn needed(stored: &Stored) -> Tail {
    stored.turned.unwrap_or(stored.tail)
}

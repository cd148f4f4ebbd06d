//! A writer's work on one journal: its pieces from the stream into a mirror, and from there into the
//! database by the same writer that an engine has.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use gridos_journal::{Added, LayoutBook, Mirror, Piece, Position, Record, StreamId, Tail};
use gridos_store::{Store, StoreError, Stored, Writer, WriterOptions};
use gridos_telemetry::Telemetry;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::RelayError;
use crate::channel::Channel;
use crate::parts::Parts;
use crate::pieces::Messages;

/// Journal that a mirror holds at most, but for one question's answer.
const MIRROR_BYTES_MAX: usize = 32 << 20;
/// How often what is stored is deleted from the stream.
const FORGET_EVERY: Duration = Duration::from_secs(1);
/// How long a full mirror, or what is missing, is waited for.
const PAUSE: Duration = Duration::from_millis(100);
/// How long the minutes that are open are waited for; the readings must not wait for them for ever.
const RECALL_PATIENCE: Duration = Duration::from_secs(10);
/// A journal of which nothing came for so long is left, until something comes.
const IDLE_AFTER: Duration = Duration::from_secs(60);
/// How long after something failed it is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// All that the work on one journal needs.
pub(crate) struct Session {
    pub(crate) channel: Channel,
    pub(crate) stream: StreamId,
    pub(crate) store: Arc<dyn Store>,
    /// What layouts are; shared by all sessions.
    pub(crate) book: Arc<LayoutBook>,
    pub(crate) telemetry: Arc<Telemetry>,
    /// The knobs of the writer; where the journal stands is filled in.
    pub(crate) options: WriterOptions,
}

/// Why one attempt ended.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Relay(#[from] RelayError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the database stands elsewhere than what came of the journal")]
    Elsewhere,
    #[error("what the layout {0:016x} is has not come yet")]
    Layout(u64),
}

impl Session {
    /// Works until `stop` is true, or nothing came for a minute.
    pub(crate) async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut told = None;
        while !*stop.borrow() && stop.has_changed().is_ok() {
            match self.attempt(&stop).await {
                Ok(()) => return,
                // Another one was here, or the minutes that are open must be added up anew.
                Err(Broken::Elsewhere) => {
                    tracing::info!(stream = %self.stream, "going on from where the database stands");
                }
                Err(error) => {
                    let error = error.to_string();
                    if told.as_ref() != Some(&error) {
                        tracing::warn!(stream = %self.stream, error, "the journal cannot be written yet");
                    }
                    told = Some(error);
                }
            }
            tokio::select! {
                () = sleep(RETRY) => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn attempt(&self, stop: &watch::Receiver<bool>) -> Result<(), Broken> {
        self.store.migrate().await?;
        let stored = self.store.position(self.stream).await?;
        let Some(mut feed) = self.begin(stored, stop).await? else {
            return Ok(());
        };
        let options = WriterOptions {
            recovered: stored.furthest(),
            skips: false,
            recalls: !feed.is_late,
            ..self.options
        };
        let mut writer = Writer::new(
            Arc::clone(&self.store),
            feed.mirror.reader(),
            Arc::clone(&self.book),
            self.stream,
            Arc::clone(&self.telemetry),
            options,
        );
        let (end, needed, at) = (feed.end.subscribe(), writer.needed(), writer.stored());
        tokio::select! {
            summary = writer.run_on(end, stop.clone()) => match summary.lacks || summary.set_back {
                true => Err(Broken::Elsewhere),
                false => Ok(()),
            },
            fed = feed.run(needed, at) => fed,
        }
    }

    /// The mirror from where the minutes are open that the database does not have, as soon as it
    /// reaches to where the database stands; `None` if nothing comes, or if it is to stop.
    async fn begin(
        &self,
        stored: Stored,
        stop: &watch::Receiver<bool>,
    ) -> Result<Option<Feed<'_>>, Broken> {
        let (at, begun) = (stored.tail.position, Instant::now());
        let start = stored.turned.map_or(at, |turned| turned.position.min(at));
        let mut feed = Feed::new(self, start);
        let reaches = |feed: &Feed<'_>| {
            let end = feed.mirror.end();
            end.is_some_and(|end| end.position >= stored.furthest().position)
        };
        while !reaches(&feed) {
            if *stop.borrow() || begun.elapsed() >= IDLE_AFTER {
                return Ok(None);
            }
            feed.fetch().await?;
            let is_nothing = feed.mirror.end().is_none();
            if is_nothing && begun.elapsed() >= RECALL_PATIENCE && feed.start < at {
                // Nobody can tell those minutes any more.
                feed = Feed::new(self, at);
                feed.is_late = true;
            }
        }
        Ok(Some(feed))
    }
}

/// What comes of the journal.
struct Feed<'a> {
    session: &'a Session,
    start: Position,
    /// Whether it begins behind the minutes that are open.
    is_late: bool,
    mirror: Mirror,
    messages: Messages,
    parts: Parts,
    end: watch::Sender<Tail>,
    /// Where the pieces end that are in the stream, and their numbers there.
    pieces: VecDeque<(Position, u64)>,
    came: Instant,
    forgotten: Instant,
}

impl<'a> Feed<'a> {
    fn new(session: &'a Session, start: Position) -> Self {
        let subject = session.channel.options().pieces_of(session.stream);
        Self {
            session,
            start,
            is_late: false,
            mirror: Mirror::new(session.stream, start),
            messages: Messages::of(&session.channel, subject),
            parts: Parts::default(),
            end: watch::Sender::new(Tail::default()),
            pieces: VecDeque::new(),
            came: Instant::now(),
            forgotten: Instant::now(),
        }
    }

    /// Goes on until something breaks, or nothing comes for a minute.
    async fn run(
        &mut self,
        needed: watch::Receiver<Tail>,
        stored: watch::Receiver<Tail>,
    ) -> Result<(), Broken> {
        loop {
            let (needed, stored) = (needed.borrow().position, stored.borrow().position);
            self.mirror.forget(stored);
            if self.forgotten.elapsed() >= FORGET_EVERY {
                self.forget(needed).await?;
            }
            let is_full = self.mirror.bytes() >= MIRROR_BYTES_MAX;
            let is_behind = self.end.borrow().position > stored;
            if is_full && is_behind {
                sleep(PAUSE).await;
                continue;
            }
            let is_done = self.pieces.is_empty() && !is_behind;
            if is_done && self.came.elapsed() >= IDLE_AFTER {
                return Ok(());
            }
            self.fetch().await?;
        }
    }

    /// Takes what comes next, half a second at most.
    async fn fetch(&mut self) -> Result<(), Broken> {
        for message in self.messages.fetch().await? {
            self.came = Instant::now();
            let sequence = message.sequence;
            let whole = self.parts.push(message.headers.as_ref(), message.payload);
            if let Some(whole) = whole {
                self.take(&whole, sequence).await?;
            }
        }
        Ok(())
    }

    async fn take(&mut self, bytes: &[u8], sequence: u64) -> Result<(), Broken> {
        let refused = &self.session.telemetry.relay.refused;
        let piece = match Piece::read(bytes) {
            Ok(piece) => piece,
            Err(error) => {
                refused.increment();
                let stream = self.session.stream;
                tracing::warn!(%stream, sequence, %error, "a piece of the journal cannot be read");
                return Ok(());
            }
        };
        self.know_layouts(&piece).await?;
        match self.mirror.add(&piece) {
            Added::Until(end) => {
                self.pieces.push_back((end.position, sequence));
                self.end.send_replace(end);
            }
            Added::Known => self.pieces.push_back((piece.until().position, sequence)),
            // It comes again behind what is missing before it, or is deleted with that.
            Added::Apart => self.pieces.push_back((piece.until().position, sequence)),
            Added::Foreign => refused.increment(),
        }
        Ok(())
    }

    /// A record whose layout nobody knows would be put into quarantine.
    async fn know_layouts(&self, piece: &Piece) -> Result<(), Broken> {
        let Session { book, channel, .. } = self.session;
        let records = piece.chunk().records();
        let layouts = records.filter_map(|(_, record)| match record {
            Ok(Record::Readings(readings)) => Some(readings.layout()),
            Ok(_) | Err(_) => None,
        });
        let unknown: Vec<_> = layouts.filter(|layout| !book.has(*layout)).collect();
        for id in unknown {
            if book.has(id) {
                continue;
            }
            let found = channel.layout(id).await?;
            let layout = found.ok_or(Broken::Layout(id.raw()))?;
            let adopted = book.adopt(&layout);
            adopted.map_err(|error| channel.failed(error))?;
        }
        Ok(())
    }

    /// Deletes from the stream what the database needs no more.
    async fn forget(&mut self, needed: Position) -> Result<(), Broken> {
        self.forgotten = Instant::now();
        let mut last = None;
        while let Some((until, sequence)) = self.pieces.front()
            && *until <= needed
        {
            last = Some(*sequence);
            self.pieces.pop_front();
        }
        if let Some(last) = last {
            // In another stream the numbers would be those of pieces that nobody has stored.
            self.messages.check().await?;
            let Session {
                channel, stream, ..
            } = self.session;
            channel.forget(*stream, last).await?;
        }
        Ok(())
    }
}

//! Several connections abreast: each writes its share of every chunk, in a transaction of its own.
//!
//! A chunk is begun only when the one before it is done on all of them, so they are never further
//! apart than one chunk, and only after a failure: then the stream stands where the last one does,
//! and those that are ahead write again only what is behind their own position.

use futures_util::future::join_all;
use gridos_journal::{Chunk, LayoutBook, StreamId, Tail};

use super::position::{Stand, establish};
use super::{PostgresStore, commit};
use crate::blocking::blocking;
use crate::fence::Fences;
use crate::share::Share;
use crate::step::{Step, Turning};
use crate::{Ahead, Loss, StoreError, Stored};

/// Where the connections of a stream stand, as the database said last.
#[derive(Debug)]
pub(super) struct Positions {
    stream: StreamId,
    /// The server that said so: what another says is another story.
    server: String,
    /// Whether the database has rows of the stream.
    is_there: bool,
    stands: Vec<Stand>,
}

/// What is to be done on each connection.
#[derive(Clone, Copy)]
enum Work<'a> {
    Write(&'a Chunk, &'a LayoutBook),
    Condemn(&'a Chunk, &'a LayoutBook, &'a str),
    Turn,
}

impl Positions {
    /// The `stands` of a stream, which a stream without any begins with `shards` of.
    pub(super) fn of(stream: StreamId, server: &str, stands: Vec<Stand>, shards: u16) -> Self {
        let is_there = !stands.is_empty();
        let stands = match is_there {
            true => stands,
            false => vec![Stand::default(); usize::from(shards.max(1))],
        };
        Self {
            stream,
            server: server.to_owned(),
            is_there,
            stands,
        }
    }

    pub(super) fn is_of(&self, stream: StreamId) -> bool {
        self.stream == stream
    }

    pub(super) fn are_several(&self) -> bool {
        self.stands.len() > 1
    }

    /// Where the stream stands: up to there all connections have stored it.
    pub(super) fn stored(&self) -> Stored {
        let all = || self.stands.iter().map(|stand| &stand.stored);
        let place = |stored: &&Stored| stored.tail.position;
        let Some((last, first)) = all().min_by_key(place).zip(all().max_by_key(place)) else {
            return Stored::default();
        };
        let turned = all().filter_map(|stored| stored.turned).count() > 0;
        let turned_at = |stored: &Stored| stored.turned.unwrap_or(stored.tail);
        let oldest = all().map(turned_at).min_by_key(|at| at.position);
        let ahead = Ahead {
            tail: first.tail,
            last: first.last,
            counted: self.counted(),
        };
        Stored {
            tail: last.tail,
            quarantined: all().map(|stored| stored.quarantined).sum(),
            lost: all().map(|stored| stored.lost).sum(),
            last: last.last,
            turned: oldest.filter(|_| turned),
            ahead: (first.tail.position > last.tail.position).then_some(ahead),
        }
    }

    /// The readings that the connections have done with, together.
    fn counted(&self) -> u64 {
        self.stands.iter().map(|stand| stand.own).sum()
    }

    /// The shares of a span that ends at `until`, or where each stands.
    fn shares(&self, until: Option<Tail>) -> impl Iterator<Item = Share> {
        let shards = u16::try_from(self.stands.len()).unwrap_or(u16::MAX);
        (0..shards)
            .zip(&self.stands)
            .map(move |(shard, stand)| Share {
                shard,
                shards,
                from: stand.stored.tail,
                until: until.unwrap_or(stand.stored.tail),
            })
    }

    /// The steps over a loss, those that are ahead included, and what of it is lost indeed: what
    /// any connection has is not.
    fn steps_over(&self, loss: &Loss, minutes: bool) -> (Vec<(Share, Step)>, u64) {
        let lost = loss.until.readings.saturating_sub(self.counted());
        let turning = Turning::of(minutes.then_some(&[]));
        let steps = self.shares(Some(loss.until)).filter_map(|share| {
            let is_first = share.shard == 0;
            let is_behind = share.from.position < loss.until.position;
            let step = Step {
                from: share.from,
                until: if is_behind { loss.until } else { share.from },
                lost: if is_first { lost } else { 0 },
                own: if is_first { lost } else { 0 },
                ..Step::across(loss, turning)
            };
            (is_first || is_behind).then_some((share, step))
        });
        (steps.collect(), lost)
    }
}

impl PostgresStore {
    /// Where the connections of `stream` stand, taken out of its place; `None` if one connection
    /// writes it.
    pub(super) async fn abreast(&self, stream: StreamId) -> Result<Option<Positions>, StoreError> {
        let is_known = self.positions().as_ref().is_some_and(|p| p.is_of(stream));
        if !is_known {
            if self.config.connections <= 1 {
                return Ok(None);
            }
            self.ask_positions(stream).await?;
        }
        let Some(positions) = self
            .positions()
            .take_if(|positions| positions.are_several())
        else {
            return Ok(None);
        };
        if !positions.is_there {
            let mut writer = self.writer().await?;
            let shards = u16::try_from(positions.stands.len()).unwrap_or(u16::MAX);
            let made = establish(&mut writer.connection, stream, shards).await;
            writer.keep(made)?;
            // Somebody else may have been faster, with another number.
            self.ask_positions(stream).await?;
            return Ok(self
                .positions()
                .take_if(|positions| positions.are_several()));
        }
        Ok(Some(positions))
    }

    /// Asks the database where `stream` stands.
    pub(super) async fn ask_positions(&self, stream: StreamId) -> Result<Stored, StoreError> {
        let mut writer = self.writer().await?;
        let stands = super::position::stands(&mut writer.connection, stream).await;
        let server = writer.connection.server().to_owned();
        let stands = writer.keep(stands)?;
        let positions = Positions::of(stream, &server, stands, self.config.connections);
        let stored = positions.stored();
        *self.positions() = Some(positions);
        Ok(stored)
    }

    pub(super) async fn write_abreast(
        &self,
        positions: Positions,
        chunk: &Chunk,
        book: &LayoutBook,
    ) -> Result<Stored, StoreError> {
        let mut writer = self.writer().await?;
        if !writer.connection.is_introduced {
            let introduced = commit::introduce(&mut writer.connection, book).await;
            writer.keep(introduced)?;
        } else {
            writer.keep(Ok(()))?;
        }
        let work = Work::Write(chunk, book);
        self.work_abreast(positions, chunk.from(), Some(chunk.until()), work)
            .await
    }

    pub(super) async fn condemn_abreast(
        &self,
        positions: Positions,
        (chunk, book): (&Chunk, &LayoutBook),
        reason: &str,
    ) -> Result<Stored, StoreError> {
        let work = Work::Condemn(chunk, book, reason);
        self.work_abreast(positions, chunk.from(), Some(chunk.until()), work)
            .await
    }

    pub(super) async fn turn_abreast(
        &self,
        positions: Positions,
        at: Tail,
    ) -> Result<Stored, StoreError> {
        self.work_abreast(positions, at, None, Work::Turn).await
    }

    /// Does the work on all connections that are not beyond it, at once, if the stream stands at `at`.
    async fn work_abreast(
        &self,
        mut positions: Positions,
        at: Tail,
        until: Option<Tail>,
        work: Work<'_>,
    ) -> Result<Stored, StoreError> {
        let stored = positions.stored().tail;
        if stored.position != at.position {
            return Err(StoreError::Moved { stored });
        }
        let is_to_do =
            |share: &Share| until.is_none() || share.from.position < share.until.position;
        let (stream, server) = (positions.stream, &*positions.server);
        let doing = positions.shares(until).filter(is_to_do);
        let doing = doing.map(|share| async move {
            let done = self.work_on(stream, server, share, work).await;
            (usize::from(share.shard), done)
        });
        let mut errors = Vec::new();
        for (shard, done) in join_all(doing.collect::<Vec<_>>()).await {
            match done {
                Ok(stand) => positions.stands[shard] = stand,
                Err(error) => errors.push(error),
            }
        }
        if let Some(error) = gravest(errors) {
            self.part(&error).await;
            return Err(error);
        }
        let stored = positions.stored();
        *self.positions() = Some(positions);
        Ok(stored.with_minutes(self.config.minutes))
    }

    /// Does the work on one connection.
    async fn work_on(
        &self,
        stream: StreamId,
        server: &str,
        share: Share,
        work: Work<'_>,
    ) -> Result<Stand, StoreError> {
        let lane = &self.lanes[usize::from(share.shard)];
        let mut writer = self.borrow(lane).await?;
        if writer.connection.server() != server {
            let reason = "the writer's connections lead to different servers; all are made anew";
            let reason = reason.to_owned();
            return Err(StoreError::Away { reason });
        }
        let mut roll_up = lane.open.take(self.config.minutes, stream, share.from);
        let (connection, open) = (&mut writer.connection, roll_up.as_mut());
        let answer = match (work, open) {
            (Work::Write(chunk, book), open) => {
                commit::chunk(connection, stream, chunk, book, open, &share).await
            }
            (Work::Condemn(chunk, book, reason), open) => {
                let what = (chunk, book);
                let done = commit::condemned(connection, stream, what, reason, open, &share).await;
                done.map_err(StoreError::of_no_record)
            }
            (Work::Turn, Some(open)) => commit::turn(connection, stream, open, &share).await,
            (Work::Turn, None) => {
                let shard = usize::from(share.shard);
                let stands = super::position::stands(connection, stream).await;
                stands.map(|stands| stands.get(shard).copied().unwrap_or_default())
            }
        };
        writer.keep(lane.open.keep(answer, roll_up))
    }

    /// Lets go of all connections after an error that may be of a server: they are made anew together.
    async fn part(&self, error: &StoreError) {
        if !matches!(error, StoreError::Moved { .. } | StoreError::Content { .. }) {
            for lane in &self.lanes {
                *lane.connection.lock().await = None;
            }
        }
    }

    /// Moves all connections over a loss that are before its end, in one transaction.
    pub(super) async fn skip_abreast(
        &self,
        mut positions: Positions,
        loss: &Loss,
    ) -> Result<Stored, StoreError> {
        let stored = positions.stored().tail;
        if stored.position != loss.from.position {
            return Err(StoreError::Moved { stored });
        }
        let (steps, lost) = positions.steps_over(loss, self.config.minutes);
        let begin = Tail {
            readings: loss.until.readings.saturating_sub(lost),
            ..loss.from
        };
        let told = Loss {
            from: begin,
            ..loss.clone()
        };
        let mut writer = self.writer().await?;
        if writer.connection.server() != positions.server {
            return Err(StoreError::Moved { stored });
        }
        let stream = positions.stream;
        let done = commit::loss_of_all(&mut writer.connection, stream, &told, &steps).await;
        let Some(stands) = writer.keep(done)? else {
            return Err(StoreError::Moved { stored });
        };
        for ((share, step), stand) in steps.iter().zip(stands) {
            let shard = usize::from(share.shard);
            positions.stands[shard] = stand;
            let open = &self.lanes[shard].open;
            if let Some(mut roll_up) = open.take(self.config.minutes, stream, step.from) {
                roll_up.pass(step.until);
                open.keep(Ok(()), Some(roll_up))?;
            }
        }
        let stored = positions.stored();
        *self.positions() = Some(positions);
        Ok(stored.with_minutes(self.config.minutes))
    }

    /// Adds up again what of `chunk` is in the minutes that are open on each connection; `false` if
    /// one connection writes the stream.
    pub(super) fn recall_abreast(
        &self,
        stream: StreamId,
        (chunk, book): (&Chunk, &LayoutBook),
        fences: &Fences,
    ) -> Result<bool, StoreError> {
        let positions = self.positions();
        let positions = positions
            .as_ref()
            .filter(|positions| positions.is_of(stream));
        let Some(positions) = positions.filter(|positions| positions.are_several()) else {
            return Ok(false);
        };
        for (share, stand) in positions.shares(None).zip(&positions.stands) {
            let stored = stand.stored.with_minutes(self.config.minutes);
            let Some(turned) = stored.turned else {
                continue;
            };
            let share = Share {
                from: turned,
                ..share
            };
            let begins_before = chunk.from().position < share.until.position;
            if begins_before && chunk.until().position > turned.position {
                let open = &self.lanes[usize::from(share.shard)].open;
                blocking(|| open.recall(stream, stored, (chunk, book), fences, &share))?;
            }
        }
        Ok(true)
    }
}

/// The error that decides what is to be done next. A record is only searched for when nothing else
/// is wrong, the first one first.
fn gravest(errors: Vec<StoreError>) -> Option<StoreError> {
    let weight = |error: &StoreError| match error {
        StoreError::Content { at, .. } => (1, at.map(|at| at.position)),
        StoreError::Moved { .. } => (2, None),
        StoreError::Away { .. }
        | StoreError::Busy { .. }
        | StoreError::ReadOnly { .. }
        | StoreError::Full { .. }
        | StoreError::Forbidden { .. }
        | StoreError::Schema { .. }
        | StoreError::TooLarge { .. }
        | StoreError::Refused { .. } => (0, None),
    };
    errors.into_iter().min_by_key(weight)
}

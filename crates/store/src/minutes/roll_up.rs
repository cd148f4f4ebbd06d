//! The roll-up of a stream: which minutes are open at the place up to which it is stored.
//!
//! The database keeps, beside the position of a stream, where the stream turned last: all that is
//! before is in rows of the table `minute`, and nothing of what is behind. So the open minutes are a
//! function of the stream from there on, and whoever lost them adds them up again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use gridos_journal::{Chunk, LayoutBook, StreamId, Tail};
use gridos_rows::minutes::{Closed, Minute, MinuteRow, Minutes};

use super::turn::{Turn, is_turn};
use crate::contents::{Contents, KnownLayouts};
use crate::fence::Fences;
use crate::share::Share;
use crate::{StoreError, Stored};

/// The open minutes of a stream, at a place of it.
#[derive(Debug)]
pub(crate) struct RollUp {
    stream: StreamId,
    /// Where it was added up again from.
    turned: Option<Tail>,
    /// Up to where it is stored.
    at: Tail,
    /// Up to where it was added up again.
    recalled: Tail,
    since: Option<Minute>,
    minutes: Minutes,
}

impl RollUp {
    /// A roll-up of `stream` that knows nothing of what is before `at`.
    fn begin(stream: StreamId, at: Tail) -> Self {
        Self {
            stream,
            turned: None,
            at,
            recalled: at,
            since: None,
            minutes: Minutes::default(),
        }
    }

    /// Adds up again `contents`, a part of what the database has of `stream`: it turned last at
    /// `turned` and is stored up to `at`. Parts come in order, and each time all of them.
    fn recall(
        kept: Option<Self>,
        (stream, turned, at): (StreamId, Tail, Tail),
        chunk: &Chunk,
        contents: &Contents<'_>,
    ) -> Self {
        let from = chunk.from();
        let goes_on = |kept: &Self| {
            let is_same = kept.stream == stream && kept.turned == Some(turned) && kept.at == at;
            is_same && kept.recalled.position <= from.position && from.position > turned.position
        };
        let mut roll_up = kept.filter(goes_on).unwrap_or_else(|| Self {
            turned: Some(turned),
            recalled: turned,
            ..Self::begin(stream, at)
        });
        // Where it turned is known: whatever the clocks say, nothing turned behind.
        roll_up.expect(contents.marks.0.first().map(|mark| mark.minute));
        roll_up.add(
            contents,
            (0, 0),
            (contents.sweeps.len(), contents.event_batches()),
        );
        roll_up.recalled = chunk.until();
        roll_up
    }

    /// Where the stream turns within a chunk with these contents.
    pub(crate) fn turns(&self, contents: &Contents<'_>) -> Vec<Turn> {
        let mut turns = Vec::new();
        let mut since = self.since;
        if self.minutes.are_too_many() {
            since = contents.marks.0.first().map(|mark| mark.minute);
            turns.push(Turn {
                at: self.at,
                sweeps: 0,
                events: 0,
                minute: since,
            });
        }
        for mark in &contents.marks.0 {
            if since.is_some_and(|since| is_turn(since, mark.minute)) {
                turns.push(Turn {
                    at: mark.at,
                    sweeps: mark.sweeps,
                    events: mark.events,
                    minute: Some(mark.minute),
                });
                since = Some(mark.minute);
            }
            since.get_or_insert(mark.minute);
        }
        turns
    }

    /// Goes over a chunk that ends at `until`: the rows of the minutes that its `turns` close.
    /// Only when all were taken, the chunk is added up.
    pub(crate) fn advance<'a>(
        &'a mut self,
        contents: &'a Contents<'a>,
        turns: &'a [Turn],
        until: Tail,
    ) -> Advance<'a> {
        self.expect(contents.marks.0.first().map(|mark| mark.minute));
        Advance {
            roll_up: self,
            contents,
            turns,
            done: (0, 0),
            closing: Closed::default(),
            until: Some(until),
        }
    }

    /// Closes all minutes where the stream is stored up to.
    pub(crate) fn turn(&mut self) -> Closed {
        self.since = None;
        self.minutes.close()
    }

    /// The stream goes on at `until`, behind a span that cannot be read.
    pub(crate) fn pass(&mut self, until: Tail) {
        (self.at, self.recalled) = (until, until);
    }

    /// Closes all minutes before a span that is in none of them; the stream goes on at `until`.
    pub(crate) fn turn_over(&mut self, until: Tail) -> Closed {
        let closed = self.turn();
        self.turned = Some(until);
        self.pass(until);
        closed
    }

    fn expect(&mut self, minute: Option<Minute>) {
        if let Some(minute) = minute {
            let since = *self.since.get_or_insert(minute);
            self.minutes.expect(since);
        }
    }

    fn add(&mut self, contents: &Contents<'_>, from: (usize, usize), until: (usize, usize)) {
        for sweep in contents.sweeps_in(from.0..until.0) {
            self.minutes.add_sweep(&sweep);
        }
        for events in contents.events_in(from.1..until.1) {
            self.minutes.add_events(&events);
        }
    }
}

/// The roll-up of the stream that is written, between two transactions.
#[derive(Debug, Default)]
pub(crate) struct OpenMinutes(Mutex<Place>);

#[derive(Debug, Default)]
struct Place {
    kept: Option<RollUp>,
    /// Layouts that were met since the first part that was added up again.
    known: KnownLayouts,
}

impl OpenMinutes {
    /// The roll-up that goes on at `at` of `stream`, taken out of its place: it goes back only by
    /// [`Self::keep`], so whatever ends early ends it. `None` if minutes are not rolled up.
    pub(crate) fn take(&self, minutes: bool, stream: StreamId, at: Tail) -> Option<RollUp> {
        let is_there = |kept: &RollUp| kept.stream == stream && kept.at.position == at.position;
        let kept = std::mem::take(&mut *self.place()).kept.filter(is_there);
        minutes.then(|| kept.unwrap_or_else(|| RollUp::begin(stream, at)))
    }

    /// Puts `roll_up` back if it is surely what the database has.
    pub(crate) fn keep<T>(
        &self,
        answer: Result<T, StoreError>,
        roll_up: Option<RollUp>,
    ) -> Result<T, StoreError> {
        self.place().kept = roll_up.filter(|_| answer.is_ok());
        answer
    }

    /// Adds up again what `chunk` tells and `share` has, a part of what the database has of `stream`.
    pub(crate) fn recall(
        &self,
        stream: StreamId,
        stored: Stored,
        (chunk, book): (&Chunk, &LayoutBook),
        fences: &Fences,
        share: &Share,
    ) -> Result<(), StoreError> {
        let Some(turned) = stored.turned else {
            return Ok(());
        };
        let mut place = self.place();
        let contents = Contents::sort(chunk, book, &place.known, fences, share)?;
        place.known.extend(contents.met());
        let whose = (stream, turned, stored.tail);
        let roll_up = RollUp::recall(place.kept.take(), whose, chunk, &contents);
        place.kept = Some(roll_up);
        Ok(())
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A roll-up on its way over a chunk.
#[derive(Debug)]
pub(crate) struct Advance<'a> {
    roll_up: &'a mut RollUp,
    contents: &'a Contents<'a>,
    turns: &'a [Turn],
    /// Sweeps and events that are added up.
    done: (usize, usize),
    closing: Closed,
    /// `None` when all is done.
    until: Option<Tail>,
}

impl Iterator for Advance<'_> {
    type Item = MinuteRow;

    fn next(&mut self) -> Option<MinuteRow> {
        loop {
            if let Some(row) = self.closing.next() {
                return Some(row);
            }
            let (roll_up, contents) = (&mut *self.roll_up, self.contents);
            if let Some((turn, rest)) = self.turns.split_first() {
                let until = (turn.sweeps, turn.events);
                roll_up.add(contents, self.done, until);
                (self.done, self.turns) = (until, rest);
                self.closing = roll_up.minutes.close();
                roll_up.since = None;
                roll_up.expect(turn.minute);
                continue;
            }
            let until = self.until.take()?;
            let all = (contents.sweeps.len(), contents.event_batches());
            roll_up.add(contents, self.done, all);
            (roll_up.at, roll_up.recalled) = (until, until);
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use gridos_journal::Position;
    use gridos_model::{LayoutId, Sweep, TimeQuality, Timestamp};

    use super::*;

    const STREAM: StreamId = StreamId::from_raw(1);
    const HERE: Tail = Tail {
        position: Position::new(64),
        readings: 2,
    };

    fn filled(open: &OpenMinutes) -> RollUp {
        let mut roll_up = open.take(true, STREAM, HERE).unwrap();
        roll_up.minutes.add_sweep(&Sweep {
            layout: LayoutId::from_raw(1),
            time: Timestamp::EPOCH,
            time_quality: TimeQuality::None,
            received: Timestamp::EPOCH,
            values: &[1.5],
            qualities: &[],
        });
        roll_up
    }

    /// Whether the roll-up that goes on at a place knows nothing.
    fn is_new(open: &OpenMinutes, stream: StreamId, at: Tail) -> bool {
        let roll_up = open.take(true, stream, at).unwrap();
        let is_new = roll_up.minutes.is_empty();
        assert!(open.keep(Ok(()), Some(roll_up)).is_ok());
        is_new
    }

    #[test]
    fn only_what_a_transaction_surely_left_is_gone_on_with() {
        let open = OpenMinutes::default();
        let roll_up = filled(&open);
        assert!(open.keep(Ok(()), Some(roll_up)).is_ok());
        assert!(!is_new(&open, STREAM, HERE));
        let roll_up = filled(&open);
        let failed = Err::<(), _>(StoreError::Moved { stored: HERE });
        assert!(open.keep(failed, Some(roll_up)).is_err());
        assert!(is_new(&open, STREAM, HERE));
        // Nor is one that whoever held it let go.
        drop(filled(&open));
        assert!(is_new(&open, STREAM, HERE));
    }

    #[test]
    fn it_goes_on_at_its_own_place_of_its_own_stream() {
        let open = OpenMinutes::default();
        for (stream, at) in [(STREAM, Tail::default()), (StreamId::from_raw(2), HERE)] {
            let roll_up = filled(&open);
            assert!(open.keep(Ok(()), Some(roll_up)).is_ok());
            assert!(is_new(&open, stream, at));
        }
        assert!(open.take(false, STREAM, HERE).is_none());
    }
}

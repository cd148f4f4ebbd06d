//! Turns of the minute: where in the stream all open minutes are closed.
//!
//! The stream turns at the first record that was received in a later minute than the one that it
//! turned for last. Records of the minute before that come a little behind are no turn; a clock that
//! was set back by more is one. Wherever a turn is, it is a place of the stream that the database
//! knows, so none of this must be the same in another version.

use gridos_journal::{Position, Tail};
use gridos_model::Timestamp;
use gridos_rows::minutes::Minute;

/// Where in the contents of a chunk the minute of reception changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The first record of the minute.
    pub(crate) at: Tail,
    pub(crate) minute: Minute,
    /// Sweeps and events before it in the chunk.
    pub(crate) sweeps: usize,
    pub(crate) events: usize,
}

/// Notes the minutes of reception of records as they come.
#[derive(Debug, Default)]
pub(crate) struct Marks(pub(crate) Vec<Mark>);

impl Marks {
    /// The record at `position` was received at `received`; `mark` makes its mark.
    pub(crate) fn note(
        &mut self,
        received: Timestamp,
        position: Position,
        readings_before: impl FnOnce() -> u64,
        (sweeps, events): (usize, usize),
    ) {
        let minute = Minute::of(received);
        if self.0.last().is_none_or(|mark| mark.minute != minute) {
            let readings = readings_before();
            let at = Tail { position, readings };
            self.0.push(Mark {
                at,
                minute,
                sweeps,
                events,
            });
        }
    }
}

/// Whether a record that was received in `minute` is a turn in a stream that turned for `since`.
pub(super) fn is_turn(since: Minute, minute: Minute) -> bool {
    minute > since || minute.get() < since.get() - 1
}

/// A place where the minutes are closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// The first record behind it.
    pub(crate) at: Tail,
    /// Sweeps and events of the chunk before it.
    pub(super) sweeps: usize,
    pub(super) events: usize,
    /// The minute that the stream then turned for.
    pub(super) minute: Option<Minute>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute_of(number: i64) -> Minute {
        Minute::of(Timestamp::from_millis(number * 60_000))
    }

    #[test]
    fn a_later_minute_is_a_turn_and_a_little_behind_is_none() {
        let turns = |since, minute| is_turn(minute_of(since), minute_of(minute));
        assert!(!turns(5, 5) && turns(5, 6) && turns(5, 500));
        assert!(!turns(5, 4) && turns(5, 3) && turns(0, -2));
    }

    #[test]
    fn a_mark_is_made_where_the_minute_changes() {
        let mut marks = Marks::default();
        for (nth, millis) in [59_000, 59_999, 60_000, 59_998, 60_001, 61_000]
            .iter()
            .enumerate()
        {
            let position = Position::new(nth as u64);
            let received = Timestamp::from_millis(*millis);
            marks.note(received, position, || 7, (nth, 0));
        }
        let places: Vec<_> = marks
            .0
            .iter()
            .map(|mark| (mark.sweeps, mark.minute.get()))
            .collect();
        assert_eq!(places, [(0, 0), (2, 1), (3, 0), (4, 1)]);
        assert_eq!(marks.0[1].at.readings, 7);
    }
}

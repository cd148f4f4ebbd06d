//! A step of a stream's position: what one transaction does to it.

use gridos_journal::{Chunk, Tail};

use crate::contents::Contents;
use crate::minutes::turn::Turn;
use crate::share::Share;
use crate::{Loss, Stored};

/// From where to where a transaction takes a stream, and what became of the readings between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) from: Tail,
    pub(crate) until: Tail,
    pub(crate) quarantined: u64,
    pub(crate) lost: u64,
    /// The readings of the connection's own, if there are several.
    pub(crate) own: u64,
    /// The checksum of the last record.
    pub(crate) last: Option<u32>,
    pub(crate) turning: Turning,
}

/// What a transaction does to the minutes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turning {
    /// They are not rolled up.
    Off,
    /// They stay open, from where the stream turned last or else from where the step begins.
    Open,
    /// They are closed; what is open then begins there.
    At(Tail),
}

impl Step {
    /// Over a chunk whose contents in `share` are these.
    pub(crate) fn over(
        chunk: &Chunk,
        contents: &Contents<'_>,
        turning: Turning,
        share: &Share,
    ) -> Self {
        Self {
            from: share.from,
            until: chunk.until(),
            quarantined: contents.quarantined.iter().map(|row| row.readings).sum(),
            lost: 0,
            own: contents.readings,
            last: chunk.last_checksum(),
            turning,
        }
    }

    /// Over what is lost.
    pub(crate) fn across(loss: &Loss, turning: Turning) -> Self {
        Self {
            from: loss.from,
            until: loss.until,
            quarantined: 0,
            lost: loss.readings(),
            own: loss.readings(),
            last: None,
            turning,
        }
    }

    /// Nowhere: all minutes are closed where the stream stands.
    pub(crate) fn turn(at: Tail) -> Self {
        Self {
            from: at,
            until: at,
            quarantined: 0,
            lost: 0,
            own: 0,
            last: None,
            turning: Turning::At(at),
        }
    }

    /// Whether the position changes, and the last record with it.
    pub(crate) fn is_move(&self) -> bool {
        self.until.position > self.from.position
    }

    /// Where the stream stands after the step.
    pub(crate) fn after(&self, stored: Stored) -> Stored {
        Stored {
            tail: self.until,
            quarantined: stored.quarantined + self.quarantined,
            lost: stored.lost + self.lost,
            last: if self.is_move() {
                self.last
            } else {
                stored.last
            },
            turned: self.turning.after(self.from, stored.turned),
            ahead: None,
        }
    }
}

impl Turning {
    /// What closes minutes in a chunk with these `turns`; `None` if minutes are not rolled up.
    pub(crate) fn of(turns: Option<&[Turn]>) -> Self {
        match turns.map(<[_]>::last) {
            None => Self::Off,
            Some(None) => Self::Open,
            Some(Some(turn)) => Self::At(turn.at),
        }
    }

    /// Minutes are closed, and those that are open then begin at `at`; `None` if they are not
    /// rolled up.
    pub(crate) fn behind(at: Option<Tail>) -> Self {
        at.map_or(Self::Off, Self::At)
    }

    /// Where the stream turned last after a step from `from`.
    fn after(self, from: Tail, turned: Option<Tail>) -> Option<Tail> {
        match self {
            Self::Off => None,
            Self::Open => turned.or(Some(from)),
            Self::At(at) => Some(at),
        }
    }
}

//! The request that waits for its answer.

use std::time::{Duration, Instant};

use super::{Ignored, Task, Token};
use crate::app::{Control, EventClasses, Iin, Sequence};

/// More fragments than an answer ever has: 65,536 points of every kind take fewer.
pub(super) const FRAGMENTS_MAX: u32 = 4_096;

/// A request that was sent, and its answer so far.
///
/// The answer has the number of the request in its first fragment and the next number in each that
/// follows; FIR is set in the first and FIN in the last one (IEEE 1815-2012, 4.2.2.4).
#[derive(Clone, Copy, Debug)]
pub(super) struct Exchange {
    pub(super) task: Task,
    /// When it was due.
    pub(super) due: Instant,
    /// How many microseconds later it was made: whole instants would be too much for ten thousand associations.
    late: u32,
    /// What a scan reads.
    pub(super) classes: EventClasses,
    pub(super) wait: Wait,
    /// The number of the fragment that comes next.
    pub(super) expected: Sequence,
    /// How many fragments have arrived.
    pub(super) fragments: u32,
    /// Of the last fragment.
    pub(super) iin: Iin,
    /// Of any fragment.
    pub(super) any_iin: Iin,
    pub(super) has_events: bool,
    /// Whether it has brought something to keep.
    pub(super) has_objects: bool,
    /// Whether every confirm that it asked for was sent in time.
    pub(super) is_sure: bool,
    /// Whether some of it could not be kept.
    pub(super) is_refused: bool,
    /// Names that come after this one are of its fragments.
    pub(super) token: Token,
}

/// The times of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// When it was due.
    pub due: Instant,
    /// When it was made, to the microsecond. No two requests of an association have the same.
    pub asked: Instant,
}

/// What an exchange waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// The next fragment, until then.
    Fragment(Instant),
    /// Our own confirm, before the outstation goes on.
    Confirm,
    /// Our own confirm of the last fragment.
    LastConfirm,
}

impl Exchange {
    /// A request with the number `sequence` that was due at `due`, is made `now`, and has to be answered
    /// until `deadline`; its fragments get names after `token`.
    pub(super) fn new(
        task: Task,
        sequence: Sequence,
        token: Token,
        (due, now, deadline): (Instant, Instant, Instant),
    ) -> Self {
        let late = now.saturating_duration_since(due).as_micros();
        Self {
            task,
            due,
            late: u32::try_from(late).unwrap_or(u32::MAX),
            classes: EventClasses::empty(),
            wait: Wait::Fragment(deadline),
            expected: sequence,
            fragments: 0,
            iin: Iin::empty(),
            any_iin: Iin::empty(),
            has_events: false,
            has_objects: false,
            is_sure: true,
            is_refused: false,
            token,
        }
    }

    pub(super) fn times(&self) -> Times {
        let late = Duration::from_micros(self.late.into());
        Times {
            due: self.due,
            asked: self.due + late,
        }
    }

    /// Whether a fragment is the next one of the answer.
    pub(super) fn check(&self, control: Control) -> Result<(), Ignored> {
        if self.wait == Wait::LastConfirm {
            return Err(Ignored::Unasked);
        }
        if control.sequence != self.expected {
            return Err(Ignored::Sequence {
                expected: self.expected,
                found: control.sequence,
            });
        }
        if control.fir != (self.fragments == 0) {
            return Err(Ignored::Order);
        }
        Ok(())
    }

    /// Takes the next fragment, which was checked.
    pub(super) fn on_fragment(&mut self, control: Control, iin: Iin, has_events: bool) {
        self.expected = control.sequence.next();
        self.fragments = self.fragments.saturating_add(1);
        self.iin = iin;
        self.any_iin |= iin;
        self.has_events |= has_events;
    }

    /// When the outstation has been silent for too long.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.wait {
            Wait::Fragment(deadline) => Some(deadline),
            Wait::Confirm | Wait::LastConfirm => None,
        }
    }

    /// Whether `token` names one of its fragments.
    pub(super) fn has(&self, token: Token) -> bool {
        token.is_solicited() && token > self.token
    }
}

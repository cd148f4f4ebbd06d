//! How far the conversation with the master is.

use std::time::Instant;

use super::Moment;
use super::selection::Series;
use crate::app::{Control, Function, Request, Sequence};

/// What the master asked, and what it was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Solicited {
    /// What came and is not answered yet.
    pub(super) pending: Option<Pending>,
    /// What was answered last; nothing if that must not be answered from memory.
    pub(super) request: Vec<u8>,
    /// The last fragment of the answer.
    pub(super) response: Vec<u8>,
    /// Whether it is to be sent again.
    pub(super) is_again: bool,
    /// The confirm that is awaited.
    pub(super) wait: Option<Wait>,
    /// What follows after the confirm; or now, if none is awaited.
    pub(super) series: Option<Box<Series>>,
}

/// A request that is not answered yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) octets: Vec<u8>,
    pub(super) arrived: Moment,
    /// When the device will have made up its mind.
    pub(super) due: Instant,
}

/// A confirm that is awaited.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    pub(super) sequence: Sequence,
    pub(super) deadline: Instant,
}

impl Solicited {
    /// Whether the master has all it asked for.
    pub(super) fn is_idle(&self) -> bool {
        self.pending.is_none() && self.wait.is_none() && self.series.is_none() && !self.is_again
    }

    /// Whether `fragment` asks what is about to be answered.
    pub(super) fn is_pending(&self, fragment: &[u8]) -> bool {
        let pending = self.pending.as_ref();
        pending.is_some_and(|pending| pending.octets == fragment)
    }

    /// Whether `fragment` asks what was answered last.
    pub(super) fn is_answered(&self, fragment: &[u8]) -> bool {
        !self.response.is_empty() && self.request == fragment
    }

    /// Answers nothing from memory any more: what was told would have to be told differently.
    pub(super) fn forget(&mut self) {
        self.request.clear();
        self.response.clear();
        self.is_again = false;
    }
}

impl Pending {
    pub(super) fn is_read(&self) -> bool {
        Request::parse(&self.octets).is_ok_and(|request| request.function == Function::Read)
    }

    /// The sequence number that the answer has to have.
    pub(super) fn sequence(&self) -> Sequence {
        let control = self.octets.first().copied();
        control.map_or(Sequence::ZERO, |octet| Control::decode(octet).sequence)
    }
}

//! Confirms that are owed to the outstation: when they may be sent, and when not any more.

use std::time::{Duration, Instant};

use super::Token;
use super::time::after;
use crate::app::Sequence;

/// The confirms that are owed: at most one of either side.
///
/// There are only 16 sequence numbers, so a confirm that is too late might be taken for that of
/// another fragment, and events would be lost that nobody has kept. A confirm is therefore only
/// sent on the same connection, before another fragment of its side arrives, and in time.
#[derive(Clone, Debug)]
pub(super) struct Confirms {
    /// How long after its arrival a fragment may be confirmed.
    within: Duration,
    solicited: Option<Owed>,
    unsolicited: Option<Owed>,
    /// A fragment whose receipt is still missing though its time is over.
    overdue: Option<Token>,
}

/// Whose sequence numbers a fragment has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Solicited,
    Unsolicited,
}

/// A confirm that is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    /// The number of the fragment.
    pub(super) sequence: Sequence,
    /// When the fragment arrived.
    pub(super) arrived: Instant,
    /// What was delivered of the fragment, if something was.
    pub(super) delivery: Option<Token>,
    /// The receipt that it waits for; `None` if it can be sent.
    pub(super) receipt: Option<Token>,
    /// Whether the outstation forgets events with it.
    pub(super) has_events: bool,
}

/// Why a confirm was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Withheld {
    Late,
    Superseded,
    Disconnected,
    Refused,
}

impl Confirms {
    pub(super) fn new(within: Duration) -> Self {
        Self {
            within,
            solicited: None,
            unsolicited: None,
            overdue: None,
        }
    }

    /// Owes a confirm, or none; returns the one of the same side that this takes the place of.
    pub(super) fn owe(&mut self, side: Side, owed: Option<Owed>) -> Option<Owed> {
        std::mem::replace(self.slot(side), owed)
    }

    /// The receipt of a fragment is there.
    pub(super) fn handle_durable(&mut self, token: Token) {
        self.settle_overdue(token);
        for slot in [&mut self.solicited, &mut self.unsolicited] {
            if let Some(owed) = slot
                && owed.receipt == Some(token)
            {
                owed.receipt = None;
            }
        }
    }

    /// A fragment cannot be kept; returns the confirm that it was for, whether or not it waited for
    /// a receipt.
    pub(super) fn handle_refused(&mut self, token: Token) -> Option<(Side, Owed)> {
        self.settle_overdue(token);
        self.take_if(|owed| owed.delivery == Some(token))
    }

    /// A confirm whose time is over.
    pub(super) fn take_late(&mut self, now: Instant) -> Option<(Side, Owed)> {
        let within = self.within;
        let late = self.take_if(|owed| now >= after(owed.arrived, within));
        if let Some((_, owed)) = late {
            self.overdue = self.overdue.max(owed.receipt);
        }
        late
    }

    /// A confirm that is to be sent now; those that are late must be taken before.
    pub(super) fn take_ready(&mut self) -> Option<(Side, Owed)> {
        self.take_if(|owed| owed.receipt.is_none())
    }

    /// The connection has ended: a confirm that will not be sent, if there is one left.
    pub(super) fn take_any(&mut self) -> Option<(Side, Owed)> {
        self.overdue = None;
        self.take_if(|_| true)
    }

    /// Whether a fragment of an answer is still to be confirmed.
    pub(super) fn owes_answer(&self) -> bool {
        self.solicited.is_some()
    }

    /// Whether events of either side are still to be confirmed.
    pub(super) fn owes_events(&self) -> bool {
        let mut owed = [self.solicited, self.unsolicited].into_iter().flatten();
        owed.any(|owed| owed.has_events)
    }

    /// Whether asking for values would be of no use: the outstation answers only after the confirm
    /// of its unsolicited response, or those who keep values are behind.
    pub(super) fn hold_reads(&self) -> bool {
        self.unsolicited.is_some() || self.overdue.is_some()
    }

    /// When the first of them is late.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        [self.solicited, self.unsolicited]
            .into_iter()
            .flatten()
            .map(|owed| after(owed.arrived, self.within))
            .min()
    }

    /// Receipts come in the order of delivery, so earlier ones are not missing any more.
    fn settle_overdue(&mut self, token: Token) {
        self.overdue = self.overdue.filter(|overdue| *overdue > token);
    }

    fn take_if(&mut self, is_wanted: impl Fn(&Owed) -> bool) -> Option<(Side, Owed)> {
        for side in [Side::Solicited, Side::Unsolicited] {
            let slot = self.slot(side);
            if let Some(owed) = slot.take_if(|owed| is_wanted(owed)) {
                return Some((side, owed));
            }
        }
        None
    }

    fn slot(&mut self, side: Side) -> &mut Option<Owed> {
        match side {
            Side::Solicited => &mut self.solicited,
            Side::Unsolicited => &mut self.unsolicited,
        }
    }
}

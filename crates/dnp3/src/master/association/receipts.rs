//! Receipts that come back, and the confirms they allow.

use std::time::Instant;

use super::Association;
use crate::app::{EventClasses, MasterRequest};
use crate::master::confirms::{Owed, Side, Withheld};
use crate::master::exchange::Wait;
use crate::master::time::after;
use crate::master::{Failure, Token};

impl Association {
    /// What was delivered as `token` is durable: its confirm is sent, if it is not too late.
    pub fn handle_durable(&mut self, now: Instant, token: Token) {
        self.withhold_late(now);
        self.confirms.handle_durable(token);
        self.unsolicited.handle_durable(token);
        self.refresh(now);
    }

    /// What was delivered as `token` could not be kept: it is not confirmed, so that it comes
    /// again, and what was asked is asked again later.
    pub fn handle_refused(&mut self, now: Instant, token: Token) {
        self.withhold_late(now);
        self.unsolicited.handle_refused(token);
        if let Some((side, owed)) = self.confirms.handle_refused(token) {
            self.on_withheld(Withheld::Refused, owed);
            if side == Side::Solicited {
                self.abandon(now, Failure::NotKept);
            }
        } else if let Some(exchange) = self.exchange.as_mut().filter(|asked| asked.has(token)) {
            exchange.is_refused = true;
        } else if let Some((task, first, last)) = self.answered
            && token.is_solicited()
            && first < token
            && token <= last
        {
            self.answered = None;
            if self.exchange.is_none_or(|asked| asked.task != task) {
                self.on_failed(now, task, Failure::NotKept);
            }
        }
        self.refresh(now);
    }
}

impl Association {
    /// Puts the confirm that is to be sent now into the fragment.
    pub(super) fn confirm(&mut self, now: Instant) -> bool {
        let Some((side, owed)) = self.confirms.take_ready() else {
            return false;
        };
        let request = MasterRequest::Confirm {
            unsolicited: side == Side::Unsolicited,
        };
        self.fragment.clear();
        let is_written = request.encode(owed.sequence, &mut self.fragment).is_ok();
        let wait = now.saturating_duration_since(owed.arrived).as_micros();
        let wait = u64::try_from(wait).unwrap_or(u64::MAX);
        self.counters.on_confirm(side, wait);
        if side == Side::Solicited {
            self.on_confirmed(now);
        }
        is_written
    }

    /// The confirm of a fragment of the answer is on its way.
    fn on_confirmed(&mut self, now: Instant) {
        let deadline = after(now, self.config.response_timeout);
        let Some(exchange) = &mut self.exchange else {
            return;
        };
        match exchange.wait {
            Wait::Fragment(_) => {}
            Wait::Confirm => {
                exchange.wait = Wait::Fragment(deadline);
                self.is_leaving = true;
            }
            Wait::LastConfirm => self.finish(now),
        }
    }

    /// Gives up confirms whose time is over.
    pub(super) fn withhold_late(&mut self, now: Instant) {
        while let Some((side, owed)) = self.confirms.take_late(now) {
            self.on_withheld(Withheld::Late, owed);
            if side == Side::Solicited {
                self.on_answer_late(now);
            }
        }
    }

    /// A confirm will not be sent: what the fragment carried comes again.
    pub(super) fn on_withheld(&mut self, why: Withheld, owed: Owed) {
        self.counters.on_withheld(why);
        if !owed.has_events {
            return;
        }
        // What was refused has not been kept, so that nothing of it can come twice.
        self.may_repeat |= why != Withheld::Refused;
        if let Some(exchange) = &mut self.exchange {
            exchange.is_sure = false;
        }
    }

    /// The last confirm of the answer came to nothing. What it brought is complete; only its
    /// events will come again. Without the confirm of another part, the rest does not come.
    fn on_answer_late(&mut self, now: Instant) {
        match self.exchange.map(|exchange| exchange.wait) {
            Some(Wait::LastConfirm) => {
                self.finish(now);
                let delay = self.config.retry.delay(1, self.config.retry.longest);
                self.want_scan(EventClasses::all(), after(now, delay));
            }
            Some(Wait::Confirm) => self.abandon(now, Failure::NotConfirmed),
            Some(Wait::Fragment(_)) | None => {}
        }
    }
}

//! What arrives: requests and confirms.

use super::event::Voice;
use super::machine::Broadcast;
use super::solicited::Pending;
use super::{Moment, Outstation};
use crate::app::{Control, FragmentError, Function, Iin, Request, Response};
use crate::link::Address;

/// How many confirms can be held back; of more, the oldest is lost.
const HELD_CONFIRMS_MAX: usize = 16;

impl Outstation {
    /// Takes a fragment that arrived from the master for `destination`: this station or all. What
    /// has to be said to it, [`Outstation::poll_fragment`] gives.
    pub fn handle_fragment(&mut self, at: Moment, destination: Address, fragment: &[u8]) {
        if !self.is_connected {
            return;
        }
        self.handle_timeout(at);
        self.counters.fragments += 1;
        let function = match Request::parse(fragment) {
            Ok(request) if request.check().is_ok() => Some(request.function),
            // What nobody knows is answered all the same: not supported.
            Err(FragmentError::Function { .. }) if is_whole(fragment) => None,
            Ok(_) | Err(_) => {
                self.counters.malformed += 1;
                return;
            }
        };
        if function == Some(Function::Confirm) {
            self.handle_confirm(Control::decode(first(fragment)), at);
            return;
        }
        self.counters.requests += 1;
        if destination.is_broadcast() {
            self.give_up_pending();
            self.handle_broadcast(at, destination, fragment);
        } else if self.solicited.is_pending(fragment) {
            self.counters.repeated += 1;
        } else if self.solicited.is_answered(fragment) {
            self.counters.repeated += 1;
            self.solicited.is_again = true;
        } else {
            self.give_up_pending();
            self.handle_request(at, function, fragment);
        }
    }

    fn handle_request(&mut self, at: Moment, function: Option<Function>, fragment: &[u8]) {
        if function.is_some_and(is_unanswered) {
            self.counters.unanswered += 1;
            return;
        }
        let is_read = function == Some(Function::Read);
        self.counters.deferred += u64::from(is_read && self.unsolicited.wait.is_some());
        let due = at.now.checked_add(self.config.response_delay);
        self.solicited.pending = Some(Pending {
            octets: fragment.to_vec(),
            arrived: at,
            due: due.unwrap_or(at.now),
        });
    }

    /// A message to all is obeyed and not answered; the next response tells that it arrived
    /// (IIN1.0).
    fn handle_broadcast(&mut self, at: Moment, destination: Address, fragment: &[u8]) {
        self.counters.broadcasts += 1;
        let is_confirmed = destination == Address::BROADCAST_CONFIRM;
        self.broadcast = Some(if is_confirmed {
            Broadcast::TellUntilConfirmed
        } else {
            Broadcast::Tell
        });
        if let Ok(request) = Request::parse(fragment) {
            self.obey(at, &request);
        }
    }

    /// A new request: nobody waits for the answer to the one before any more.
    fn give_up_pending(&mut self) {
        self.counters.superseded += u64::from(self.solicited.pending.take().is_some());
        if self.solicited.wait.is_some() || self.solicited.series.is_some() {
            self.counters.aborted += 1;
            self.give_up_response();
        }
        self.solicited.forget();
    }

    fn handle_confirm(&mut self, control: Control, at: Moment) {
        self.counters.confirms += 1;
        let count = self.counters.confirms;
        if self.faults.lose_confirm.hits(count) {
            self.counters.confirms_lost += 1;
            return;
        }
        let times = if self.faults.repeat_confirm.hits(count) {
            2
        } else {
            1
        };
        for _ in 0..times {
            match at.now.checked_add(self.faults.confirm_delay) {
                Some(until) if until > at.now => {
                    if self.held_confirms.len() >= HELD_CONFIRMS_MAX {
                        self.held_confirms.pop_front();
                    }
                    self.held_confirms.push_back((until, control));
                }
                _ => self.on_confirm(control, at),
            }
        }
    }

    /// The confirm of a fragment: its events are deleted, and the next fragment may go.
    pub(super) fn on_confirm(&mut self, control: Control, at: Moment) {
        let sequence = control.sequence;
        let capacities = &self.config.capacities;
        if control.uns {
            match self.unsolicited.wait {
                Some(wait) if wait.sequence == sequence => {
                    let tells = tells_overflow(&self.unsolicited.fragment);
                    self.counters.overflows_confirmed += u64::from(tells);
                    self.events.confirm(Voice::Unsolicited, capacities);
                    self.on_unsolicited_confirmed(wait.is_null, at.now);
                }
                _ => self.counters.confirms_unexpected += 1,
            }
        } else if self
            .solicited
            .wait
            .is_some_and(|wait| wait.sequence == sequence)
        {
            self.solicited.wait = None;
            let tells = tells_overflow(&self.solicited.response);
            self.counters.overflows_confirmed += u64::from(tells);
            self.events.confirm(Voice::Solicited, capacities);
            if self.broadcast == Some(Broadcast::TellUntilConfirmed) {
                self.broadcast = None;
            }
        } else {
            self.counters.confirms_unexpected += 1;
        }
    }
}

/// The functions whose sender expects no answer.
fn is_unanswered(function: Function) -> bool {
    matches!(
        function,
        Function::DirectOperateNoResponse
            | Function::ImmediateFreezeNoResponse
            | Function::FreezeClearNoResponse
            | Function::FreezeAtTimeNoResponse
            | Function::AuthenticationRequestNoAck
    )
}

/// Whether a fragment of the outstation says that events were lost.
fn tells_overflow(fragment: &[u8]) -> bool {
    let response = Response::parse(fragment);
    response.is_ok_and(|response| response.iin.contains(Iin::EVENT_BUFFER_OVERFLOW))
}

/// Whether a request of a function that nobody knows is a whole one.
fn is_whole(fragment: &[u8]) -> bool {
    let control = Control::decode(first(fragment));
    control == Control::single(control.sequence)
}

fn first(fragment: &[u8]) -> u8 {
    fragment.first().copied().unwrap_or(0)
}

//! Fragments that arrive.

use std::time::Instant;

use super::Association;
use crate::app::{Control, ControlError, Function, Response};
use crate::master::confirms::{Owed, Side, Withheld};
use crate::master::exchange::{FRAGMENTS_MAX, Wait};
use crate::master::time::after;
use crate::master::unsolicited::Fingerprint;
use crate::master::{
    Confirm, DeadLetter, Delivery, EarlyEvents, Failure, Ignored, Received, Task, Token,
};

/// What the object headers of a fragment are about.
#[derive(Clone, Copy)]
struct Contents<'a> {
    has_events: bool,
    dead_letter: Option<DeadLetter<'a>>,
}

/// What a confirm is owed for.
#[derive(Clone, Copy)]
struct Cause {
    /// What was delivered, if it may still be refused.
    delivery: Option<Token>,
    /// The receipt that is missing.
    receipt: Option<Token>,
    /// Whether the outstation forgets events with the confirm.
    has_events: bool,
}

impl Association {
    /// Takes a fragment that arrived `now` from the outstation, and says what it is.
    ///
    /// What is delivered must be kept, and then [`Association::handle_durable`] be called; or, if
    /// it cannot be kept, [`Association::handle_refused`].
    pub fn handle_fragment<'a>(&mut self, now: Instant, fragment: &'a [u8]) -> Received<'a> {
        self.withhold_late(now);
        let received = self
            .receive(now, fragment)
            .unwrap_or_else(Received::Ignored);
        self.counters.fragments += 1;
        match &received {
            Received::Deliver(delivery) => {
                let is_unsolicited = delivery.response.is_unsolicited();
                let has_dead_letter = delivery.dead_letter.is_some();
                self.counters.on_delivered(is_unsolicited, has_dead_letter);
            }
            Received::Null => self.counters.null += 1,
            Received::Repeated => self.counters.repeated += 1,
            Received::Ignored(ignored) => self.counters.on_ignored(*ignored),
        }
        self.refresh(now);
        received
    }

    fn receive<'a>(&mut self, now: Instant, fragment: &'a [u8]) -> Result<Received<'a>, Ignored> {
        if !self.is_connected() {
            return Err(Ignored::Disconnected);
        }
        let response = Response::parse(fragment)?;
        if response.function == Function::AuthenticationResponse {
            return Err(Ignored::Authentication);
        }
        match response.check() {
            Ok(()) => {}
            Err(ControlError::UnsolicitedWithoutCon) => self.counters.without_con += 1,
            Err(error) => return Err(error.into()),
        }
        if response.is_unsolicited() {
            self.on_unsolicited(now, response)
        } else {
            self.on_answer(now, response)
        }
    }

    fn on_unsolicited<'a>(
        &mut self,
        now: Instant,
        response: Response<'a>,
    ) -> Result<Received<'a>, Ignored> {
        let (control, side) = (response.control, Side::Unsolicited);
        if response.is_null() {
            self.on_heard();
            self.react(now, response.iin, None);
            self.unsolicited.forget();
            self.owe(now, side, control, Cause::NULL);
            return Ok(Received::Null);
        }
        // What repeats also repeats its indications, which may be long outdated.
        let fingerprint = Fingerprint::of(response.octets());
        if let Some(receipt) = self.unsolicited.repeats(fingerprint) {
            self.on_heard();
            let cause = Cause {
                delivery: receipt,
                receipt,
                has_events: true,
            };
            self.confirms.owe(side, owed(now, control, cause));
            return Ok(Received::Repeated);
        }
        if self.is_paused {
            return Err(Ignored::Paused);
        }
        self.on_heard();
        self.react(now, response.iin, None);
        let contents = Contents::of(&response);
        let is_early = !self.integrity.is_done && contents.must_be_kept();
        if is_early && self.config.early_events == EarlyEvents::Ignore {
            return Err(Ignored::Early);
        }
        let delivery = self.deliver(response, contents, None);
        self.unsolicited
            .remember(fingerprint, delivery.token, delivery.needs_receipt);
        self.owe(now, side, control, Cause::of(&delivery, contents));
        Ok(Received::Deliver(delivery))
    }

    fn on_answer<'a>(
        &mut self,
        now: Instant,
        response: Response<'a>,
    ) -> Result<Received<'a>, Ignored> {
        let control = response.control;
        let exchange = self.exchange.as_mut().ok_or(Ignored::Unasked)?;
        exchange.check(control)?;
        let (task, due) = (exchange.task, exchange.due);
        if exchange.fragments >= FRAGMENTS_MAX {
            self.abandon(now, Failure::Endless);
            return Err(Ignored::Unasked);
        }
        if self.is_paused && task.is_read() && !response.is_null() {
            self.interrupt();
            return Err(Ignored::Paused);
        }
        let contents = Contents::of(&response);
        exchange.on_fragment(control, response.iin, contents.has_events);
        self.is_leaving = false;
        self.on_heard();
        self.react(now, response.iin, Some(task));
        let is_time = task == Task::TimeSync;
        if is_time && control.fin {
            self.clock.on_answer(now, &response);
        }
        let is_null = response.is_null() || (is_time && !contents.must_be_kept());
        let delivery = (!is_null).then(|| self.deliver(response, contents, Some(due)));
        if let Some(exchange) = &mut self.exchange {
            exchange.has_objects |= delivery.is_some();
        }
        let cause = delivery.map_or(Cause::NULL, |delivery| Cause::of(&delivery, contents));
        self.go_on(now, control, cause);
        Ok(delivery.map_or(Received::Null, Received::Deliver))
    }

    /// After a fragment of the answer: confirms it, waits for the next one, or is done.
    fn go_on(&mut self, now: Instant, control: Control, cause: Cause) {
        if let Some(exchange) = &mut self.exchange {
            exchange.wait = match (control.con, control.fin) {
                (true, true) => Wait::LastConfirm,
                (true, false) => Wait::Confirm,
                (false, _) => Wait::Fragment(after(now, self.config.response_timeout)),
            };
        }
        self.owe(now, Side::Solicited, control, cause);
        if control.fin && !control.con {
            self.finish(now);
        }
    }

    /// Owes the confirm of a fragment if it asks for one. One that is still owed for an older
    /// fragment of the same side is not sent any more, whether this one asks or not.
    fn owe(&mut self, now: Instant, side: Side, control: Control, cause: Cause) {
        let owed = owed(now, control, cause);
        if let Some(older) = self.confirms.owe(side, owed) {
            self.on_withheld(Withheld::Superseded, older);
        }
    }

    fn deliver<'a>(
        &mut self,
        response: Response<'a>,
        contents: Contents<'a>,
        due: Option<Instant>,
    ) -> Delivery<'a> {
        self.token = self.token.next(!response.is_unsolicited());
        let waits = response.control.con && self.config.confirm == Confirm::Durable;
        // Until it has the confirm, the outstation may send the events of the one side with the
        // other.
        let may_repeat = self.may_repeat || self.confirms.owes_events();
        Delivery {
            response,
            token: self.token,
            needs_receipt: waits && contents.must_be_kept(),
            may_repeat: may_repeat && contents.must_be_kept(),
            is_synchronised: self.clock.is_synchronised(response.iin),
            due,
            dead_letter: contents.dead_letter,
        }
    }

    fn on_heard(&mut self) {
        if let Some(event) = self.presence.on_heard() {
            self.report(event);
        }
    }
}

/// The confirm of a fragment, if it asks for one.
fn owed(now: Instant, control: Control, cause: Cause) -> Option<Owed> {
    control.con.then_some(Owed {
        sequence: control.sequence,
        arrived: now,
        delivery: cause.delivery,
        receipt: cause.receipt,
        has_events: cause.has_events,
    })
}

impl<'a> Contents<'a> {
    /// Looks at the headers, not at the objects.
    fn of(response: &Response<'a>) -> Self {
        let mut contents = Self {
            has_events: false,
            dead_letter: None,
        };
        for header in response.headers() {
            match header {
                Ok(header) => contents.has_events |= header.is_event(),
                Err(error) => {
                    contents.dead_letter = Some(DeadLetter {
                        error,
                        octets: response.rest(error.offset),
                    });
                }
            }
        }
        contents
    }

    /// Whether the outstation may forget something that is only in this fragment. What cannot be
    /// read counts as such, as nobody can tell.
    fn must_be_kept(&self) -> bool {
        self.has_events || self.dead_letter.is_some()
    }
}

impl Cause {
    /// A fragment of which nothing is kept.
    const NULL: Self = Self {
        delivery: None,
        receipt: None,
        has_events: false,
    };

    fn of(delivery: &Delivery<'_>, contents: Contents<'_>) -> Self {
        Self {
            delivery: Some(delivery.token),
            receipt: delivery.needs_receipt.then_some(delivery.token),
            has_events: contents.must_be_kept(),
        }
    }
}

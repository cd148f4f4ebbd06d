//! An association under watch: whatever happens to it, it must keep its promises.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_dnp3::app::{Control, Function, Request, Timestamp};
use gridos_dnp3::master::{Association, Config, Delivery, Event, Gap, Ignored, Received, Token};

use crate::bench::T;

/// An association, and what must hold for it.
pub(crate) struct Watch {
    pub(crate) association: Association,
    start: Instant,
    pub(crate) elapsed: Duration,
    /// The last fragment of each side that was taken: asked for, and not.
    latest: [Option<Latest>; 2],
    asked: Option<Asked>,
    last_token: Option<Token>,
    is_granted: bool,
    pub(crate) wants_integrity: bool,
    /// Every gap that was told.
    pub(crate) gaps: Vec<Gap>,
}

#[derive(Clone, Copy)]
struct Latest {
    control: Control,
    arrived: Duration,
    /// The receipt that the confirm must wait for.
    receipt: Option<Token>,
    /// Once for each time that it arrived.
    may_be_confirmed: bool,
}

/// A request without an answer.
#[derive(Clone, Copy)]
struct Asked {
    /// When it, or something that makes the outstation go on, was last sent, or a part arrived.
    since: Duration,
    is_complete: bool,
    is_given_up: bool,
}

impl Watch {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            association: Association::new(Arc::new(config), 7),
            start: Instant::now(),
            elapsed: Duration::ZERO,
            latest: [None; 2],
            asked: None,
            last_token: None,
            is_granted: false,
            wants_integrity: false,
            gaps: Vec::new(),
        }
    }

    pub(crate) fn start(&self) -> Instant {
        self.start
    }

    pub(crate) fn now(&self) -> Instant {
        self.start + self.elapsed
    }

    pub(crate) fn connect(&mut self) {
        self.on_disconnected();
        self.association.handle_connected(self.now());
    }

    pub(crate) fn disconnect(&mut self) {
        self.on_disconnected();
        self.association.handle_disconnected();
    }

    fn on_disconnected(&mut self) {
        self.latest = [None; 2];
        self.asked = None;
        self.wants_integrity = false;
    }

    pub(crate) fn pause(&mut self, is_paused: bool) {
        self.association.set_paused(is_paused, self.now());
    }

    pub(crate) fn grant(&mut self) {
        // The wish may have ended with its connection.
        if self.association.grant_integrity() {
            assert!(!self.is_granted);
            self.is_granted = true;
        }
        self.wants_integrity = false;
    }

    pub(crate) fn durable(&mut self, token: Token) {
        self.association.handle_durable(self.now(), token);
        for latest in self.latest.iter_mut().flatten() {
            if latest.receipt == Some(token) {
                latest.receipt = None;
            }
        }
    }

    pub(crate) fn refused(&mut self, token: Token) {
        self.association.handle_refused(self.now(), token);
        let [asked, unasked] = &mut self.latest;
        for (latest, is_asked) in [(asked, true), (unasked, false)] {
            if latest.is_some_and(|latest| latest.receipt == Some(token)) {
                *latest = None;
                if let (true, Some(asked)) = (is_asked, &mut self.asked) {
                    asked.is_given_up = true;
                }
            }
        }
    }

    /// Hands over a fragment; gives what was delivered.
    pub(crate) fn hears<'a>(&mut self, fragment: &'a [u8]) -> Option<Delivery<'a>> {
        let now = self.now();
        let (receipt, delivery) = match self.association.handle_fragment(now, fragment) {
            Received::Deliver(delivery) => {
                assert!(self.last_token < Some(delivery.token), "tokens ascend");
                self.last_token = Some(delivery.token);
                assert!(!delivery.needs_receipt || delivery.response.control.con);
                (
                    delivery.needs_receipt.then_some(delivery.token),
                    Some(delivery),
                )
            }
            Received::Null => (None, None),
            Received::Repeated => {
                let latest = self.latest[1].as_mut().unwrap();
                latest.arrived = self.elapsed;
                latest.may_be_confirmed = true;
                return None;
            }
            Received::Ignored(ignored) => {
                if let (Ignored::Paused, Some(asked)) = (ignored, &mut self.asked) {
                    asked.is_given_up |= fragment[1] == Function::Response.code();
                }
                return None;
            }
        };
        let control = Control::decode(fragment[0]);
        self.latest[usize::from(control.uns)] = Some(Latest {
            control,
            arrived: self.elapsed,
            receipt,
            may_be_confirmed: control.con,
        });
        if let (false, Some(asked)) = (control.uns, &mut self.asked) {
            asked.since = self.elapsed;
            asked.is_complete = control.fin;
        }
        delivery
    }

    /// Everything that is sent now.
    pub(crate) fn sends(&mut self) -> Vec<Vec<u8>> {
        let now = self.now();
        let wall = Timestamp::new(T).unwrap();
        let mut sent = Vec::new();
        while let Some(fragment) = self.association.poll_transmit(now, wall) {
            let fragment = fragment.to_vec();
            self.association.handle_sent(now, wall);
            self.check(&fragment);
            sent.push(fragment);
            assert!(sent.len() < 10, "it does not end");
        }
        self.take_events();
        let timeout = self.association.poll_timeout();
        assert!(timeout.is_none_or(|timeout| timeout > now));
        let counters = self.association.counters();
        let taken = counters.delivered() + counters.null + counters.repeated;
        assert_eq!(counters.fragments, taken + counters.ignored());
        sent
    }

    /// Time passes up to the next timeout, at most for `duration`.
    pub(crate) fn passes(&mut self, duration: Duration) {
        let end = self.elapsed + duration;
        let due = self.association.poll_timeout();
        let due = due.map(|due| due.duration_since(self.start));
        self.elapsed = due.map_or(end, |due| due.clamp(self.elapsed, end));
        self.association.handle_timeout(self.now());
    }

    fn check(&mut self, fragment: &[u8]) {
        let request = Request::parse(fragment).unwrap();
        assert_eq!(request.check(), Ok(()));
        assert!(request.headers().all(|header| header.is_ok()));
        let within = self.association.config().confirm_within();
        if request.function == Function::Confirm {
            let side = usize::from(request.control.uns);
            let latest = self.latest[side].as_mut().expect("nothing to confirm");
            assert_eq!(request.control.sequence, latest.control.sequence);
            assert_eq!(latest.receipt, None, "not durable");
            assert!(latest.may_be_confirmed, "twice");
            assert!(self.elapsed < latest.arrived + within, "late");
            latest.may_be_confirmed = false;
            if let (0, Some(asked)) = (side, &mut self.asked) {
                asked.since = self.elapsed;
            }
            return;
        }
        assert!(HARMLESS.contains(&request.function), "{request:?}");
        let is_late = |since| self.elapsed >= since + within;
        let is_owed = |latest: Latest| latest.may_be_confirmed && !is_late(latest.arrived);
        let ends_wait = self.latest[0].is_some_and(is_owed);
        assert!(!ends_wait, "it would end the wait for a confirm");
        let timeout = self.association.config().response_timeout;
        assert!(
            self.asked.is_none_or(|asked| asked.is_complete
                || asked.is_given_up
                || is_late(asked.since)
                || self.elapsed >= asked.since + timeout),
            "two requests without an answer"
        );
        self.asked = Some(Asked {
            since: self.elapsed,
            is_complete: false,
            is_given_up: false,
        });
    }

    fn take_events(&mut self) {
        while let Some(event) = self.association.poll_event() {
            self.wants_integrity |= event == Event::WantsIntegrity;
            if let Event::Gap(gap) = event {
                self.gaps.push(gap);
            }
            if let Event::IntegrityEnded { .. } = event {
                assert!(self.is_granted, "nothing was granted");
                self.is_granted = false;
            }
        }
        assert_eq!(self.association.counters().events_dropped, 0);
    }
}

/// What a master that only reads may ask.
const HARMLESS: [Function; 7] = [
    Function::Read,
    Function::Write,
    Function::EnableUnsolicited,
    Function::DisableUnsolicited,
    Function::AssignClass,
    Function::DelayMeasure,
    Function::RecordCurrentTime,
];

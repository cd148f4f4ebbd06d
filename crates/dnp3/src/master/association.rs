//! One outstation, as its master sees it.

mod asking;
mod outcomes;
mod reactions;
mod receipts;
mod receiving;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::agenda::Agenda;
use super::clock::Clock;
use super::confirms::{Confirms, Withheld};
use super::exchange::{Exchange, Times, Wait};
use super::indications::Indications;
use super::presence::Presence;
use super::time::{after, mix, share};
use super::unsolicited::LastUnsolicited;
use super::{Config, Counters, Event, Failure, Task, Token};
use crate::app::{EventClasses, Sequence, Timestamp};

/// Everything about one outstation above the transport function.
///
/// Its methods are of three families. `handle_*` take what happened; after any of them call
/// [`Association::poll_transmit`] until it gives nothing, [`Association::poll_event`] until it
/// gives nothing, and then [`Association::poll_timeout`] for when to call
/// [`Association::handle_timeout`]. `now` never goes back.
///
/// There is at most one request without an answer, and none while the confirm of an answer is
/// owed, as it would end the outstation's wait for the confirm. Unsolicited responses are taken at
/// any time.
#[derive(Clone, Debug)]
pub struct Association {
    config: Arc<Config>,
    /// When requests begin; `None` without a connection.
    begins: Option<Instant>,
    has_started: bool,
    is_paused: bool,
    /// See [`super::Delivery::may_repeat`].
    may_repeat: bool,
    /// Whether what the outstation is to answer, or to go on after, has been handed out and is not
    /// known to have left.
    is_leaving: bool,
    /// Of which classes events come unasked.
    enabled: EventClasses,
    /// The number of the next request.
    sequence: Sequence,
    /// The name of the last delivery.
    token: Token,
    chance: u64,
    exchange: Option<Exchange>,
    /// The task that was last done by an answer with something to keep, the name before those in
    /// it, and the last one.
    answered: Option<(Task, Token, Token)>,
    confirms: Confirms,
    unsolicited: LastUnsolicited,
    agenda: Agenda,
    indications: Indications,
    integrity: Integrity,
    restarts: Restarts,
    scans: Scans,
    clock: Clock,
    presence: Presence,
    events: VecDeque<Event>,
    fragment: Vec<u8>,
    counters: Counters,
}

/// How far the next integrity poll is.
#[derive(Clone, Copy, Debug)]
struct Integrity {
    permit: Permit,
    /// When one was last over.
    ended: Option<Instant>,
    /// Whether one has succeeded.
    is_done: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Permit {
    None,
    Wanted,
    Granted,
}

/// How often the outstation restarts.
#[derive(Clone, Copy, Debug, Default)]
struct Restarts {
    /// When the indication was last cleared.
    cleared: Option<Instant>,
    /// How often it was set again soon after.
    recurrences: u8,
}

/// What is known of the events that wait at the outstation.
#[derive(Clone, Copy, Debug)]
struct Scans {
    /// What the next scan reads.
    classes: EventClasses,
    /// When one was last over.
    ended: Option<Instant>,
    /// How often none came though some were indicated.
    fruitless: u8,
    /// Whether those of all classes were asked for on this connection, and that was answered.
    is_caught_up: bool,
}

impl Association {
    /// An outstation that is not connected, and of which nothing is known.
    ///
    /// `seed` decides when requests begin within [`Config::spread`]; give each association its own.
    pub fn new(config: Arc<Config>, seed: u64) -> Self {
        Self {
            begins: None,
            has_started: false,
            is_paused: false,
            may_repeat: true,
            is_leaving: false,
            enabled: EventClasses::empty(),
            sequence: Sequence::ZERO,
            token: Token::first(),
            chance: seed,
            exchange: None,
            answered: None,
            confirms: Confirms::new(config.confirm_within()),
            unsolicited: LastUnsolicited::default(),
            agenda: Agenda::new(config.polls.len()),
            indications: Indications::default(),
            integrity: Integrity {
                permit: Permit::None,
                ended: None,
                is_done: false,
            },
            restarts: Restarts::default(),
            scans: Scans {
                classes: EventClasses::empty(),
                ended: None,
                fruitless: 0,
                is_caught_up: false,
            },
            clock: Clock::new(config.time_sync),
            presence: Presence::default(),
            events: VecDeque::new(),
            fragment: Vec::new(),
            counters: Counters::default(),
            config,
        }
    }

    /// A connection to the outstation begins.
    pub fn handle_connected(&mut self, now: Instant) {
        self.handle_disconnected();
        self.begin(now);
        self.unsolicited.forget();
        self.indications.on_connected();
        self.agenda.on_connected(now);
        self.may_repeat = true;
        self.scans.is_caught_up = false;
        if std::mem::replace(&mut self.has_started, true) {
            self.want_scan(EventClasses::all(), now);
            if self.config.integrity_on_reconnect {
                self.want_integrity(now);
            }
        } else {
            self.want_all(now);
        }
        self.refresh(now);
    }

    /// The connection ends. What was asked is asked again on the next one, and what was not
    /// confirmed comes again.
    pub fn handle_disconnected(&mut self) {
        if self.begins.take().is_none() {
            return;
        }
        self.interrupt();
        while let Some((_, owed)) = self.confirms.take_any() {
            self.on_withheld(Withheld::Disconnected, owed);
        }
        if self.integrity.permit == Permit::Granted {
            self.report(Event::IntegrityEnded { succeeded: false });
        }
        self.integrity.permit = Permit::None;
        if let Some(event) = self.presence.on_disconnected() {
            self.report(event);
        }
    }

    /// The last octet of what [`Association::poll_transmit`] gave last has left, when the time was
    /// `wall`. Call it for exact clocks and timeouts; without it, what is given counts as sent.
    pub fn handle_sent(&mut self, now: Instant, wall: Timestamp) {
        if !std::mem::take(&mut self.is_leaving) {
            return;
        }
        let deadline = after(now, self.config.response_timeout);
        if let Some(exchange) = &mut self.exchange
            && let Wait::Fragment(due) = &mut exchange.wait
        {
            *due = deadline;
            if exchange.task == Task::TimeSync && exchange.fragments == 0 {
                self.clock.on_sent(now, wall);
            }
        }
    }

    /// Nothing can be kept from now on, or it can again. While paused nothing is read, and what
    /// arrives with objects is ignored and not confirmed, so that the outstation keeps it.
    pub fn set_paused(&mut self, is_paused: bool, now: Instant) {
        let was_paused = std::mem::replace(&mut self.is_paused, is_paused);
        if was_paused && !is_paused && self.begins.is_some() {
            self.begin(now);
            self.want_scan(EventClasses::all(), now);
        }
        self.refresh(now);
    }

    /// Everything is to be read again, within the limits of the configuration.
    pub fn demand_integrity(&mut self, now: Instant) {
        self.want_integrity(now);
        self.refresh(now);
    }

    /// Grants what [`Event::WantsIntegrity`] wished for; whether it is still wanted. If so,
    /// [`Event::IntegrityEnded`] follows in any case.
    pub fn grant_integrity(&mut self) -> bool {
        let is_wanted = self.integrity.permit == Permit::Wanted;
        if is_wanted {
            self.integrity.permit = Permit::Granted;
        }
        is_wanted
    }

    /// The next fragment to send, if there is one; `wall` is the time of day.
    pub fn poll_transmit(&mut self, now: Instant, wall: Timestamp) -> Option<&[u8]> {
        self.begins?;
        self.withhold_late(now);
        let is_something = self.confirm(now) || self.ask(now, wall);
        self.refresh(now);
        is_something.then_some(&self.fragment)
    }

    /// The next thing to tell, if there is one.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When [`Association::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let begins = self.begins?;
        let answer = self.exchange.and_then(|exchange| exchange.deadline());
        let can_ask = self.can_ask();
        let task = self
            .agenda
            .next_due(|task| can_ask && self.is_allowed(task))
            .map(|due| due.max(begins));
        let dues = [answer, self.confirms.poll_timeout(), task, self.wish_due()];
        dues.into_iter().flatten().min()
    }

    /// Looks what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.withhold_late(now);
        let deadline = self.exchange.and_then(|exchange| exchange.deadline());
        if deadline.is_some_and(|deadline| now >= deadline) {
            self.counters.timeouts += 1;
            self.abandon(now, Failure::Timeout);
            let event = self.presence.on_timeout(self.config.unresponsive_after);
            if let Some(event) = event {
                self.report(event);
            }
        }
        self.refresh(now);
    }

    /// Whether the events of all classes, as far as the outstation has them, were asked for on this
    /// connection and came, or on the last one: what it buffered in between is known.
    pub fn has_read_events(&self) -> bool {
        self.scans.is_caught_up
    }

    /// The times of the request that waits for its answer, if one does.
    pub fn asking(&self) -> Option<Times> {
        let waits = |exchange: &Exchange| exchange.wait != Wait::LastConfirm;
        self.exchange.filter(waits).map(|exchange| exchange.times())
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.begins.is_some()
    }

    /// How the outstation is treated.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// What has been seen and done since the association was made, or since the counters were
    /// taken.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Takes the counters, which begin anew.
    pub fn take_counters(&mut self) -> Counters {
        std::mem::take(&mut self.counters)
    }

    /// Bytes allocated, beside the configuration.
    pub fn allocated_bytes(&self) -> usize {
        self.agenda.allocated_bytes()
            + self.events.capacity() * size_of::<Event>()
            + self.fragment.capacity()
    }
}

impl Association {
    /// Requests begin, at some instant within the spread.
    fn begin(&mut self, now: Instant) {
        self.chance = mix(self.chance);
        self.begins = Some(after(now, share(self.config.spread, self.chance)));
    }

    /// Wishes for an integrity poll if one is due.
    fn refresh(&mut self, now: Instant) {
        if self.wish_due().is_some_and(|due| now >= due) {
            self.integrity.permit = Permit::Wanted;
            self.report(Event::WantsIntegrity);
        }
    }

    /// When an integrity poll is to be wished for.
    fn wish_due(&self) -> Option<Instant> {
        let begins = self.begins?;
        if self.is_paused || self.integrity.permit != Permit::None {
            return None;
        }
        Some(self.agenda.due(Task::Integrity)?.max(begins))
    }

    /// Keeps an event until it is polled. If nobody does, old ones must go.
    fn report(&mut self, event: Event) {
        if self.events.len() >= EVENTS_MAX {
            self.events.pop_front();
            self.counters.events_dropped += 1;
        }
        self.events.push_back(event);
    }
}

/// Many more events than any call can cause.
const EVENTS_MAX: usize = 64;

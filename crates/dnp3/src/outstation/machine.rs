//! The outstation as a machine of fragments.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::clock::Clock;
use super::event::Voice;
use super::event_buffer::EventBuffer;
use super::solicited::Solicited;
use super::unsolicited::Unsolicited;
use super::values::Values;
use super::{
    Fate, Faults, Ledger, Moment, NullUnsolicited, OutstationConfig, OutstationCounters, PointId,
    PointTable,
};
use crate::app::{Class, Control, Point};

/// A simulated outstation: fragments and time in, fragments out.
///
/// The driver calls, in whatever order things happen:
///
/// - [`Outstation::handle_connect`] and [`Outstation::handle_disconnect`] as the connection begins
///   and ends; [`Outstation::restart`] as the device does;
/// - [`Outstation::update`] as the process changes;
/// - [`Outstation::handle_fragment`] for each fragment of the master;
/// - [`Outstation::handle_timeout`] when [`Outstation::poll_timeout`] is due;
///
/// and after each of them [`Outstation::poll_fragment`] until it has no more, sending what it
/// gives. Time must not go back between calls.
///
/// Without its values and events it takes less than 1 KiB.
#[derive(Clone, Debug)]
pub struct Outstation {
    pub(super) points: Arc<PointTable>,
    pub(super) config: Arc<OutstationConfig>,
    pub(super) faults: Faults,
    pub(super) values: Values,
    /// The classes of all points by place, once a master has assigned some.
    pub(super) classes: Option<Box<[Class]>>,
    pub(super) events: EventBuffer,
    pub(super) clock: Clock,
    pub(super) is_connected: bool,
    /// IIN1.7.
    pub(super) has_restarted: bool,
    /// IIN1.0.
    pub(super) broadcast: Option<Broadcast>,
    pub(super) solicited: Solicited,
    pub(super) unsolicited: Unsolicited,
    /// Confirms that arrived and are held back, by the time at which they are not any more.
    pub(super) held_confirms: VecDeque<(Instant, Control)>,
    pub(super) counters: OutstationCounters,
}

const _: () = assert!(size_of::<Outstation>() < 1_024);

/// A message to all stations arrived and was not told of yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broadcast {
    /// The next response tells it.
    Tell,
    /// A confirmed response tells it.
    TellUntilConfirmed,
}

/// What a restart leaves in the event buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Nothing, as in devices that buffer in memory.
    Nothing,
    /// All events, as in devices with a battery.
    Events,
}

impl Outstation {
    /// An outstation that starts `at`, is not connected, and whose points nobody has updated.
    pub fn new(points: Arc<PointTable>, config: Arc<OutstationConfig>, at: Moment) -> Self {
        let clock = Clock::new(config.clock, at.now);
        let values = Values::new(&points, clock.stamp(at.unix_ms, at.now));
        Self {
            values,
            clock,
            unsolicited: Unsolicited::new(&config),
            points,
            config,
            faults: Faults::default(),
            classes: None,
            events: EventBuffer::new(),
            is_connected: false,
            has_restarted: true,
            broadcast: None,
            solicited: Solicited::default(),
            held_confirms: VecDeque::new(),
            counters: OutstationCounters::default(),
        }
    }

    /// A connection begins. Without one, nothing is taken or said, but events are made.
    pub fn handle_connect(&mut self, at: Moment) {
        self.handle_disconnect();
        self.is_connected = true;
        let config = self.config.unsolicited;
        if config.is_some_and(|config| config.null == NullUnsolicited::OnConnect) {
            self.unsolicited.is_announced = false;
        }
        self.on_trigger(at.now);
    }

    /// The connection ends: what was not confirmed is kept for the next one.
    pub fn handle_disconnect(&mut self) {
        self.is_connected = false;
        self.counters.superseded += u64::from(self.solicited.pending.is_some());
        self.solicited = Solicited::default();
        self.unsolicited.reset();
        self.held_confirms.clear();
        self.events.unselect(Voice::Solicited);
        self.events.unselect(Voice::Unsolicited);
    }

    /// The device restarts, on a connection that may outlive it: it says so (IIN1.7), and has
    /// forgotten everything a master told it. Values stay, as they are those of the process.
    pub fn restart(&mut self, at: Moment, kept: Kept) {
        let is_connected = self.is_connected;
        self.handle_disconnect();
        self.is_connected = is_connected;
        self.counters.restarts += 1;
        self.has_restarted = true;
        self.broadcast = None;
        self.classes = None;
        self.clock = Clock::new(self.config.clock, at.now);
        self.unsolicited = Unsolicited::new(&self.config);
        if kept == Kept::Nothing {
            self.events.forget();
        }
        self.on_trigger(at.now);
    }

    /// The next fragment to send, until there is none.
    pub fn poll_fragment(&mut self, at: Moment) -> Option<&[u8]> {
        self.handle_timeout(at);
        if !self.is_connected {
            None
        } else if self.respond(at) {
            self.counters.responses += 1;
            Some(&self.solicited.response)
        } else if self.speak(at) {
            self.counters.unsolicited += 1;
            Some(&self.unsolicited.fragment)
        } else {
            None
        }
    }

    /// When [`Outstation::handle_timeout`] and [`Outstation::poll_fragment`] have something to do
    /// that they have not now.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if !self.is_connected {
            return None;
        }
        let awaits_unsolicited = self.unsolicited.wait.is_some();
        let pending = self.solicited.pending.as_ref();
        let pending = pending.filter(|pending| !(awaits_unsolicited && pending.is_read()));
        [
            pending.map(|pending| pending.due),
            self.solicited.wait.map(|wait| wait.deadline),
            self.unsolicited.wait.map(|wait| wait.deadline),
            self.held_confirms.front().map(|(until, _)| *until),
            self.speaks_at(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Does what is due, in its order: confirms held back arrive, others are not awaited any
    /// longer.
    pub fn handle_timeout(&mut self, at: Moment) {
        loop {
            let response = self.solicited.wait.map(|wait| wait.deadline);
            let unsolicited = self.unsolicited.wait.map(|wait| wait.deadline);
            let confirm = self.held_confirms.front().map(|(until, _)| *until);
            let first = [response, unsolicited, confirm].into_iter().flatten().min();
            let Some(first) = first.filter(|first| *first <= at.now) else {
                return;
            };
            if response == Some(first) {
                self.counters.response_timeouts += 1;
                self.give_up_response();
                self.solicited.forget();
            } else if unsolicited == Some(first) {
                self.counters.unsolicited_timeouts += 1;
                self.on_unsolicited_timeout(at.now);
            } else if let Some((_, control)) = self.held_confirms.pop_front() {
                self.on_confirm(control, at);
            }
        }
    }

    /// Changes what is wrong on purpose.
    pub fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// What is wrong on purpose.
    pub fn faults(&self) -> Faults {
        self.faults
    }

    /// The points.
    pub fn points(&self) -> &Arc<PointTable> {
        &self.points
    }

    /// How it behaves.
    pub fn config(&self) -> &Arc<OutstationConfig> {
        &self.config
    }

    /// The present value of a point; its time is that of the last update.
    pub fn value(&self, point: PointId) -> Option<Point<'_>> {
        let definition = self.points.definition(point)?;
        Some(self.values.get(point.place())?.point(definition))
    }

    /// The class that the events of a point get now.
    pub fn class(&self, point: PointId) -> Class {
        let place = point.place();
        let assigned = self.classes.as_ref().and_then(|classes| classes.get(place));
        let defined = self.points.definition(point);
        let defined = defined.map_or(Class::Zero, |definition| definition.class);
        assigned.copied().unwrap_or(defined)
    }

    /// How many events are in the buffer.
    pub fn buffered(&self) -> usize {
        self.events.len()
    }

    /// What has become of the event with that number; `None` if it has not been made.
    pub fn fate(&self, event: u64) -> Option<Fate> {
        self.events.fate(event)
    }

    /// What became of all events.
    pub fn ledger(&self) -> &Ledger {
        self.events.ledger()
    }

    /// What it has seen and done.
    pub fn counters(&self) -> &OutstationCounters {
        &self.counters
    }

    /// Whether a connection is there.
    pub fn is_connected(&self) -> bool {
        self.is_connected
    }

    /// Whether it awaits the confirm of a response, and of an unsolicited one.
    pub fn awaits_confirm(&self) -> (bool, bool) {
        let (response, unsolicited) = (self.solicited.wait, self.unsolicited.wait);
        (response.is_some(), unsolicited.is_some())
    }

    /// Gives up the response under way: its events will be offered again.
    pub(super) fn give_up_response(&mut self) {
        self.solicited.wait = None;
        self.solicited.series = None;
        self.events.unselect(Voice::Solicited);
    }
}

//! What goes unasked.

use std::time::Instant;

use super::event::Voice;
use super::reading::event_class;
use super::{Moment, Outstation, OutstationConfig, Retries, RetryStyle, UnsolicitedConfig};
use crate::app::{Control, EventClasses, Iin, Range, Request, ResponseWriter, Sequence, Variation};

/// How far the outstation is with speaking unasked.
#[derive(Clone, Debug)]
pub(super) struct Unsolicited {
    /// The classes whose events may go.
    enabled: EventClasses,
    /// Whether a NULL unsolicited response was confirmed; nothing else goes before.
    pub(super) is_announced: bool,
    /// The number of the next new fragment.
    sequence: Sequence,
    /// The last fragment.
    pub(super) fragment: Vec<u8>,
    /// The confirm that is awaited.
    pub(super) wait: Option<UnsolicitedWait>,
    /// The last fragment, if it is to be sent again as it is.
    again: Option<Spoken>,
    /// How often events were sent again without a confirm.
    retries: u32,
    /// When waiting events are to go.
    ready_at: Option<Instant>,
    /// Whether it has tried often enough, and waits for something new.
    is_resting: bool,
}

/// A fragment that went unasked.
#[derive(Clone, Copy, Debug)]
struct Spoken {
    sequence: Sequence,
    is_null: bool,
}

/// The confirm of an unsolicited fragment.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnsolicitedWait {
    pub(super) sequence: Sequence,
    pub(super) is_null: bool,
    pub(super) deadline: Instant,
}

impl Unsolicited {
    pub(super) fn new(config: &OutstationConfig) -> Self {
        let enabled = config.unsolicited.map(|config| config.enabled_at_start);
        Self {
            enabled: enabled.unwrap_or(EventClasses::empty()),
            is_announced: false,
            sequence: Sequence::ZERO,
            fragment: Vec::new(),
            wait: None,
            again: None,
            retries: 0,
            ready_at: None,
            is_resting: false,
        }
    }

    /// The connection ended: what was said may not have been heard.
    pub(super) fn reset(&mut self) {
        self.fragment.clear();
        self.wait = None;
        self.again = None;
        self.retries = 0;
        self.is_resting = false;
    }
}

impl Outstation {
    /// Makes the next unsolicited fragment, if it is time for one.
    pub(super) fn speak(&mut self, at: Moment) -> bool {
        let Some(config) = self
            .config
            .unsolicited
            .filter(|config| self.may_speak(config))
        else {
            return false;
        };
        let spoken = match self.unsolicited.again.take() {
            Some(spoken) => {
                self.counters.unsolicited_retries += 1;
                Some(spoken)
            }
            None if !self.unsolicited.is_announced => Some(self.announce(at)),
            None if self.events_are_due(at.now) => self.tell_events(at),
            None => None,
        };
        if let Some(Spoken { sequence, is_null }) = spoken {
            let deadline = at.now.checked_add(config.confirm_timeout);
            self.unsolicited.wait = Some(UnsolicitedWait {
                sequence,
                is_null,
                deadline: deadline.unwrap_or(at.now),
            });
        }
        spoken.is_some()
    }

    /// When [`Outstation::speak`] has something to say, as far as it depends on the time alone.
    pub(super) fn speaks_at(&self) -> Option<Instant> {
        let may_speak = self
            .config
            .unsolicited
            .is_some_and(|config| self.may_speak(&config));
        let is_quiet = self.unsolicited.is_resting || !self.unsolicited.is_announced;
        self.unsolicited.ready_at.filter(|_| may_speak && !is_quiet)
    }

    /// An event was made in `class`.
    pub(super) fn on_event(&mut self, class: EventClasses, now: Instant) {
        if !self.unsolicited.enabled.contains(class) {
            return;
        }
        let Some(config) = self.config.unsolicited else {
            return;
        };
        self.unsolicited.is_resting = false;
        if self
            .unsolicited
            .ready_at
            .is_some_and(|ready_at| ready_at <= now)
        {
            return;
        }
        let waiting = self.events.waiting(self.unsolicited.enabled);
        let held_until = now.checked_add(config.hold_time).unwrap_or(now);
        let ready_at = if waiting >= config.hold_count {
            now
        } else {
            held_until
        };
        let earliest = self.unsolicited.ready_at.unwrap_or(ready_at).min(ready_at);
        self.unsolicited.ready_at = Some(earliest);
    }

    /// Something gives reason to try again, as far as events wait.
    pub(super) fn on_trigger(&mut self, now: Instant) {
        self.unsolicited.is_resting = false;
        self.unsolicited.retries = 0;
        self.offer_again(now);
    }

    /// The confirm came.
    pub(super) fn on_unsolicited_confirmed(&mut self, is_null: bool, now: Instant) {
        self.unsolicited.wait = None;
        self.unsolicited.is_announced |= is_null;
        if is_null {
            self.on_trigger(now);
        } else {
            self.unsolicited.retries = 0;
        }
    }

    /// The confirm did not come in time. A READ that waits goes first and may take the events.
    pub(super) fn on_unsolicited_timeout(&mut self, now: Instant) {
        let (Some(wait), Some(config)) = (self.unsolicited.wait.take(), self.config.unsolicited)
        else {
            return;
        };
        let is_interrupted = self
            .solicited
            .pending
            .as_ref()
            .is_some_and(|pending| pending.is_read());
        let disabled = EventClasses::all() - self.unsolicited.enabled;
        let is_wanted = !self.events.has_spoken_of(disabled);
        let has_tried = match config.retries {
            Retries::Endless => false,
            Retries::Times(times) => !wait.is_null && self.unsolicited.retries >= times,
        };
        if !is_interrupted && is_wanted && !has_tried {
            self.unsolicited.retries = self.unsolicited.retries.saturating_add(1);
            if config.retry_style == RetryStyle::Identical {
                let UnsolicitedWait {
                    sequence, is_null, ..
                } = wait;
                self.unsolicited.again = Some(Spoken { sequence, is_null });
                return;
            }
        } else {
            self.unsolicited.retries = 0;
            self.unsolicited.is_resting = has_tried;
        }
        self.events.unselect(Voice::Unsolicited);
        self.offer_again(now);
    }

    /// ENABLE_UNSOLICITED.
    pub(super) fn enable_unsolicited(&mut self, arrived: Moment, request: &Request<'_>) -> Iin {
        let (classes, iin) = named_classes(request);
        self.unsolicited.enabled |= classes;
        self.on_trigger(arrived.now);
        iin
    }

    /// DISABLE_UNSOLICITED. A fragment whose confirm is awaited is not taken back, but it is not
    /// sent again either.
    pub(super) fn disable_unsolicited(&mut self, _arrived: Moment, request: &Request<'_>) -> Iin {
        let (classes, iin) = named_classes(request);
        self.unsolicited.enabled -= classes;
        if self.events.waiting(self.unsolicited.enabled) == 0 {
            self.unsolicited.ready_at = None;
        }
        iin
    }

    /// Events that wait are to go at once: they have waited before.
    fn offer_again(&mut self, now: Instant) {
        let is_any_waiting = self.events.waiting(self.unsolicited.enabled) > 0;
        self.unsolicited.ready_at = is_any_waiting.then_some(now);
    }

    /// Whether the master listens: it is not being told something else.
    fn may_speak(&self, config: &UnsolicitedConfig) -> bool {
        let between =
            config.interleaves && self.solicited.wait.is_some() && self.solicited.pending.is_none();
        self.unsolicited.wait.is_none() && (self.solicited.is_idle() || between)
    }

    fn events_are_due(&self, now: Instant) -> bool {
        let is_ready = self
            .unsolicited
            .ready_at
            .is_some_and(|ready_at| ready_at <= now);
        is_ready && !self.unsolicited.is_resting
    }

    /// A NULL unsolicited response.
    fn announce(&mut self, at: Moment) -> Spoken {
        self.counters.unsolicited_retries += u64::from(self.unsolicited.retries > 0);
        let writer = self.writer();
        self.put(at, writer, true)
    }

    /// The oldest events of the enabled classes, as many as have room.
    fn tell_events(&mut self, at: Moment) -> Option<Spoken> {
        let mut writer = self.writer();
        let (classes, width) = (self.unsolicited.enabled, self.config.event_index_width);
        let written = self
            .events
            .write_waiting(classes, &self.points, width, &mut writer);
        self.offer_again(at.now);
        if !written.has_events {
            return None;
        }
        self.counters.unsolicited_retries += u64::from(self.unsolicited.retries > 0);
        Some(self.put(at, writer, false))
    }

    fn put(&mut self, at: Moment, mut writer: ResponseWriter, is_null: bool) -> Spoken {
        let sequence = self.unsolicited.sequence;
        self.unsolicited.sequence = sequence.next();
        let control = Control {
            con: true,
            uns: true,
            ..Control::single(sequence)
        };
        let octets = writer.finish(control, self.indications(at)).to_vec();
        self.unsolicited.fragment = self.spoiled(octets, self.counters.unsolicited + 1);
        Spoken { sequence, is_null }
    }
}

/// The classes that a request names by g60v2 to g60v4.
fn named_classes(request: &Request<'_>) -> (EventClasses, Iin) {
    let (mut classes, mut iin) = (EventClasses::empty(), Iin::empty());
    for header in request.headers().flatten() {
        let variation = header.variation();
        match event_class(variation) {
            Some(class) if header.range() == Range::All => classes |= class,
            Some(_) => iin |= Iin::PARAMETER_ERROR,
            None if variation == Variation::CLASS_0 => iin |= Iin::PARAMETER_ERROR,
            None => iin |= Iin::OBJECT_UNKNOWN,
        }
    }
    (classes, iin)
}

//! A small honest outstation: it forgets an event when, and only when, the fragment that carried
//! it is confirmed.

use std::collections::VecDeque;
use std::time::Duration;

use gridos_dnp3::app::{Function, Iin, Request, Variation};

/// How long it waits for a confirm.
const PATIENCE: Duration = Duration::from_secs(5);
/// Events that fit one of its fragments.
const FRAGMENT_EVENTS: usize = 3;

pub(crate) struct Outstation {
    /// Events that wait, the oldest first.
    events: VecDeque<u16>,
    next_event: u16,
    /// Events it has forgotten because they were confirmed.
    pub(crate) confirmed: Vec<u16>,
    is_restarted: bool,
    needs_time: bool,
    /// Whether its first unsolicited response, without events, was confirmed.
    is_introduced: bool,
    is_enabled: bool,
    sequence: u8,
    unsolicited: Option<Waiting>,
    answer: Option<Waiting>,
    /// A READ that came while an unsolicited response was not confirmed.
    deferred: Option<Vec<u8>>,
    /// What it sends.
    pub(crate) sent: VecDeque<Vec<u8>>,
}

/// A fragment that is not confirmed.
struct Waiting {
    fragment: Vec<u8>,
    until: Duration,
    /// How many of the first events it carries.
    events: usize,
}

impl Outstation {
    pub(crate) fn new() -> Self {
        Self {
            events: VecDeque::new(),
            next_event: 0,
            confirmed: Vec::new(),
            is_restarted: true,
            needs_time: true,
            is_introduced: false,
            is_enabled: false,
            sequence: 0,
            unsolicited: None,
            answer: None,
            deferred: None,
            sent: VecDeque::new(),
        }
    }

    /// Something happens.
    pub(crate) fn occur(&mut self) {
        self.events.push_back(self.next_event);
        self.next_event += 1;
    }

    pub(crate) fn waiting_events(&self) -> usize {
        self.events.len()
    }

    /// It restarts; events survive, as they would in a good device.
    pub(crate) fn restart(&mut self) {
        self.disconnect();
        self.is_restarted = true;
        self.is_introduced = false;
        self.is_enabled = false;
    }

    pub(crate) fn disconnect(&mut self) {
        (self.unsolicited, self.answer, self.deferred) = (None, None, None);
        self.sent.clear();
    }

    /// Whatever is due at `now`.
    pub(crate) fn handle_time(&mut self, now: Duration) {
        if self
            .answer
            .as_ref()
            .is_some_and(|waiting| now >= waiting.until)
        {
            self.answer = None;
        }
        match &mut self.unsolicited {
            Some(waiting) if now < waiting.until => {}
            Some(_) if self.deferred.is_some() => self.handle_deferred(now),
            Some(waiting) if waiting.events > 0 => {
                waiting.until = now + PATIENCE;
                self.sent.push_back(waiting.fragment.clone());
            }
            _ => {
                self.unsolicited = None;
                self.volunteer(now);
            }
        }
    }

    /// Sends an unsolicited response if there is something to tell.
    fn volunteer(&mut self, now: Duration) {
        if self.unsolicited.is_some() || self.answer.is_some() {
            return;
        }
        let count = if self.is_introduced {
            FRAGMENT_EVENTS
        } else {
            0
        };
        let has_reason = self.is_enabled && !self.events.is_empty();
        if self.is_introduced && !has_reason {
            return;
        }
        let control = 0xf0 | self.sequence;
        self.sequence = (self.sequence + 1) % 16;
        let (fragment, events) = self.fragment(control, Function::UnsolicitedResponse, count);
        self.sent.push_back(fragment.clone());
        self.unsolicited = Some(Waiting {
            fragment,
            until: now + PATIENCE,
            events,
        });
    }

    /// Takes a request or confirm.
    pub(crate) fn hears(&mut self, now: Duration, fragment: &[u8]) {
        let request = Request::parse(fragment).unwrap();
        let sequence = request.control.sequence.value();
        if request.function == Function::Confirm {
            if request.control.uns {
                self.on_confirm_unsolicited(now, sequence);
            } else {
                self.on_confirm(now, sequence);
            }
            return;
        }
        self.answer = None;
        self.deferred = None;
        if request.function != Function::Read {
            self.obey(&request);
            let iin = self.iin(0).to_octets();
            let answer = [0xc0 | sequence, Function::Response.code(), iin[0], iin[1]];
            self.sent.push_back(answer.to_vec());
        } else if self.unsolicited.is_some() {
            self.deferred = Some(fragment.to_vec());
        } else {
            self.read(now, fragment);
        }
    }

    fn obey(&mut self, request: &Request<'_>) {
        if request.function == Function::EnableUnsolicited {
            self.is_enabled = true;
        } else if request.function == Function::DisableUnsolicited {
            self.is_enabled = false;
        } else if request.function == Function::Write {
            let header = request.headers().next().unwrap().unwrap();
            if header.variation() == Variation::INDICATIONS {
                self.is_restarted = false;
            } else {
                self.needs_time = false;
            }
        }
    }

    fn on_confirm_unsolicited(&mut self, now: Duration, sequence: u8) {
        let is_it = |waiting: &mut Waiting| waiting.fragment[0] & 0x0f == sequence;
        if let Some(waiting) = self.unsolicited.take_if(is_it) {
            self.is_introduced = true;
            self.confirmed.extend(self.events.drain(..waiting.events));
            self.handle_deferred(now);
        }
    }

    fn on_confirm(&mut self, now: Duration, sequence: u8) {
        let is_it = |waiting: &mut Waiting| waiting.fragment[0] & 0x0f == sequence;
        if let Some(waiting) = self.answer.take_if(is_it) {
            self.confirmed.extend(self.events.drain(..waiting.events));
            if waiting.fragment[0] & 0x40 == 0 {
                self.answer_part(now, (sequence + 1) % 16);
            }
        }
    }

    fn handle_deferred(&mut self, now: Duration) {
        if let Some(request) = self.deferred.take() {
            self.unsolicited = None;
            self.read(now, &request);
        }
    }

    /// Answers a READ: with events if it is for class 1, which all of them are.
    fn read(&mut self, now: Duration, fragment: &[u8]) {
        let request = Request::parse(fragment).unwrap();
        let is_for_events = request
            .headers()
            .flatten()
            .any(|header| header.variation() == Variation::CLASS_1);
        let sequence = request.control.sequence.value();
        if is_for_events && !self.events.is_empty() {
            self.answer_part(now, 0x80 | sequence);
        } else {
            let (fragment, _) = self.fragment(0xc0 | sequence, Function::Response, 0);
            self.sent.push_back(fragment);
        }
    }

    /// Sends a part of the answer, whose FIR and number are `control`.
    fn answer_part(&mut self, now: Duration, control: u8) {
        let fin = if self.events.len() <= FRAGMENT_EVENTS {
            0x40
        } else {
            0
        };
        let con = if self.events.is_empty() { 0 } else { 0x20 };
        let (fragment, events) =
            self.fragment(control | fin | con, Function::Response, FRAGMENT_EVENTS);
        self.sent.push_back(fragment.clone());
        if con != 0 {
            self.answer = Some(Waiting {
                fragment,
                until: now + PATIENCE,
                events,
            });
        }
    }

    /// A fragment with up to `most` of the first events, and how many.
    fn fragment(&self, control: u8, function: Function, most: usize) -> (Vec<u8>, usize) {
        let count = self.events.len().min(most);
        let [iin_1, iin_2] = self.iin(count).to_octets();
        let mut fragment = vec![control, function.code(), iin_1, iin_2];
        if count > 0 {
            fragment.extend([2, 1, 0x28, u8::try_from(count).unwrap(), 0]);
            for event in self.events.iter().take(count) {
                fragment.extend(event.to_le_bytes());
                fragment.push(0x81);
            }
        }
        (fragment, count)
    }

    /// Its indications, if a fragment carries so many of its events.
    fn iin(&self, carried: usize) -> Iin {
        let mut iin = Iin::empty();
        iin.set(Iin::DEVICE_RESTART, self.is_restarted);
        iin.set(Iin::NEED_TIME, self.needs_time);
        let unsolicited = self
            .unsolicited
            .as_ref()
            .map_or(0, |waiting| waiting.events);
        let is_more = self.events.len() > carried.max(unsolicited);
        iin.set(Iin::CLASS_1_EVENTS, is_more);
        iin
    }
}

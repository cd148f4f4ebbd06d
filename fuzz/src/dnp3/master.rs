//! The master with any outstation, any receipts, and any time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_dnp3::app::{Control, EventClasses, Function, Request, Timestamp};
use gridos_dnp3::master::{
    Association, Config, Confirm, EarlyEvents, Event, Received, TimeSync, Token,
};

use super::super::bytes::Bytes;

const UNIX_MS: u64 = 1_700_000_000_000;
/// Beyond so many steps nothing new happens.
const STEPS_MAX: usize = 400;
/// Fragments that one step may make: whoever says more never stops.
const FRAGMENTS_MAX: usize = 10;

/// Whatever an outstation says, whatever becomes of it and whenever: nothing is confirmed before it
/// is durable, late or twice, nothing is asked for but what only reads, and the master never hangs.
pub fn master(bytes: &[u8]) {
    let mut bytes = Bytes::new(bytes);
    let mut bench = Bench::new(&mut bytes);
    for _ in 0..STEPS_MAX {
        if bytes.is_empty() {
            break;
        }
        bench.step(&mut bytes);
        bench.drain();
    }
}

struct Bench {
    association: Association,
    start: Instant,
    elapsed: Duration,
    /// The number of the last request.
    asked: u8,
    /// The last fragment of each side: asked for, and not.
    latest: [Option<Latest>; 2],
    /// What was delivered, and may be refused or, if it needs one, have its receipt.
    receipts: Vec<(Token, bool)>,
    last_token: Option<Token>,
    is_granted: bool,
}

#[derive(Clone, Copy)]
struct Latest {
    sequence: u8,
    arrived: Duration,
    delivery: Option<Token>,
    /// What must be durable before.
    waits_for: Option<Token>,
    may_be_confirmed: bool,
}

impl Bench {
    fn new(bytes: &mut Bytes<'_>) -> Self {
        let choice = bytes.byte();
        let is = |bit: u8| choice & (1 << bit) != 0;
        let config = Config {
            confirm: if is(0) {
                Confirm::Received
            } else {
                Confirm::Durable
            },
            disables_unsolicited: is(1),
            enables_unsolicited: EventClasses::from_bits_truncate(bytes.byte()),
            early_events: if is(2) {
                EarlyEvents::Ignore
            } else {
                EarlyEvents::Take
            },
            integrity_period: is(3).then_some(Duration::from_secs(60)),
            integrity_on_reconnect: is(4),
            time_sync: bytes.choose(&[TimeSync::Never, TimeSync::Lan, TimeSync::Serial]),
            ..Config::default()
        };
        let start = Instant::now();
        let mut association = Association::new(Arc::new(config), u64::from(choice));
        association.handle_connected(start);
        Self {
            association,
            start,
            elapsed: Duration::ZERO,
            asked: 0,
            latest: [None; 2],
            receipts: Vec::new(),
            last_token: None,
            is_granted: false,
        }
    }

    fn now(&self) -> Instant {
        self.start + self.elapsed
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        match bytes.byte() % 8 {
            0 => self.hear_near(bytes),
            1 => {
                let length = usize::from(bytes.byte() % 48);
                let fragment: Vec<u8> = (0..length).map(|_| bytes.byte()).collect();
                self.hear(&fragment);
            }
            2 => self.settle(bytes, true),
            3 => self.settle(bytes, false),
            4 => {
                self.elapsed += Duration::from_millis(u64::from(bytes.word()));
                self.association.handle_timeout(self.now());
            }
            5 => {
                let due = self.association.poll_timeout();
                let due = due.map(|due| due.duration_since(self.start));
                self.elapsed = due.map_or(self.elapsed, |due| due.max(self.elapsed));
                self.association.handle_timeout(self.now());
            }
            6 => {
                self.is_granted |= self.association.grant_integrity();
            }
            _ => match bytes.byte() % 4 {
                0 => {
                    self.latest = [None; 2];
                    self.association.handle_disconnected();
                }
                1 => {
                    self.latest = [None; 2];
                    self.association.handle_connected(self.now());
                }
                2 => self
                    .association
                    .set_paused(bytes.byte().is_multiple_of(2), self.now()),
                _ => self.association.demand_integrity(self.now()),
            },
        }
    }

    /// A fragment that looks right, mostly with the number that is waited for.
    fn hear_near(&mut self, bytes: &mut Bytes<'_>) {
        let form = bytes.byte();
        let number = if form & 0x10 == 0 {
            self.asked
        } else {
            bytes.byte() & 0x0f
        };
        let function = 0x81 + (form & 1);
        let objects = bytes.choose::<&[u8]>(&[
            &[],
            &[2, 1, 0x28, 1, 0, 0, 0, 0x81],
            &[
                32, 7, 0x28, 1, 0, 5, 0, 1, 0, 0, 0x20, 0x41, 1, 0, 0, 0, 0, 0,
            ],
            &[30, 5, 0, 0, 0, 1, 0, 0, 0xa0, 0x3f],
            &[52, 2, 7, 1, 10, 0],
            &[2, 1, 0x28, 1, 0, 0, 0, 0x81, 250, 1, 0],
        ]);
        let control = form & 0xe0 | (form & 1) << 4 | number;
        let iin = [bytes.byte(), bytes.byte() & 0x3f];
        let before = self.last_token;
        self.hear(&[&[control, function], &iin[..], objects].concat());
        // What needs no receipt is refused at once, or not at all.
        if let Some((token, false)) = self.receipts.last().copied()
            && self.last_token > before
            && bytes.byte() & 7 == 1
        {
            self.receipts.pop();
            self.association.handle_refused(self.now(), token);
            for latest in self.latest.iter_mut().flatten() {
                latest.may_be_confirmed &= latest.delivery != Some(token);
            }
        }
    }

    fn hear(&mut self, fragment: &[u8]) {
        let now = self.now();
        let (delivery, waits_for) = match self.association.handle_fragment(now, fragment) {
            Received::Deliver(delivery) => {
                assert!(self.last_token < Some(delivery.token), "tokens ascend");
                self.last_token = Some(delivery.token);
                self.receipts.push((delivery.token, delivery.needs_receipt));
                let token = delivery.token;
                (Some(token), delivery.needs_receipt.then_some(token))
            }
            Received::Null => (None, None),
            Received::Repeated => {
                let latest = self.latest[1].as_mut().expect("it came before");
                latest.arrived = self.elapsed;
                latest.may_be_confirmed = true;
                return;
            }
            Received::Ignored(_) => return,
        };
        let control = Control::decode(fragment[0]);
        self.latest[usize::from(control.uns)] = Some(Latest {
            sequence: control.sequence.value(),
            arrived: self.elapsed,
            delivery,
            waits_for,
            may_be_confirmed: control.con,
        });
    }

    /// One of the last deliveries becomes durable, or is refused.
    fn settle(&mut self, bytes: &mut Bytes<'_>, is_durable: bool) {
        let Some(last) = self.receipts.len().checked_sub(1) else {
            return;
        };
        let which = last - usize::from(bytes.byte()) % self.receipts.len();
        let (token, needs_receipt) = self.receipts.remove(which);
        if is_durable {
            self.association.handle_durable(self.now(), token);
            for latest in self.latest.iter_mut().flatten() {
                latest.waits_for = latest.waits_for.filter(|waits_for| *waits_for != token);
            }
        } else if needs_receipt {
            self.association.handle_refused(self.now(), token);
        }
    }

    fn drain(&mut self) {
        let now = self.now();
        let wall = Timestamp::new(UNIX_MS).expect("a time");
        let mut count = 0;
        while let Some(fragment) = self.association.poll_transmit(now, wall) {
            let fragment = fragment.to_vec();
            self.association.handle_sent(now, wall);
            self.check(&fragment);
            count += 1;
            assert!(count < FRAGMENTS_MAX, "it does not stop");
        }
        while let Some(event) = self.association.poll_event() {
            if let Event::IntegrityEnded { .. } = event {
                assert!(std::mem::take(&mut self.is_granted), "nothing was granted");
            }
        }
        let due = self.association.poll_timeout();
        assert!(
            due.is_none_or(|due| due > now),
            "it is due and does nothing"
        );
    }

    fn check(&mut self, fragment: &[u8]) {
        let request = Request::parse(fragment).expect("what is sent can be read");
        assert_eq!(request.check(), Ok(()));
        assert!(request.headers().all(|header| header.is_ok()));
        if request.function != Function::Confirm {
            assert!(HARMLESS.contains(&request.function), "{request:?}");
            self.asked = request.control.sequence.value();
            return;
        }
        let side = usize::from(request.control.uns);
        let latest = self.latest[side].as_mut().expect("there was something");
        assert_eq!(request.control.sequence.value(), latest.sequence);
        assert_eq!(latest.waits_for, None, "it is not durable");
        assert!(latest.may_be_confirmed, "twice");
        let within = self.association.config().confirm_within();
        assert!(self.elapsed < latest.arrived + within, "late");
        latest.may_be_confirmed = false;
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

//! An association with everything around it that a driver would be.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_dnp3::app::{EventClasses, Timestamp};
use gridos_dnp3::master::{Association, Config, Counters, Event, Gap, Ignored, Received, Token};

/// 2023-11-14 22:13:20 UTC, when every script begins.
pub(crate) const T: u64 = 1_700_000_000_000;

/// READ of classes 1, 2, 3 and 0, behind the control octet.
pub(crate) const INTEGRITY: &str = "01 3C 02 06 3C 03 06 3C 04 06 3C 01 06";
/// READ of classes 1, 2 and 3.
pub(crate) const SCAN: &str = "01 3C 02 06 3C 03 06 3C 04 06";
/// WRITE of g80v1.
pub(crate) const CLEAR: &str = "02 50 01 00 07 07 00";
/// ENABLE_UNSOLICITED for all classes.
pub(crate) const ENABLE: &str = "14 3C 02 06 3C 03 06 3C 04 06";
/// DISABLE_UNSOLICITED for all classes.
pub(crate) const DISABLE: &str = "15 3C 02 06 3C 03 06 3C 04 06";

/// g2v1, index 0: an event.
pub(crate) const EVENT: &str = "02 01 28 01 00 00 00 81";
/// g30v5, index 0: a static value.
pub(crate) const STATIC: &str = "1E 05 00 00 00 01 00 00 A0 3F";

/// An association, the time, and what was delivered.
pub(crate) struct Bench {
    pub(crate) association: Association,
    /// The time of day when the script begins.
    pub(crate) epoch: u64,
    pub(crate) elapsed: Duration,
    start: Instant,
}

/// What became of a fragment, without what it borrows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Delivered(Delivered),
    Null,
    Repeated,
    Ignored(Ignored),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Delivered {
    pub(crate) token: Token,
    pub(crate) needs_receipt: bool,
    pub(crate) may_repeat: bool,
    pub(crate) is_synchronised: bool,
    pub(crate) dead_letter: Option<Vec<u8>>,
}

/// A configuration in which nothing happens by itself but the first integrity poll.
pub(crate) fn quiet() -> Config {
    Config {
        disables_unsolicited: false,
        enables_unsolicited: EventClasses::empty(),
        integrity_period: None,
        integrity_interval_min: Duration::ZERO,
        spread: Duration::ZERO,
        ..Config::default()
    }
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn milliseconds(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// The octets of a hex dump.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits = |pair: &str| u8::from_str_radix(pair, 16).unwrap();
    text.split_whitespace().map(digits).collect()
}

/// The hex dump of octets.
pub(crate) fn dump(octets: &[u8]) -> String {
    let octets: Vec<_> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    octets.join(" ")
}

impl Bench {
    /// A connected association of which everything so far was taken: an empty integrity poll with
    /// the number 0.
    pub(crate) fn started(config: Config) -> Self {
        let mut bench = Self::connected(config);
        assert_eq!(bench.events(), [Event::WantsIntegrity]);
        bench.grant();
        bench.sends(&[&format!("C0 {INTEGRITY}")]);
        assert_eq!(bench.hears("C0 81 00 00"), Heard::Null);
        let ended = Event::IntegrityEnded { succeeded: true };
        assert_eq!(bench.events(), [Event::Online, ended]);
        bench.sends(&[]);
        bench
    }

    /// A connected association.
    pub(crate) fn connected(config: Config) -> Self {
        let mut bench = Self::new(config);
        bench.connect();
        bench
    }

    pub(crate) fn new(config: Config) -> Self {
        Self {
            association: Association::new(Arc::new(config), 1),
            epoch: T,
            elapsed: Duration::ZERO,
            start: Instant::now(),
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.start + self.elapsed
    }

    pub(crate) fn wall(&self) -> Timestamp {
        let elapsed = u64::try_from(self.elapsed.as_millis()).unwrap();
        Timestamp::new(self.epoch + elapsed).unwrap()
    }

    pub(crate) fn connect(&mut self) {
        let now = self.now();
        self.association.handle_connected(now);
    }

    pub(crate) fn disconnect(&mut self) {
        self.association.handle_disconnected();
    }

    pub(crate) fn pause(&mut self, is_paused: bool) {
        let now = self.now();
        self.association.set_paused(is_paused, now);
    }

    pub(crate) fn grant(&mut self) {
        assert!(self.association.grant_integrity());
    }

    /// Asserts that everything is read, with the number `sequence`, once that is demanded.
    #[track_caller]
    pub(crate) fn reads(&mut self, sequence: u8) {
        let now = self.now();
        self.association.demand_integrity(now);
        self.grant();
        self.sends(&[&format!("C{sequence:X} {INTEGRITY}")]);
    }

    /// The outstation sends a fragment.
    pub(crate) fn hears(&mut self, text: &str) -> Heard {
        let fragment = hex(text);
        let now = self.now();
        match self.association.handle_fragment(now, &fragment) {
            Received::Deliver(delivery) => Heard::Delivered(Delivered {
                token: delivery.token,
                needs_receipt: delivery.needs_receipt,
                may_repeat: delivery.may_repeat,
                is_synchronised: delivery.is_synchronised,
                dead_letter: delivery.dead_letter.map(|letter| letter.octets.to_vec()),
            }),
            Received::Null => Heard::Null,
            Received::Repeated => Heard::Repeated,
            Received::Ignored(ignored) => Heard::Ignored(ignored),
        }
    }

    /// The outstation sends a fragment that is delivered.
    pub(crate) fn delivers(&mut self, text: &str) -> Delivered {
        let heard = self.hears(text);
        let Heard::Delivered(delivered) = heard else {
            panic!("{heard:?}");
        };
        delivered
    }

    /// The outstation sends a fragment that is ignored.
    pub(crate) fn ignores(&mut self, text: &str) -> Ignored {
        let heard = self.hears(text);
        let Heard::Ignored(ignored) = heard else {
            panic!("{heard:?}");
        };
        ignored
    }

    pub(crate) fn durable(&mut self, token: Token) {
        let now = self.now();
        self.association.handle_durable(now, token);
    }

    pub(crate) fn refused(&mut self, token: Token) {
        let now = self.now();
        self.association.handle_refused(now, token);
    }

    /// Asserts what the association sends now, in this order and no more.
    #[track_caller]
    pub(crate) fn sends(&mut self, expected: &[&str]) {
        assert_eq!(self.sent(), expected);
    }

    /// What the association sends now.
    pub(crate) fn sent(&mut self) -> Vec<String> {
        let (now, wall) = (self.now(), self.wall());
        let mut sent = Vec::new();
        while let Some(fragment) = self.association.poll_transmit(now, wall) {
            sent.push(dump(fragment));
            self.association.handle_sent(now, wall);
        }
        let timeout = self.association.poll_timeout();
        assert!(timeout.is_none_or(|timeout| timeout > now), "handled");
        sent
    }

    /// Asserts that one request is sent, and answers it without objects.
    #[track_caller]
    pub(crate) fn answers(&mut self, request: &str, iin: &str) {
        self.sends(&[request]);
        let control = &request[..2];
        assert_eq!(self.hears(&format!("{control} 81 {iin}")), Heard::Null);
    }

    /// Everything told since the last call.
    pub(crate) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.association.poll_event()).collect()
    }

    /// The gaps told since the last call.
    pub(crate) fn gaps(&mut self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for event in self.events() {
            if let Event::Gap(gap) = event {
                gaps.push(gap);
            }
        }
        gaps
    }

    /// Time passes, and whatever is due on the way is handled; nothing must be sent.
    #[track_caller]
    pub(crate) fn rests(&mut self, duration: Duration) {
        let sent = self.passes(duration);
        assert_eq!(sent, [""; 0]);
    }

    /// Time passes up to something that is sent, at the latest for `duration`; asserts what it is
    /// and when.
    #[track_caller]
    pub(crate) fn sends_after(&mut self, duration: Duration, expected: &[&str]) {
        let end = self.elapsed + duration;
        let sent = self.passes(duration);
        assert_eq!(sent, expected);
        assert_eq!(self.elapsed, end, "sent before");
    }

    /// Time passes up to `elapsed` since the beginning, and whatever is due before is handled;
    /// what is sent then is left to the caller.
    #[track_caller]
    pub(crate) fn passes_silently_to(&mut self, elapsed: Duration) {
        let last = Duration::from_nanos(1);
        self.rests(elapsed - self.elapsed - last);
        self.elapsed = elapsed;
        let now = self.now();
        self.association.handle_timeout(now);
    }

    /// Time passes until something is sent, at most for `duration`.
    #[track_caller]
    pub(crate) fn passes(&mut self, duration: Duration) -> Vec<String> {
        let end = self.elapsed + duration;
        loop {
            let due = self.association.poll_timeout();
            let due = due.map(|due| due.duration_since(self.start));
            self.elapsed = due.map_or(end, |due| due.max(self.elapsed).min(end));
            let now = self.now();
            self.association.handle_timeout(now);
            let sent = self.sent();
            if !sent.is_empty() || self.elapsed == end {
                return sent;
            }
        }
    }

    /// Plays an outstation up to `elapsed` since the beginning: `answer` takes each request, and
    /// what it gives is heard.
    pub(crate) fn plays<const N: usize>(
        &mut self,
        elapsed: Duration,
        mut answer: impl FnMut(&str, Duration) -> [String; N],
    ) {
        let mut sent = self.sent();
        while self.elapsed < elapsed {
            let is_request = |sent: &String| !sent.ends_with(" 00") || sent.len() > 5;
            for request in sent.into_iter().filter(is_request) {
                for fragment in answer(&request, self.elapsed) {
                    self.hears(&fragment);
                }
            }
            sent = self.sent();
            if sent.is_empty() {
                sent = self.passes(elapsed - self.elapsed);
            }
        }
    }

    pub(crate) fn counters(&self) -> Counters {
        *self.association.counters()
    }
}

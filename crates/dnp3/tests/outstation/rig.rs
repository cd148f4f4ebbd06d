//! An outstation on a bench, with a clock that goes when it is told to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_dnp3::app::{Class, Flags, Value};
use gridos_dnp3::link::Address;
use gridos_dnp3::outstation::{
    ClockConfig, Fate, Moment, Outstation, OutstationConfig, PointDefinition, PointId, PointKind,
    PointTable, Update,
};

/// 2023-11-14 22:13:20 UTC: what a right clock shows when the bench starts.
pub(crate) const T: u64 = 1_700_000_000_000;

pub(crate) const ME: Address = Address::from_raw(10);

pub(crate) struct Rig {
    pub(crate) outstation: Outstation,
    start: Instant,
    elapsed: Duration,
}

/// The octets of a hex dump.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits = |pair: &str| u8::from_str_radix(pair, 16).unwrap();
    text.split_whitespace().map(digits).collect()
}

/// The hex dump of octets.
pub(crate) fn dump(octets: &[u8]) -> String {
    let pairs: Vec<_> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    pairs.join(" ")
}

/// An outstation that never speaks unasked and always knows the time.
pub(crate) fn quiet() -> OutstationConfig {
    OutstationConfig {
        unsolicited: None,
        clock: ClockConfig {
            needs_time_at_start: false,
            ..ClockConfig::default()
        },
        ..OutstationConfig::default()
    }
}

/// Points 0 to `count` of a kind, with events of class 1.
pub(crate) fn points(kind: PointKind, count: u16) -> Vec<PointDefinition> {
    let point = |index| PointDefinition::new(kind, index, Class::One);
    (0..count).map(point).collect()
}

pub(crate) const BINARY: PointKind = PointKind::BinaryInput;
pub(crate) const ANALOG: PointKind = PointKind::AnalogInput;

impl Rig {
    /// An outstation that is connected, and as after a start.
    pub(crate) fn new(
        points: impl IntoIterator<Item = PointDefinition>,
        config: OutstationConfig,
    ) -> Self {
        let start = Instant::now();
        let at = Moment {
            now: start,
            unix_ms: T,
        };
        let points = Arc::new(PointTable::new(points).unwrap());
        let mut outstation = Outstation::new(points, Arc::new(config), at);
        outstation.handle_connect(at);
        Self {
            outstation,
            start,
            elapsed: Duration::ZERO,
        }
    }

    /// The same, whose restart is known.
    pub(crate) fn ready(
        points: impl IntoIterator<Item = PointDefinition>,
        config: OutstationConfig,
    ) -> Self {
        let mut rig = Self::new(points, config);
        rig.send("C0 02 50 01 00 07 07 00");
        rig.sent();
        rig
    }

    pub(crate) fn at(&self) -> Moment {
        let elapsed_ms = u64::try_from(self.elapsed.as_millis()).unwrap();
        Moment {
            now: self.start + self.elapsed,
            unix_ms: T + elapsed_ms,
        }
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, milliseconds: u64) {
        self.elapsed += Duration::from_millis(milliseconds);
        self.outstation.handle_timeout(self.at());
    }

    /// How long it will do nothing by itself.
    pub(crate) fn idle(&self) -> Option<Duration> {
        let due = self.outstation.poll_timeout()?;
        Some(due.saturating_duration_since(self.at().now))
    }

    /// A fragment of the master arrives.
    pub(crate) fn send(&mut self, fragment: &str) {
        self.send_to(ME, fragment);
    }

    pub(crate) fn send_to(&mut self, destination: Address, fragment: &str) {
        let at = self.at();
        self.outstation
            .handle_fragment(at, destination, &hex(fragment));
    }

    /// All fragments that go now.
    pub(crate) fn sent(&mut self) -> Vec<String> {
        let at = self.at();
        let mut sent = Vec::new();
        while let Some(fragment) = self.outstation.poll_fragment(at) {
            sent.push(dump(fragment));
            assert!(sent.len() < 100, "it does not stop: {sent:?}");
        }
        sent
    }

    /// What goes when that fragment arrives.
    pub(crate) fn ask(&mut self, fragment: &str) -> Vec<String> {
        self.send(fragment);
        self.sent()
    }

    /// The one fragment that answers.
    #[track_caller]
    pub(crate) fn answer(&mut self, fragment: &str) -> String {
        let sent = self.ask(fragment);
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.concat()
    }

    pub(crate) fn point(&self, kind: PointKind, index: u16) -> PointId {
        self.outstation.points().find(kind, index).unwrap()
    }

    /// A good value, now; the number of its event.
    pub(crate) fn set(&mut self, kind: PointKind, index: u16, value: Value<'_>) -> Option<u64> {
        self.set_flagged(kind, index, value, 0x01)
    }

    pub(crate) fn set_flagged(
        &mut self,
        kind: PointKind,
        index: u16,
        value: Value<'_>,
        flags: u8,
    ) -> Option<u64> {
        let (point, at) = (self.point(kind, index), self.at());
        let update = Update::new(value, at.unix_ms).with_flags(Flags::new(flags));
        self.outstation.update(point, update, at).unwrap()
    }

    /// A good value that makes no event.
    pub(crate) fn settle(&mut self, kind: PointKind, index: u16, value: Value<'_>) {
        let (point, at) = (self.point(kind, index), self.at());
        let update = Update::new(value, at.unix_ms).silent();
        assert_eq!(self.outstation.update(point, update, at), Ok(None));
    }

    /// The fates of the first events.
    pub(crate) fn fates<const N: usize>(&self) -> [Fate; N] {
        let mut number = 0;
        [(); N].map(|()| {
            let fate = self.outstation.fate(number).unwrap();
            number += 1;
            fate
        })
    }
}

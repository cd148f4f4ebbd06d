//! The outstation of opendnp3, and what is put into it.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use gridos_collect::dnp3::{MappedPoint, PointKind};
use gridos_dnp3::app::EventClasses;
use gridos_dnp3::master::{Config, Retry};
use gridos_model::Quality;
use serde_json::{Value, json};

use crate::peer::Peer;
use crate::rig::{Rig, Setup, quiet};
use crate::takings::{keep_present, until};

/// A test that hangs ends after this time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The link address unless said otherwise.
pub(crate) const OUTSTATION: u16 = 10;

/// The points of each kind unless said otherwise.
pub(crate) const POINTS: u16 = 6;

/// The kinds of points that can be read.
pub(crate) const KINDS: [PointKind; 7] = [
    PointKind::Binary,
    PointKind::DoubleBit,
    PointKind::BinaryOutput,
    PointKind::Counter,
    PointKind::FrozenCounter,
    PointKind::Analog,
    PointKind::AnalogOutput,
];

/// All points of these kinds.
pub(crate) const WHOLE: usize = KINDS.len() * POINTS as usize;

/// What opendnp3 waits for a confirm: not long, because it loses one that arrives while it is
/// writing. See `../shared/tools/dnp3-peer`.
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(2);

/// The child process.
pub(crate) struct Outstation {
    peer: Peer,
}

/// A value that is put into a point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put {
    pub(crate) kind: PointKind,
    pub(crate) index: u16,
    pub(crate) value: f64,
    /// As on the wire, without the state.
    pub(crate) flags: u8,
    /// What the flags mean.
    pub(crate) quality: Quality,
    pub(crate) millis: i64,
    /// Whether the clock of that time is synchronised.
    pub(crate) is_synchronised: bool,
}

/// Whether a value makes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Always,
    Never,
}

/// A time of which every octet says something.
pub(crate) const SOME_TIME: i64 = 1_700_000_000_123;

impl Put {
    /// A good value.
    pub(crate) fn new(kind: PointKind, index: u16, value: f64) -> Self {
        Self {
            kind,
            index,
            value,
            flags: 0x01,
            quality: Quality::GOOD,
            millis: SOME_TIME,
            is_synchronised: true,
        }
    }

    pub(crate) fn flagged(self, flags: u8, quality: Quality) -> Self {
        Self {
            flags,
            quality,
            ..self
        }
    }

    pub(crate) fn at(self, millis: i64) -> Self {
        Self { millis, ..self }
    }

    fn json(&self) -> Value {
        let kind = self.kind.to_string();
        let (value, flags) = (self.value, self.flags);
        json!([
            kind,
            self.index,
            value,
            flags,
            self.millis,
            self.is_synchronised
        ])
    }
}

/// A master that asks at once, and again soon: opendnp3 loses a request that arrives while it is
/// writing.
pub(crate) fn brisk() -> Config {
    Config {
        response_timeout: Duration::from_secs(3),
        outstation_confirm_timeout: CONFIRM_TIMEOUT,
        disables_unsolicited: true,
        enables_unsolicited: EventClasses::all(),
        scan_interval_min: Duration::from_millis(20),
        retry: Retry {
            first: Duration::from_millis(50),
            longest: Duration::from_millis(500),
        },
        ..quiet()
    }
}

impl Outstation {
    /// Starts one, or says why the test is skipped.
    pub(crate) fn start(arguments: &[&str]) -> Option<Self> {
        let timeout = CONFIRM_TIMEOUT.as_millis().to_string();
        let arguments = [arguments, &["--confirm-timeout", &timeout]].concat();
        let peer = Peer::start("yadnp3_outstation.py", &arguments)?;
        Some(Self { peer })
    }

    /// Kills it; another one, with the same values, takes its place.
    pub(crate) fn replace(&mut self, puts: &[Put]) {
        let port = self.peer.port.to_string();
        self.peer.kill();
        *self = Self::start(&["--listen", &port]).unwrap();
        self.put(puts, Mode::Never);
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.peer.port).into()
    }

    /// It, to be collected with all its points.
    pub(crate) fn setup(&self, config: Config) -> Setup {
        setup("rtu", self.address(), config)
    }

    pub(crate) fn put(&mut self, puts: &[Put], mode: Mode) {
        let values = all_json(puts);
        let mode = match mode {
            Mode::Always => "Force",
            Mode::Never => "Suppress",
        };
        self.peer
            .order(&json!({ "do": "update", "mode": mode, "values": values }));
    }

    /// Freezes counters, each with an event.
    pub(crate) fn freeze(&mut self, indexes: &[u16]) {
        self.peer
            .order(&json!({ "do": "freeze", "indexes": indexes }));
    }

    /// Ends the connection; it keeps its events and takes another connection.
    pub(crate) fn cut(&mut self) {
        self.peer.order(&json!({ "do": "cut" }));
    }

    /// Forgets everything and begins again with these values.
    pub(crate) fn restart(&mut self, puts: &[Put]) {
        let values = all_json(puts);
        self.peer
            .order(&json!({ "do": "restart", "values": values }));
    }

    pub(crate) fn report(&mut self) -> Value {
        self.peer.order(&json!({ "do": "report" }))
    }

    /// Waits until a confirm of what was last put in has left no event; present values that arrive
    /// are kept.
    pub(crate) async fn until_empty(&mut self, rig: &mut Rig) {
        until("no event should be left", || {
            keep_present(rig);
            let report = self.report();
            let confirms = report["confirms"].as_array().unwrap();
            confirms.last().is_some_and(|confirm| confirm[1] == 0)
        })
        .await;
    }
}

fn all_json(puts: &[Put]) -> Vec<Value> {
    puts.iter().map(Put::json).collect()
}

/// An outstation with all points, to be collected from there.
pub(crate) fn setup(name: &'static str, address: SocketAddr, config: Config) -> Setup {
    Setup {
        points: points(POINTS),
        config,
        ..Setup::new(name, address)
    }
}

/// So many points of each kind.
pub(crate) fn points(count: u16) -> Vec<MappedPoint> {
    let of_kind = |kind| (0..count).map(move |index| MappedPoint::new(kind, index));
    KINDS.into_iter().flat_map(of_kind).collect()
}

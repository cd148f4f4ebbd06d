//! The outstation, and what is put into it.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use gridos_dnp3::app::{Class, DoubleBit, Flags, Value};
use gridos_dnp3::outstation::{
    ClockConfig, OutstationConfig, PointDefinition, PointKind, UnsolicitedConfig, Update,
};
use gridos_sim::dnp3::{Fleet, FleetConfig, Process, Unit};
use serde_json::json;

use crate::master::{PATIENCE, Told};

/// The kinds that the master knows.
pub(crate) const KINDS: [PointKind; 8] = [
    PointKind::BinaryInput,
    PointKind::DoubleBitInput,
    PointKind::BinaryOutput,
    PointKind::Counter,
    PointKind::FrozenCounter,
    PointKind::AnalogInput,
    PointKind::AnalogOutput,
    PointKind::OctetString,
];

/// A value that is put into a point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Put {
    pub(crate) kind: PointKind,
    pub(crate) index: u16,
    pub(crate) value: Value<'static>,
    /// Without the state.
    pub(crate) flags: u8,
    pub(crate) millis: u64,
}

/// A time of which every octet says something.
pub(crate) const SOME_TIME: u64 = 1_700_000_000_123;

impl Put {
    /// A good value.
    pub(crate) fn new(kind: PointKind, index: u16, value: Value<'static>) -> Self {
        Self {
            kind,
            index,
            value,
            flags: 0x01,
            millis: SOME_TIME + u64::from(index),
        }
    }

    pub(crate) fn flagged(self, flags: u8) -> Self {
        Self { flags, ..self }
    }

    /// What the master is to be told of it in that variation, with or without its time.
    pub(crate) fn told(&self, variation: (u8, u8), has_time: bool) -> Told {
        let (value, state) = match self.value {
            Value::Binary(bit) => (json!(bit), u8::from(bit) << 7),
            Value::DoubleBit(state) => (json!(state.bits()), state.bits() << 6),
            Value::Octets(octets) => (json!(String::from_utf8_lossy(octets)), 0),
            Value::Uint16(count) => (json!(count), 0),
            Value::Uint32(count) => (json!(count), 0),
            Value::Int16(_) | Value::Int32(_) | Value::Float32(_) | Value::Float64(_) => {
                (json!(self.value.number().unwrap()), 0)
            }
        };
        let is_text = matches!(self.value, Value::Octets(_));
        Told {
            variation,
            index: self.index,
            value,
            flags: (!is_text).then_some(self.flags | state),
            millis: has_time.then_some(self.millis),
            is_unsolicited: false,
        }
    }
}

/// Six points of every kind; those of each index are in another class.
pub(crate) fn points() -> Vec<PointDefinition> {
    let classes = [Class::One, Class::Two, Class::Three];
    let of_kind = |kind| {
        (0..6_u16)
            .map(move |index| PointDefinition::new(kind, index, classes[usize::from(index % 3)]))
    };
    KINDS.into_iter().flat_map(of_kind).collect()
}

/// Values of every kind, some of which are not good.
pub(crate) fn some_of_each() -> Vec<Put> {
    use PointKind::{
        AnalogInput, AnalogOutput, BinaryInput, BinaryOutput, Counter, DoubleBitInput,
        FrozenCounter, OctetString,
    };
    let put = Put::new;
    vec![
        put(BinaryInput, 0, Value::Binary(true)),
        put(BinaryInput, 1, Value::Binary(false)).flagged(0x05),
        put(BinaryInput, 5, Value::Binary(true)).flagged(0x21),
        put(DoubleBitInput, 0, Value::DoubleBit(DoubleBit::On)),
        put(DoubleBitInput, 1, Value::DoubleBit(DoubleBit::Off)).flagged(0x11),
        put(
            DoubleBitInput,
            2,
            Value::DoubleBit(DoubleBit::Indeterminate),
        ),
        put(DoubleBitInput, 3, Value::DoubleBit(DoubleBit::Intermediate)).flagged(0x09),
        put(BinaryOutput, 4, Value::Binary(true)),
        put(Counter, 0, Value::Uint32(u32::MAX)),
        put(Counter, 1, Value::Uint32(7)).flagged(0x41),
        put(FrozenCounter, 2, Value::Uint32(65_535)),
        put(AnalogInput, 0, Value::Float32(-1.5)),
        put(AnalogInput, 4, Value::Float32(131_072.25)).flagged(0x41),
        put(AnalogOutput, 5, Value::Float32(0.125)),
        put(OctetString, 1, Value::Octets(b"breaker 7")),
    ]
}

/// An outstation with these points, whose clock is right, and which waits long for confirms.
pub(crate) fn still(points: Vec<PointDefinition>) -> FleetConfig {
    FleetConfig {
        outstation: OutstationConfig {
            confirm_timeout: PATIENCE,
            unsolicited: Some(UnsolicitedConfig {
                confirm_timeout: PATIENCE,
                ..UnsolicitedConfig::default()
            }),
            clock: ClockConfig {
                needs_time_at_start: false,
                ..ClockConfig::default()
            },
            ..OutstationConfig::default()
        },
        process: Process::Still(points),
        ..FleetConfig::default()
    }
}

/// The same, but it tells no event unasked.
pub(crate) fn asked_only(config: FleetConfig) -> FleetConfig {
    let outstation = OutstationConfig {
        unsolicited: None,
        ..config.outstation
    };
    FleetConfig {
        outstation,
        ..config
    }
}

pub(crate) async fn listen(config: FleetConfig) -> Fleet {
    let ip = Ipv4Addr::LOCALHOST.into();
    Fleet::listen(ip, 0, config).await.unwrap()
}

/// The port of the only line.
pub(crate) fn port(fleet: &Fleet) -> u16 {
    fleet.addresses().next().unwrap().port()
}

/// Puts values in all at once, each with an event or without.
pub(crate) fn put(unit: &Unit, puts: &[Put], is_event: bool) {
    unit.with(|outstation, at| {
        for put in puts {
            let point = outstation.points().find(put.kind, put.index).unwrap();
            let update = Update::new(put.value, put.millis).with_flags(Flags::new(put.flags));
            let update = if is_event {
                update.forced()
            } else {
                update.silent()
            };
            let made = outstation.update(point, update, at).unwrap();
            assert_eq!(made.is_some(), is_event);
        }
    });
}

/// Waits until so many events are confirmed; how many are still there then.
pub(crate) async fn until_confirmed(fleet: &Fleet, events: usize) -> u64 {
    let begun = Instant::now();
    loop {
        let report = fleet.report();
        assert!(report.confirmed() <= events as u64);
        if report.confirmed() == events as u64 {
            return report.buffered();
        }
        assert!(begun.elapsed() < PATIENCE, "{report:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

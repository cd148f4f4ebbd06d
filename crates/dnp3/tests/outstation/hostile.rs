//! Whatever a master sends: no panic, and answers within the limit.

use std::time::Duration;

use gridos_dnp3::app::{Class, Iin, Value};
use gridos_dnp3::link::Address;
use gridos_dnp3::outstation::{
    Every, Faults, OutstationConfig, PointDefinition, PointKind, UnsolicitedConfig,
};
use proptest::prelude::*;

use crate::rig::{ME, Rig, quiet};

fn table() -> Vec<PointDefinition> {
    let kinds = PointKind::ALL.into_iter();
    let points = kinds.flat_map(|kind| {
        [0, 1, 2, 254, 255, 256, 65_535].map(|index| PointDefinition::new(kind, index, Class::Two))
    });
    points.collect()
}

fn value(kind: PointKind, n: u16) -> Value<'static> {
    const TEXT: [u8; 255] = [b'x'; 255];
    match kind {
        PointKind::BinaryInput | PointKind::BinaryOutput => Value::Binary(n.is_multiple_of(2)),
        PointKind::DoubleBitInput => {
            Value::DoubleBit(gridos_dnp3::app::DoubleBit::from_bits(n.to_le_bytes()[0]))
        }
        PointKind::Counter | PointKind::FrozenCounter => Value::Uint16(n),
        PointKind::AnalogInput | PointKind::FrozenAnalogInput => {
            Value::Float64(f64::from(n) * 1e300)
        }
        PointKind::AnalogOutput => Value::Float32(f32::NAN),
        PointKind::OctetString => Value::Octets(&TEXT[..usize::from(n % 233)]),
    }
}

fn header() -> impl Strategy<Value = Vec<u8>> {
    let groups = vec![
        0u8, 1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33, 34, 40, 41, 42, 43, 50,
        51, 52, 60, 60, 60, 70, 80, 110, 111, 112, 200,
    ];
    let qualifiers = vec![
        0x00u8, 0x01, 0x02, 0x03, 0x06, 0x06, 0x06, 0x07, 0x08, 0x09, 0x17, 0x28, 0x39, 0x5b, 0x0a,
    ];
    let rest = prop_oneof![
        Just(vec![]),
        Just(vec![0, 1]),
        Just(vec![7, 7, 0]),
        Just(vec![1, 0, 0x68, 0xE5, 0xCF, 0x8B, 1]),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    let header = (
        prop::sample::select(groups),
        0..9u8,
        prop::sample::select(qualifiers),
        rest,
    );
    header.prop_map(|(group, number, qualifier, rest)| {
        [vec![group, number, qualifier], rest].concat()
    })
}

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    let whole = (
        prop_oneof![(0xC0..0xD0u8).boxed(), any::<u8>().boxed()],
        prop_oneof![
            prop::sample::select(vec![0u8, 1, 1, 1, 2, 3, 5, 0x14, 0x15, 0x16, 0x17, 0x18]).boxed(),
            any::<u8>().boxed()
        ],
        prop::collection::vec(header(), 0..6),
    );
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..100),
        whole.prop_map(|(control, function, headers)| {
            [vec![control, function], headers.concat()].concat()
        }),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    Fragment(u16, Vec<u8>),
    Confirm(u8),
    Wait(u64),
    Update(usize, u16),
    Reconnect,
    Restart(bool),
}

fn step() -> impl Strategy<Value = Step> {
    let destination = prop::sample::select(vec![10u16, 10, 10, 10, 0xFFFD, 0xFFFE, 0xFFFF]);
    prop_oneof![
        4 => (destination, fragment()).prop_map(|(to, octets)| Step::Fragment(to, octets)),
        4 => (0..32u8).prop_map(Step::Confirm),
        2 => (0..8_000u64).prop_map(Step::Wait),
        4 => (0..63usize, any::<u16>()).prop_map(|(place, n)| Step::Update(place, n)),
        1 => Just(Step::Reconnect),
        1 => any::<bool>().prop_map(Step::Restart),
    ]
}

fn faults() -> impl Strategy<Value = Faults> {
    let every = || (0..4u32).prop_map(Every::nth);
    (
        every(),
        every(),
        every(),
        every(),
        any::<bool>(),
        0..3_000u64,
        any::<u16>(),
    )
        .prop_map(
            |(lose, repeat, wrong, unknown, never_final, delay, stuck)| Faults {
                lose_confirm: lose,
                repeat_confirm: repeat,
                confirm_delay: Duration::from_millis(delay / 2),
                stuck: Iin::from_bits_retain(stuck),
                wrong_sequence: wrong,
                never_final,
                unknown_object: unknown,
            },
        )
}

/// What must be true whatever happens.
fn check(rig: &mut Rig, limit: usize) {
    let at = rig.at();
    let mut count = 0;
    while let Some(fragment) = rig.outstation.poll_fragment(at) {
        assert!((4..=limit).contains(&fragment.len()));
        count += 1;
        assert!(count < 10);
    }
    assert!(rig.outstation.poll_fragment(at).is_none());
    // What is due now was done, so a driver that sleeps until then does not spin.
    assert!(rig.outstation.poll_timeout().is_none_or(|due| due > at.now));
    let counters = rig.outstation.counters();
    assert_eq!(
        counters.fragments,
        counters.malformed + counters.requests + counters.confirms
    );
    let settled = counters.answered
        + counters.repeated
        + counters.unanswered
        + counters.broadcasts
        + counters.superseded;
    assert!(
        [0, 1].contains(&(counters.requests - settled)),
        "{counters:?}"
    );
}

proptest! {
    #[test]
    fn any_conversation_stays_within_the_limit(
        bytes in 0..600usize,
        faults in faults(),
        delay in prop::sample::select(vec![0u64, 0, 50]),
        interleaves: bool,
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let config = OutstationConfig {
            fragment_bytes: bytes,
            response_delay: Duration::from_millis(delay),
            unsolicited: Some(UnsolicitedConfig { interleaves, ..UnsolicitedConfig::default() }),
            ..quiet()
        };
        let table = table();
        let mut rig = Rig::new(table.clone(), config);
        rig.outstation.set_faults(faults);
        for step in steps {
            let at = rig.at();
            match step {
                Step::Fragment(to, octets) => {
                    rig.outstation.handle_fragment(at, Address::from_raw(to), &octets);
                }
                Step::Confirm(octet) => {
                    rig.outstation.handle_fragment(at, ME, &[0xC0 | octet, 0]);
                }
                Step::Wait(milliseconds) => rig.wait(milliseconds),
                Step::Update(place, n) => {
                    let definition = table[place];
                    rig.set(definition.kind, definition.index, value(definition.kind, n));
                }
                Step::Reconnect => rig.outstation.handle_connect(at),
                Step::Restart(keeps) => {
                    use gridos_dnp3::outstation::Kept;
                    rig.outstation.restart(at, if keeps { Kept::Events } else { Kept::Nothing });
                }
            }
            check(&mut rig, bytes.max(249));
        }
    }
}

#[test]
fn a_request_of_many_headers_asks_for_no_more_than_everything() {
    let mut rig = Rig::ready(table(), quiet());
    let all = "3C 01 06 ".repeat(680);
    let mut octets = crate::rig::hex(&rig.answer(&format!("C1 01 {all}"))).len();
    let mut sequence = 1;
    loop {
        let sent = rig.ask(&format!("C{sequence:X} 00"));
        if sent.is_empty() {
            break;
        }
        octets += crate::rig::hex(&sent.concat()).len();
        sequence = (sequence + 1) % 16;
    }
    let once = crate::rig::hex(&rig.answer("C2 01 3C 01 06")).len();
    assert_eq!(octets, once);
}

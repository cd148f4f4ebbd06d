//! No event is lost or counted twice: at every moment each has exactly one fate, and it is the one
//! that a master who follows the rules would say.

use std::collections::BTreeSet;
use std::time::Duration;

use gridos_dnp3::app::{Class, CommonTime, Control, EventClasses, PointTime, Response, Value};
use gridos_dnp3::outstation::{
    EventCapacities, Every, Fate, Faults, Kept, OutstationConfig, Overflow, PointDefinition,
    PointKind, Retries, RetryStyle, UnsolicitedConfig,
};
use proptest::prelude::*;

use crate::rig::{ANALOG, ME, Rig, hex, quiet};

/// A master that stores and confirms, or fails to.
#[derive(Default)]
struct Master {
    stored: BTreeSet<u64>,
    sequence: u8,
}

#[derive(Clone, Debug)]
enum Step {
    /// So many events, whose values are their numbers.
    Burst(u16),
    /// READ of the classes with these bits.
    Read(u8),
    /// Everything that is sent is stored and confirmed.
    Confirm,
    /// Everything that is sent is stored, and the confirm lost.
    Store,
    /// Everything that is sent is lost.
    Lose,
    Wait(u64),
    Reconnect,
    Restart(bool),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..30u16).prop_map(Step::Burst),
        3 => (1..8u8).prop_map(Step::Read),
        6 => Just(Step::Confirm),
        2 => Just(Step::Store),
        2 => Just(Step::Lose),
        2 => (0..7_000u64).prop_map(Step::Wait),
        1 => Just(Step::Reconnect),
        1 => any::<bool>().prop_map(Step::Restart),
    ]
}

fn config() -> impl Strategy<Value = OutstationConfig> {
    (
        5..60usize,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        249..600usize,
        any::<bool>(),
    )
        .prop_map(
            |(capacity, drops_newest, regenerates, is_endless, fragment_bytes, interleaves)| {
                let unsolicited = UnsolicitedConfig {
                    enabled_at_start: EventClasses::ONE | EventClasses::TWO,
                    retries: if is_endless {
                        Retries::Endless
                    } else {
                        Retries::Times(1)
                    },
                    retry_style: if regenerates {
                        RetryStyle::Regenerated
                    } else {
                        RetryStyle::Identical
                    },
                    hold_time: Duration::from_millis(20),
                    hold_count: 10,
                    interleaves,
                    ..UnsolicitedConfig::default()
                };
                OutstationConfig {
                    fragment_bytes,
                    capacities: EventCapacities::all(capacity)
                        .with(PointKind::Counter, capacity / 2),
                    overflow: if drops_newest {
                        Overflow::DropNewest
                    } else {
                        Overflow::DropOldest
                    },
                    unsolicited: Some(unsolicited),
                    ..quiet()
                }
            },
        )
}

fn table() -> Vec<PointDefinition> {
    let classes = [Class::One, Class::Two, Class::Three];
    let mut table = Vec::new();
    for (index, class) in (0..3).zip(classes) {
        table.push(PointDefinition::new(ANALOG, index, class).with_event(8));
        table.push(PointDefinition::new(PointKind::Counter, index, class).with_event(1));
    }
    table
}

/// The numbers of the events in a fragment.
fn events(fragment: &[u8]) -> Vec<u64> {
    let mut numbers = Vec::new();
    for header in Response::parse(fragment).unwrap().headers() {
        let header = header.unwrap();
        assert!(header.is_event());
        numbers.extend(header.points(CommonTime::NONE).map(|point| {
            let _: Option<PointTime> = point.time;
            point.value.number().unwrap()
        }));
    }
    let exact = |number: f64| format!("{number}").parse().unwrap();
    numbers.into_iter().map(exact).collect()
}

impl Master {
    /// Takes what is sent, and what that leads to, as often as it does.
    fn listen(&mut self, rig: &mut Rig, confirms: bool) {
        let mut sent = rig.sent();
        for _ in 0..200 {
            let mut more = Vec::new();
            for fragment in std::mem::take(&mut sent) {
                let fragment = hex(&fragment);
                self.stored.extend(events(&fragment));
                let control = Response::parse(&fragment).unwrap().control;
                if confirms && control.con {
                    let confirm = Control {
                        uns: control.uns,
                        ..Control::single(control.sequence)
                    };
                    let at = rig.at();
                    rig.outstation
                        .handle_fragment(at, ME, &[confirm.encode(), 0]);
                    more.extend(rig.sent());
                }
            }
            if more.is_empty() {
                return;
            }
            sent = more;
        }
        panic!("it does not stop");
    }

    fn read(&mut self, rig: &mut Rig, classes: u8) {
        self.sequence = (self.sequence + 1) % 16;
        let mut request = format!("C{:X} 01", self.sequence);
        for class in 0..3 {
            if classes & 1 << class != 0 {
                request += &format!(" 3C {:02X} 06", 2 + class);
            }
        }
        rig.send(&request);
    }
}

/// Makes events whose values are their numbers.
fn burst(rig: &mut Rig, count: u16) {
    for n in 0..count {
        let number = rig.outstation.ledger().produced();
        let index = u16::try_from(number % 3).unwrap();
        let made = if (n / 4) % 2 == 0 {
            rig.set(
                ANALOG,
                index,
                Value::Float64(u32::try_from(number).unwrap().into()),
            )
        } else {
            rig.set(
                PointKind::Counter,
                index,
                Value::Uint32(u32::try_from(number).unwrap()),
            )
        };
        // A value of 0 is no change of a point that had it.
        assert!(made == Some(number) || number == 0);
    }
}

/// Each event has one fate; the sets of the ledger agree with it and with the buffer.
fn check(rig: &Rig, master: &Master) {
    let ledger = rig.outstation.ledger();
    let mut in_buffer = 0;
    for number in 0..ledger.produced() {
        let fate = rig.outstation.fate(number).unwrap();
        let sets = [
            (ledger.confirmed().contains(number), Fate::Confirmed),
            (ledger.overflowed().contains(number), Fate::Overflowed),
            (ledger.forgotten().contains(number), Fate::Forgotten),
        ];
        let of_sets: Vec<_> = sets
            .iter()
            .filter(|(is_in, _)| *is_in)
            .map(|(_, fate)| *fate)
            .collect();
        match fate {
            Fate::Buffered | Fate::Written => {
                in_buffer += 1;
                assert_eq!(of_sets, []);
            }
            Fate::Confirmed | Fate::Overflowed | Fate::Forgotten => assert_eq!(of_sets, [fate]),
        }
        let is_stored = master.stored.contains(&number);
        match fate {
            Fate::Confirmed => assert!(is_stored, "{number} was confirmed and never stored"),
            Fate::Overflowed | Fate::Forgotten => {
                let may_be_stored = ledger.lost_after_sending().contains(number);
                assert!(may_be_stored || !is_stored, "{number} was lost and stored");
            }
            Fate::Buffered | Fate::Written => {}
        }
    }
    assert_eq!(rig.outstation.buffered(), in_buffer);
    assert_eq!(rig.outstation.fate(ledger.produced()), None);
}

proptest! {
    #[test]
    fn every_event_has_one_fate_at_every_moment(
        config in config(),
        lose in 0..5u32,
        steps in prop::collection::vec(step(), 0..80),
    ) {
        let mut rig = Rig::new(table(), config);
        for (_, definition) in rig.outstation.points().clone().iter() {
            let zero = if definition.kind == ANALOG { Value::Int16(0) } else { Value::Uint16(0) };
            rig.settle(definition.kind, definition.index, zero);
        }
        rig.outstation.set_faults(Faults { lose_confirm: Every::nth(lose), ..Faults::default() });
        let mut master = Master::default();
        for step in steps {
            match step {
                Step::Burst(count) => burst(&mut rig, count),
                Step::Read(classes) => master.read(&mut rig, classes),
                Step::Confirm => master.listen(&mut rig, true),
                Step::Store => master.listen(&mut rig, false),
                Step::Lose => drop(rig.sent()),
                Step::Wait(milliseconds) => rig.wait(milliseconds),
                Step::Reconnect => {
                    let at = rig.at();
                    rig.outstation.handle_connect(at);
                }
                Step::Restart(keeps) => {
                    let at = rig.at();
                    rig.outstation.restart(at, if keeps { Kept::Events } else { Kept::Nothing });
                }
            }
            check(&rig, &master);
        }
        // In the end a master that does its work gets everything that is left.
        rig.outstation.set_faults(Faults::default());
        rig.wait(60_000);
        master.listen(&mut rig, true);
        master.read(&mut rig, 7);
        master.listen(&mut rig, true);
        check(&rig, &master);
        prop_assert_eq!(rig.outstation.buffered(), 0);
    }
}

//! What is read back from a disk may be anything: it does no harm.

use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{
    Case, Condition, Deed, Definition, Edit, Memory, Moment, Order, UsedKey, Withheld,
};
use gridos_model::{
    AlarmFacts, AlarmFlags, AlarmId, AlarmKind, Level, LinkState, Priority, Quality, Shelf,
    Suppression, Timestamp,
};
use proptest::prelude::*;

use crate::plant::{HOUR, Plant, limits};

const KINDS: [AlarmKind; 3] = [AlarmKind::Limit, AlarmKind::Quality, AlarmKind::Link];

fn plant() -> Plant {
    let [quality, link] = [Condition::Quality, Condition::Link].map(Definition::new);
    Plant::new(2, &[limits(), quality, link])
}

fn alarm() -> impl Strategy<Value = AlarmId> {
    let owners = prop::sample::select(vec!["d0", "d1", "d0.p", "d1.p", "gone"]);
    let kinds = prop::sample::select(AlarmKind::ALL.to_vec());
    (owners, kinds).prop_map(|(owner, kind)| AlarmId::of(owner, kind))
}

fn level() -> impl Strategy<Value = Level> {
    (0_u8..6).prop_map(|raw| Level::from_raw(raw).unwrap())
}

fn facts() -> impl Strategy<Value = AlarmFacts> {
    let shelf = prop::option::of((any::<i64>(), any::<bool>()));
    (level(), level(), any::<u16>(), any::<u8>(), shelf).prop_map(
        |(level, worst, flags, suppression, shelf)| AlarmFacts {
            level,
            worst,
            priority: Priority::Low,
            flags: AlarmFlags::from_bits_truncate(flags),
            suppression: Suppression::from_bits_truncate(suppression),
            shelf: shelf.map(|(until, is_one_shot)| Shelf {
                until: Timestamp::from_nanos(until),
                is_one_shot,
            }),
        },
    )
}

fn case() -> impl Strategy<Value = Case> {
    let withheld = prop::sample::select(vec![Withheld::Nothing, Withheld::More, Withheld::All]);
    (alarm(), 0..99_u64, 0..99_u64, facts(), withheld).prop_map(
        |(alarm, occurrence, sequence, facts, withheld)| Case {
            occurrence,
            sequence,
            facts,
            raised: Some(Moment {
                time: Timestamp::MAX,
                received: Timestamp::MIN,
                value: f64::NAN,
                quality: Quality::all(),
            }),
            withheld,
            ..Case::new(alarm)
        },
    )
}

fn edit() -> impl Strategy<Value = (AlarmId, Edit)> {
    let [quality, link] = [Condition::Quality, Condition::Link].map(Definition::new);
    let configured = prop::sample::select(vec![limits(), quality, link]);
    (alarm(), any::<u32>(), configured, any::<[bool; 3]>()).prop_map(
        |(alarm, version, configured, [is_right, is_enabled, is_sound])| {
            let base = configured.fingerprint() ^ u64::from(is_right);
            let definition = Definition {
                is_enabled,
                re_alarm: Some(if is_sound { HOUR } else { Duration::ZERO }),
                ..configured
            };
            let deed = Deed {
                by: "nobody".into(),
                at: Timestamp::MIN,
                comment: Box::default(),
            };
            let definition = Arc::new(definition);
            let edit = Edit {
                version,
                base,
                definition,
                deed,
            };
            (alarm, edit)
        },
    )
}

fn memory() -> impl Strategy<Value = Memory> {
    let key = (alarm(), "[ab]{0,2}", any::<u64>()).prop_map(|(alarm, key, order)| UsedKey {
        key: key.into(),
        alarm,
        sequence: order,
        order,
    });
    let cases = prop::collection::vec(case(), 0..9);
    let edits = prop::collection::vec(edit(), 0..5);
    let keys = prop::collection::vec(key, 0..9);
    (0..99_u64, cases, edits, keys).prop_map(|(sequence, cases, edits, keys)| Memory {
        sequence,
        cases: cases.into_iter().map(|case| (case.alarm, case)).collect(),
        edits: edits.into_iter().collect(),
        keys: keys.into(),
    })
}

proptest! {
    #[test]
    fn a_memory_that_makes_no_sense_does_no_harm(memory in memory()) {
        let mut plant = plant();
        plant.restart_with(memory, HOUR);
        let first = plant.alarms.sequence() + 1 - plant.records.len() as u64;
        for device in 0..2 {
            for value in [50.0, 105.0, -5.0, 50.0] {
                plant.send(device, value);
                plant.send_with(device, value, Quality::COMM_LOST);
            }
            plant.link(device, LinkState::Lost);
            plant.link(device, LinkState::Restored);
        }
        for kind in KINDS {
            for order in [Order::Acknowledge, Order::Unshelve, Order::PutInService] {
                // Whether it is refused is not the point.
                plant.order(kind, order).ok();
            }
        }
        plant.wait(48 * HOUR);
        for (sequence, record) in (first..).zip(&plant.records) {
            prop_assert_eq!(record.sequence, sequence);
        }
        // And the plant is as good as new.
        plant.redefine(AlarmKind::Limit, |limit| *limit = limits()).unwrap();
        plant.send(0, 50.0);
        plant.send(0, 120.0);
        prop_assert_eq!(plant.case(0, AlarmKind::Limit).facts.level, Level::HighHigh);
    }
}

//! More events than room.

use gridos_dnp3::app::{Class, Value};
use gridos_dnp3::outstation::{
    EventCapacities, Fate, OutstationConfig, Overflow, PointDefinition, PointKind,
};

use crate::rig::{ANALOG, BINARY, Rig, points, quiet};

fn rig(overflow: Overflow) -> Rig {
    let config = OutstationConfig {
        capacities: EventCapacities::all(10).with(BINARY, 3),
        overflow,
        ..quiet()
    };
    let binary = PointDefinition::new(BINARY, 0, Class::One).with_event(1);
    let counter = PointDefinition::new(PointKind::Counter, 0, Class::Two).with_event(2);
    let mut rig = Rig::ready([binary, counter], config);
    rig.settle(BINARY, 0, Value::Binary(false));
    rig
}

fn toggle(rig: &mut Rig, times: usize) {
    let point = rig.point(BINARY, 0);
    for _ in 0..times {
        let is_on = rig.outstation.value(point).unwrap().value == Value::Binary(true);
        rig.set(BINARY, 0, Value::Binary(!is_on));
    }
}

const READ_1: &str = "C1 01 3C 02 06";

#[test]
fn the_oldest_of_the_kind_goes() {
    let mut rig = rig(Overflow::DropOldest);
    rig.set(PointKind::Counter, 0, Value::Uint32(5));
    toggle(&mut rig, 5);
    use Fate::{Buffered, Overflowed};
    let [counter, fates @ ..] = rig.fates::<6>();
    assert_eq!(counter, Buffered, "there is room for counters");
    assert_eq!(
        fates,
        [Overflowed, Overflowed, Buffered, Buffered, Buffered]
    );
    let ledger = rig.outstation.ledger();
    assert!(ledger.overflowed().ranges().eq([1..=2]));
    assert!(ledger.lost_after_sending().is_empty());
    let kept = "E1 81 04 08 02 01 28 03 00 00 00 81 00 00 01 00 00 81";
    assert_eq!(rig.answer(READ_1), kept);
}

#[test]
fn the_newest_goes_if_so_configured() {
    let mut rig = rig(Overflow::DropNewest);
    toggle(&mut rig, 5);
    use Fate::{Buffered, Overflowed};
    assert_eq!(
        rig.fates(),
        [Buffered, Buffered, Buffered, Overflowed, Overflowed]
    );
    let kept = "E1 81 00 08 02 01 28 03 00 00 00 81 00 00 01 00 00 81";
    assert_eq!(rig.answer(READ_1), kept);
    let present = "C2 81 02 08 01 02 00 00 00 81";
    assert_eq!(
        rig.answer("C2 01 01 02 06"),
        present,
        "the value itself is not lost"
    );
}

#[test]
fn the_overflow_is_told_until_there_is_room_again() {
    let mut rig = rig(Overflow::DropOldest);
    toggle(&mut rig, 4);
    assert_eq!(&rig.answer("C1 01 3C 02 07 01")[3..11], "81 02 08");
    assert_eq!(
        &rig.answer("C2 01 01 02 06")[3..11],
        "81 02 08",
        "not confirmed"
    );
    assert_eq!(rig.outstation.counters().overflows_confirmed, 0);
    rig.answer("C3 01 3C 02 07 01");
    rig.ask("C3 00");
    assert_eq!(rig.outstation.counters().overflows_confirmed, 1);
    assert_eq!(&rig.answer("C4 01 01 02 06")[3..11], "81 02 00");
}

#[test]
fn an_event_that_is_being_sent_can_go_too_and_its_confirm_finds_nothing() {
    let mut rig = rig(Overflow::DropOldest);
    toggle(&mut rig, 3);
    rig.answer(READ_1);
    toggle(&mut rig, 2);
    use Fate::{Buffered, Confirmed, Overflowed, Written};
    assert_eq!(
        rig.fates(),
        [Overflowed, Overflowed, Written, Buffered, Buffered]
    );
    rig.ask("C1 00");
    assert_eq!(
        rig.fates(),
        [Overflowed, Overflowed, Confirmed, Buffered, Buffered]
    );
    assert!(
        rig.outstation
            .ledger()
            .lost_after_sending()
            .iter()
            .eq([0, 1])
    );
}

#[test]
fn a_thousand_events_are_kept_of_each_kind_by_default() {
    let table = points(ANALOG, 1).into_iter().chain(points(BINARY, 1));
    let mut rig = Rig::ready(table, quiet());
    for n in 0..1_001 {
        rig.set(ANALOG, 0, Value::Int32(n + 1));
        rig.set(BINARY, 0, Value::Binary(n % 2 == 0));
    }
    assert_eq!(rig.outstation.buffered(), 2_000);
    assert!(rig.outstation.ledger().overflowed().iter().eq([0, 1]));
}

//! What is wrong on purpose.

use std::time::Duration;

use gridos_dnp3::app::{Class, Iin, ObjectErrorKind, Response, Value};
use gridos_dnp3::outstation::{Every, Fate, Faults, PointDefinition};

use crate::rig::{BINARY, Rig, hex, points, quiet};

const READ_1: &str = "C1 01 3C 02 06";
const EVENT: &str = "E1 81 00 00 02 01 28 01 00 00 00 81";

fn rig(faults: Faults) -> Rig {
    let mut rig = Rig::ready(
        [PointDefinition::new(BINARY, 0, Class::One).with_event(1)],
        quiet(),
    );
    rig.settle(BINARY, 0, Value::Binary(false));
    rig.outstation.set_faults(faults);
    assert_eq!(rig.outstation.faults(), faults);
    rig.set(BINARY, 0, Value::Binary(true));
    rig
}

#[test]
fn a_confirm_gets_lost() {
    let mut rig = rig(Faults {
        lose_confirm: Every::nth(2),
        ..Faults::default()
    });
    assert_eq!(rig.answer(READ_1), EVENT);
    rig.ask("C0 00");
    rig.ask("C1 00");
    assert_eq!(rig.fates(), [Fate::Written]);
    rig.ask("C1 00");
    assert_eq!(rig.fates(), [Fate::Confirmed]);
    let counters = rig.outstation.counters();
    assert_eq!(
        (
            counters.confirms,
            counters.confirms_lost,
            counters.confirms_unexpected
        ),
        (3, 1, 1)
    );
}

#[test]
fn a_confirm_counts_twice() {
    let mut rig = rig(Faults {
        repeat_confirm: Every::TIME,
        ..Faults::default()
    });
    rig.answer(READ_1);
    rig.ask("C1 00");
    assert_eq!(rig.fates(), [Fate::Confirmed]);
    assert_eq!(rig.outstation.counters().confirms_unexpected, 1);
}

#[test]
fn a_confirm_comes_late() {
    let mut rig = rig(Faults {
        confirm_delay: Duration::from_millis(700),
        ..Faults::default()
    });
    rig.answer(READ_1);
    rig.ask("C1 00");
    rig.wait(699);
    assert_eq!(rig.fates(), [Fate::Written]);
    assert_eq!(rig.idle().unwrap().as_millis(), 1);
    rig.wait(1);
    assert_eq!(rig.fates(), [Fate::Confirmed]);
    rig.set(BINARY, 0, Value::Binary(false));
    rig.answer("C2 01 3C 02 06");
    rig.wait(4_500);
    rig.ask("C2 00");
    rig.wait(700);
    assert_eq!(rig.fates(), [Fate::Confirmed, Fate::Buffered], "too late");
}

#[test]
fn bits_are_stuck() {
    let mut rig = rig(Faults {
        stuck: Iin::CLASS_1_EVENTS | Iin::DEVICE_TROUBLE | Iin::from_bits_retain(0x8000),
        ..Faults::default()
    });
    assert_eq!(rig.answer(READ_1)[6..11], *"42 80");
    rig.ask("C1 00");
    assert_eq!(rig.answer("C2 01 3C 02 06"), "C2 81 42 80");
}

#[test]
fn a_response_has_the_wrong_number() {
    let mut rig = rig(Faults {
        wrong_sequence: Every::nth(2),
        ..Faults::default()
    });
    assert_eq!(rig.answer(READ_1), EVENT.replace("E1", "E2"));
    rig.ask("C1 00");
    assert_eq!(rig.fates(), [Fate::Written]);
    assert_eq!(rig.answer("C3 01"), "C3 81 02 00");
}

#[test]
fn a_response_never_ends() {
    let mut rig = rig(Faults {
        never_final: true,
        ..Faults::default()
    });
    assert_eq!(rig.answer(READ_1), EVENT.replace("E1", "A1"));
    assert_eq!(rig.answer("C1 00"), "22 81 00 00");
    assert_eq!(rig.fates(), [Fate::Confirmed]);
    for sequence in 2..20 {
        let next = (sequence + 1) % 16;
        assert_eq!(
            rig.answer(&format!("C{:X} 00", sequence % 16)),
            format!("2{next:X} 81 00 00")
        );
    }
    rig.outstation.set_faults(Faults::default());
    assert_eq!(rig.answer("C4 00"), "45 81 00 00");
}

#[test]
fn an_object_that_nobody_knows_stands_in_the_middle() {
    let faults = Faults {
        unknown_object: Every::TIME,
        ..Faults::default()
    };
    let mut rig = rig(faults);
    let sent = rig.answer("C1 01 3C 02 06 3C 01 06");
    assert_eq!(sent, format!("{EVENT} C7 01 07 01 AA AA 01 02 00 00 00 81"));
    let fragment = hex(&sent);
    let mut headers = Response::parse(&fragment).unwrap().headers();
    assert!(headers.next().unwrap().is_ok());
    assert_eq!(
        headers.next().unwrap().unwrap_err().kind,
        ObjectErrorKind::Unknown
    );
    rig.ask("C1 00");
    assert_eq!(
        rig.answer("C2 01 3C 01 06"),
        "C2 81 00 00 C7 01 07 01 AA AA 01 02 00 00 00 81"
    );
    assert_eq!(
        rig.answer("C3 01"),
        "C3 81 00 00",
        "there is nothing to spoil"
    );
}

#[test]
fn a_full_fragment_has_room_for_what_nobody_knows() {
    let config = gridos_dnp3::outstation::OutstationConfig {
        fragment_bytes: 300,
        ..quiet()
    };
    let mut rig = Rig::ready(points(BINARY, 1_000), config);
    rig.outstation.set_faults(Faults {
        unknown_object: Every::TIME,
        ..Faults::default()
    });
    let sent = rig.answer("C1 01 01 02 06");
    assert_eq!(hex(&sent).len(), 300);
    assert!(sent.contains("C7 01 07 01 AA AA"));
}

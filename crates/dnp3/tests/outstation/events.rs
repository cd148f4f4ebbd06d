//! The life of an event: made, selected, written, and deleted or offered again.

use gridos_dnp3::app::{Class, Value};
use gridos_dnp3::outstation::{
    Fate, OutstationConfig, PointDefinition, PointKind, Update, UpdateError,
};

use crate::rig::{ANALOG, BINARY, Rig, points, quiet};

const READ_1: &str = "C1 01 3C 02 06";

fn rig() -> Rig {
    let point = |index, class| PointDefinition::new(BINARY, index, class).with_event(1);
    let table = [
        point(0, Class::One),
        point(1, Class::Two),
        point(2, Class::Three),
        point(3, Class::Zero),
    ];
    let mut rig = Rig::ready(table, quiet());
    for index in 0..4 {
        rig.settle(BINARY, index, Value::Binary(false));
    }
    rig
}

#[test]
fn a_change_makes_an_event_and_the_same_again_makes_none() {
    let mut rig = rig();
    assert_eq!(rig.set(BINARY, 0, Value::Binary(false)), None);
    assert_eq!(rig.set(BINARY, 0, Value::Binary(true)), Some(0));
    assert_eq!(rig.set(BINARY, 0, Value::Binary(true)), None);
    // The state bits of the flags are no quality.
    assert_eq!(rig.set_flagged(BINARY, 0, Value::Binary(true), 0x81), None);
    assert_eq!(
        rig.set_flagged(BINARY, 0, Value::Binary(true), 0x05),
        Some(1)
    );
    assert_eq!(rig.set(BINARY, 3, Value::Binary(true)), None, "class 0");
    let (point, at) = (rig.point(BINARY, 0), rig.at());
    let same = Update::new(Value::Binary(true), at.unix_ms);
    assert_eq!(rig.outstation.update(point, same.forced(), at), Ok(Some(2)));
    let other = Update::new(Value::Binary(false), at.unix_ms);
    assert_eq!(rig.outstation.update(point, other.silent(), at), Ok(None));
}

#[test]
fn what_is_no_value_of_the_point_changes_nothing() {
    let mut rig = rig();
    let (point, at) = (rig.point(BINARY, 0), rig.at());
    let wrong = Update::new(Value::Float32(1.0), at.unix_ms).forced();
    assert_eq!(
        rig.outstation.update(point, wrong, at),
        Err(UpdateError::Value)
    );
    let present = rig.outstation.value(point).unwrap().value;
    assert_eq!(present, Value::Binary(false));
    let others = Rig::new(points(ANALOG, 9), quiet());
    let foreign = others.point(ANALOG, 8);
    let update = Update::new(Value::Binary(true), at.unix_ms);
    assert_eq!(
        rig.outstation.update(foreign, update, at),
        Err(UpdateError::Point)
    );
}

#[test]
fn an_event_is_deleted_by_its_confirm() {
    let mut rig = rig();
    rig.set(BINARY, 0, Value::Binary(true));
    assert_eq!(rig.fates(), [Fate::Buffered]);
    assert_eq!(rig.answer(READ_1), "E1 81 00 00 02 01 28 01 00 00 00 81");
    assert_eq!(rig.fates(), [Fate::Written]);
    assert_eq!(rig.ask("C1 00"), [""; 0]);
    assert_eq!(rig.fates(), [Fate::Confirmed]);
    assert_eq!(rig.answer("C2 01 3C 02 06"), "C2 81 00 00");
    assert!(rig.outstation.ledger().confirmed().iter().eq([0]));
}

#[test]
fn the_indications_tell_of_events_that_are_in_no_fragment() {
    let mut rig = rig();
    for index in 0..3 {
        rig.set(BINARY, index, Value::Binary(true));
    }
    assert_eq!(
        rig.answer("C1 01 01 02 00 03 03"),
        "C1 81 0E 00 01 02 00 03 03 01"
    );
    assert_eq!(
        rig.answer("C2 01 3C 03 06"),
        "E2 81 0A 00 02 01 28 01 00 01 00 81"
    );
    rig.ask("C2 00");
    let rest = "E3 81 00 00 02 01 28 02 00 00 00 81 02 00 81";
    assert_eq!(rig.answer("C3 01 3C 02 06 3C 04 06"), rest);
}

#[test]
fn events_made_meanwhile_are_not_part_of_the_response() {
    let mut rig = rig();
    rig.set(BINARY, 0, Value::Binary(true));
    rig.send(READ_1);
    rig.sent();
    rig.set(BINARY, 0, Value::Binary(false));
    rig.ask("C1 00");
    assert_eq!(rig.fates(), [Fate::Confirmed, Fate::Buffered]);
}

#[test]
fn a_confirm_that_does_not_come_leaves_the_events_for_the_next_read() {
    let mut rig = rig();
    rig.set(BINARY, 0, Value::Binary(true));
    rig.answer(READ_1);
    rig.wait(4_999);
    assert_eq!(rig.fates(), [Fate::Written]);
    assert_eq!(rig.idle().unwrap().as_millis(), 1);
    rig.wait(1);
    assert_eq!(rig.fates(), [Fate::Buffered]);
    assert_eq!(rig.sent(), [""; 0], "nothing is sent again by itself");
    rig.ask("C1 00");
    assert_eq!(rig.outstation.counters().confirms_unexpected, 1, "too late");
    assert_eq!(rig.fates(), [Fate::Buffered]);
    assert_eq!(
        rig.answer("C2 01 3C 02 06"),
        "E2 81 00 00 02 01 28 01 00 00 00 81"
    );
}

#[test]
fn a_new_request_gives_the_unconfirmed_events_back() {
    let mut rig = rig();
    rig.set(BINARY, 0, Value::Binary(true));
    rig.answer(READ_1);
    assert_eq!(
        rig.answer("C2 01 01 02 00 03 03"),
        "C2 81 02 00 01 02 00 03 03 01"
    );
    assert_eq!(rig.fates(), [Fate::Buffered]);
    assert_eq!(rig.outstation.counters().aborted, 1);
    rig.ask("C1 00");
    assert_eq!(
        rig.fates(),
        [Fate::Buffered],
        "the confirm came after the request"
    );
}

#[test]
fn a_lost_connection_gives_the_unconfirmed_events_back() {
    let mut rig = rig();
    rig.set(BINARY, 0, Value::Binary(true));
    rig.answer(READ_1);
    rig.outstation.handle_disconnect();
    assert_eq!(rig.fates(), [Fate::Buffered]);
    rig.set(BINARY, 0, Value::Binary(false));
    assert_eq!(rig.ask(READ_1), [""; 0], "nobody is there");
    rig.outstation.handle_connect(rig.at());
    rig.ask("C1 00");
    assert_eq!(rig.fates(), [Fate::Buffered; 2]);
    let both = "E1 81 00 00 02 01 28 02 00 00 00 81 00 00 01";
    assert_eq!(
        rig.answer(READ_1),
        both,
        "the same request is not a repeated one"
    );
}

#[test]
fn a_confirm_must_have_the_right_number() {
    let mut rig = rig();
    rig.set(BINARY, 0, Value::Binary(true));
    rig.answer(READ_1);
    for wrong in ["C0 00", "C2 00", "D1 00", "41 00"] {
        assert_eq!(rig.ask(wrong), [""; 0]);
        assert_eq!(rig.fates(), [Fate::Written], "{wrong}");
    }
    let counters = rig.outstation.counters();
    assert_eq!((counters.confirms_unexpected, counters.malformed), (3, 1));
}

#[test]
fn restarts_forget_events_or_keep_them() {
    use gridos_dnp3::outstation::Kept;
    let mut rig = rig();
    rig.set(BINARY, 0, Value::Binary(true));
    rig.answer(READ_1);
    rig.outstation.restart(rig.at(), Kept::Events);
    assert_eq!(
        rig.answer("C2 01 3C 02 06"),
        "E2 81 80 00 02 01 28 01 00 00 00 81"
    );
    rig.set(BINARY, 1, Value::Binary(true));
    rig.outstation.restart(rig.at(), Kept::Nothing);
    assert_eq!(rig.fates(), [Fate::Forgotten; 2]);
    assert!(rig.outstation.ledger().lost_after_sending().iter().eq([0]));
    assert_eq!(rig.answer("C3 01 3C 02 06"), "C3 81 80 00");
    assert_eq!(
        rig.set(BINARY, 1, Value::Binary(false)),
        Some(2),
        "numbers go on"
    );
    assert_eq!(rig.outstation.counters().restarts, 2);
}

#[test]
fn a_kind_without_room_makes_no_events() {
    use gridos_dnp3::outstation::EventCapacities;
    let config = OutstationConfig {
        capacities: EventCapacities::all(1).with(ANALOG, 0),
        ..quiet()
    };
    let table = points(ANALOG, 1).into_iter().chain(points(BINARY, 1));
    let mut rig = Rig::ready(table, config);
    assert_eq!(rig.set(ANALOG, 0, Value::Float64(1.0)), None);
    assert_eq!(rig.set(BINARY, 0, Value::Binary(true)), Some(0));
}

#[test]
fn strings_that_fit_no_fragment_are_refused() {
    let config = OutstationConfig {
        fragment_bytes: 0,
        ..quiet()
    };
    let mut rig = Rig::ready(points(PointKind::OctetString, 1), config);
    let (point, at) = (rig.point(PointKind::OctetString, 0), rig.at());
    let long = [b'x'; 233];
    let update = |bytes| Update::new(Value::Octets(bytes), at.unix_ms);
    let refused = rig.outstation.update(point, update(&long), at);
    assert_eq!(
        refused,
        Err(UpdateError::Long {
            bytes: 233,
            limit: 232
        })
    );
    let taken = rig.outstation.update(point, update(&long[1..]), at);
    assert_eq!(taken, Ok(Some(0)));
    assert_eq!(rig.answer(READ_1).len(), 3 * (4 + 5 + 2 + 232) - 1);
}

//! ASSIGN_CLASS.

use gridos_dnp3::app::{Class, Value};
use gridos_dnp3::outstation::Kept;

use crate::rig::{ANALOG, BINARY, Rig, points, quiet};

fn rig() -> Rig {
    let table = points(BINARY, 4).into_iter().chain(points(ANALOG, 1));
    Rig::ready(table, quiet())
}

fn classes(rig: &Rig) -> Vec<Class> {
    let points = rig.outstation.points();
    let ids = points.iter().map(|(id, _)| id);
    ids.map(|id| rig.outstation.class(id)).collect()
}

use Class::{One, Three, Two, Zero};

#[test]
fn points_change_their_class_until_the_device_restarts() {
    let mut rig = rig();
    rig.set(BINARY, 3, Value::Binary(true));
    assert_eq!(
        rig.answer("C1 16 3C 03 06 01 00 00 00 01 3C 01 06 01 00 17 01 03"),
        "C1 81 02 00"
    );
    assert_eq!(classes(&rig), [Two, Two, One, Zero, One]);
    assert_eq!(rig.set(BINARY, 3, Value::Binary(false)), None);
    assert_eq!(rig.set(BINARY, 0, Value::Binary(true)), Some(1));
    assert!(
        rig.answer("C2 01 3C 03 06")
            .starts_with("E2 81 02 00 02 02 28 01 00 00 00 81")
    );
    rig.outstation.restart(rig.at(), Kept::Nothing);
    assert_eq!(classes(&rig), [One; 5]);
}

#[test]
fn whole_kinds_can_be_assigned() {
    let mut rig = rig();
    assert_eq!(
        rig.answer("C1 16 3C 04 06 1E 00 06 01 00 06"),
        "C1 81 00 00"
    );
    assert_eq!(classes(&rig), [Three; 5]);
}

#[test]
fn what_cannot_be_assigned_is_refused() {
    let mut rig = rig();
    for (request, answer) in [
        ("C1 16 01 00 06", "C1 81 00 04"),
        ("C2 16 3C 02 06 14 00 06", "C2 81 00 02"),
        ("C3 16 3C 02 06 02 00 06", "C3 81 00 02"),
        ("C4 16 3C 02 06 32 01 06", "C4 81 00 02"),
        ("C5 16 3C 03 06 01 00 00 03 04", "C5 81 00 04"),
    ] {
        assert_eq!(rig.answer(request), answer, "{request}");
    }
    assert_eq!(classes(&rig), [One, One, One, Two, One]);
}

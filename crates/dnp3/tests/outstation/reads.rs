//! READ of events.

use gridos_dnp3::app::{Class, Value, Width};
use gridos_dnp3::outstation::{OutstationConfig, PointDefinition, PointKind};

use crate::rig::{ANALOG, BINARY, Rig, quiet};

fn rig(config: OutstationConfig) -> Rig {
    let table = [
        PointDefinition::new(BINARY, 0, Class::One).with_event(1),
        PointDefinition::new(BINARY, 1, Class::Two).with_event(1),
        PointDefinition::new(ANALOG, 0, Class::Two).with_event(2),
        PointDefinition::new(PointKind::OctetString, 0, Class::Three),
    ];
    let mut rig = Rig::ready(table, config);
    rig.set(BINARY, 0, Value::Binary(true));
    rig.set(ANALOG, 0, Value::Int16(7));
    rig.set(BINARY, 1, Value::Binary(true));
    rig.set(PointKind::OctetString, 0, Value::Octets(b"hi"));
    rig
}

const ON_0: &str = "00 00 81";
const ON_1: &str = "01 00 81";

#[test]
fn all_classes_come_in_the_order_in_which_things_happened() {
    let mut rig = rig(quiet());
    let events = format!(
        "E1 81 00 00 02 01 28 01 00 {ON_0} 20 02 28 01 00 00 00 01 07 00 \
         02 01 28 01 00 {ON_1} 6F 02 28 01 00 00 00 68 69"
    );
    assert_eq!(rig.answer("C1 01 3C 02 06 3C 03 06 3C 04 06"), events);
}

#[test]
fn a_read_can_limit_how_many() {
    let mut rig = rig(quiet());
    let first = "E1 81 0A 00 20 02 28 01 00 00 00 01 07 00";
    // One more of class 2 and all of classes 1 and 3 are left.
    assert_eq!(rig.answer("C1 01 3C 03 07 01"), first.replace("0A", "0E"));
    rig.ask("C1 00");
    let second = format!("E2 81 0A 00 02 01 28 01 00 {ON_1}");
    assert_eq!(rig.answer("C2 01 3C 03 08 05 00"), second);
}

#[test]
fn a_group_can_be_read_in_a_variation_of_ones_choice() {
    let mut rig = rig(quiet());
    let timed = "E1 81 0C 00 02 02 28 02 00 00 00 81 00 68 E5 CF 8B 01 01 00 81 00 68 E5 CF 8B 01";
    assert_eq!(rig.answer("C1 01 02 02 06"), timed);
    rig.ask("C1 00");
    let wide = "E2 81 08 00 20 08 28 01 00 00 00 01 00 00 00 00 00 00 1C 40 00 68 E5 CF 8B 01";
    assert_eq!(rig.answer("C2 01 20 08 06"), wide);
    rig.ask("C2 00");
    assert_eq!(
        rig.answer("C3 01 6F 00 06"),
        "E3 81 00 00 6F 02 28 01 00 00 00 68 69"
    );
}

#[test]
fn what_is_selected_by_one_header_is_not_by_the_next() {
    let mut rig = rig(quiet());
    let mixed = format!(
        "E1 81 08 00 02 01 28 01 00 {ON_0} 20 04 28 01 00 00 00 01 07 00 00 68 E5 CF 8B 01 \
         02 01 28 01 00 {ON_1}"
    );
    assert_eq!(rig.answer("C1 01 20 04 06 3C 02 06 3C 03 06"), mixed);
}

#[test]
fn events_have_no_ranges() {
    let mut rig = rig(quiet());
    for (request, answer) in [
        ("C1 01 02 01 00 00 05", "C1 81 0E 04"),
        ("C2 01 3C 02 00 00 01", "C2 81 0E 04"),
        ("C3 01 16 00 06", "C3 81 0E 02"),
        ("C4 01 02 04 06", "C4 81 0E 02"),
        ("C5 01 3C 05 06", "C5 81 0E 02"),
        ("C6 01 0D 01 06", "C6 81 0E 02"),
    ] {
        assert_eq!(rig.answer(request), answer, "{request}");
    }
}

#[test]
fn indexes_can_take_one_octet() {
    let mut rig = rig(OutstationConfig {
        event_index_width: Width::One,
        ..quiet()
    });
    let narrow = "E1 81 0C 00 02 01 17 02 00 81 01 81";
    assert_eq!(rig.answer("C1 01 02 01 06"), narrow);
}

#[test]
fn relative_times_of_a_long_while_get_several_common_times() {
    let mut rig = rig(quiet());
    rig.wait(65_535);
    rig.set(BINARY, 0, Value::Binary(false));
    rig.wait(1);
    rig.set(BINARY, 1, Value::Binary(false));
    let expected = "E1 81 0C 00 33 01 07 01 00 68 E5 CF 8B 01 \
                    02 03 28 03 00 00 00 81 00 00 01 00 81 00 00 00 00 01 FF FF \
                    33 01 07 01 00 68 E6 CF 8B 01 02 03 28 01 00 01 00 01 00 00";
    assert_eq!(rig.answer("C1 01 02 03 06"), expected);
}

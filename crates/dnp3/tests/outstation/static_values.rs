//! READ of present values.

use gridos_dnp3::app::{Class, DoubleBit, Value};
use gridos_dnp3::outstation::{OutstationConfig, PointDefinition, PointKind};

use crate::rig::{ANALOG, BINARY, Rig, points, quiet};

const ALL_KINDS: [PointKind; 9] = PointKind::ALL;

#[test]
fn a_point_that_nobody_updated_says_so() {
    let table = ALL_KINDS.map(|kind| PointDefinition::new(kind, 0, Class::Zero));
    let mut rig = Rig::ready(table, quiet());
    let expected = "C1 81 00 00 \
                    01 02 00 00 00 02 \
                    03 02 00 00 00 C2 \
                    0A 02 00 00 00 02 \
                    14 01 00 00 00 02 00 00 00 00 \
                    15 05 00 00 00 02 00 00 00 00 00 68 E5 CF 8B 01 \
                    1E 05 00 00 00 02 00 00 00 00 \
                    1F 07 00 00 00 02 00 00 00 00 \
                    28 03 00 00 00 02 00 00 00 00 \
                    6E 01 00 00 00 00";
    assert_eq!(rig.answer("C1 01 3C 01 06"), expected);
}

#[test]
fn a_range_has_one_or_two_octets_for_each_index() {
    let mut table = points(BINARY, 3);
    table.extend((255..258).map(|index| PointDefinition::new(BINARY, index, Class::Zero)));
    let mut rig = Rig::ready(table, quiet());
    for index in [0, 1, 2, 255, 256, 257] {
        rig.settle(BINARY, index, Value::Binary(index % 2 == 1));
    }
    let all = "C1 81 00 00 01 02 00 00 02 01 81 01 01 02 01 FF 00 01 01 81 01 81";
    assert_eq!(rig.answer("C1 01 01 02 06"), all);
    let part = "C2 81 00 00 01 02 00 01 02 81 01";
    assert_eq!(rig.answer("C2 01 01 02 00 01 02"), part);
    let part = "C3 81 00 00 01 02 01 00 01 01 01 01 81";
    assert_eq!(rig.answer("C3 01 01 02 01 00 01 01 01"), part);
    let counted = "C4 81 00 00 01 02 00 00 01 01 81";
    assert_eq!(rig.answer("C4 01 01 02 07 02"), counted);
    let listed = "C5 81 00 00 01 02 00 02 02 01 01 02 00 00 00 01";
    assert_eq!(rig.answer("C5 01 01 02 17 02 02 00"), listed);
}

#[test]
fn what_is_not_there_is_said_and_the_rest_told() {
    let mut rig = Rig::ready(points(BINARY, 3), quiet());
    for index in 0..3 {
        rig.settle(BINARY, index, Value::Binary(true));
    }
    for (request, answer) in [
        ("C1 01 01 02 00 02 09", "C1 81 00 04 01 02 00 02 02 81"),
        ("C2 01 01 02 00 07 09", "C2 81 00 04"),
        ("C3 01 01 02 17 02 05 01", "C3 81 00 04 01 02 00 01 01 81"),
        ("C4 01 1E 00 06", "C4 81 00 02"),
        ("C5 01 01 03 06", "C5 81 00 02"),
        ("C6 01 01 02 03 00 01", "C6 81 00 04"),
        (
            "C7 01 22 01 06 01 02 00 00 00",
            "C7 81 00 02 01 02 00 00 00 81",
        ),
        ("C8 01 0C 01 06", "C8 81 00 02"),
        ("C9 01 01 02 00 09 02", "C9 81 00 04"),
        ("CA 01 01 02 06 01", "CA 81 00 04"),
        ("CB 01 C8 01 06", "CB 81 00 02"),
        ("CC 01", "CC 81 00 00"),
    ] {
        assert_eq!(rig.answer(request), answer, "{request}");
    }
    assert_eq!(rig.outstation.counters().refused, 11);
}

#[test]
fn packed_bits_give_way_where_a_flag_is_set() {
    let mut rig = Rig::ready(
        points(BINARY, 12)
            .into_iter()
            .map(|point| point.with_static(1)),
        quiet(),
    );
    for index in 0..12 {
        rig.settle(BINARY, index, Value::Binary(index != 1));
    }
    assert_eq!(
        rig.answer("C1 01 3C 01 06"),
        "C1 81 00 00 01 01 00 00 0B FD 0F"
    );
    rig.set_flagged(BINARY, 10, Value::Binary(true), 0x05);
    let promoted = "C2 81 02 00 01 01 00 00 09 FD 03 01 02 00 0A 0A 85 01 01 00 0B 0B 01";
    assert_eq!(rig.answer("C2 01 3C 01 06"), promoted);
    let promoted = "C3 81 02 00 01 02 00 0A 0A 85";
    assert_eq!(
        rig.answer("C3 01 01 01 00 0A 0A"),
        promoted,
        "even if packed ones are asked for"
    );
}

#[test]
fn double_bits_keep_four_states() {
    let kind = PointKind::DoubleBitInput;
    let mut rig = Rig::ready(points(kind, 4), quiet());
    for index in 0..4 {
        let state = DoubleBit::from_bits(u8::try_from(index).unwrap());
        rig.settle(kind, index, Value::DoubleBit(state));
    }
    assert_eq!(
        rig.answer("C1 01 03 01 06"),
        "C1 81 00 00 03 01 00 00 03 E4"
    );
    assert_eq!(
        rig.answer("C2 01 03 00 06"),
        "C2 81 00 00 03 02 00 00 03 01 41 81 C1"
    );
}

#[test]
fn a_variation_that_is_asked_for_is_told() {
    let mut rig = Rig::ready(points(ANALOG, 1), quiet());
    rig.settle(ANALOG, 0, Value::Float64(40_000.6));
    for (request, answer) in [
        (
            "C1 01 1E 01 06",
            "C1 81 00 00 1E 01 00 00 00 01 41 9C 00 00",
        ),
        ("C2 01 1E 02 06", "C2 81 00 00 1E 02 00 00 00 21 FF 7F"),
        ("C3 01 1E 03 06", "C3 81 00 00 1E 03 00 00 00 41 9C 00 00"),
        (
            "C4 01 1E 06 06",
            "C4 81 00 00 1E 06 00 00 00 01 33 33 33 33 13 88 E3 40",
        ),
    ] {
        assert_eq!(rig.answer(request), answer);
    }
    rig.set_flagged(ANALOG, 0, Value::Float64(1.0), 0x05);
    let promoted = "C5 81 02 00 1E 01 00 00 00 05 01 00 00 00";
    assert_eq!(rig.answer("C5 01 1E 03 06"), promoted);
}

#[test]
fn points_are_told_once_however_often_they_are_asked_for() {
    let mut rig = Rig::ready(points(PointKind::Counter, 3), quiet());
    for index in 0..3 {
        rig.settle(PointKind::Counter, index, Value::Uint32(u32::from(index)));
    }
    let request = "C1 01 14 06 00 01 01 3C 01 06 14 05 06 3C 01 06";
    let answer = "C1 81 00 00 14 06 00 01 01 01 00 \
                  14 01 00 00 00 01 00 00 00 00 14 01 00 02 02 01 02 00 00 00";
    assert_eq!(rig.answer(request), answer);
}

#[test]
fn strings_go_by_their_lengths() {
    let kind = PointKind::OctetString;
    let mut rig = Rig::ready(points(kind, 4), quiet());
    for (index, text) in (0..4).zip(["ab", "cd", "", "efg"]) {
        rig.settle(kind, index, Value::Octets(text.as_bytes()));
    }
    let answer = "C1 81 00 00 6E 02 00 00 01 61 62 63 64 6E 01 00 02 02 00 6E 03 00 03 03 65 66 67";
    assert_eq!(rig.answer("C1 01 6E 00 06"), answer);
    assert_eq!(rig.answer("C2 01 6E 02 06"), "C2 81 00 02");
}

#[test]
fn attributes_tell_what_it_is() {
    let mut rig = Rig::ready(points(BINARY, 1), quiet());
    let vendor = "00 FC 00 00 00 01 06 47 72 69 64 4F 53";
    assert_eq!(
        rig.answer("C1 01 00 FC 00 00 00"),
        format!("C1 81 00 00 {vendor}")
    );
    assert_eq!(
        rig.answer("C2 01 00 FC 17 01 00"),
        format!("C2 81 00 00 {vendor}")
    );
    let list = "C3 81 00 00 00 FF 00 00 00 FE 06 F8 00 FA 00 FC 00";
    assert_eq!(rig.answer("C3 01 00 FF 06"), list);
    let all = rig.answer("C4 01 00 FE 00 00 00");
    assert!(
        all.starts_with("C4 81 00 00 00 F8 00 00 00 01 08 30"),
        "{all}"
    );
    assert!(all.ends_with(vendor), "{all}");
    assert_eq!(rig.answer("C5 01 00 F7 06"), "C5 81 00 02");
    assert_eq!(
        rig.answer("C6 01 00 FC 00 01 01"),
        "C6 81 00 04",
        "the set of somebody else"
    );
}

#[test]
fn attributes_that_have_no_room_follow() {
    let config = OutstationConfig {
        fragment_bytes: 249,
        attributes: gridos_dnp3::outstation::Attribute::of_device(
            &"v".repeat(200),
            &"m".repeat(200),
            "1",
        ),
        ..quiet()
    };
    let mut rig = Rig::ready(points(BINARY, 1), config);
    let first = rig.answer("C1 01 00 FE 06");
    assert!(first.starts_with("A1 81 00 00 00 F8 00 00 00 01 01 31 00 FA"));
    let last = rig.answer("C1 00");
    assert!(last.starts_with("42 81 00 00 00 FC 00 00 00 01 C8 76"));
}

#[test]
fn the_clock_can_be_read() {
    let mut rig = Rig::ready(points(BINARY, 1), quiet());
    rig.wait(3);
    let time = "C1 81 00 00 32 01 07 01 03 68 E5 CF 8B 01";
    assert_eq!(rig.answer("C1 01 32 01 07 01"), time);
    assert_eq!(rig.answer("C2 01 32 03 06"), "C2 81 00 02");
}

//! The table against sizes written down a second time.

use gridos_dnp3::app::{FlagSet, Group, Kind, Layout, Role, Variation};

/// Group, then the octets of the objects of variations 1, 2 and so on.
const SIZES: &[(u8, &[usize])] = &[
    (2, &[1, 7, 3]),
    (4, &[1, 7, 3]),
    (11, &[1, 7]),
    (13, &[1, 7]),
    (20, &[5, 3, 5, 3, 4, 2, 4, 2]),
    (21, &[5, 3, 5, 3, 11, 9, 11, 9, 4, 2, 4, 2]),
    (22, &[5, 3, 5, 3, 11, 9, 11, 9]),
    (23, &[5, 3, 5, 3, 11, 9, 11, 9]),
    (30, &[5, 3, 4, 2, 5, 9]),
    (31, &[5, 3, 11, 9, 4, 2, 5, 9]),
    (32, &[5, 3, 11, 9, 5, 9, 11, 15]),
    (33, &[5, 3, 11, 9, 5, 9, 11, 15]),
    (34, &[2, 4, 4]),
    (40, &[5, 3, 5, 9]),
    (41, &[5, 3, 5, 9]),
    (42, &[5, 3, 11, 9, 5, 9, 11, 15]),
    (43, &[5, 3, 11, 9, 5, 9, 11, 15]),
    (50, &[6, 10, 6, 11]),
    (51, &[6, 6]),
    (52, &[2, 2]),
    (101, &[2, 4, 8]),
    (102, &[1]),
    (121, &[7]),
    (122, &[7, 13]),
];

const PACKED: &[(u8, u8, Layout)] = &[
    (1, 1, Layout::Bits),
    (3, 1, Layout::BitPairs),
    (10, 1, Layout::Bits),
    (12, 3, Layout::Bits),
    (80, 1, Layout::Bits),
];

#[test]
fn sizes_are_those_of_the_standard() {
    for (group, sizes) in SIZES {
        for (number, size) in (1..).zip(*sizes) {
            let description = Variation::new(*group, number).describe().unwrap();
            assert_eq!(description.object_bytes(), Some(*size), "{description}");
        }
        let beyond = u8::try_from(sizes.len()).unwrap() + 1;
        assert!(
            Variation::new(*group, beyond).describe().is_none(),
            "g{group}v{beyond}"
        );
    }
    for (group, number, size) in [(1, 2, 1), (3, 2, 1), (10, 2, 1), (12, 1, 11), (12, 2, 11)] {
        let description = Variation::new(group, number).describe().unwrap();
        assert_eq!(description.object_bytes(), Some(size), "{description}");
    }
    for (group, number, layout) in PACKED {
        let description = Variation::new(*group, *number).describe().unwrap();
        assert_eq!(description.layout(), *layout, "{description}");
    }
}

#[test]
fn strings_are_as_long_as_their_variation() {
    for group in 110..=113 {
        assert_eq!(
            Variation::new(group, 0).describe().unwrap().layout(),
            Layout::HeaderOnly
        );
        for length in 1..=u8::MAX {
            let description = Variation::new(group, length).describe().unwrap();
            assert_eq!(description.object_bytes(), Some(usize::from(length)));
        }
    }
}

#[test]
fn every_group_that_is_asked_for_is_there() {
    let groups = [
        0, 1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33, 34, 40, 41, 42, 43, 50, 51,
        52, 60, 70, 80, 85, 86, 87, 88, 90, 91, 101, 102, 110, 111, 112, 113, 120, 121, 122,
    ];
    assert!(Group::all().map(Group::number).eq(groups));
    for number in groups {
        assert_eq!(Group::find(number).map(Group::number), Some(number));
    }
    assert!(Group::find(5).is_none() && Group::find(255).is_none());
    for class in 1..=4 {
        let description = Variation::new(60, class).describe().unwrap();
        assert_eq!(description.layout(), Layout::HeaderOnly);
        assert_eq!(description.name(), format!("class {}", class - 1));
    }
}

#[test]
fn the_table_finds_what_it_lists() {
    for group in Group::all() {
        assert!(group.variations().count() > 0);
        for description in group.variations() {
            let variation = description.variation();
            let found = variation.describe().unwrap();
            assert_eq!(found.variation(), variation);
            assert_eq!(found.group().name(), group.name());
            assert!(!found.name().is_empty());
        }
    }
}

#[test]
fn only_variation_0_and_classes_have_no_objects() {
    for description in Group::all().flat_map(Group::variations) {
        let names_only = description.variation().number == 0
            || description.role() == Role::Class
            || description.variation() == Variation::new(0, 254);
        let is_header_only = description.layout() == Layout::HeaderOnly;
        assert_eq!(is_header_only, names_only, "{description}");
    }
}

#[test]
fn deltas_and_orders_are_no_values_of_points() {
    for (group, number) in [
        (20, 3),
        (20, 7),
        (21, 11),
        (22, 8),
        (23, 4),
        (12, 1),
        (41, 3),
    ] {
        assert_eq!(
            Variation::new(group, number).describe().unwrap().kind(),
            None
        );
    }
    let kind = |group, number| Variation::new(group, number).describe().unwrap().kind();
    assert_eq!(kind(1, 1), Some(Kind::BinaryInput));
    assert_eq!(kind(22, 5), Some(Kind::Counter));
    assert_eq!(kind(34, 3), Some(Kind::AnalogInputDeadband));
    assert_eq!(kind(43, 8), Some(Kind::AnalogCommand));
    assert_eq!(kind(111, 20), Some(Kind::OctetString));
    assert_eq!(kind(80, 1), None);
    assert_eq!(kind(50, 1), None);
}

#[test]
fn flags_mean_what_the_kind_says() {
    let set = |group, number| Variation::new(group, number).describe().unwrap().flag_set();
    assert_eq!(set(1, 1), FlagSet::None);
    assert_eq!(set(1, 2), FlagSet::Binary);
    assert_eq!(set(4, 3), FlagSet::DoubleBit);
    assert_eq!(set(10, 2), FlagSet::BinaryOutput);
    assert_eq!(set(21, 5), FlagSet::Counter);
    assert_eq!(set(21, 9), FlagSet::None);
    assert_eq!(set(42, 7), FlagSet::Analog);
    assert_eq!(set(43, 1), FlagSet::Status);
    assert_eq!(set(13, 2), FlagSet::Status);
    assert_eq!(set(34, 1), FlagSet::None);
}

#[test]
fn attributes_have_names() {
    let name = |number| Variation::new(0, number).describe().unwrap().name();
    assert_eq!(name(252), "manufacturer name");
    assert_eq!(name(196), "configuration id");
    assert_eq!(name(255), "list of attribute variations");
    assert_eq!(name(251), "device-specific attribute");
    assert_eq!(name(1), "device-specific attribute");
    assert!(Variation::new(0, 0).describe().is_none());
}

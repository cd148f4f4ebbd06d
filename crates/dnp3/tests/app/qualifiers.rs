//! Every way to say which objects follow, and what may not be said in which way.

use gridos_dnp3::app::{
    AttributeValue, Function, ObjectErrorKind, ObjectHeaders, Qualifier, Range, Value, Variation,
};

use crate::build::{header, headers, hex, points, response, split};

fn kind(objects: &[u8]) -> ObjectErrorKind {
    let (good, error) = headers(objects);
    assert!(good.is_empty());
    error.unwrap().kind
}

fn misfit(octet: u8) -> ObjectErrorKind {
    let qualifier = Qualifier::decode(octet).unwrap();
    ObjectErrorKind::Misfit { qualifier }
}

/// g20v6 (two octets each) of points 3 and 4, in all ways that give them indexes.
#[test]
fn all_ways_to_give_indexes_read_the_same() {
    for text in [
        "14 06 00 03 04 0A 00 0B 00",
        "14 06 01 03 00 04 00 0A 00 0B 00",
        "14 06 02 03 00 00 00 04 00 00 00 0A 00 0B 00",
        "14 06 17 02 03 0A 00 04 0B 00",
        "14 06 18 02 00 03 0A 00 04 0B 00",
        "14 06 19 02 00 00 00 03 0A 00 04 0B 00",
        "14 06 27 02 03 00 0A 00 04 00 0B 00",
        "14 06 28 02 00 03 00 0A 00 04 00 0B 00",
        "14 06 29 02 00 00 00 03 00 0A 00 04 00 0B 00",
        "14 06 37 02 03 00 00 00 0A 00 04 00 00 00 0B 00",
        "14 06 38 02 00 03 00 00 00 0A 00 04 00 00 00 0B 00",
        "14 06 39 02 00 00 00 03 00 00 00 0A 00 04 00 00 00 0B 00",
    ] {
        let fragment = response(&hex(text));
        let points = points(&fragment);
        let found: Vec<_> = points
            .iter()
            .map(|point| (point.index, point.value))
            .collect();
        assert_eq!(
            found,
            [(3, Value::Uint16(10)), (4, Value::Uint16(11))],
            "{text}"
        );
    }
}

#[test]
fn packed_objects_come_in_ranges_only() {
    for text in [
        "01 01 17 01 00 01",
        "03 01 28 01 00 00 00 01",
        "0A 01 07 01 01",
    ] {
        let objects = hex(text);
        assert_eq!(kind(&objects), misfit(objects[2]), "{text}");
    }
    let objects = hex("01 01 02 09 00 00 00 0A 00 00 00 02");
    assert!(header(&objects).bits().eq([(9, 0), (10, 1)]));
}

#[test]
fn padding_is_not_looked_at() {
    let objects = hex("01 01 00 00 00 FF");
    assert!(header(&objects).bits().eq([(0, 1)]));
}

#[test]
fn objects_of_points_need_indexes() {
    for text in [
        "1E 02 07 01 01 00 00",
        "02 01 08 01 00 81",
        "1E 02 03 00 00 01 00 00",
    ] {
        let objects = hex(text);
        assert_eq!(kind(&objects), misfit(objects[2]), "{text}");
    }
}

#[test]
fn events_come_one_by_one_but_for_strings() {
    assert_eq!(kind(&hex("02 01 00 00 00 81")), misfit(0x00));
    assert_eq!(
        kind(&hex("20 01 01 00 00 00 00 01 00 00 00 00")),
        misfit(0x01)
    );
    let fragment = response(&hex("6F 02 00 05 06 41 42 43 44"));
    let found = points(&fragment);
    assert_eq!(found[0].value, Value::Octets(b"AB"));
    assert_eq!((found[1].index, found[1].value), (6, Value::Octets(b"CD")));
    let terminal = hex("71 01 00 00 00 41");
    assert!(header(&terminal).is_event());
}

#[test]
fn a_response_names_no_objects_without_them() {
    assert_eq!(kind(&hex("1E 02 06")), misfit(0x06));
    assert_eq!(kind(&hex("3C 02 06")), misfit(0x06));
    assert_eq!(kind(&hex("3C 02 07 01")), ObjectErrorKind::HeaderOnly);
}

#[test]
fn sized_objects_are_skipped_by_their_sizes() {
    let objects = hex("46 05 5B 02 03 00 01 02 03 01 00 04 01 02 00 00 00 81");
    let (good, error) = headers(&objects);
    assert_eq!(error, None);
    let sizes = good[0].objects().map(|object| object.octets.len());
    assert!(sizes.eq([3, 1]));
    assert_eq!(good[0].kind(), None);
    assert_eq!(good[1].variation(), Variation::new(1, 2));
}

#[test]
fn unknown_objects_are_skipped_if_they_tell_their_size() {
    for text in [
        "C8 07 4B 01 02 AA BB",
        "C8 07 5B 01 02 00 AA BB",
        "C8 07 6B 01 02 00 00 00 AA BB",
    ] {
        let objects = hex(text);
        let header = header(&objects);
        assert!(header.description().is_none() && header.is_event());
        assert_eq!(header.objects().next().unwrap().octets, [0xaa, 0xbb]);
    }
    let objects = hex("C8 07 5B 01 00 00");
    assert_eq!(header(&objects).octets().len(), 2);
}

#[test]
fn sizes_belong_to_sized_objects_only() {
    assert_eq!(kind(&hex("1E 01 5B 01 05 00 01 00 00 00 00")), misfit(0x5b));
    assert_eq!(kind(&hex("6E 02 5B 01 02 00 41 42")), misfit(0x5b));
    assert_eq!(kind(&hex("46 05 28 01 00 00 00 01 02")), misfit(0x28));
}

#[test]
fn attributes_tell_their_own_length() {
    let objects = hex("00 FC 00 00 00 01 03 41 42 43 00 EF 00 00 00 02 04 01 00 00 00");
    let (good, error) = headers(&objects);
    assert_eq!(error, None);
    let value = |at: usize| {
        let object = good[at].objects().next().unwrap();
        assert_eq!(object.index, Some(0));
        AttributeValue::read(object)
    };
    assert_eq!(value(0), Some(AttributeValue::Text(b"ABC")));
    assert_eq!(value(1), Some(AttributeValue::Unsigned(1)));
}

#[test]
fn attributes_of_every_type() {
    for (text, expected) in [
        ("03 01 FF", AttributeValue::Signed(-1)),
        ("03 02 00 80", AttributeValue::Signed(-32_768)),
        (
            "02 08 FF FF FF FF FF FF FF FF",
            AttributeValue::Unsigned(u64::MAX),
        ),
        ("04 04 00 00 A0 3F", AttributeValue::Float(1.25)),
        ("04 08 00 00 00 00 00 00 F8 3F", AttributeValue::Float(1.5)),
        ("05 02 AA BB", AttributeValue::Octets(&[0xaa, 0xbb])),
        (
            "04 01 00",
            AttributeValue::Other {
                code: 4,
                data: &[0],
            },
        ),
        (
            "02 09 00 00 00 00 00 00 00 00 00",
            AttributeValue::Other {
                code: 2,
                data: &[0; 9],
            },
        ),
        (
            "07 01 00",
            AttributeValue::Other {
                code: 7,
                data: &[0],
            },
        ),
    ] {
        let objects = [hex("00 F0 17 01 00"), hex(text)].concat();
        let object = header(&objects).objects().next().unwrap();
        assert_eq!(AttributeValue::read(object), Some(expected), "{text}");
    }
    assert_eq!(kind(&hex("00 F0 37 01 00 00 00 00 02 01 05")), misfit(0x37));
    let long = [hex("00 FF 00 00 00 FF 01"), vec![7; 257]].concat();
    assert_eq!(header(&long).objects().next().unwrap().octets.len(), 259);
}

#[test]
fn reads_may_list_indexes_alone() {
    let objects = hex("1E 00 17 03 01 05 09 1E 00 28 01 00 2C 01");
    let (good, error) = split(ObjectHeaders::new(&objects, 0, Function::Read));
    assert_eq!(error, None);
    assert!(!good[0].carries_objects());
    let indexes = good.iter().flat_map(|header| header.objects());
    assert!(
        indexes
            .map(|object| object.index.unwrap())
            .eq([1, 5, 9, 300])
    );
}

#[test]
fn requests_name_objects_in_every_way() {
    let objects = hex(
        "3C 02 06 3C 02 07 0A 3C 02 08 E8 03 1E 00 00 00 09 1E 00 01 00 00 FF FF \
         66 01 03 00 10 63 07 06",
    );
    let (good, error) = split(ObjectHeaders::new(&objects, 0, Function::Read));
    assert_eq!(error, None);
    let ranges: Vec<_> = good.iter().map(|header| header.range()).collect();
    assert_eq!(
        ranges,
        [
            Range::All,
            Range::Count(10),
            Range::Count(1_000),
            Range::Span { start: 0, stop: 9 },
            Range::Span {
                start: 0,
                stop: 65_535
            },
            Range::Addresses { start: 0, stop: 16 },
            Range::All,
        ]
    );
    assert!(good[6].description().is_none() && !good[6].is_event());
}

#[test]
fn freezing_at_a_time_carries_the_time() {
    let objects = hex("32 02 07 01 00 68 E5 CF 8B 01 00 00 00 00 14 00 06");
    let (good, error) = split(ObjectHeaders::new(&objects, 0, Function::FreezeAtTime));
    assert_eq!(error, None);
    assert!(good[0].carries_objects() && !good[1].carries_objects());
    assert_eq!(good[0].time().unwrap().milliseconds(), crate::golden::T);
}

#[test]
fn orders_can_be_read_by_an_outstation() {
    let objects = hex("0C 01 28 01 00 05 00 03 01 64 00 00 00 64 00 00 00 00");
    let (good, error) = split(ObjectHeaders::new(&objects, 0, Function::DirectOperate));
    assert_eq!(error, None);
    let object = good[0].objects().next().unwrap();
    assert_eq!((object.index, object.octets.len()), (Some(5), 11));
}

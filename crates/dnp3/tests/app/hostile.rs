//! Fragments made to overflow, to loop or to mislead: each ends in an error or in few points.

use gridos_dnp3::app::{
    Function, ObjectError, ObjectErrorKind, ObjectHeaders, Qualifier, Response, Value, Variation,
};

use crate::build::{header, headers, hex, points, readings, response, split};

fn refused(text: &str) -> ObjectError {
    let objects = hex(text);
    let (good, error) = headers(&objects);
    assert!(good.is_empty(), "{text}: {good:?}");
    error.unwrap()
}

fn short(needed: u64, left: usize) -> ObjectErrorKind {
    ObjectErrorKind::Short { needed, left }
}

#[test]
fn a_range_of_all_32_bits_does_not_wrap_to_none() {
    for text in [
        "1E 02 02 00 00 00 00 FF FF FF FF",
        "01 01 02 00 00 00 00 FF FF FF FF 00",
    ] {
        let index = u32::MAX;
        assert_eq!(
            refused(text).kind,
            ObjectErrorKind::Index { index },
            "{text}"
        );
    }
    let addresses = "66 01 05 00 00 00 00 FF FF FF FF 00";
    assert_eq!(refused(addresses).kind, short(1 << 32, 1));
}

#[test]
fn variation_0_with_a_huge_range_is_no_loop() {
    let huge = "01 00 01 00 00 FF FF";
    assert_eq!(refused(huge).kind, ObjectErrorKind::HeaderOnly);
    assert_eq!(
        refused("1E 00 28 FF FF 00 00").kind,
        ObjectErrorKind::HeaderOnly
    );
}

#[test]
fn an_order_inside_an_unsolicited_response_has_no_place() {
    let order = hex("02 01 17 01 05 81 0C 01 28 01 00 05 00 03 01 64 00 00 00 64 00 00 00 00");
    let fragment = [hex("F1 82 00 00"), order].concat();
    let response = Response::parse(&fragment).unwrap();
    let (good, error) = split(response.headers());
    assert_eq!(good.len(), 1);
    let error = error.unwrap();
    let function = Function::UnsolicitedResponse;
    assert_eq!(error.kind, ObjectErrorKind::Misplaced { function });
    assert_eq!(error.offset, 10);
    assert_eq!(points(&fragment).len(), 1);
    assert_eq!(response.rest(error.offset).len(), 18);
}

#[test]
fn only_what_may_come_unasked_does() {
    let kind = |text: &str| {
        let objects = hex(text);
        let headers = ObjectHeaders::new(&objects, 0, Function::UnsolicitedResponse);
        split(headers).1.map(|error| error.kind)
    };
    let function = Function::UnsolicitedResponse;
    let misplaced = Some(ObjectErrorKind::Misplaced { function });
    for text in [
        "29 01 17 01 00 00 00 00 00 00",
        "22 01 17 01 00 00 00",
        "34 02 07 01 00 00",
        "50 01 00 07 07 00",
        "3C 02 07 01",
        "70 01 17 01 00 41",
    ] {
        assert_eq!(kind(text), misplaced, "{text}");
    }
    for text in [
        "01 02 00 00 00 81",
        "0D 01 17 01 00 80",
        "6F 01 17 01 00 41",
        "33 01 07 01 00 00 00 00 00 00",
    ] {
        assert_eq!(kind(text), None, "{text}");
    }
}

#[test]
fn authentication_answers_with_nothing_else() {
    let objects = hex("01 02 00 00 00 81");
    let function = Function::AuthenticationResponse;
    let (good, error) = split(ObjectHeaders::new(&objects, 0, function));
    assert!(good.is_empty());
    assert_eq!(error.unwrap().kind, ObjectErrorKind::Misplaced { function });
}

/// 285 headers that claim 65,536 empty strings each: 18.7 million objects in 2 kB.
#[test]
fn empty_strings_in_huge_numbers_are_refused() {
    let bomb = hex("70 00 01 00 00 FF FF").repeat(285);
    let (good, error) = headers(&bomb);
    assert!(good.is_empty());
    let error = error.unwrap();
    assert_eq!((error.offset, error.kind), (0, ObjectErrorKind::HeaderOnly));
    for group in ["6E", "6F", "70", "71"] {
        let text = format!("{group} 00 28 FF FF");
        assert_eq!(refused(&text).kind, ObjectErrorKind::HeaderOnly);
    }
}

#[test]
fn a_count_times_a_size_does_not_wrap() {
    let text = "20 02 39 25 49 92 24 00 00 00 00 01 00 00";
    assert_eq!(refused(text).kind, short(0x2492_4925 * 7, 7));
    let most = "20 08 39 FF FF FF FF";
    assert_eq!(refused(most).kind, short(0xffff_ffff * 19, 0));
}

#[test]
fn reserved_and_impossible_qualifiers_are_none() {
    for octet in [
        0x0a, 0x0b, 0x0c, 0x0f, 0x10, 0x16, 0x1b, 0x47, 0x58, 0x70, 0x7b, 0x80, 0x86, 0xa8, 0xed,
        0xff,
    ] {
        let objects = [1, 2, octet, 0, 0, 0, 0];
        let (good, error) = headers(&objects);
        assert!(good.is_empty());
        let expected = ObjectError {
            offset: 0,
            variation: Some(Variation::new(1, 2)),
            kind: ObjectErrorKind::Qualifier { octet },
        };
        assert_eq!(error, Some(expected));
    }
}

#[test]
fn a_count_of_none_is_refused() {
    for text in [
        "02 01 17 00",
        "02 01 28 00 00",
        "02 01 39 00 00 00 00",
        "33 01 07 00",
        "46 05 5B 00",
    ] {
        assert_eq!(refused(text).kind, ObjectErrorKind::Empty, "{text}");
    }
}

#[test]
fn a_range_that_ends_before_it_starts_is_refused() {
    let reversed = |start, stop| ObjectErrorKind::Reversed { start, stop };
    assert_eq!(refused("01 02 00 05 04 81").kind, reversed(5, 4));
    assert_eq!(refused("01 02 01 00 01 FF 00").kind, reversed(256, 255));
    let wide = "01 02 02 FF FF FF FF 00 00 00 00";
    assert_eq!(refused(wide).kind, reversed(u32::MAX, 0));
    assert_eq!(refused("66 01 03 01 00 00").kind, reversed(1, 0));
}

#[test]
fn the_longest_range_of_octets_is_256_points() {
    let objects = [hex("01 02 00 00 FF"), vec![0x81; 256]].concat();
    assert_eq!(header(&objects).count(), Some(256));
    let fragment = response(&objects);
    let found = points(&fragment);
    assert_eq!((found.len(), found[255].index), (256, 255));
    assert_eq!(readings(&fragment).len(), 256);
    let packed = [hex("01 01 00 00 FF"), vec![0xff; 32]].concat();
    assert_eq!(points(&response(&packed)).len(), 256);
}

#[test]
fn a_count_of_255_is_255_events() {
    let events: Vec<u8> = (0..255).flat_map(|index| [index, 0x81]).collect();
    let objects = [hex("02 01 17 FF"), events].concat();
    assert_eq!(points(&response(&objects)).len(), 255);
    let (good, error) = headers(&objects[..objects.len() - 1]);
    assert!(good.is_empty());
    assert_eq!(error.unwrap().kind, short(510, 509));
}

#[test]
fn the_longest_range_without_data_is_short() {
    assert_eq!(refused("1E 01 01 00 00 FF FF").kind, short(65_536 * 5, 0));
    assert_eq!(refused("01 01 01 00 00 FF FF").kind, short(8_192, 0));
    assert_eq!(refused("03 01 01 00 00 FF FF 00").kind, short(16_384, 1));
}

#[test]
fn the_last_index_is_65535() {
    let fragment = response(&hex("01 02 01 FE FF FF FF 01 81"));
    let found = points(&fragment);
    assert_eq!((found[0].index, found[1].index), (65_534, 65_535));
    assert!(
        readings(&fragment)
            .iter()
            .map(|reading| reading.index)
            .eq([65_534, 65_535])
    );
    let packed = response(&hex("01 01 01 FE FF FF FF 02"));
    assert!(
        readings(&packed)
            .iter()
            .map(|reading| reading.index)
            .eq([65_534, 65_535])
    );
    assert_eq!(points(&packed)[1].index, 65_535);
    let event = response(&hex("02 01 28 01 00 FF FF 81"));
    assert_eq!(points(&event)[0].index, 65_535);
    let wide = response(&hex("02 01 39 01 00 00 00 FF FF 00 00 81"));
    assert_eq!(points(&wide)[0].index, 65_535);
}

#[test]
fn an_index_beyond_65535_is_no_point() {
    let index = 65_536;
    let beyond = ObjectErrorKind::Index { index };
    assert_eq!(
        refused("02 01 37 02 00 00 00 00 81 00 00 01 00 81").kind,
        beyond
    );
    assert_eq!(
        refused("01 02 02 FF FF 00 00 00 00 01 00 81 81").kind,
        beyond
    );
}

#[test]
fn floats_that_are_no_numbers_come_as_they_are() {
    let text = "1E 05 00 00 02 01 00 00 C0 7F 01 00 00 80 7F 01 00 00 80 FF \
                1E 06 00 00 00 01 01 00 00 00 00 00 F8 FF";
    let fragment = response(&hex(text));
    let found = points(&fragment);
    assert!(matches!(found[0].value, Value::Float32(value) if value.is_nan()));
    assert_eq!(found[1].value, Value::Float32(f32::INFINITY));
    assert_eq!(found[2].value, Value::Float32(f32::NEG_INFINITY));
    let Value::Float64(last) = found[3].value else {
        panic!("{found:?}");
    };
    assert_eq!(last.to_bits(), 0xfff8_0000_0000_0001);
    let numbers = readings(&fragment);
    assert!(numbers[0].value.is_nan() && numbers[3].value.is_nan());
    assert_eq!(numbers[2].value, f64::NEG_INFINITY);
}

#[test]
fn sizes_beyond_the_fragment_are_short() {
    assert_eq!(refused("46 05 5B 01 FF FF 00").kind, short(65_537, 3));
    assert_eq!(
        refused("46 05 6B 01 FF FF FF FF").kind,
        short((1 << 32) + 3, 4)
    );
    assert_eq!(refused("46 05 5B 02 01 00 AA 05").kind, short(5, 4));
    assert_eq!(refused("46 05 5B FF 00 00").kind, short(3, 2));
    assert_eq!(refused("00 FC 00 00 FF 01 00 01").kind, short(4, 3));
    assert_eq!(refused("00 FC 00 00 00 01 05 41").kind, short(7, 3));
}

#[test]
fn an_unknown_object_ends_the_fragment_where_it_begins() {
    let objects = hex("01 02 00 00 00 81 C8 01 17 01 00 00 01 02 00 01 01 81");
    let (good, error) = headers(&objects);
    assert_eq!(good.len(), 1);
    let error = error.unwrap();
    assert_eq!((error.offset, error.kind), (6, ObjectErrorKind::Unknown));
    assert_eq!(error.variation, Some(Variation::new(200, 1)));
}

#[test]
fn the_iterator_stays_at_its_end() {
    let objects = hex("01 02 00 05 04 81 01 02 00 00 00 81");
    let mut headers = ObjectHeaders::new(&objects, 0, Function::Response);
    assert!(headers.next().unwrap().is_err());
    assert!(headers.next().is_none() && headers.next().is_none());
    assert!(
        ObjectHeaders::new(&objects, 99, Function::Response)
            .next()
            .is_none()
    );
}

#[test]
fn text_cannot_reach_a_terminal() {
    let fragment = response(&hex("6E 08 17 01 00 25 6E 25 73 1B 5B 32 4A"));
    assert_eq!(points(&fragment)[0].value.to_string(), "'%n%s\\x1b[2J'");
}

#[test]
fn a_response_cannot_make_a_master_hear_a_request() {
    let qualifier = Qualifier::ALL;
    assert_eq!(
        refused("3C 01 06").kind,
        ObjectErrorKind::Misfit { qualifier }
    );
}

//! Response fragments as an outstation builds them.

use gridos_dnp3::app::{
    Control, DoubleBit, Flags, Iin, Point, PointTime, Response, ResponseWriter, Sequence,
    Timestamp, Value, Variation, Width, WriteError,
};

use crate::build::{hex, points, split};
use crate::golden::T;

const LIMIT: usize = 2_048;

fn point(index: u16, value: Value<'_>) -> Point<'_> {
    Point {
        index,
        value,
        flags: Flags::ONLINE,
        time: None,
    }
}

fn timed(index: u16, value: Value<'_>, milliseconds: u64) -> Point<'_> {
    Point {
        time: Some(PointTime {
            milliseconds,
            is_synchronised: true,
        }),
        ..point(index, value)
    }
}

fn bits(values: &[u8]) -> Vec<Point<'static>> {
    let value = |bit: &u8| Value::Binary(*bit == 1);
    (0..)
        .zip(values)
        .map(|(index, bit)| point(index, value(bit)))
        .collect()
}

fn control(octet: u8) -> Control {
    Control::decode(octet)
}

#[test]
fn golden_static_response() {
    let mut writer = ResponseWriter::new(LIMIT);
    assert!(writer.is_empty());
    let binaries = bits(&[1, 0, 1, 0, 1, 0, 1, 0, 0, 1]);
    let doubles: Vec<_> = (0..)
        .zip([0, 1, 2, 3, 1])
        .map(|(index, bits)| point(index, Value::DoubleBit(DoubleBit::from_bits(bits))))
        .collect();
    let analogs = [point(0, Value::Float32(1.25))];
    for (group, number, points) in [(1, 1, &binaries[..]), (3, 1, &doubles), (30, 5, &analogs)] {
        let variation = Variation::new(group, number);
        let written = writer.static_points(variation, points.iter().copied());
        assert_eq!(written, Ok(points.len()));
    }
    let string = [point(7, Value::Octets(b"hello"))];
    let written = writer.static_points(Variation::new(110, 5), string.into_iter());
    assert_eq!(written, Ok(1));
    let expected = "C9 81 00 00 01 01 00 00 09 55 02 03 01 00 00 04 E4 01 \
                    1E 05 00 00 00 01 00 00 A0 3F 6E 05 00 07 07 68 65 6C 6C 6F";
    assert_eq!(writer.finish(control(0xc9), Iin::empty()), hex(expected));
}

#[test]
fn golden_events() {
    let mut writer = ResponseWriter::new(LIMIT);
    let event = timed(300, Value::Float32(1.5), T);
    writer
        .event(Variation::new(32, 7), Width::Two, &event)
        .unwrap();
    let expected = "F1 82 00 00 20 07 28 01 00 2C 01 01 00 00 C0 3F 00 68 E5 CF 8B 01";
    assert_eq!(writer.finish(control(0xf1), Iin::empty()), hex(expected));

    writer.clear();
    writer.common_time(event.time.unwrap()).unwrap();
    for (index, state, after) in [(7, true, 2), (8, false, 3)] {
        let event = timed(index, Value::Binary(state), T + after);
        writer
            .event(Variation::new(2, 3), Width::Two, &event)
            .unwrap();
    }
    let expected = "E8 81 00 00 33 01 07 01 00 68 E5 CF 8B 01 \
                    02 03 28 02 00 07 00 81 02 00 08 00 01 03 00";
    assert_eq!(writer.finish(control(0xe8), Iin::empty()), hex(expected));
}

#[test]
fn golden_delay_and_null_response() {
    let mut writer = ResponseWriter::new(LIMIT);
    let control = Control {
        con: true,
        uns: true,
        ..Control::single(Sequence::ZERO)
    };
    let iin = Iin::DEVICE_RESTART | Iin::NEED_TIME;
    assert_eq!(writer.finish(control, iin), hex("F0 82 90 00"));
    writer.clear();
    writer.delay_fine(10).unwrap();
    let single = Control::single(Sequence::new(5).unwrap());
    assert_eq!(
        writer.finish(single, Iin::NEED_TIME),
        hex("C5 81 10 00 34 02 07 01 0A 00")
    );
    writer.clear();
    writer.delay_coarse(3).unwrap();
    writer.time(Timestamp::new(T).unwrap()).unwrap();
    let expected = "C5 81 00 00 34 01 07 01 03 00 32 01 07 01 00 68 E5 CF 8B 01";
    assert_eq!(writer.finish(single, Iin::empty()), hex(expected));
}

#[test]
fn ranges_take_two_octets_when_they_must() {
    let mut writer = ResponseWriter::new(LIMIT);
    let variation = Variation::new(30, 4);
    let values: Vec<_> = (250..260)
        .map(|index| point(index, Value::Int16(-1)))
        .collect();
    let written = writer.static_points(variation, values[..6].iter().copied());
    assert_eq!(written, Ok(6));
    let written = writer.static_points(variation, values.iter().copied());
    assert_eq!(written, Ok(10));
    let fragment = writer.finish(control(0xc0), Iin::empty());
    assert_eq!(fragment[4..9], hex("1E 04 00 FA FF"));
    assert_eq!(fragment[21..28], hex("1E 04 01 FA 00 03 01"));
}

#[test]
fn a_gap_ends_a_range() {
    let mut writer = ResponseWriter::new(LIMIT);
    let values = [1, 2, 4, 5].map(|index| point(index, Value::Uint32(7)));
    let variation = Variation::new(20, 5);
    let mut rest = &values[..];
    while !rest.is_empty() {
        let written = writer
            .static_points(variation, rest.iter().copied())
            .unwrap();
        rest = &rest[written..];
    }
    let fragment = writer.finish(control(0xc0), Iin::empty()).to_vec();
    assert_eq!(points(&fragment), values);
    assert_eq!(Response::parse(&fragment).unwrap().headers().count(), 2);
    let none = writer.static_points(variation, [].into_iter());
    assert_eq!(none, Ok(0));
}

#[test]
fn a_full_fragment_says_so_and_stays_whole() {
    let mut writer = ResponseWriter::new(0);
    let values: Vec<_> = (0..2_000)
        .map(|index| point(index, Value::Float32(2.0)))
        .collect();
    let variation = Variation::new(30, 5);
    let written = writer
        .static_points(variation, values.iter().copied())
        .unwrap();
    assert_eq!(written, (ResponseWriter::BYTES_MIN - 4 - 7) / 5);
    let rest = values[written..].iter().copied();
    assert_eq!(writer.static_points(variation, rest), Err(WriteError::Full));
    let fragment = writer.finish(control(0xa0), Iin::empty()).to_vec();
    assert!(fragment.len() <= ResponseWriter::BYTES_MIN);
    assert_eq!(points(&fragment), values[..written]);
    assert_eq!(writer.time(Timestamp::MAX), Err(WriteError::Full));
}

#[test]
fn packed_points_fill_the_last_octet() {
    let mut writer = ResponseWriter::new(0);
    let values: Vec<_> = (0..5_000)
        .map(|index| point(index, Value::Binary(index % 3 == 0)))
        .collect();
    let written = writer
        .static_points(Variation::new(1, 1), values.iter().copied())
        .unwrap();
    assert_eq!(written, 8 * (ResponseWriter::BYTES_MIN - 4 - 7));
    let fragment = writer.finish(control(0xc0), Iin::empty());
    assert_eq!(fragment.len(), ResponseWriter::BYTES_MIN);
    assert_eq!(points(fragment), values[..written]);
}

#[test]
fn events_of_one_variation_share_a_header() {
    let mut writer = ResponseWriter::new(LIMIT);
    let binary = Variation::new(2, 2);
    let analog = Variation::new(32, 3);
    let width = Width::One;
    for event in [
        (binary, timed(1, Value::Binary(true), T)),
        (binary, timed(2, Value::Binary(false), T)),
        (analog, timed(3, Value::Int32(-5), T)),
        (binary, timed(4, Value::Binary(true), T)),
        (binary, timed(300, Value::Binary(true), T)),
    ] {
        writer.event(event.0, width, &event.1).unwrap();
    }
    let fragment = writer.finish(control(0xe0), Iin::empty());
    let (headers, error) = split(Response::parse(fragment).unwrap().headers());
    assert_eq!(error, None);
    let found: Vec<_> = headers
        .iter()
        .map(|header| (header.qualifier().octet(), header.count().unwrap()))
        .collect();
    assert_eq!(found, [(0x17, 2), (0x17, 1), (0x17, 1), (0x28, 1)]);
    assert_eq!(points(fragment).len(), 5);
}

#[test]
fn a_count_of_one_octet_ends_at_255() {
    let mut writer = ResponseWriter::new(LIMIT);
    for _ in 0..256 {
        let event = point(9, Value::Binary(true));
        writer
            .event(Variation::new(2, 1), Width::One, &event)
            .unwrap();
    }
    let fragment = writer.finish(control(0xe0), Iin::empty());
    let (headers, _) = split(Response::parse(fragment).unwrap().headers());
    let counts: Vec<_> = headers.iter().map(|header| header.count()).collect();
    assert_eq!(counts, [Some(255), Some(1)]);
}

#[test]
fn events_fill_a_fragment_and_no_more() {
    for (variation, value, expected) in [
        (Variation::new(2, 1), Value::Binary(true), 679),
        (Variation::new(2, 2), Value::Binary(true), 226),
        (Variation::new(32, 5), Value::Float32(1.0), 291),
        (Variation::new(32, 7), Value::Float32(1.0), 156),
        (Variation::new(32, 8), Value::Float64(1.0), 119),
    ] {
        let mut writer = ResponseWriter::new(LIMIT);
        let mut count = 0;
        while writer.event(variation, Width::Two, &timed(count, value, T)) == Ok(()) {
            count += 1;
        }
        assert_eq!(count, expected, "{variation}");
        let fragment = writer.finish(control(0xe0), Iin::empty());
        assert!(fragment.len() <= LIMIT);
        assert_eq!(points(fragment).len(), usize::from(count));
    }
}

#[test]
fn common_times_go_before_relative_ones() {
    let mut writer = ResponseWriter::new(LIMIT);
    let variation = Variation::new(4, 3);
    let value = Value::DoubleBit(DoubleBit::Indeterminate);
    let unsynchronised = PointTime {
        milliseconds: T + 65_537,
        is_synchronised: false,
    };
    let mut events =
        [0, 65_535, 65_536, 65_536 + 1, 65_536].map(|after| timed(1, value, T + after));
    events[3].time = Some(unsynchronised);
    for event in &events {
        writer.event(variation, Width::Two, event).unwrap();
    }
    let fragment = writer.finish(control(0xe0), Iin::empty());
    let (headers, error) = split(Response::parse(fragment).unwrap().headers());
    assert_eq!(error, None);
    let groups: Vec<_> = headers
        .iter()
        .map(|header| header.variation().group)
        .collect();
    assert_eq!(groups, [51, 4, 51, 4, 51, 4, 51, 4]);
    let times = points(fragment).into_iter().map(|point| point.time);
    assert!(times.eq(events.iter().map(|event| event.time)));
}

/// The header before a full event stays as it was, with its count and its common time.
#[test]
fn an_event_that_does_not_fit_leaves_no_trace() {
    let mut writer = ResponseWriter::new(0);
    let variation = Variation::new(2, 3);
    let mut written = Vec::new();
    for step in 0..100 {
        let event = timed(step, Value::Binary(true), T + 70_000 * u64::from(step / 5));
        let before = writer.len();
        match writer.event(variation, Width::One, &event) {
            Ok(()) => written.push(Some(event.time.unwrap())),
            Err(error) => assert_eq!((error, writer.len()), (WriteError::Full, before)),
        }
    }
    let fragment = writer.finish(control(0xe0), Iin::empty());
    assert!(fragment.len() <= ResponseWriter::BYTES_MIN);
    let times: Vec<_> = points(fragment).iter().map(|point| point.time).collect();
    assert_eq!(times, written);
}

#[test]
fn mistakes_are_told_apart() {
    let mut writer = ResponseWriter::new(LIMIT);
    let binary = timed(1, Value::Binary(true), T);
    let one = |number| Variation::new(2, number);
    let event = |writer: &mut ResponseWriter, variation, point: &Point<'_>| {
        writer.event(variation, Width::Two, point).unwrap_err()
    };
    for variation in [
        one(0),
        one(9),
        Variation::new(1, 2),
        Variation::new(22, 3),
        Variation::TIME,
    ] {
        let error = event(&mut writer, variation, &binary);
        assert_eq!(error, WriteError::Variation { variation });
    }
    let variation = Variation::new(32, 1);
    let error = event(&mut writer, variation, &binary);
    assert_eq!(error, WriteError::Value { variation });
    for variation in [one(2), one(3)] {
        let timeless = point(1, Value::Binary(true));
        let error = event(&mut writer, variation, &timeless);
        assert_eq!(error, WriteError::Time { variation });
        let beyond = timed(1, Value::Binary(true), 1 << 48);
        let error = event(&mut writer, variation, &beyond);
        assert_eq!(error, WriteError::Time { variation });
    }
    let variation = Variation::new(110, 4);
    let string = [point(1, Value::Octets(b"hello"))];
    let error = writer.static_points(variation, string.into_iter());
    assert_eq!(error, Err(WriteError::Value { variation }));
    assert!(writer.is_empty());
}

#[test]
fn analogs_beyond_the_object_are_flagged() {
    let over = Flags::new(0x21);
    for (variation, value, expected, flags) in [
        (2, Value::Int32(40_000), Value::Int16(32_767), over),
        (2, Value::Float64(-1e9), Value::Int16(-32_768), over),
        (2, Value::Float64(-3.4), Value::Int16(-3), Flags::ONLINE),
        (
            1,
            Value::Float32(f32::INFINITY),
            Value::Int32(i32::MAX),
            over,
        ),
        (1, Value::Float64(f64::NAN), Value::Int32(0), over),
        (5, Value::Float64(1e300), Value::Float32(f32::MAX), over),
        (
            5,
            Value::Float64(f64::NEG_INFINITY),
            Value::Float32(f32::NEG_INFINITY),
            Flags::ONLINE,
        ),
        (6, Value::Float32(0.5), Value::Float64(0.5), Flags::ONLINE),
        (6, Value::Int16(-7), Value::Float64(-7.0), Flags::ONLINE),
    ] {
        let mut writer = ResponseWriter::new(LIMIT);
        let written = [point(0, value)].into_iter();
        writer
            .static_points(Variation::new(30, variation), written)
            .unwrap();
        let fragment = writer.finish(control(0xc0), Iin::empty());
        let found = points(fragment)[0];
        assert_eq!((found.value, found.flags), (expected, flags), "{value:?}");
    }
}

#[test]
fn counters_lose_their_upper_bits() {
    let mut writer = ResponseWriter::new(LIMIT);
    let written = [point(0, Value::Uint32(65_538))].into_iter();
    writer
        .static_points(Variation::new(20, 2), written)
        .unwrap();
    let fragment = writer.finish(control(0xc0), Iin::empty());
    let found = points(fragment)[0];
    assert_eq!(
        (found.value, found.flags),
        (Value::Uint16(2), Flags::ONLINE)
    );
}

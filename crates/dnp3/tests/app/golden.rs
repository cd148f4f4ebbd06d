//! Fragments whose octets and meaning are known, each also cut at every octet.

use gridos_dnp3::app::{
    CommonTime, DoubleBit, Flags, Function, Iin, Point, PointTime, Request, Response, Sequence,
    TimeQuality, Timestamp, Value, Variation,
};

use crate::build::{hex, points, readings, split};

/// 2023-11-14 22:13:20 UTC.
pub(crate) const T: u64 = 1_700_000_000_000;

const COMMON: &str = "E8 81 00 00 33 01 07 01 00 68 E5 CF 8B 01 \
                      02 0D A9";
const RELATIVE: &str = "E8 81 00 00 33 01 07 01 00 68 E5 CF 8B 01 \
                        02 03 28 02 00 07 00 81 02 00 08 00 01 03 00";
const EVENT: &str = "F1 82 00 00 20 07 28 01 00 2C 01 01 00 00 C0 3F 00 68 E5 CF 8B 01";
const STATIC: &str = "C9 81 00 00 01 01 00 00 09 55 02 03 01 00 00 04 E4 01 \
                      1E 05 00 00 00 01 00 00 A0 3F 6E 05 00 07 07 68 65 6C 6C 6F";
const DELAY: &str = "C5 81 10 00 34 02 07 01 0A 00";
const NULL: &str = "F0 82 90 00";

const RESPONSES: [&str; 5] = [RELATIVE, EVENT, STATIC, DELAY, NULL];

const REQUESTS: [&str; 10] = [
    "D0 00",
    "C0 15 3C 02 06 3C 03 06 3C 04 06",
    "C1 02 50 01 00 07 07 00",
    "C2 01 3C 02 06 3C 03 06 3C 04 06 3C 01 06",
    "C3 18",
    "C4 02 32 03 07 01 00 68 E5 CF 8B 01",
    "C5 17",
    "C6 02 32 01 07 01 00 68 E5 CF 8B 01",
    "C7 14 3C 02 06 3C 03 06 3C 04 06",
    "C8 00",
];

fn at(milliseconds: u64) -> Option<PointTime> {
    Some(PointTime {
        milliseconds,
        is_synchronised: true,
    })
}

fn plain(index: u16, value: Value<'_>) -> Point<'_> {
    Point {
        index,
        value,
        flags: Flags::ONLINE,
        time: None,
    }
}

#[test]
fn events_count_from_the_common_time() {
    let fragment = hex(RELATIVE);
    let response = Response::parse(&fragment).unwrap();
    assert_eq!(response.function, Function::Response);
    assert!(response.control.con && response.check().is_ok());
    assert_eq!(response.control.sequence, Sequence::new(8).unwrap());
    let expected = [
        Point {
            index: 7,
            value: Value::Binary(true),
            flags: Flags::new(0x81),
            time: at(T + 2),
        },
        Point {
            index: 8,
            value: Value::Binary(false),
            flags: Flags::new(0x01),
            time: at(T + 3),
        },
    ];
    assert_eq!(points(&fragment), expected);
    let numbers: Vec<_> = readings(&fragment)
        .iter()
        .map(|reading| (reading.index, reading.value, reading.time))
        .collect();
    assert_eq!(numbers, [(7, 1.0, Some(T + 2)), (8, 0.0, Some(T + 3))]);
}

#[test]
fn a_header_tells_of_its_points() {
    let fragment = hex(RELATIVE);
    let (headers, error) = split(Response::parse(&fragment).unwrap().headers());
    assert_eq!(error, None);
    let [common, events] = headers[..] else {
        panic!("{headers:?}");
    };
    assert_eq!((common.offset(), events.offset()), (4, 14));
    assert_eq!(common.variation(), Variation::COMMON_TIME);
    assert_eq!(common.time(), Timestamp::new(T));
    assert!(!common.is_event() && common.kind().is_none());
    assert!(events.is_event());
    assert_eq!(events.count(), Some(2));
    let description = events.description().unwrap();
    assert_eq!(
        description.to_string(),
        "g2v3 binary input event, with relative time"
    );
    assert_eq!(events.time_quality(CommonTime::NONE), TimeQuality::None);
    let mut base = CommonTime::NONE;
    assert!(base.observe(&common) && !base.observe(&events));
    assert_eq!(events.time_quality(base), TimeQuality::Synchronised);
}

#[test]
fn an_unsolicited_float_event() {
    let fragment = hex(EVENT);
    let response = Response::parse(&fragment).unwrap();
    assert!(response.is_unsolicited() && !response.is_null());
    assert_eq!(response.check(), Ok(()));
    let expected = Point {
        index: 300,
        value: Value::Float32(1.5),
        flags: Flags::ONLINE,
        time: at(T),
    };
    assert_eq!(points(&fragment), [expected]);
    assert_eq!(readings(&fragment)[0].value, 1.5);
}

#[test]
fn static_objects_of_four_layouts() {
    let fragment = hex(STATIC);
    let expected: Vec<_> = [1, 0, 1, 0, 1, 0, 1, 0, 0, 1]
        .iter()
        .zip(0..)
        .map(|(bit, index)| plain(index, Value::Binary(*bit == 1)))
        .chain(
            [0, 1, 2, 3, 1]
                .iter()
                .zip(0..)
                .map(|(bits, index)| plain(index, Value::DoubleBit(DoubleBit::from_bits(*bits)))),
        )
        .chain([
            plain(0, Value::Float32(1.25)),
            plain(7, Value::Octets(b"hello")),
        ])
        .collect();
    assert_eq!(points(&fragment), expected);
    let numbers: Vec<_> = readings(&fragment)
        .iter()
        .map(|reading| reading.value)
        .collect();
    assert_eq!(
        numbers,
        [
            1., 0., 1., 0., 1., 0., 1., 0., 0., 1., 0., 1., 2., 3., 1., 1.25
        ]
    );
}

#[test]
fn a_delay_and_a_null_response() {
    let fragment = hex(DELAY);
    let response = Response::parse(&fragment).unwrap();
    assert_eq!(response.iin, Iin::NEED_TIME);
    let header = response.headers().next().unwrap().unwrap();
    assert_eq!(header.delay_milliseconds(), Some(10));
    let fragment = hex(NULL);
    let response = Response::parse(&fragment).unwrap();
    assert!(response.is_null() && response.is_unsolicited());
    assert_eq!(response.iin, Iin::DEVICE_RESTART | Iin::NEED_TIME);
    assert_eq!(response.headers().count(), 0);
}

#[test]
fn an_outstation_reads_the_requests() {
    for text in REQUESTS {
        let fragment = hex(text);
        let request = Request::parse(&fragment).unwrap();
        assert_eq!(request.check(), Ok(()), "{text}");
        assert_eq!(split(request.headers()).1, None, "{text}");
    }
    let fragment = hex(REQUESTS[2]);
    let restart = Request::parse(&fragment)
        .unwrap()
        .headers()
        .next()
        .unwrap()
        .unwrap();
    assert!(restart.bits().eq([(7, 0)]));
    let fragment = hex(REQUESTS[5]);
    let time = Request::parse(&fragment)
        .unwrap()
        .headers()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(time.variation(), Variation::RECORDED_TIME);
    assert_eq!(time.time(), Timestamp::new(T));
}

/// Whatever end is missing, what was whole before it is read as before, and the error says where
/// the rest begins.
#[test]
fn every_truncation_keeps_the_headers_before_it() {
    for text in RESPONSES {
        let whole = hex(text);
        let (all, _) = split(Response::parse(&whole).unwrap().headers());
        for length in Response::HEADER_BYTES..whole.len() {
            let cut = &whole[..length];
            let (good, error) = split(Response::parse(cut).unwrap().headers());
            let ends = all
                .iter()
                .map(|header| header.offset())
                .skip(1)
                .chain([whole.len()]);
            let expected = ends.filter(|end| *end <= length).count();
            assert_eq!(good.len(), expected, "{text} cut to {length}");
            let resume = all.get(expected).map(|header| header.offset());
            let at = error.map(|error| error.offset);
            assert_eq!(
                at,
                resume.filter(|offset| *offset < length),
                "{text} cut to {length}"
            );
            let kept = points(cut);
            assert_eq!(kept, points(&whole)[..kept.len()], "{text} cut to {length}");
        }
        for length in 0..Response::HEADER_BYTES {
            assert!(Response::parse(&whole[..length]).is_err());
        }
    }
}

#[test]
fn every_truncation_of_a_request_is_noticed() {
    for text in REQUESTS {
        let whole = hex(text);
        let (all, _) = split(Request::parse(&whole).unwrap().headers());
        for length in Request::HEADER_BYTES..whole.len() {
            let (good, error) = split(Request::parse(&whole[..length]).unwrap().headers());
            let is_boundary = all.iter().any(|header| header.offset() == length);
            assert_eq!(
                error.is_none(),
                is_boundary || length == 2,
                "{text} cut to {length}"
            );
            assert!(good.len() <= all.len());
        }
    }
}

#[test]
fn events_are_told_from_what_is_lost_without_harm() {
    for (text, expected) in [
        (RELATIVE, true),
        (EVENT, true),
        (STATIC, false),
        (DELAY, false),
        (NULL, false),
        (COMMON, true),
    ] {
        let fragment = hex(text);
        let response = Response::parse(&fragment).unwrap();
        assert_eq!(response.may_have_events(), expected, "{text}");
    }
}

#[test]
fn an_unknown_qualifier_keeps_what_was_before() {
    let fragment = hex(COMMON);
    let response = Response::parse(&fragment).unwrap();
    let (good, error) = split(response.headers());
    assert_eq!(good.len(), 1);
    let error = error.unwrap();
    assert_eq!(error.offset, 14);
    assert_eq!(
        error.to_string(),
        "object header at octet 14 (g2v13): the qualifier 0xa9 is not legal"
    );
    assert_eq!(response.rest(error.offset), [0x02, 0x0d, 0xa9]);
}

//! Whatever the octets are: no panic, bounded work, and both ways to read agree.

use gridos_dnp3::app::{
    AttributeValue, CommonTime, Function, ObjectHeader, ObjectHeaders, Request, Response,
};
use proptest::prelude::*;

/// Headers that often fit what is behind them.
fn header() -> impl Strategy<Value = Vec<u8>> {
    let groups = vec![
        0u8, 1, 2, 3, 4, 10, 11, 12, 13, 20, 21, 22, 23, 30, 31, 32, 33, 34, 40, 41, 42, 43, 50,
        51, 52, 60, 70, 80, 85, 86, 88, 101, 102, 110, 111, 112, 113, 120, 121, 122, 200,
    ];
    let qualifiers = vec![
        0x00u8, 0x01, 0x02, 0x03, 0x06, 0x07, 0x08, 0x09, 0x17, 0x28, 0x39, 0x19, 0x37, 0x4b, 0x5b,
        0x6b, 0x0a, 0x80,
    ];
    let range = prop_oneof![
        Just(vec![0, 1]),
        Just(vec![1, 0]),
        Just(vec![0, 0, 3, 0]),
        Just(vec![2, 0, 0, 0]),
        Just(vec![0, 0, 0, 0, 2, 0, 0, 0]),
        prop::collection::vec(any::<u8>(), 0..9),
    ];
    let objects = prop::collection::vec(any::<u8>(), 0..40);
    (
        prop::sample::select(groups),
        0..16u8,
        prop::sample::select(qualifiers),
        range,
        objects,
    )
        .prop_map(|(group, variation, qualifier, range, objects)| {
            [vec![group, variation, qualifier], range, objects].concat()
        })
}

fn fragment() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        prop::collection::vec(header(), 0..8).prop_map(|headers| headers.concat()),
    ]
}

/// Reads a header in every way and says how many points it has.
fn read(header: &ObjectHeader<'_>, common: CommonTime) -> usize {
    let objects = header.objects().inspect(|object| {
        AttributeValue::read(*object);
    });
    let (objects, bits) = (objects.count(), header.bits().count());
    assert!(objects <= header.octets().len());
    assert!(bits <= 8 * header.octets().len());
    let points: Vec<_> = header.points(common).collect();
    let mut readings = Vec::new();
    let has_numbers = header.for_each_reading(common, |reading| readings.push(reading));
    if has_numbers {
        assert_eq!(points.len(), readings.len());
        for (point, reading) in points.iter().zip(&readings) {
            assert_eq!(point.index, reading.index);
            assert_eq!(point.flags, reading.flags);
            assert_eq!(point.time.map(|time| time.milliseconds), reading.time);
            let number = point.value.number().unwrap();
            assert!(number == reading.value || number.is_nan() && reading.value.is_nan());
        }
    }
    if header.kind().is_some() {
        assert_eq!(points.len() as u64, header.count().unwrap());
    } else {
        assert!(points.is_empty() && !has_numbers);
    }
    let _ = (
        header.time(),
        header.delay_milliseconds(),
        header.flag_set(),
    );
    let _ = (header.time_quality(common), header.is_event());
    points.len()
}

/// Reads all headers; the good ones and the rest are the whole, without gap or overlap.
fn read_all(octets: &[u8], function: Function) {
    let mut common = CommonTime::NONE;
    let (mut points, mut headers, mut end, mut is_over) = (0, 0, 0, false);
    for header in ObjectHeaders::new(octets, 0, function) {
        assert!(!is_over);
        match header {
            Ok(header) => {
                assert_eq!(header.offset(), end);
                common.observe(&header);
                points += read(&header, common);
                headers += 1;
                let objects = header.octets().as_ptr_range();
                end = objects.end as usize - octets.as_ptr() as usize;
            }
            Err(error) => {
                assert_eq!(error.offset, end);
                assert!(!error.to_string().is_empty());
                is_over = true;
            }
        }
    }
    assert!(is_over || end == octets.len());
    assert!(points <= 8 * octets.len());
    assert!(3 * headers <= octets.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_function_reads_whatever_comes(octets in fragment(), function in 0..Function::ALL.len()) {
        read_all(&octets, Function::ALL[function]);
        read_all(&octets, Function::Response);
    }

    #[test]
    fn whole_fragments_of_any_octets(octets in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(response) = Response::parse(&octets) {
            let _ = response.check();
            read_all(response.rest(Response::HEADER_BYTES), response.function);
        }
        if let Ok(request) = Request::parse(&octets) {
            let _ = request.check();
            let _ = request.headers().count();
        }
    }
}

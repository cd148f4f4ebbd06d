//! What the tests share: octets in, points out.

use gridos_dnp3::app::{
    CommonTime, Function, ObjectError, ObjectHeader, ObjectHeaders, Point, Reading, Response,
};

/// The octets of a hex dump.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits = |pair: &str| u8::from_str_radix(pair, 16).unwrap();
    text.split_whitespace().map(digits).collect()
}

/// A response fragment with these objects.
pub(crate) fn response(objects: &[u8]) -> Vec<u8> {
    [&[0xc0, 0x81, 0, 0], objects].concat()
}

/// The headers of a response with these objects, and what ended them.
pub(crate) fn headers(objects: &[u8]) -> (Vec<ObjectHeader<'_>>, Option<ObjectError>) {
    split(ObjectHeaders::new(objects, 0, Function::Response))
}

pub(crate) fn split(headers: ObjectHeaders<'_>) -> (Vec<ObjectHeader<'_>>, Option<ObjectError>) {
    let (mut good, mut bad) = (Vec::new(), None);
    for header in headers {
        match header {
            Ok(header) => good.push(header),
            Err(error) => assert_eq!(bad.replace(error), None),
        }
    }
    (good, bad)
}

/// The one header of a response with these objects.
pub(crate) fn header(objects: &[u8]) -> ObjectHeader<'_> {
    let (good, bad) = headers(objects);
    assert_eq!(bad, None);
    assert_eq!(good.len(), 1);
    good[0]
}

/// The points of a response, up to what cannot be read.
pub(crate) fn points(fragment: &[u8]) -> Vec<Point<'_>> {
    let mut common = CommonTime::NONE;
    let mut points = Vec::new();
    for header in Response::parse(fragment).unwrap().headers().flatten() {
        common.observe(&header);
        points.extend(header.points(common));
    }
    points
}

/// The same as numbers.
pub(crate) fn readings(fragment: &[u8]) -> Vec<Reading> {
    let mut common = CommonTime::NONE;
    let mut readings = Vec::new();
    for header in Response::parse(fragment).unwrap().headers().flatten() {
        common.observe(&header);
        header.for_each_reading(common, |reading| readings.push(reading));
    }
    readings
}

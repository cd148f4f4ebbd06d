//! The application layer.

use gridos_dnp3::app::{
    AttributeValue, CommonTime, Control, Function, Iin, ObjectHeader, ObjectHeaders, Request,
    Response, ResponseWriter, Role, Sequence, Width, WriteError,
};

/// Any octets are object headers up to an error, as every function means them: without gap or
/// overlap, with no more points than octets allow, and the same in both ways to read them. What
/// can be read can be written, and is read the same again.
pub fn fragment(bytes: &[u8]) {
    if let Ok(request) = Request::parse(bytes) {
        let _ = request.check();
    }
    if let Ok(response) = Response::parse(bytes) {
        let _ = (response.check(), response.is_null());
        rewrite(&response);
    }
    let Some((choice, octets)) = bytes.split_first() else {
        return;
    };
    let function = Function::ALL[usize::from(*choice) % Function::ALL.len()];
    for function in [function, Function::Response] {
        headers(octets, function);
    }
}

fn headers(octets: &[u8], function: Function) {
    let mut common = CommonTime::NONE;
    let (mut points, mut count, mut end, mut is_over) = (0, 0, 0, false);
    for header in ObjectHeaders::new(octets, 0, function) {
        assert!(!is_over);
        match header {
            Ok(header) => {
                assert_eq!(header.offset(), end);
                common.observe(&header);
                points += header_points(&header, common);
                count += 1;
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
    assert!(points <= 8 * octets.len() && 3 * count <= octets.len());
}

fn header_points(header: &ObjectHeader<'_>, common: CommonTime) -> usize {
    let objects = header.objects().inspect(|object| {
        AttributeValue::read(*object);
    });
    assert!(objects.count() <= header.octets().len());
    assert!(header.bits().count() <= 8 * header.octets().len());
    let mut readings = Vec::new();
    let has_numbers = header.for_each_reading(common, |reading| readings.push(reading));
    let mut points = 0;
    for point in header.points(common) {
        points += 1;
        if !has_numbers {
            continue;
        }
        let reading = readings[points - 1];
        let number = point.value.number().unwrap();
        assert_eq!(
            (
                point.index,
                point.flags,
                point.time.map(|time| time.milliseconds)
            ),
            (reading.index, reading.flags, reading.time)
        );
        assert!(number == reading.value || number.is_nan() && reading.value.is_nan());
    }
    assert!(!has_numbers || points == readings.len());
    if header.kind().is_some() {
        assert_eq!(Some(points as u64), header.count());
    } else {
        assert_eq!(points, 0);
    }
    let _ = (
        header.time(),
        header.delay_milliseconds(),
        header.is_event(),
    );
    points
}

/// Writes the points of a response once more, and reads them back.
fn rewrite(response: &Response<'_>) {
    let mut writer = ResponseWriter::new(65_536);
    let mut common = CommonTime::NONE;
    let mut expected = Vec::new();
    for header in response.headers().flatten() {
        common.observe(&header);
        let role = header.description().map(|description| description.role());
        let variation = header.variation();
        for point in header.points(common) {
            let written = match role {
                Some(role) if role.is_event() => {
                    writer.event(variation, Width::Two, &point).map(|()| 1)
                }
                Some(Role::Static | Role::Deadband) => {
                    writer.static_points(variation, [point].into_iter())
                }
                _ => continue,
            };
            match written {
                Ok(written) => {
                    assert_eq!(written, 1);
                    expected.push(format!("{variation} {point:?}"));
                }
                // Relative times that count from nothing, or beyond what six octets hold.
                Err(WriteError::Time { .. }) => {}
                Err(WriteError::Full) => break,
                Err(error) => panic!("{variation} {point:?}: {error}"),
            }
        }
    }
    let fragment = writer.finish(Control::single(Sequence::ZERO), Iin::empty());
    let again = Response::parse(fragment).unwrap();
    let mut common = CommonTime::NONE;
    let mut read = Vec::new();
    for header in again.headers() {
        let header = header.unwrap();
        common.observe(&header);
        let points = header.points(common);
        read.extend(points.map(|point| format!("{} {point:?}", header.variation())));
    }
    assert_eq!(read, expected);
}

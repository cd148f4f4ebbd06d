//! What a master sends, octet by octet.

use gridos_dnp3::app::{
    Assignment, Class, EventClasses, Function, MasterRequest, Request, RequestTooLong, Selection,
    Sequence, Timestamp, Variation,
};

use crate::build::{hex, split};
use crate::golden::T;

fn encode(request: &MasterRequest<'_>, sequence: u8) -> Vec<u8> {
    let mut out = Vec::new();
    request
        .encode(Sequence::new(sequence).unwrap(), &mut out)
        .unwrap();
    let parsed = Request::parse(&out).unwrap();
    assert_eq!(parsed.check(), Ok(()));
    assert_eq!(parsed.function, request.function());
    assert_eq!(split(parsed.headers()).1, None);
    out
}

#[test]
fn golden_requests() {
    let all = EventClasses::all();
    let time = Timestamp::new(T).unwrap();
    for (request, sequence, expected) in [
        (MasterRequest::Confirm { unsolicited: true }, 0, "D0 00"),
        (MasterRequest::Confirm { unsolicited: false }, 8, "C8 00"),
        (
            MasterRequest::DisableUnsolicited(all),
            0,
            "C0 15 3C 02 06 3C 03 06 3C 04 06",
        ),
        (MasterRequest::ClearRestart, 1, "C1 02 50 01 00 07 07 00"),
        (
            MasterRequest::Read(&Selection::INTEGRITY),
            2,
            "C2 01 3C 02 06 3C 03 06 3C 04 06 3C 01 06",
        ),
        (MasterRequest::RecordCurrentTime, 3, "C3 18"),
        (
            MasterRequest::WriteRecordedTime(time),
            4,
            "C4 02 32 03 07 01 00 68 E5 CF 8B 01",
        ),
        (MasterRequest::DelayMeasure, 5, "C5 17"),
        (
            MasterRequest::WriteTime(time),
            6,
            "C6 02 32 01 07 01 00 68 E5 CF 8B 01",
        ),
        (
            MasterRequest::EnableUnsolicited(all),
            7,
            "C7 14 3C 02 06 3C 03 06 3C 04 06",
        ),
    ] {
        assert_eq!(encode(&request, sequence), hex(expected), "{request:?}");
    }
}

#[test]
fn a_read_names_objects_in_each_way() {
    let any = Variation::new(30, 0);
    let selections = [
        Selection::all(any),
        Selection::span(any, 3, 255),
        Selection::span(any, 256, 3),
        Selection::up_to(Variation::CLASS_1, 10),
        Selection::up_to(Variation::CLASS_2, 1_000),
        Selection::up_to(Variation::CLASS_3, 0),
    ];
    let expected = "CF 01 1E 00 06 1E 00 00 03 FF 1E 00 01 03 00 00 01 \
                    3C 02 07 0A 3C 03 08 E8 03 3C 04 07 01";
    assert_eq!(encode(&MasterRequest::Read(&selections), 15), hex(expected));
}

#[test]
fn classes_are_assigned_with_their_points() {
    let counters = [
        Selection::all(Variation::new(20, 0)),
        Selection::span(Variation::new(30, 0), 0, 9),
    ];
    let none = [Selection::all(Variation::new(1, 0))];
    let request = MasterRequest::AssignClass(&[
        Assignment {
            class: Class::Two,
            points: &counters,
        },
        Assignment {
            class: Class::Zero,
            points: &none,
        },
    ]);
    let expected = "C0 16 3C 03 06 14 00 06 1E 00 00 00 09 3C 01 06 01 00 06";
    assert_eq!(encode(&request, 0), hex(expected));
}

#[test]
fn some_classes_only() {
    let classes = EventClasses::ONE | EventClasses::THREE;
    let expected = hex("C0 14 3C 02 06 3C 04 06");
    assert_eq!(
        encode(&MasterRequest::EnableUnsolicited(classes), 0),
        expected
    );
}

#[test]
fn a_request_too_long_leaves_nothing_behind() {
    let many = [Selection::all(Variation::CLASS_1); 683];
    let mut out = vec![1, 2];
    let request = MasterRequest::Read(&many);
    let error = request.encode(Sequence::ZERO, &mut out);
    assert_eq!(error, Err(RequestTooLong { length: 2_051 }));
    assert_eq!(out, [1, 2]);
    let fits = MasterRequest::Read(&many[..682]);
    assert_eq!(fits.encode(Sequence::ZERO, &mut out), Ok(()));
    assert_eq!(out.len(), 2 + MasterRequest::BYTES_MAX);
}

/// Whatever is asked for, the function is one of those that leave the field alone.
#[test]
fn no_request_is_an_order() {
    let harmless = [
        Function::Confirm,
        Function::Read,
        Function::Write,
        Function::EnableUnsolicited,
        Function::DisableUnsolicited,
        Function::AssignClass,
        Function::DelayMeasure,
        Function::RecordCurrentTime,
    ];
    let time = Timestamp::new(0).unwrap();
    let all = [
        MasterRequest::Confirm { unsolicited: false },
        MasterRequest::Read(&[]),
        MasterRequest::ClearRestart,
        MasterRequest::WriteTime(time),
        MasterRequest::WriteRecordedTime(time),
        MasterRequest::EnableUnsolicited(EventClasses::all()),
        MasterRequest::DisableUnsolicited(EventClasses::all()),
        MasterRequest::AssignClass(&[]),
        MasterRequest::DelayMeasure,
        MasterRequest::RecordCurrentTime,
    ];
    for request in all {
        assert!(harmless.contains(&request.function()));
        let is_confirm = request.function() == Function::Confirm;
        assert_eq!(request.is_answered(), !is_confirm);
        if request.function() == Function::Write {
            let fragment = encode(&request, 0);
            let header = Request::parse(&fragment)
                .unwrap()
                .headers()
                .next()
                .unwrap()
                .unwrap();
            assert!([50, 80].contains(&header.variation().group));
        }
    }
}

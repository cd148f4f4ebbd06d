//! Everything but READ.

use gridos_dnp3::app::Value;
use gridos_dnp3::link::Address;
use gridos_dnp3::outstation::OutstationConfig;

use crate::rig::{ANALOG, BINARY, Rig, points, quiet};

fn rig() -> Rig {
    Rig::ready(points(BINARY, 1), quiet())
}

#[test]
fn the_restart_is_told_until_it_is_cleared() {
    let mut rig = Rig::new(points(BINARY, 1), quiet());
    assert_eq!(rig.answer("C0 01"), "C0 81 80 00");
    for (request, iin) in [
        ("C1 02 50 01 00 07 07 01", "80 04"),
        ("C2 02 50 01 00 04 04 00", "80 04"),
        ("C3 02 50 01 00 07 07", "80 04"),
        ("C4 02 50 01 00 07 07 00", "00 00"),
    ] {
        let answer = rig.answer(request);
        assert_eq!(answer[6..], *iin, "{request}");
    }
}

#[test]
fn what_cannot_be_written_is_refused() {
    let mut rig = rig();
    for (request, answer) in [
        ("C1 02 22 01 00 00 00 01 00", "C1 81 00 02"),
        (
            "C2 02 32 01 07 02 00 68 E5 CF 8B 01 00 68 E5 CF 8B 01",
            "C2 81 00 04",
        ),
        ("C3 02 32 03 07 01 00 68 E5 CF 8B 01", "C3 81 00 04"),
        (
            "C4 02 32 04 07 01 00 68 E5 CF 8B 01 00 00 00 00 00",
            "C4 81 00 02",
        ),
        ("C5 02 32 01 06", "C5 81 00 04"),
        ("C6 02 C8 01 07 01", "C6 81 00 02"),
        (
            "C7 02 50 01 00 07 07 00 32 01 07 01 00 68 E5 CF 8B 01",
            "C7 81 00 00",
        ),
    ] {
        assert_eq!(rig.answer(request), answer, "{request}");
    }
}

#[test]
fn functions_that_it_does_not_know_are_told_so() {
    let mut rig = rig();
    let reserved = [0x22, 0x60, 0x7F];
    let freezes = [0x07, 0x09, 0x0B];
    let restarts_and_applications = [0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12, 0x13];
    let files_and_others = [0x19, 0x1A, 0x1B, 0x1C, 0x1D, 0x1E, 0x1F, 0x20];
    let codes = reserved.into_iter().chain(freezes);
    let codes = codes
        .chain(restarts_and_applications)
        .chain(files_and_others);
    for (code, sequence) in codes.zip((0..16).cycle()) {
        let answer = rig.answer(&format!("C{sequence:X} {code:02X} 3C 02 06"));
        assert_eq!(answer, format!("C{sequence:X} 81 00 01"), "{code:#04x}");
    }
    let no_unsolicited = [rig.answer("C3 14 3C 02 06"), rig.answer("C4 15 3C 02 06")];
    assert_eq!(no_unsolicited, ["C3 81 00 01", "C4 81 00 01"]);
}

#[test]
fn functions_without_an_answer_get_none() {
    let mut rig = rig();
    for code in ["06", "08", "0A", "0C", "21"] {
        assert_eq!(rig.ask(&format!("C1 {code} 14 00 06")), [""; 0]);
    }
    assert_eq!(rig.outstation.counters().unanswered, 5);
}

#[test]
fn what_no_master_says_is_ignored() {
    let mut rig = rig();
    for fragment in [
        "",
        "C0",
        "C0 81 00 00",
        "F0 82 00 00",
        "81 01",
        "E1 01",
        "D1 01",
        "41 22",
    ] {
        assert_eq!(rig.ask(fragment), [""; 0], "{fragment}");
    }
    let counters = rig.outstation.counters();
    assert_eq!((counters.malformed, counters.fragments), (8, 9));
}

#[test]
fn orders_are_refused() {
    let mut rig = rig();
    let order = "0C 01 28 02 00 05 00 41 01 64 00 00 00 C8 00 00 00 00 06 00 03 01 00 00 00 00 00 00 00 00 00";
    let refusal = "0C 01 28 02 00 05 00 41 01 64 00 00 00 C8 00 00 00 04 06 00 03 01 00 00 00 00 00 00 00 00 04";
    for function in ["03", "04", "05"] {
        assert_eq!(
            rig.answer(&format!("C1 {function} {order}")),
            format!("C1 81 00 04 {refusal}")
        );
    }
    let both = "29 02 17 01 03 E8 03 00 0C 01 17 01 00 03 01 00 00 00 00 00 00 00 00 00";
    let refused = "29 02 17 01 03 E8 03 04 0C 01 17 01 00 03 01 00 00 00 00 00 00 00 00 04";
    assert_eq!(
        rig.answer(&format!("C2 05 {both}")),
        format!("C2 81 00 04 {refused}")
    );
    assert_eq!(rig.ask(&format!("C3 06 {order}")), [""; 0]);
    assert_eq!(
        rig.answer("C4 05 1E 01 00 00 00 01 00 00 00 00"),
        "C4 81 00 02"
    );
    assert_eq!(rig.answer("C5 05 0C 01 17 05 00"), "C5 81 00 04");
}

#[test]
fn an_order_too_long_to_repeat_is_refused_without_it() {
    let config = OutstationConfig {
        fragment_bytes: 249,
        ..quiet()
    };
    let mut rig = Rig::ready(points(BINARY, 1), config);
    let order = "00 03 01 00 00 00 00 00 00 00 00 00 ".repeat(21);
    let answer = rig.answer(&format!("C1 05 0C 01 17 15 {order}"));
    assert_eq!(answer, "C1 81 00 04");
}

#[test]
fn a_message_to_all_is_obeyed_and_told_of() {
    let mut rig = Rig::new(points(BINARY, 1), quiet());
    rig.send_to(Address::BROADCAST_DONT_CONFIRM, "C0 02 50 01 00 07 07 00");
    assert_eq!(rig.sent(), [""; 0]);
    assert_eq!(rig.answer("C1 01"), "C1 81 01 00");
    assert_eq!(rig.answer("C2 01"), "C2 81 00 00");
    rig.send_to(Address::BROADCAST_CONFIRM, "C0 01 3C 01 06");
    assert_eq!(rig.answer("C3 01"), "E3 81 01 00");
    assert_eq!(rig.answer("C4 01"), "E4 81 01 00", "not confirmed");
    rig.ask("C4 00");
    assert_eq!(rig.answer("C5 01"), "C5 81 00 00");
    let counters = rig.outstation.counters();
    assert_eq!((counters.broadcasts, counters.requests), (2, 7));
}

#[test]
fn a_delay_is_what_the_device_took() {
    let config = OutstationConfig {
        response_delay: std::time::Duration::from_millis(258),
        ..quiet()
    };
    let mut rig = Rig::new(points(ANALOG, 1), config);
    assert_eq!(rig.ask("C0 17"), [""; 0]);
    rig.wait(260);
    assert_eq!(rig.sent(), ["C0 81 80 00 34 02 07 01 04 01"]);
    let mut prompt = Rig::ready(points(ANALOG, 1), quiet());
    assert_eq!(prompt.answer("C0 17"), "C0 81 00 00 34 02 07 01 00 00");
}

#[test]
fn a_response_is_repeated_only_while_nothing_else_was_asked() {
    let mut rig = rig();
    rig.settle(BINARY, 0, Value::Binary(true));
    rig.answer("C1 01 01 02 06");
    rig.answer("C2 01");
    rig.settle(BINARY, 0, Value::Binary(false));
    assert_eq!(
        rig.answer("C1 01 01 02 06"),
        "C1 81 00 00 01 02 00 00 00 01"
    );
    assert_eq!(rig.outstation.counters().repeated, 0);
}

//! Responses of several fragments, and requests that come twice.

use gridos_dnp3::app::{Response, Value};
use gridos_dnp3::outstation::{Fate, OutstationConfig};

use crate::rig::{ANALOG, BINARY, Rig, hex, points, quiet};

/// 100 analog points, told in fragments of 249 octets.
fn rig() -> Rig {
    let config = OutstationConfig {
        fragment_bytes: 249,
        ..quiet()
    };
    let mut rig = Rig::ready(points(ANALOG, 100), config);
    for index in 0..100 {
        rig.settle(ANALOG, index, Value::Float32(0.0));
    }
    rig
}

fn control(fragment: &str) -> &str {
    &fragment[..2]
}

#[test]
fn each_fragment_waits_for_the_confirm_of_the_one_before() {
    let mut rig = rig();
    // 48 points of 5 octets, twice, and 4.
    let first = rig.answer("CE 01 3C 01 06");
    assert_eq!(control(&first), "AE", "FIR and CON");
    assert!(first.starts_with("AE 81 00 00 1E 05 00 00 2F 01"));
    assert_eq!(rig.sent(), [""; 0]);
    let second = rig.answer("CE 00");
    assert!(
        second.starts_with("2F 81 00 00 1E 05 00 30 5F 01"),
        "{second}"
    );
    let third = rig.answer("CF 00");
    assert!(
        third.starts_with("40 81 00 00 1E 05 00 60 63 01"),
        "FIN, and the number wraps: {third}"
    );
    assert_eq!(rig.idle(), None);
    assert_eq!(rig.ask("C0 00"), [""; 0]);
}

#[test]
fn the_last_fragment_is_confirmed_if_it_has_events() {
    let mut rig = rig();
    for index in 0..20 {
        rig.set(ANALOG, index, Value::Float32(1.0));
    }
    // 18 events of 13 octets fit.
    let first = rig.answer("C0 01 3C 02 06");
    assert_eq!(
        (control(&first), first.len()),
        ("A0", 3 * (4 + 5 + 18 * 13) - 1)
    );
    assert_eq!(
        rig.fates::<20>()[17..],
        [Fate::Written, Fate::Buffered, Fate::Buffered]
    );
    let last = rig.answer("C0 00");
    assert_eq!(control(&last), "61");
    assert_eq!(
        rig.fates::<20>()[17..],
        [Fate::Confirmed, Fate::Written, Fate::Written]
    );
    rig.ask("C1 00");
    assert_eq!(rig.outstation.buffered(), 0);
}

#[test]
fn events_go_before_present_values_whatever_the_order_of_the_request() {
    let mut rig = rig();
    rig.set(ANALOG, 7, Value::Float32(1.0));
    let first = rig.answer("C0 01 3C 01 06 3C 02 06");
    let fragment = hex(&first);
    let response = Response::parse(&fragment).unwrap();
    let headers: Vec<_> = response
        .headers()
        .map(|header| header.unwrap().variation().to_string())
        .collect();
    assert_eq!(headers, ["g32v7", "g30v5"]);
}

#[test]
fn a_response_without_its_confirm_ends() {
    let mut rig = rig();
    rig.answer("C0 01 3C 01 06");
    rig.wait(5_000);
    assert_eq!(rig.ask("C0 00"), [""; 0]);
    assert_eq!(rig.outstation.counters().response_timeouts, 1);
    assert_eq!(
        control(&rig.answer("C0 01 3C 01 06")),
        "A0",
        "it begins anew"
    );
}

#[test]
fn a_repeated_request_gets_the_same_octets_without_being_carried_out_again() {
    let mut rig = rig();
    let response = rig.answer("C1 01 1E 01 00 00 00");
    rig.settle(ANALOG, 0, Value::Float32(2.0));
    assert_eq!(rig.answer("C1 01 1E 01 00 00 00"), response);
    let another = rig.answer("C2 01 1E 01 00 00 00");
    assert_ne!(another[2..], response[2..]);
    assert_eq!(rig.outstation.counters().repeated, 1);
    assert_eq!(rig.outstation.counters().responses, 4);
}

#[test]
fn a_repeated_request_starts_the_wait_for_the_confirm_again() {
    let mut rig = rig();
    rig.set(ANALOG, 0, Value::Float32(1.0));
    let response = rig.answer("C1 01 3C 02 06");
    rig.wait(4_000);
    assert_eq!(rig.answer("C1 01 3C 02 06"), response);
    rig.wait(4_000);
    assert_eq!(rig.fates(), [Fate::Written]);
    rig.ask("C1 00");
    assert_eq!(rig.fates(), [Fate::Confirmed]);
}

#[test]
fn a_repeated_request_after_the_timeout_is_carried_out_again() {
    let mut rig = rig();
    rig.set(ANALOG, 0, Value::Float32(1.0));
    rig.answer("C1 01 3C 02 06");
    rig.wait(6_000);
    rig.set(ANALOG, 1, Value::Float32(1.0));
    assert!(
        rig.answer("C1 01 3C 02 06")
            .starts_with("E1 81 00 00 20 07 28 02 00")
    );
    rig.ask("C1 00");
    assert_eq!(rig.fates(), [Fate::Confirmed; 2]);
}

#[test]
fn a_slow_device_answers_when_it_is_ready_and_only_the_last_request() {
    let config = OutstationConfig {
        response_delay: std::time::Duration::from_millis(300),
        ..quiet()
    };
    let mut rig = Rig::new(points(BINARY, 1), config);
    assert_eq!(rig.ask("C0 02 50 01 00 07 07 00"), [""; 0]);
    assert_eq!(rig.ask("C0 02 50 01 00 07 07 00"), [""; 0]);
    rig.wait(299);
    assert_eq!(rig.sent(), [""; 0]);
    assert_eq!(rig.idle().unwrap().as_millis(), 1);
    rig.wait(1);
    assert_eq!(rig.sent(), ["C0 81 00 00"]);
    rig.send("C1 01 3C 01 06");
    rig.wait(100);
    rig.send("C2 01 01 02 06");
    rig.wait(299);
    assert_eq!(rig.sent(), [""; 0]);
    rig.wait(1);
    assert_eq!(rig.sent(), ["C2 81 00 00 01 02 00 00 00 02"]);
    let counters = rig.outstation.counters();
    assert_eq!(
        (counters.repeated, counters.superseded, counters.answered),
        (1, 1, 2)
    );
}

#[test]
fn twenty_fragments_pass_the_highest_number_twice() {
    let config = OutstationConfig {
        fragment_bytes: 249,
        ..quiet()
    };
    let mut rig = Rig::ready(points(ANALOG, 48 * 40), config);
    for index in 0..48 * 40 {
        rig.settle(ANALOG, index, Value::Float32(0.0));
    }
    let mut sequence = 9;
    let mut sent = rig.ask("C9 01 3C 01 06");
    let mut fragments = 0;
    while let Some(fragment) = sent.first() {
        fragments += 1;
        let octets = hex(fragment);
        let control = Response::parse(&octets).unwrap().control;
        assert_eq!(control.sequence.value(), sequence % 16);
        assert_eq!(control.fir, fragments == 1);
        if control.fin {
            break;
        }
        sent = rig.ask(&format!("C{:X} 00", sequence % 16));
        sequence += 1;
    }
    assert_eq!(fragments, 41);
}

//! Unsolicited responses: what is new, and what comes again.

use gridos_dnp3::app::{ControlError, FragmentError, Function};
use gridos_dnp3::master::{Config, EarlyEvents, Event, Gap, Ignored, Offline};

use crate::bench::{Bench, CLEAR, EVENT, Heard, INTEGRITY, dump, quiet, seconds};

#[test]
fn the_same_octets_are_confirmed_again_and_not_delivered() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("F3 82 00 00 {EVENT}");
    let delivered = bench.delivers(&fragment);
    bench.durable(delivered.token);
    bench.sends(&["D3 00"]);
    for _ in 0..3 {
        bench.rests(seconds(5));
        assert_eq!(bench.hears(&fragment), Heard::Repeated);
        bench.sends(&["D3 00"]);
    }
    assert_eq!(bench.counters().repeated, 3);
    assert_eq!(bench.counters().delivered_unsolicited, 1);
}

#[test]
fn the_same_octets_before_the_receipt_wait_for_it() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("F3 82 00 00 {EVENT}");
    let delivered = bench.delivers(&fragment);
    bench.rests(seconds(2));
    assert_eq!(bench.hears(&fragment), Heard::Repeated);
    // The time counts from the repetition.
    bench.rests(seconds(2));
    bench.durable(delivered.token);
    bench.sends(&["D3 00"]);
    assert_eq!(bench.counters().confirms_withheld(), 0);
}

#[test]
fn the_same_octets_after_the_time_is_over_wait_anew() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("F3 82 00 00 {EVENT}");
    let delivered = bench.delivers(&fragment);
    bench.rests(seconds(5));
    assert_eq!(bench.hears(&fragment), Heard::Repeated);
    bench.rests(seconds(1));
    bench.durable(delivered.token);
    bench.sends(&["D3 00"]);
    // A receipt that came in between is as good.
    let fragment = format!("F4 82 00 00 {EVENT}");
    let delivered = bench.delivers(&fragment);
    bench.rests(seconds(4));
    bench.durable(delivered.token);
    bench.sends(&[]);
    bench.rests(seconds(1));
    assert_eq!(bench.hears(&fragment), Heard::Repeated);
    bench.sends(&["D4 00"]);
}

#[test]
fn a_repetition_before_the_confirm_has_left_is_confirmed_once() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("F3 82 00 00 {EVENT}");
    let delivered = bench.delivers(&fragment);
    bench.durable(delivered.token);
    assert_eq!(bench.hears(&fragment), Heard::Repeated);
    bench.sends(&["D3 00"]);
    assert_eq!(bench.counters().confirms_superseded, 0);
}

#[test]
fn another_number_or_octet_is_something_new() {
    let mut bench = Bench::started(quiet());
    for fragment in [
        format!("F3 82 00 00 {EVENT}"),
        format!("F4 82 00 00 {EVENT}"),
        format!("F4 82 00 00 {EVENT} {EVENT}"),
        format!("F4 82 02 00 {EVENT} {EVENT}"),
        format!("F4 82 02 00 {EVENT} 02 01 28 01 00 00 00 01"),
    ] {
        // Whoever takes a new number with each retry repeats events in new fragments.
        let delivered = bench.delivers(&fragment);
        bench.durable(delivered.token);
        bench.sends(&[&format!("D{} 00", &fragment[1..2])]);
    }
}

#[test]
fn a_connection_makes_the_same_octets_new() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("F3 82 00 00 {EVENT}");
    let first = bench.delivers(&fragment);
    bench.disconnect();
    bench.connect();
    let again = bench.delivers(&fragment);
    assert!(again.may_repeat && again.token != first.token);
}

#[test]
fn a_null_response_makes_the_same_octets_new() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("F3 82 00 00 {EVENT}");
    let delivered = bench.delivers(&fragment);
    bench.durable(delivered.token);
    bench.sends(&["D3 00"]);
    assert_eq!(bench.hears("F2 82 00 00"), Heard::Null);
    bench.sends(&["D2 00"]);
    bench.delivers(&fragment);
}

#[test]
fn a_restart_makes_the_same_octets_new() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("F3 82 00 00 {EVENT}");
    let delivered = bench.delivers(&fragment);
    bench.durable(delivered.token);
    bench.sends(&["D3 00"]);
    bench.reads(1);
    bench.hears("C1 81 80 00");
    bench.delivers(&fragment);
}

#[test]
fn a_repetition_repeats_outdated_indications() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("F0 82 80 00 {EVENT}");
    bench.delivers(&fragment);
    assert_eq!(bench.gaps(), [Gap::Restart]);
    bench.answers(&format!("C1 {CLEAR}"), "00 00");
    assert_eq!(bench.hears(&fragment), Heard::Repeated);
    assert_eq!(bench.gaps(), []);
    assert_eq!(bench.counters().restarts, 1);
}

#[test]
fn null_responses_are_each_confirmed_at_once() {
    let mut bench = Bench::new(quiet());
    bench.connect();
    // Numbers that go on with each retry, or do not.
    for number in ["0", "1", "2", "2"] {
        assert_eq!(bench.hears(&format!("F{number} 82 80 00")), Heard::Null);
        let (now, wall) = (bench.now(), bench.wall());
        let confirm = bench.association.poll_transmit(now, wall).unwrap();
        assert_eq!(dump(confirm), format!("D{number} 00"));
    }
    assert_eq!(bench.gaps(), [Gap::Restart]);
}

#[test]
fn events_before_the_first_integrity_poll_are_taken_or_not() {
    let fragment = format!("F0 82 00 00 {EVENT}");
    let mut bench = Bench::connected(quiet());
    bench.delivers(&fragment);
    let mut bench = Bench::connected(Config {
        early_events: EarlyEvents::Ignore,
        ..quiet()
    });
    assert_eq!(bench.ignores(&fragment), Ignored::Early);
    assert_eq!(bench.hears("F1 82 00 00"), Heard::Null);
    bench.sends(&["D1 00"]);
    bench.grant();
    bench.answers(&format!("C0 {INTEGRITY}"), "00 00");
    bench.delivers(&fragment);
    assert_eq!(bench.counters().early, 1);
}

#[test]
fn what_is_no_response_is_ignored() {
    let mut bench = Bench::started(quiet());
    let request = Ignored::Malformed(FragmentError::Direction {
        function: Function::Read,
    });
    assert_eq!(bench.ignores("C0 01 3C 02 06"), request);
    let confirm = Ignored::Malformed(FragmentError::Direction {
        function: Function::Confirm,
    });
    assert_eq!(bench.ignores("C0 00"), confirm);
    let short = Ignored::Malformed(FragmentError::Short { length: 3 });
    assert_eq!(bench.ignores("F0 82 00"), short);
    assert_eq!(bench.ignores("E0 83 00 00"), Ignored::Authentication);
    let without_uns = Ignored::Control(ControlError::UnsolicitedWithoutUns);
    assert_eq!(bench.ignores("E0 82 00 00"), without_uns);
    let with_uns = Ignored::Control(ControlError::SolicitedWithUns);
    assert_eq!(bench.ignores("F1 81 80 00"), with_uns);
    bench.disconnect();
    assert_eq!(bench.ignores("F0 82 80 00"), Ignored::Disconnected);
    // None of their indications counts.
    assert_eq!(
        bench.events().last(),
        Some(&Event::Offline(Offline::Disconnected))
    );
    let counters = bench.counters();
    assert_eq!(counters.restarts, 0);
    assert_eq!((counters.malformed, counters.bad_control), (3, 2));
    assert_eq!((counters.authentication, counters.disconnected), (1, 1));
    assert_eq!(counters.ignored(), 7);
}

#[test]
fn fir_and_fin_of_unsolicited_responses_say_nothing() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&format!("35 82 00 00 {EVENT}"));
    bench.durable(delivered.token);
    bench.sends(&["D5 00"]);
}

//! Answers: numbers, parts, time, and trying again.

use gridos_dnp3::app::Sequence;
use gridos_dnp3::master::{Event, Failure, Ignored, Offline, Task};

use crate::bench::{Bench, EVENT, Heard, INTEGRITY, STATIC, milliseconds, quiet, seconds};

fn sequence(expected: u8, found: u8) -> Ignored {
    Ignored::Sequence {
        expected: Sequence::new(expected).unwrap(),
        found: Sequence::new(found).unwrap(),
    }
}

fn failed(failure: Failure, failures: u8) -> Event {
    Event::TaskFailed {
        task: Task::Integrity,
        failure,
        failures,
    }
}

#[test]
fn the_next_request_has_the_number_after_the_last_part() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.delivers(&format!("81 81 00 00 {STATIC}"));
    bench.delivers(&format!("02 81 00 00 {STATIC}"));
    bench.delivers(&format!("43 81 00 00 {STATIC}"));
    bench.reads(4);
}

#[test]
fn numbers_wrap_from_request_to_request() {
    let mut bench = Bench::started(quiet());
    for number in (1..=15).chain(0..=15).chain([0]) {
        bench.reads(number);
        bench.hears(&format!("C{number:X} 81 00 00"));
    }
}

#[test]
fn another_number_is_ignored_and_the_answer_still_waited_for() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    for number in [0, 2, 15] {
        let fragment = format!("C{number:X} 81 80 00 {STATIC}");
        assert_eq!(bench.ignores(&fragment), sequence(1, number));
    }
    assert_eq!(bench.counters().restarts, 0, "indications of strangers");
    bench.delivers(&format!("C1 81 00 00 {STATIC}"));
    assert_eq!(bench.counters().out_of_sequence, 3);
}

#[test]
fn parts_must_come_in_order() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    assert_eq!(bench.ignores("41 81 00 00"), Ignored::Order);
    assert_eq!(bench.hears("81 81 00 00"), Heard::Null);
    assert_eq!(bench.ignores("81 81 00 00"), sequence(2, 1));
    assert_eq!(bench.ignores("C2 81 00 00"), Ignored::Order);
    assert_eq!(bench.hears("42 81 00 00"), Heard::Null);
    assert_eq!(bench.ignores("43 81 00 00"), Ignored::Unasked);
    assert_eq!(bench.counters().out_of_order, 2);
}

#[test]
fn what_nobody_asked_is_ignored() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("E1 81 80 00 {EVENT}");
    assert_eq!(bench.ignores(&fragment), Ignored::Unasked);
    bench.sends(&[]);
    bench.reads(1);
    let delivered = bench.delivers(&fragment);
    assert_eq!(bench.ignores("C2 81 00 00"), Ignored::Unasked);
    bench.durable(delivered.token);
    assert_eq!(bench.sent()[0], "C1 00");
    assert_eq!(bench.counters().unasked, 2);
}

#[test]
fn each_part_has_its_own_time() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    for part in ["81", "02", "03"] {
        bench.rests(milliseconds(4_999));
        assert_eq!(bench.hears(&format!("{part} 81 00 00")), Heard::Null);
    }
    bench.events();
    bench.rests(milliseconds(4_999));
    assert_eq!(bench.events(), []);
    bench.rests(milliseconds(1));
    let ended = Event::IntegrityEnded { succeeded: false };
    assert_eq!(bench.events(), [failed(Failure::Timeout, 1), ended]);
}

#[test]
fn an_ignored_fragment_gives_no_more_time() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.rests(seconds(4));
    bench.ignores("C7 81 00 00");
    bench.hears("F0 82 00 00");
    bench.sends(&["D0 00"]);
    bench.rests(seconds(1));
    assert_eq!(bench.counters().timeouts, 1);
}

#[test]
fn trying_again_takes_a_new_number_and_more_and_more_time() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    for (number, wait) in [(2, 5), (3, 10), (4, 20), (5, 40), (6, 60), (7, 60)] {
        bench.rests(seconds(5));
        bench.rests(seconds(wait));
        bench.grant();
        bench.sends(&[&format!("C{number} {INTEGRITY}")]);
    }
    // The late answer to an earlier one.
    assert_eq!(bench.ignores("C5 81 00 00"), sequence(7, 5));
    bench.hears("C7 81 00 00");
    bench.reads(8);
    bench.rests(seconds(5));
    bench.rests(seconds(5));
    bench.grant();
    bench.sends(&[&format!("C9 {INTEGRITY}")]);
}

#[test]
fn a_part_that_is_late_is_none_of_the_next_answer() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.hears("81 81 00 00");
    bench.rests(seconds(10));
    bench.grant();
    bench.sends(&[&format!("C3 {INTEGRITY}")]);
    assert_eq!(bench.ignores("42 81 00 00"), sequence(3, 2));
}

#[test]
fn who_does_not_answer_is_unresponsive() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.events();
    let mut offline = Vec::new();
    for _ in 0..5 {
        bench.passes(seconds(5));
        offline.extend(bench.events());
        bench.passes(seconds(60));
        bench.grant();
        bench.sent();
    }
    offline.retain(|event| matches!(event, Event::Offline(_)));
    let unresponsive = Offline::Unresponsive { timeouts: 3 };
    assert_eq!(offline, [Event::Offline(unresponsive)]);
    bench.events();
    bench.hears("F0 82 00 00");
    assert_eq!(bench.events(), [Event::Online]);
    bench.disconnect();
    let ended = Event::IntegrityEnded { succeeded: false };
    let disconnected = Event::Offline(Offline::Disconnected);
    assert_eq!(bench.events(), [ended, disconnected]);
    bench.disconnect();
    assert_eq!(bench.events(), []);
}

#[test]
fn an_answer_without_end_is_given_up() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.events();
    for part in 0..4_096_u32 {
        let fir = if part == 0 { 0x80 } else { 0 };
        let control = fir | ((part + 1) % 16);
        assert_eq!(bench.hears(&format!("{control:02X} 81 00 00")), Heard::Null);
    }
    assert_eq!(bench.ignores("01 81 00 00"), Ignored::Unasked);
    let ended = Event::IntegrityEnded { succeeded: false };
    assert_eq!(bench.events(), [failed(Failure::Endless, 1), ended]);
    let message = Failure::Endless.to_string();
    assert_eq!(message, "the answer has more than 4096 fragments");
}

#[test]
fn a_request_that_takes_long_to_leave_takes_nothing_of_the_time() {
    let mut bench = Bench::started(quiet());
    let now = bench.now();
    bench.association.demand_integrity(now);
    bench.grant();
    let wall = bench.wall();
    assert!(bench.association.poll_transmit(now, wall).is_some());
    bench.elapsed += seconds(4);
    let now = bench.now();
    bench.association.handle_sent(now, wall);
    bench.rests(milliseconds(4_999));
    assert_eq!(bench.counters().timeouts, 0);
}

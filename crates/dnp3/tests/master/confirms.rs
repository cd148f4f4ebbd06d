//! When a fragment is confirmed, and when not any more.

use gridos_dnp3::app::Sequence;
use gridos_dnp3::master::{Config, Confirm, Event, Failure, Ignored, Task};

use crate::bench::{
    Bench, CLEAR, EVENT, Heard, INTEGRITY, SCAN, STATIC, hex, milliseconds, quiet, seconds,
};

/// An unsolicited response with an event and the number `sequence`.
fn unsolicited(sequence: u8) -> String {
    format!("F{sequence:X} 82 00 00 {EVENT}")
}

#[test]
fn unsolicited_events_are_confirmed_when_they_are_durable() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&unsolicited(3));
    assert!(delivered.needs_receipt);
    bench.sends(&[]);
    bench.rests(milliseconds(2_999));
    bench.durable(delivered.token);
    bench.sends(&["D3 00"]);
    bench.rests(seconds(100));
    assert_eq!(bench.counters().confirms_unsolicited, 1);
    assert_eq!(bench.counters().confirm_wait_us, 2_999_000);
    assert_eq!(bench.counters().confirms_withheld(), 0);
}

#[test]
fn asked_events_are_confirmed_when_they_are_durable() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let delivered = bench.delivers(&format!("E1 81 00 00 {EVENT}"));
    assert!(delivered.needs_receipt);
    bench.sends(&[]);
    bench.durable(delivered.token);
    bench.sends(&["C1 00"]);
    assert_eq!(bench.counters().confirms_solicited, 1);
    // A second receipt is nothing new.
    bench.durable(delivered.token);
    bench.sends(&[]);
}

#[test]
fn what_holds_no_events_is_confirmed_at_once() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let delivered = bench.delivers(&format!("A1 81 00 00 {STATIC}"));
    assert!(!delivered.needs_receipt);
    bench.sends(&["C1 00"]);
    assert_eq!(bench.hears("62 81 00 00"), Heard::Null);
    bench.sends(&["C2 00"]);
    let delivered = bench.delivers(&format!("F0 82 00 00 {STATIC}"));
    assert!(!delivered.needs_receipt);
    bench.sends(&["D0 00"]);
    assert_eq!(bench.hears("F1 82 00 00"), Heard::Null);
    bench.sends(&["D1 00"]);
    bench.durable(delivered.token);
    bench.sends(&[]);
}

#[test]
fn what_asks_for_no_confirm_gets_none() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let delivered = bench.delivers(&format!("C1 81 00 00 {EVENT}"));
    assert!(!delivered.needs_receipt);
    bench.durable(delivered.token);
    bench.sends(&[]);
    let delivered = bench.delivers(&format!("D0 82 00 00 {EVENT}"));
    assert!(!delivered.needs_receipt);
    bench.durable(delivered.token);
    bench.sends(&[]);
    assert_eq!(bench.counters().without_con, 1);
}

#[test]
fn a_policy_confirms_what_has_arrived() {
    let mut bench = Bench::started(Config {
        confirm: Confirm::Received,
        ..quiet()
    });
    let delivered = bench.delivers(&unsolicited(3));
    assert!(!delivered.needs_receipt);
    bench.sends(&["D3 00"]);
    assert_eq!(bench.hears(&unsolicited(3)), Heard::Repeated);
    bench.sends(&["D3 00"]);
}

#[test]
fn what_has_arrived_and_cannot_be_kept_is_not_confirmed() {
    let mut bench = Bench::started(Config {
        confirm: Confirm::Received,
        ..quiet()
    });
    let delivered = bench.delivers(&unsolicited(3));
    bench.refused(delivered.token);
    bench.sends(&[]);
    // The same again is new.
    bench.delivers(&unsolicited(3));
    bench.sends(&["D3 00"]);
    bench.reads(1);
    let delivered = bench.delivers(&format!("E1 81 00 00 {EVENT}"));
    bench.refused(delivered.token);
    bench.sends(&[]);
    assert_eq!(bench.counters().confirms_refused, 2);
}

#[test]
fn no_confirm_is_late() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&unsolicited(3));
    bench.rests(seconds(3));
    bench.durable(delivered.token);
    bench.sends(&[]);
    assert_eq!(bench.counters().confirms_late, 1);
    // Neither if the clock was not looked at, nor if the connection was busy.
    let delivered = bench.delivers(&unsolicited(4));
    bench.elapsed += seconds(3);
    bench.durable(delivered.token);
    bench.sends(&[]);
    let delivered = bench.delivers(&unsolicited(5));
    bench.durable(delivered.token);
    bench.elapsed += seconds(3);
    bench.sends(&[]);
    assert_eq!(bench.counters().confirms_late, 3);
    assert_eq!(bench.hears("F6 82 00 00"), Heard::Null);
    bench.elapsed += seconds(3);
    bench.sends(&[]);
    assert_eq!(bench.counters().confirms_late, 4);
    assert_eq!(bench.counters().confirms(), 0);
}

#[test]
fn how_late_is_too_late_follows_the_outstation() {
    let mut patient = Bench::started(Config {
        outstation_confirm_timeout: seconds(20),
        ..quiet()
    });
    let delivered = patient.delivers(&unsolicited(3));
    patient.rests(milliseconds(11_999));
    patient.durable(delivered.token);
    patient.sends(&["D3 00"]);
    let mut strict = Bench::started(Config {
        confirm_within: Some(milliseconds(200)),
        ..quiet()
    });
    let delivered = strict.delivers(&unsolicited(3));
    strict.rests(milliseconds(200));
    strict.durable(delivered.token);
    strict.sends(&[]);
}

#[test]
fn a_newer_fragment_of_the_same_side_cancels() {
    let mut bench = Bench::started(quiet());
    let older = bench.delivers(&unsolicited(3));
    let newer = bench.delivers(&unsolicited(4));
    bench.durable(older.token);
    bench.sends(&[]);
    bench.durable(newer.token);
    bench.sends(&["D4 00"]);
    let older = bench.delivers(&unsolicited(5));
    bench.hears("F6 82 00 00");
    bench.durable(older.token);
    bench.sends(&["D6 00"]);
    assert_eq!(bench.counters().confirms_superseded, 2);
    // An outstation that does not wait for the confirm of a part.
    bench.reads(1);
    let older = bench.delivers(&format!("A1 81 00 00 {EVENT}"));
    let newer = bench.delivers(&format!("62 81 00 00 {EVENT}"));
    bench.durable(older.token);
    bench.sends(&[]);
    bench.durable(newer.token);
    bench.sends(&["C2 00"]);
    assert_eq!(bench.counters().confirms_superseded, 3);
}

#[test]
fn a_fragment_of_the_other_side_does_not() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let asked = bench.delivers(&format!("E1 81 00 00 {EVENT}"));
    let unasked = bench.delivers(&unsolicited(1));
    bench.durable(asked.token);
    bench.sends(&["C1 00"]);
    bench.durable(unasked.token);
    bench.sends(&["D1 00"]);
    assert_eq!(bench.counters().confirms_withheld(), 0);
}

#[test]
fn the_end_of_the_connection_cancels() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let asked = bench.delivers(&format!("E1 81 00 00 {EVENT}"));
    let unasked = bench.delivers(&unsolicited(1));
    bench.durable(unasked.token);
    bench.disconnect();
    bench.durable(asked.token);
    bench.sends(&[]);
    bench.connect();
    bench.durable(asked.token);
    bench.durable(unasked.token);
    bench.grant();
    // The poll was not done; its number is left out.
    bench.sends(&[&format!("C3 {INTEGRITY}")]);
    assert_eq!(bench.counters().confirms_disconnected, 2);
    assert_eq!(bench.counters().confirms(), 0);
}

#[test]
fn nothing_is_asked_while_the_confirm_of_an_answer_is_owed() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let delivered = bench.delivers(&format!("E1 81 80 00 {EVENT}"));
    bench.rests(milliseconds(2_999));
    bench.durable(delivered.token);
    bench.sends(&["C1 00", &format!("C2 {CLEAR}")]);
}

#[test]
fn nothing_is_read_while_the_confirm_of_an_unsolicited_response_is_owed() {
    let mut bench = Bench::started(quiet());
    // The outstation puts READs off until then, but no other requests.
    let delivered = bench.delivers(&format!("F0 82 80 00 {EVENT}"));
    bench.grant();
    bench.answers(&format!("C1 {CLEAR}"), "00 00");
    bench.sends(&[]);
    bench.durable(delivered.token);
    bench.sends(&["D0 00", &format!("C2 {INTEGRITY}")]);
}

#[test]
fn nothing_is_read_while_receipts_are_overdue() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&unsolicited(0));
    let now = bench.now();
    bench.association.demand_integrity(now);
    bench.grant();
    bench.rests(seconds(100));
    bench.durable(delivered.token);
    bench.sends(&[&format!("C1 {INTEGRITY}")]);
    // A refusal is an answer too, and so is a receipt for something newer.
    for receipt in [Bench::refused, Bench::durable] {
        let mut bench = Bench::started(quiet());
        bench.delivers(&unsolicited(0));
        bench.rests(seconds(3));
        let delivered = bench.delivers(&unsolicited(1));
        receipt(&mut bench, delivered.token);
        bench.sent();
        bench.reads(1);
    }
}

#[test]
fn a_receipt_that_comes_too_late_for_a_part_ends_the_answer() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let delivered = bench.delivers(&format!("A1 81 00 00 {EVENT}"));
    bench.events();
    bench.rests(seconds(3));
    let failure = Event::TaskFailed {
        task: Task::Integrity,
        failure: Failure::NotConfirmed,
        failures: 1,
    };
    let ended = Event::IntegrityEnded { succeeded: false };
    assert_eq!(bench.events(), [failure, ended]);
    bench.durable(delivered.token);
    bench.rests(seconds(5));
    bench.grant();
    bench.sends(&[&format!("C3 {INTEGRITY}")]);
    assert_eq!(
        bench.ignores("62 81 00 00"),
        Ignored::Sequence {
            expected: Sequence::new(3).unwrap(),
            found: Sequence::new(2).unwrap(),
        }
    );
}

#[test]
fn a_receipt_that_comes_too_late_for_the_end_lets_events_come_again() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let delivered = bench.delivers(&format!("E1 81 00 00 {EVENT}"));
    bench.events();
    bench.rests(seconds(3));
    assert_eq!(bench.events(), [Event::IntegrityEnded { succeeded: true }]);
    bench.durable(delivered.token);
    bench.sends_after(seconds(5), &[&format!("C2 {SCAN}")]);
    let delivered = bench.delivers(&format!("E2 81 00 00 {EVENT}"));
    assert!(delivered.may_repeat);
    bench.durable(delivered.token);
    bench.sends(&["C2 00"]);
}

#[test]
fn the_next_part_has_its_time_from_when_the_confirm_left() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.rests(seconds(4));
    let delivered = bench.delivers(&format!("A1 81 00 00 {EVENT}"));
    bench.rests(milliseconds(2_900));
    bench.durable(delivered.token);
    bench.sends(&["C1 00"]);
    bench.rests(milliseconds(4_999));
    assert_eq!(bench.hears("42 81 00 00"), Heard::Null);
    bench.sends(&[]);
    assert_eq!(bench.counters().timeouts, 0);
    assert_eq!(bench.counters().integrity_polls, 2);
}

#[test]
fn a_confirm_that_takes_long_to_leave_takes_nothing_of_that_time() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let delivered = bench.delivers(&format!("A1 81 00 00 {EVENT}"));
    bench.durable(delivered.token);
    let (now, wall) = (bench.now(), bench.wall());
    assert!(bench.association.poll_transmit(now, wall).is_some());
    bench.elapsed += seconds(4);
    let now = bench.now();
    bench.association.handle_sent(now, wall);
    bench.rests(milliseconds(4_999));
    assert_eq!(bench.counters().timeouts, 0);
    bench.rests(milliseconds(1));
    assert_eq!(bench.counters().timeouts, 1);
}

#[test]
fn what_is_refused_comes_again() {
    let mut bench = Bench::started(quiet());
    let refused = bench.delivers(&unsolicited(3));
    bench.refused(refused.token);
    bench.sends(&[]);
    let again = bench.delivers(&unsolicited(3));
    assert_ne!(again.token, refused.token);
    // Nothing of it was kept.
    assert!(!again.may_repeat);
    bench.durable(again.token);
    bench.sends(&["D3 00"]);
    assert_eq!(bench.counters().confirms_refused, 1);
}

#[test]
fn what_was_asked_and_refused_is_asked_again() {
    let not_kept = |failures| Event::TaskFailed {
        task: Task::Integrity,
        failure: Failure::NotKept,
        failures,
    };
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let refused = bench.delivers(&format!("E1 81 00 00 {EVENT}"));
    bench.events();
    bench.refused(refused.token);
    let ended = Event::IntegrityEnded { succeeded: false };
    assert_eq!(bench.events(), [not_kept(1), ended]);
    bench.rests(seconds(5));
    bench.grant();
    bench.sends(&[&format!("C3 {INTEGRITY}")]);
    // Static values: the rest is heard, but it counts for nothing.
    let refused = bench.delivers(&format!("83 81 00 00 {STATIC}"));
    bench.refused(refused.token);
    bench.events();
    bench.delivers(&format!("44 81 00 00 {STATIC}"));
    assert_eq!(bench.events(), [not_kept(2), ended]);
    bench.rests(seconds(10));
    bench.grant();
    bench.sends(&[&format!("C5 {INTEGRITY}")]);
    // It may also be said when the answer is over.
    let refused = bench.delivers(&format!("C5 81 00 00 {STATIC}"));
    let unasked = bench.delivers(&format!("F0 82 00 00 {STATIC}"));
    bench.sends(&["D0 00"]);
    bench.events();
    bench.refused(unasked.token);
    assert_eq!(bench.events(), []);
    bench.refused(refused.token);
    assert_eq!(bench.events(), [not_kept(1)]);
    bench.refused(refused.token);
    assert_eq!(bench.events(), []);
}

#[test]
fn the_unreadable_is_confirmed_when_it_is_kept() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let unknown = "FE 01 28 01 00 00 00 00";
    let delivered = bench.delivers(&format!("E1 81 00 00 {STATIC} {unknown}"));
    assert!(delivered.needs_receipt);
    assert_eq!(delivered.dead_letter, Some(hex(unknown)));
    bench.sends(&[]);
    bench.durable(delivered.token);
    bench.sends(&["C1 00"]);
    assert_eq!(bench.counters().dead_letters, 1);
    bench.reads(2);
    let delivered = bench.delivers(&format!("C2 81 00 00 {unknown}"));
    assert!(!delivered.needs_receipt && delivered.dead_letter.is_some());
    assert_eq!(bench.counters().dead_letters, 2);
}

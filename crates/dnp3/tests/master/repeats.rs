//! Events that may have been delivered before.

use crate::bench::{Bench, EVENT, INTEGRITY, STATIC, quiet, seconds};

/// An unsolicited response with an event and the number `sequence`.
fn unsolicited(sequence: u8) -> String {
    format!("F{sequence:X} 82 00 00 {EVENT}")
}

#[test]
fn events_may_repeat_until_all_that_wait_have_been_read() {
    let mut bench = Bench::connected(quiet());
    let delivered = bench.delivers(&unsolicited(0));
    assert!(delivered.may_repeat);
    bench.durable(delivered.token);
    bench.sends(&["D0 00"]);
    assert!(bench.delivers(&unsolicited(1)).may_repeat);
    bench.grant();
    bench.rests(seconds(3));
    let delivered = bench.delivers(&unsolicited(2));
    bench.durable(delivered.token);
    bench.sends(&["D2 00", &format!("C0 {INTEGRITY}")]);
    // More wait, so that something older may be among them.
    bench.hears("C0 81 02 00");
    bench.sends_after(seconds(1), &["C1 01 3C 02 06"]);
    bench.hears("C1 81 00 00");
    bench.sends(&[]);
    let delivered = bench.delivers(&unsolicited(3));
    assert!(delivered.may_repeat);
    bench.durable(delivered.token);
    bench.sends(&["D3 00"]);
    bench.reads(2);
    let delivered = bench.delivers(&format!("E2 81 00 00 {EVENT}"));
    assert!(delivered.may_repeat);
    bench.durable(delivered.token);
    bench.sends(&["C2 00"]);
    let delivered = bench.delivers(&unsolicited(4));
    assert!(!delivered.may_repeat);
    // What was withheld comes again.
    bench.rests(seconds(3));
    bench.durable(delivered.token);
    let delivered = bench.delivers(&unsolicited(5));
    assert!(delivered.may_repeat);
    bench.durable(delivered.token);
    bench.sends(&["D5 00"]);
}

#[test]
fn a_confirm_missed_during_a_poll_leaves_events_that_may_repeat() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&unsolicited(0));
    assert!(!delivered.may_repeat);
    bench.durable(delivered.token);
    bench.sends(&["D0 00"]);
    bench.reads(1);
    bench.delivers(&unsolicited(1));
    bench.rests(seconds(3));
    bench.hears("C1 81 00 00");
    assert!(bench.delivers(&unsolicited(2)).may_repeat);
}

#[test]
fn a_confirm_may_not_have_arrived_before_the_connection_ended() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&unsolicited(0));
    bench.durable(delivered.token);
    bench.sends(&["D0 00"]);
    bench.disconnect();
    bench.connect();
    assert!(bench.delivers(&unsolicited(1)).may_repeat);
}

#[test]
fn events_may_repeat_those_that_are_not_confirmed_yet() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    assert!(!bench.delivers(&format!("E1 81 00 00 {EVENT}")).may_repeat);
    assert!(bench.delivers(&unsolicited(0)).may_repeat);
    // With a new number for each retry.
    let mut bench = Bench::started(quiet());
    assert!(!bench.delivers(&unsolicited(0)).may_repeat);
    assert!(bench.delivers(&unsolicited(1)).may_repeat);
}

#[test]
fn static_values_never_repeat() {
    let mut bench = Bench::connected(quiet());
    let delivered = bench.delivers(&format!("F0 82 00 00 {STATIC}"));
    assert!(!delivered.may_repeat);
}

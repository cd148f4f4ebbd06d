//! When nothing can be kept.

use gridos_dnp3::app::{Selection, Variation};
use gridos_dnp3::master::{Config, Event, Gap, Ignored, Poll};

use crate::bench::{Bench, CLEAR, EVENT, Heard, INTEGRITY, SCAN, STATIC, quiet, seconds};

fn polling() -> Config {
    let strings = Selection::all(Variation::new(110, 0));
    Config {
        polls: vec![Poll::new(vec![strings], seconds(10)).unwrap()],
        ..quiet()
    }
}

#[test]
fn nothing_is_read() {
    let mut bench = Bench::connected(polling());
    bench.grant();
    bench.answers(&format!("C0 {INTEGRITY}"), "00 00");
    bench.answers("C1 01 6E 00 06", "00 00");
    bench.pause(true);
    bench.rests(seconds(100));
    bench.pause(false);
    bench.answers("C2 01 6E 00 06", "00 00");
    bench.answers(&format!("C3 {SCAN}"), "00 00");
    bench.rests(seconds(9));
    bench.sends_after(seconds(1), &["C4 01 6E 00 06"]);
}

#[test]
fn nothing_is_taken_or_confirmed() {
    let mut bench = Bench::started(quiet());
    bench.pause(true);
    let fragment = format!("F3 82 00 00 {EVENT}");
    assert_eq!(bench.ignores(&fragment), Ignored::Paused);
    bench.sends(&[]);
    // There is nothing to keep in this.
    assert_eq!(bench.hears("F4 82 00 00"), Heard::Null);
    bench.sends(&["D4 00"]);
    bench.pause(false);
    let delivered = bench.delivers(&fragment);
    bench.durable(delivered.token);
    bench.sends(&["D3 00", &format!("C1 {SCAN}")]);
    assert_eq!(bench.counters().paused, 1);
}

#[test]
fn what_was_kept_before_is_confirmed() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&format!("F3 82 00 00 {EVENT}"));
    bench.pause(true);
    bench.durable(delivered.token);
    bench.sends(&["D3 00"]);
}

#[test]
fn an_answer_that_comes_then_is_asked_for_again() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.pause(true);
    let answer = format!("E1 81 00 00 {STATIC}");
    assert_eq!(bench.ignores(&answer), Ignored::Paused);
    bench.sends(&[]);
    let ended = Event::IntegrityEnded { succeeded: false };
    assert_eq!(bench.events(), [Event::WantsIntegrity, ended]);
    bench.rests(seconds(60));
    bench.pause(false);
    assert_eq!(bench.events(), [Event::WantsIntegrity]);
    bench.grant();
    bench.answers(&format!("C2 {INTEGRITY}"), "00 00");
    assert_eq!(bench.counters().tasks_failed, 0);
    bench.sends(&[]);
}

#[test]
fn a_confirm_owed_for_a_part_goes_before_everything_else() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let delivered = bench.delivers(&format!("A1 81 00 00 {EVENT}"));
    bench.pause(true);
    let next = format!("22 81 00 00 {EVENT}");
    assert_eq!(bench.ignores(&next), Ignored::Paused);
    bench.hears("F0 82 80 00");
    bench.sends(&["D0 00"]);
    bench.durable(delivered.token);
    bench.sends(&["C1 00", &format!("C3 {CLEAR}")]);
}

#[test]
fn what_keeps_nothing_goes_on() {
    let mut bench = Bench::started(quiet());
    bench.pause(true);
    bench.hears("F0 82 80 00");
    bench.sends(&["D0 00", &format!("C1 {CLEAR}")]);
    bench.hears("C1 81 00 00");
    assert_eq!(bench.events(), [Event::Gap(Gap::Restart)]);
    bench.rests(seconds(100));
    bench.pause(false);
    assert_eq!(bench.events(), [Event::WantsIntegrity]);
}

#[test]
fn the_end_of_a_pause_is_spread() {
    let mut bench = Bench::new(Config {
        spread: seconds(10),
        ..quiet()
    });
    bench.pause(true);
    bench.connect();
    bench.rests(seconds(100));
    bench.pause(false);
    bench.sends(&[]);
    assert_eq!(bench.events(), []);
    let sent = bench.passes(seconds(10));
    assert_eq!(sent, [format!("C0 {SCAN}")]);
    assert!(bench.elapsed > seconds(100) && bench.elapsed < seconds(110));
    bench.pause(false);
    bench.hears("C0 81 00 00");
    bench.sends(&[]);
}

#[test]
fn a_pause_without_a_connection_is_kept() {
    let mut bench = Bench::new(quiet());
    bench.pause(true);
    bench.pause(false);
    bench.sends(&[]);
    bench.pause(true);
    bench.connect();
    assert_eq!(bench.events(), []);
    bench.sends(&[]);
}

//! Scans for events, and polls with their own periods.

use gridos_dnp3::app::{Class, Selection, Variation};
use gridos_dnp3::master::{Config, Event, Failure, Poll, Task};

use crate::bench::{Bench, EVENT, INTEGRITY, SCAN, STATIC, milliseconds, quiet, seconds};

/// Two polls: analogs with their times every 10 s, attributes every 30 s.
fn polling() -> Config {
    let analogs = Selection::span(Variation::new(30, 5), 0, 300);
    let attributes = Selection::all(Variation::new(0, 254));
    Config {
        polls: vec![
            Poll::new(vec![analogs], seconds(10)).unwrap(),
            Poll::new(vec![attributes], seconds(30)).unwrap(),
        ],
        ..quiet()
    }
}

const ANALOGS: &str = "01 1E 05 01 00 00 2C 01";
const ATTRIBUTES: &str = "01 00 FE 06";

fn polled() -> Bench {
    let mut bench = Bench::connected(polling());
    bench.grant();
    bench.answers(&format!("C0 {INTEGRITY}"), "00 00");
    bench.answers(&format!("C1 {ANALOGS}"), "00 00");
    bench.answers(&format!("C2 {ATTRIBUTES}"), "00 00");
    bench.events();
    bench
}

#[test]
fn polls_have_their_own_periods() {
    let mut bench = polled();
    bench.sends_after(seconds(10), &[&format!("C3 {ANALOGS}")]);
    bench.delivers(&format!("C3 81 00 00 {STATIC}"));
    bench.sends_after(seconds(10), &[&format!("C4 {ANALOGS}")]);
    bench.hears("C4 81 00 00");
    bench.sends_after(seconds(10), &[&format!("C5 {ANALOGS}")]);
    bench.hears("C5 81 00 00");
    bench.answers(&format!("C6 {ATTRIBUTES}"), "00 00");
    bench.sends(&[]);
}

#[test]
fn a_slow_answer_shifts_nothing_and_turns_missed_are_left_out() {
    let mut bench = polled();
    bench.sends_after(seconds(10), &[&format!("C3 {ANALOGS}")]);
    bench.rests(seconds(4));
    bench.hears("C3 81 00 00");
    bench.sends_after(seconds(6), &[&format!("C4 {ANALOGS}")]);
    for part in ["84", "05", "06", "07"] {
        bench.rests(seconds(4));
        bench.hears(&format!("{part} 81 00 00"));
    }
    bench.hears("48 81 00 00");
    // 36 s: those due at 30 s come at once, then at 40 s.
    bench.answers(&format!("C9 {ATTRIBUTES}"), "00 00");
    bench.sends_after(seconds(4), &[&format!("CA {ANALOGS}")]);
}

#[test]
fn a_poll_that_fails_keeps_no_other_waiting() {
    let mut bench = polled();
    bench.sends_after(seconds(10), &[&format!("C3 {ANALOGS}")]);
    bench.rests(seconds(5));
    let failed = Event::TaskFailed {
        task: Task::Poll(0),
        failure: Failure::Timeout,
        failures: 1,
    };
    assert_eq!(bench.events(), [failed]);
    bench.sends_after(seconds(5), &[&format!("C4 {ANALOGS}")]);
    bench.rests(seconds(5));
    bench.sends_after(seconds(5), &[&format!("C5 {ATTRIBUTES}")]);
    bench.hears("C5 81 00 00");
    bench.sends_after(seconds(5), &[&format!("C6 {ANALOGS}")]);
    bench.hears("C6 81 00 00");
    bench.sends_after(seconds(10), &[&format!("C7 {ANALOGS}")]);
}

#[test]
fn events_that_keep_coming_leave_room_for_polls() {
    let mut bench = polled();
    bench.sends_after(seconds(10), &[&format!("C3 {ANALOGS}")]);
    bench.hears("C3 81 02 00");
    let mut others = vec![];
    while bench.elapsed < seconds(40) {
        bench.elapsed += milliseconds(100);
        for request in bench.sent() {
            let control = &request[..2];
            if !request.ends_with("01 3C 02 06") {
                others.push((request[3..].to_owned(), bench.elapsed));
            }
            bench.delivers(&format!("{control} 81 02 00 {EVENT}"));
        }
    }
    // Each after two scans at most.
    let at = |text: &str, tenths: u64| (text.to_owned(), milliseconds(100 * tenths));
    assert_eq!(
        others,
        [at(ANALOGS, 202), at(ANALOGS, 302), at(ATTRIBUTES, 303),]
    );
}

#[test]
fn scans_that_bring_nothing_become_rare_and_those_that_do_are_quick_again() {
    let mut bench = polled();
    bench.sends_after(seconds(10), &[&format!("C3 {ANALOGS}")]);
    bench.hears("C3 81 02 00");
    let mut scans = vec![];
    bench.plays(seconds(250), |request, elapsed| {
        let number = &request[1..2];
        let is_scan = request.ends_with("01 3C 02 06");
        if is_scan {
            scans.push(elapsed.as_secs());
        }
        if elapsed < seconds(190) {
            [format!("C{number} 81 02 00")]
        } else if is_scan && scans.len() < 11 {
            [format!("C{number} 81 02 00 {EVENT}")]
        } else {
            [format!("C{number} 81 00 00")]
        }
    });
    let expected = [10, 11, 13, 17, 25, 41, 73, 133, 193, 193, 193];
    assert_eq!(scans, expected);
}

#[test]
fn a_poll_that_failed_is_tried_again_on_the_next_connection() {
    let mut bench = polled();
    bench.sends_after(seconds(10), &[&format!("C3 {ANALOGS}")]);
    bench.hears("C3 81 00 02");
    bench.disconnect();
    bench.connect();
    bench.answers(&format!("C4 {SCAN}"), "00 00");
    bench.answers(&format!("C5 {ANALOGS}"), "00 00");
    bench.sends(&[]);
}

#[test]
fn a_scan_that_fails_is_tried_again() {
    let mut bench = Bench::started(quiet());
    bench.disconnect();
    bench.connect();
    bench.sends(&[&format!("C1 {SCAN}")]);
    bench.rests(seconds(5));
    bench.sends_after(seconds(5), &[&format!("C2 {SCAN}")]);
    bench.hears("C2 81 00 02");
    bench.sends_after(seconds(10), &[&format!("C3 {SCAN}")]);
}

#[test]
fn a_poll_of_all_classes_finds_what_may_repeat() {
    let classes = [Class::One, Class::Two, Class::Three].map(Selection::class);
    let mut bench = Bench::connected(Config {
        polls: vec![Poll::new(classes.to_vec(), seconds(10)).unwrap()],
        ..quiet()
    });
    bench.answers(&format!("C0 {SCAN}"), "00 00");
    assert!(!bench.delivers(&format!("F0 82 00 00 {EVENT}")).may_repeat);
}

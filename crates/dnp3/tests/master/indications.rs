//! Internal indications, each with the reaction that IEEE 1815-2012 wants.

use gridos_dnp3::app::{EventClasses, Iin, Selection, Variation};
use gridos_dnp3::master::{Config, Event, Failure, Gap, Poll, Task};

use crate::bench::{Bench, CLEAR, EVENT, INTEGRITY, STATIC, milliseconds, quiet, seconds};

fn changed(bit: Iin, is_set: bool) -> Event {
    Event::Indication { bit, is_set }
}

/// A poll of an object every 10 s, whose requests are `READ`.
fn polling() -> Config {
    let object = Selection::all(Variation::new(110, 0));
    Config {
        polls: vec![Poll::new(vec![object], seconds(10)).unwrap()],
        ..quiet()
    }
}

const READ: &str = "01 6E 00 06";

/// A connected association that polls, after its start and the first poll; the next request has
/// the number 2 and is due in 10 s.
fn polled(config: Config, iin: &str) -> Bench {
    let mut bench = Bench::connected(config);
    bench.grant();
    bench.answers(&format!("C0 {INTEGRITY}"), "00 00");
    bench.answers(&format!("C1 {READ}"), iin);
    bench
}

#[test]
fn iin_1_0_broadcast_and_the_states_are_told_when_they_change() {
    for bit in [
        Iin::BROADCAST,
        Iin::LOCAL_CONTROL,
        Iin::DEVICE_TROUBLE,
        Iin::CONFIG_CORRUPT,
    ] {
        let mut bench = Bench::started(quiet());
        let [one, two] = bit.to_octets();
        let set = format!("F0 82 {one:02X} {two:02X}");
        bench.hears(&set);
        bench.hears(&set);
        assert_eq!(bench.events(), [changed(bit, true)]);
        bench.hears("F0 82 00 00");
        bench.hears("F0 82 00 00");
        assert_eq!(bench.events(), [changed(bit, false)]);
        bench.sends(&["D0 00"]);
    }
}

#[test]
fn iin_1_1_to_1_3_events_wait() {
    for (iin, scan) in [
        ("02 00", "01 3C 02 06"),
        ("04 00", "01 3C 03 06"),
        ("08 00", "01 3C 04 06"),
        ("0A 00", "01 3C 02 06 3C 04 06"),
    ] {
        let mut bench = polled(polling(), iin);
        bench.sends(&[&format!("C2 {scan}")]);
    }
}

#[test]
fn iin_1_1_in_an_unsolicited_response_may_describe_what_it_carries() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&format!("F0 82 02 00 {EVENT}"));
    bench.durable(delivered.token);
    bench.sends(&["D0 00"]);
    bench.rests(seconds(100));
}

#[test]
fn iin_1_1_of_classes_that_come_unasked_is_not_asked_for() {
    let mut bench = Bench::connected(Config {
        enables_unsolicited: EventClasses::ONE,
        ..polling()
    });
    bench.grant();
    bench.answers(&format!("C0 {INTEGRITY}"), "00 00");
    bench.answers("C1 14 3C 02 06", "06 00");
    bench.answers("C2 01 3C 03 06", "02 00");
    bench.answers(&format!("C3 {READ}"), "02 00");
    bench.sends(&[]);
    // Until a restart, after which none do.
    bench.hears("F0 82 80 00");
    bench.sends(&["D0 00", &format!("C4 {CLEAR}")]);
    bench.hears("C4 81 02 00");
    bench.grant();
    bench.answers(&format!("C5 {INTEGRITY}"), "02 00");
    bench.answers("C6 14 3C 02 06", "00 00");
    bench.sends(&["C7 01 3C 02 06"]);
}

#[test]
fn iin_1_4_without_leave_to_set_the_clock_marks_times() {
    let mut bench = Bench::started(quiet());
    assert!(
        !bench
            .delivers(&format!("F0 82 10 00 {EVENT}"))
            .is_synchronised
    );
    assert!(
        bench
            .delivers(&format!("F1 82 00 00 {EVENT}"))
            .is_synchronised
    );
    assert!(
        !bench
            .delivers(&format!("F2 82 80 00 {EVENT}"))
            .is_synchronised
    );
    assert_eq!(bench.counters().time_needs, 1);
}

#[test]
fn iin_1_7_restart() {
    let mut bench = Bench::started(quiet());
    bench.hears("F0 82 80 00");
    assert_eq!(
        bench.events(),
        [Event::Gap(Gap::Restart), Event::WantsIntegrity]
    );
    bench.grant();
    bench.sends(&["D0 00", &format!("C1 {CLEAR}")]);
    // Told again before the bit was cleared, it is the same restart.
    bench.hears("F1 82 80 00");
    bench.hears("C1 81 00 00");
    assert_eq!(bench.events(), []);
    bench.sends(&["D1 00", &format!("C2 {INTEGRITY}")]);
}

#[test]
fn iin_1_7_that_never_clears_is_not_written_in_a_loop() {
    let mut bench = Bench::connected(polling());
    bench.grant();
    bench.answers(&format!("C0 {INTEGRITY}"), "80 00");
    bench.events();
    let mut written = vec![];
    bench.plays(seconds(100), |request, elapsed| {
        if request.ends_with(CLEAR) {
            written.push(elapsed.as_secs());
        }
        [format!("C{} 81 80 00", &request[1..2])]
    });
    assert_eq!(written, [0, 5, 15, 35, 75]);
    let stays = |failures| Event::TaskFailed {
        task: Task::ClearRestart,
        failure: Failure::StillSet(Iin::DEVICE_RESTART),
        failures,
    };
    assert_eq!(bench.events(), [1, 2, 3, 4, 5].map(stays));
    assert_eq!(bench.counters().restarts, 1);
}

#[test]
fn iin_1_7_that_comes_back_at_once_is_not_written_in_a_loop() {
    let mut bench = Bench::started(quiet());
    let mut written = vec![];
    bench.hears("F0 82 80 00");
    bench.plays(seconds(200), |request, elapsed| {
        let number = &request[1..2];
        if request.ends_with(CLEAR) {
            written.push(elapsed.as_secs());
        }
        [format!("C{number} 81 00 00"), "F0 82 80 00".to_owned()]
    });
    assert_eq!(written, [0, 5, 15, 35, 75, 135, 195]);
}

#[test]
fn iin_2_0_to_2_2_fail_the_poll_and_are_not_repeated_at_rate() {
    for iin in [
        Iin::NO_FUNC_CODE_SUPPORT,
        Iin::OBJECT_UNKNOWN,
        Iin::PARAMETER_ERROR,
    ] {
        let [_, octet] = iin.to_octets();
        let iin_text = format!("00 {octet:02X}");
        let mut bench = polled(polling(), &iin_text);
        let failure = Failure::Refused(iin);
        let failed = |failures| Event::TaskFailed {
            task: Task::Poll(0),
            failure,
            failures,
        };
        assert_eq!(bench.events().last(), Some(&failed(1)));
        let mut number = 2;
        let mut waits = vec![];
        for _ in 0..12 {
            let before = bench.elapsed;
            let sent = bench.passes(seconds(10_000));
            waits.push((bench.elapsed - before).as_secs());
            assert_eq!(sent, [format!("C{number:X} {READ}")]);
            bench.hears(&format!("C{number:X} 81 {iin_text}"));
            number = (number + 1) % 16;
        }
        let expected = [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600];
        assert_eq!(waits, expected);
        // It may still come to pass.
        bench.passes(seconds(10_000));
        bench.hears(&format!("C{number:X} 81 00 00"));
        bench.rests(milliseconds(9_999));
        bench.sends_after(milliseconds(1), &[&format!("C{:X} {READ}", number + 1)]);
    }
}

#[test]
fn iin_2_1_in_a_part_counts_for_the_whole() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.hears("81 81 00 02");
    bench.hears("42 81 00 00");
    let failed = Event::TaskFailed {
        task: Task::Integrity,
        failure: Failure::Refused(Iin::OBJECT_UNKNOWN),
        failures: 1,
    };
    let ended = Event::IntegrityEnded { succeeded: false };
    assert_eq!(bench.events(), [Event::WantsIntegrity, failed, ended]);
}

#[test]
fn iin_2_1_with_what_there_is_is_as_good_as_it_gets() {
    // An outstation that has no class 3.
    let mut bench = Bench::connected(Config {
        integrity_period: Some(seconds(3_600)),
        ..polling()
    });
    bench.grant();
    let failed = |task, failures| Event::TaskFailed {
        task,
        failure: Failure::Refused(Iin::OBJECT_UNKNOWN),
        failures,
    };
    let ended = Event::IntegrityEnded { succeeded: false };
    bench.sends(&[&format!("C0 {INTEGRITY}")]);
    bench.delivers(&format!("C0 81 00 02 {STATIC}"));
    assert_eq!(
        bench.events()[1..],
        [Event::Online, failed(Task::Integrity, 1), ended]
    );
    // A poll that is answered in part goes on at its own pace.
    bench.sends(&[&format!("C1 {READ}")]);
    bench.delivers(&format!("C1 81 00 02 {STATIC}"));
    bench.sends_after(seconds(10), &[&format!("C2 {READ}")]);
    bench.delivers(&format!("C2 81 00 02 {STATIC}"));
    let polls = [failed(Task::Poll(0), 1), failed(Task::Poll(0), 2)];
    assert_eq!(bench.events(), polls);
    // And losses have everything read again at once.
    bench.hears("F0 82 00 08");
    bench.grant();
    bench.sends(&["D0 00", &format!("C3 {INTEGRITY}")]);
    bench.delivers(&format!("C3 81 00 02 {STATIC}"));
    assert_eq!(bench.events().last(), Some(&ended));
    let rest = seconds(3_600) - milliseconds(1);
    let end = bench.elapsed + rest;
    bench.plays(end, |request, _| {
        [format!("C{} 81 00 02 {STATIC}", &request[1..2])]
    });
    let wishes = |events: Vec<Event>| events.contains(&Event::WantsIntegrity);
    assert!(!wishes(bench.events()));
    bench.passes(milliseconds(1));
    assert!(wishes(bench.events()));
}

#[test]
fn iin_2_1_does_not_outlast_a_restart() {
    let mut bench = Bench::connected(Config {
        enables_unsolicited: EventClasses::ONE,
        ..quiet()
    });
    bench.grant();
    bench.answers(&format!("C0 {INTEGRITY}"), "00 00");
    bench.answers("C1 14 3C 02 06", "00 04");
    bench.sends_after(seconds(5), &["C2 14 3C 02 06"]);
    bench.hears("C2 81 00 04");
    bench.hears("F0 82 80 00");
    bench.sends(&["D0 00", &format!("C3 {CLEAR}")]);
    bench.hears("C3 81 00 00");
    bench.grant();
    bench.answers(&format!("C4 {INTEGRITY}"), "00 00");
    bench.answers("C5 14 3C 02 06", "00 00");
}

#[test]
fn iin_2_2_unasked_concerns_nobody() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.hears("F0 82 00 07");
    bench.sends(&["D0 00"]);
    bench.hears("C1 81 00 00");
    assert_eq!(bench.counters().tasks_failed, 0);
}

#[test]
fn iin_2_3_overflow() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&format!("F0 82 00 08 {EVENT}"));
    assert_eq!(
        bench.events(),
        [Event::Gap(Gap::Overflow), Event::WantsIntegrity]
    );
    bench.durable(delivered.token);
    bench.grant();
    bench.sends(&["D0 00", &format!("C1 {INTEGRITY}")]);
    // It stays until the buffers have room again.
    for _ in 0..3 {
        bench.hears("F1 82 00 08");
    }
    bench.hears("C1 81 00 08");
    bench.events();
    bench.sends(&["D1 00"]);
    bench.hears("F2 82 00 00");
    bench.hears("F3 82 00 08");
    assert_eq!(
        bench.events(),
        [Event::Gap(Gap::Overflow), Event::WantsIntegrity]
    );
    assert_eq!(bench.counters().overflows, 2);
}

#[test]
fn iin_2_3_told_by_an_integrity_poll_needs_no_other() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.hears("C1 81 00 08");
    let ended = Event::IntegrityEnded { succeeded: true };
    let overflow = Event::Gap(Gap::Overflow);
    assert_eq!(bench.events(), [Event::WantsIntegrity, overflow, ended]);
    // But one told by something else meanwhile does.
    bench.hears("F1 82 00 00");
    bench.sends(&["D1 00"]);
    bench.reads(2);
    bench.hears("F2 82 00 08");
    bench.sends(&["D2 00"]);
    bench.hears("C2 81 00 08");
    assert_eq!(bench.events().last(), Some(&Event::WantsIntegrity));
}

#[test]
fn iin_2_3_is_a_new_loss_on_a_new_connection() {
    let mut bench = Bench::started(quiet());
    for _ in 0..2 {
        bench.hears("F0 82 00 08");
        assert_eq!(bench.gaps(), [Gap::Overflow]);
        bench.disconnect();
        bench.connect();
    }
}

#[test]
fn iin_2_4_is_tried_again_later() {
    let mut bench = polled(polling(), "00 10");
    let failed = Event::TaskFailed {
        task: Task::Poll(0),
        failure: Failure::Busy,
        failures: 1,
    };
    assert_eq!(bench.events().last(), Some(&failed));
    bench.sends_after(seconds(5), &[&format!("C2 {READ}")]);
}

#[test]
fn iin_2_6_and_2_7_are_counted() {
    let mut bench = Bench::started(quiet());
    bench.hears("F0 82 00 40");
    bench.hears("F0 82 00 80");
    bench.hears("F0 82 00 C0");
    assert_eq!(bench.counters().reserved_indications, 3);
    assert_eq!(bench.events(), []);
    bench.sends(&["D0 00"]);
}

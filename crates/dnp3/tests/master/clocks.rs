//! Setting clocks, and what times are worth.

use gridos_dnp3::app::Iin;
use gridos_dnp3::master::{Config, Event, Failure, Task, TimeSync};

use crate::bench::{Bench, CLEAR, EVENT, INTEGRITY, T, dump, milliseconds, quiet, seconds};

fn lan() -> Config {
    Config {
        time_sync: TimeSync::Lan,
        ..quiet()
    }
}

fn serial() -> Config {
    Config {
        time_sync: TimeSync::Serial,
        ..quiet()
    }
}

fn failed(failure: Failure, failures: u8) -> Event {
    Event::TaskFailed {
        task: Task::TimeSync,
        failure,
        failures,
    }
}

/// The octets of a time, in hex.
fn time(milliseconds: u64) -> String {
    dump(&milliseconds.to_le_bytes()[..6])
}

#[test]
fn over_a_lan_the_time_is_that_at_which_the_request_left() {
    let mut bench = Bench::started(lan());
    bench.hears("F0 82 10 00");
    let (now, wall) = (bench.now(), bench.wall());
    bench.association.poll_transmit(now, wall);
    assert_eq!(
        bench.association.poll_transmit(now, wall),
        Some(&[0xc1, 0x18][..])
    );
    // The line was busy with the confirm for a while.
    bench.elapsed += milliseconds(250);
    let (now, wall) = (bench.now(), bench.wall());
    bench.association.handle_sent(now, wall);
    bench.rests(seconds(1));
    bench.hears("C1 81 10 00");
    bench.answers(&format!("C2 02 32 03 07 01 {}", time(T + 250)), "00 00");
    assert_eq!(bench.events(), [Event::ClockSet]);
    assert_eq!(bench.counters().clocks_set, 1);
}

#[test]
fn over_a_lan_without_word_of_it_the_time_is_that_of_the_request() {
    let mut bench = Bench::started(lan());
    bench.rests(seconds(1));
    bench.hears("F0 82 10 00");
    let (now, wall) = (bench.now(), bench.wall());
    while bench.association.poll_transmit(now, wall).is_some() {}
    bench.rests(seconds(1));
    bench.hears("C1 81 10 00");
    bench.answers(&format!("C2 02 32 03 07 01 {}", time(T + 1_000)), "00 00");
}

#[test]
fn over_a_serial_line_the_way_is_added() {
    // Outstations that claim to have taken longer than it was, and one that counts in seconds.
    for (answer, way) in [
        ("34 02 07 01 64 00", 450),
        ("34 02 07 01 E8 03", 0),
        ("34 02 07 01 FF FF", 0),
        ("34 01 07 01 01 00", 0),
        ("34 01 07 01 00 00", 500),
    ] {
        let mut bench = Bench::started(serial());
        bench.hears("F0 82 10 00");
        bench.sends(&["D0 00", "C1 17"]);
        bench.rests(seconds(1));
        bench.hears(&format!("C1 81 10 00 {answer}"));
        let sent = bench.sent();
        assert_eq!(
            sent,
            [format!("C2 02 32 01 07 01 {}", time(T + 1_000 + way))]
        );
    }
}

#[test]
fn an_answer_without_a_delay_fails() {
    let mut bench = Bench::started(serial());
    bench.hears("F0 82 10 00");
    bench.sends(&["D0 00", "C1 17"]);
    bench.hears("C1 81 10 00");
    assert_eq!(bench.events(), [failed(Failure::NoDelay, 1)]);
    bench.sends_after(seconds(5), &["C2 17"]);
    bench.hears("C2 81 10 00 32 01 07 01 00 00 00 00 00 00");
    assert_eq!(bench.events(), [failed(Failure::NoDelay, 2)]);
}

#[test]
fn a_bit_that_stays_is_not_answered_at_rate() {
    let mut bench = Bench::started(lan());
    bench.hears("F0 82 10 00");
    bench.sends(&["D0 00", "C1 18"]);
    bench.hears("C1 81 10 00");
    let stays = Failure::StillSet(Iin::NEED_TIME);
    bench.answers(&format!("C2 02 32 03 07 01 {}", time(T)), "10 00");
    assert_eq!(bench.events(), [failed(stays, 1)]);
    bench.hears("F1 82 10 00");
    bench.sends(&["D1 00"]);
    bench.sends_after(seconds(60), &["C3 18"]);
    // It is shy after a success, too.
    bench.hears("C3 81 10 00");
    bench.answers(&format!("C4 02 32 03 07 01 {}", time(T + 60_000)), "00 00");
    bench.hears("F2 82 10 00");
    bench.sends(&["D2 00"]);
    bench.sends_after(seconds(60), &["C5 18"]);
}

#[test]
fn a_clock_that_cannot_be_set_is_left_until_the_next_connection() {
    let mut bench = Bench::started(lan());
    bench.hears("F0 82 10 00");
    bench.sends(&["D0 00", "C1 18"]);
    bench.hears("C1 81 10 01");
    let refused = Failure::Refused(Iin::NO_FUNC_CODE_SUPPORT);
    assert_eq!(bench.events(), [failed(refused, 1)]);
    bench.rests(seconds(10_000));
    bench.hears("F1 82 10 00");
    bench.sends(&["D1 00"]);
    bench.disconnect();
    bench.connect();
    bench.sends(&["C2 18"]);
}

#[test]
fn a_second_half_that_fails_begins_again() {
    let mut bench = Bench::started(lan());
    bench.hears("F0 82 10 00");
    bench.sends(&["D0 00", "C1 18"]);
    bench.hears("C1 81 10 00");
    bench.sends(&[&format!("C2 02 32 03 07 01 {}", time(T))]);
    bench.rests(seconds(5));
    bench.sends_after(seconds(5), &["C3 18"]);
    bench.disconnect();
    bench.connect();
    bench.sends(&["C4 18"]);
    bench.hears("C4 81 10 00");
    let half = format!("C5 02 32 03 07 01 {}", time(T + 10_000));
    bench.sends(&[&half]);
    bench.disconnect();
    bench.connect();
    bench.sends(&["C6 18"]);
}

#[test]
fn nothing_comes_between_the_halves() {
    let mut bench = Bench::started(lan());
    bench.hears("F0 82 10 00");
    bench.sends(&["D0 00", "C1 18"]);
    let now = bench.now();
    bench.association.demand_integrity(now);
    bench.grant();
    bench.hears("C1 81 1E 00");
    bench.answers(&format!("C2 02 32 03 07 01 {}", time(T)), "00 00");
    bench.sends(&[&format!("C3 {INTEGRITY}")]);
}

#[test]
fn a_restart_between_the_halves_begins_again() {
    let mut bench = Bench::started(lan());
    bench.hears("F0 82 10 00");
    bench.sends(&["D0 00", "C1 18"]);
    bench.hears("C1 81 10 00");
    bench.hears("F0 82 90 00");
    bench.sends(&["D0 00", &format!("C2 {CLEAR}")]);
    bench.hears("C2 81 10 00");
    bench.sends(&["C3 18"]);
}

#[test]
fn times_count_until_a_restart_and_from_the_next_synchronisation() {
    let mut bench = Bench::started(lan());
    let event = |number| format!("F{number} 82 00 00 {EVENT}");
    assert!(bench.delivers(&event(0)).is_synchronised);
    bench.hears("F1 82 80 00");
    bench.sends(&["D1 00", &format!("C1 {CLEAR}")]);
    bench.hears("C1 81 00 00");
    // The outstation does not ask for the time, but its clock may have begun anew.
    assert!(!bench.delivers(&event(2)).is_synchronised);
    bench.sends(&["C2 18"]);
    bench.hears("C2 81 00 00");
    bench.answers(&format!("C3 02 32 03 07 01 {}", time(T)), "00 00");
    assert!(bench.delivers(&event(3)).is_synchronised);
    assert!(
        !bench
            .delivers(&format!("F4 82 10 00 {EVENT}"))
            .is_synchronised
    );
}

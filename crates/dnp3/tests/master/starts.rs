//! What is asked at the start, after a reconnect and after a restart, and in which order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_dnp3::app::{Class, EventClasses, Iin, Selection, Timestamp, Variation};
use gridos_dnp3::master::{
    Assignments, Association, Config, Event, Failure, Gap, Poll, Received, Task, TimeSync,
};

use crate::bench::{
    Bench, CLEAR, DISABLE, ENABLE, INTEGRITY, SCAN, T, milliseconds, quiet, seconds,
};

/// ASSIGN_CLASS of all binary inputs to class 1.
const ASSIGN: &str = "16 3C 02 06 01 00 06";

/// A configuration that does everything.
fn eager() -> Config {
    let inputs = Selection::all(Variation::new(1, 0));
    Config {
        disables_unsolicited: true,
        assignments: Assignments::new(vec![(Class::One, vec![inputs])]).unwrap(),
        enables_unsolicited: EventClasses::all(),
        time_sync: TimeSync::Lan,
        polls: vec![Poll::new(vec![inputs], seconds(60)).unwrap()],
        ..quiet()
    }
}

/// Answers everything that the master of `eager` asks at its start.
fn start(bench: &mut Bench) {
    bench.grant();
    bench.answers(&format!("C0 {DISABLE}"), "00 00");
    bench.answers(&format!("C1 {ASSIGN}"), "00 00");
    bench.answers(&format!("C2 {INTEGRITY}"), "00 00");
    bench.answers(&format!("C3 {ENABLE}"), "00 00");
    bench.answers("C4 01 01 00 06", "00 00");
    bench.sends(&[]);
    bench.events();
}

#[test]
fn a_start_without_a_restart() {
    let mut bench = Bench::connected(eager());
    start(&mut bench);
}

#[test]
fn a_start_with_a_restart() {
    let mut bench = Bench::connected(eager());
    bench.grant();
    bench.answers(&format!("C0 {DISABLE}"), "90 00");
    bench.answers(&format!("C1 {CLEAR}"), "10 00");
    bench.answers(&format!("C2 {ASSIGN}"), "10 00");
    bench.answers(&format!("C3 {INTEGRITY}"), "10 00");
    bench.answers("C4 18", "10 00");
    bench.answers("C5 02 32 03 07 01 00 68 E5 CF 8B 01", "00 00");
    bench.answers(&format!("C6 {ENABLE}"), "00 00");
    bench.answers("C7 01 01 00 06", "00 00");
    bench.sends(&[]);
}

#[test]
fn what_a_restart_leads_to() {
    let mut bench = Bench::connected(eager());
    start(&mut bench);
    bench.rests(seconds(1));
    // Nothing is disabled: after a restart nothing is enabled.
    bench.hears("F0 82 80 00");
    assert_eq!(
        bench.events(),
        [Event::Gap(Gap::Restart), Event::WantsIntegrity]
    );
    bench.grant();
    bench.sends(&["D0 00", &format!("C5 {CLEAR}")]);
    bench.hears("C5 81 00 00");
    bench.answers(&format!("C6 {ASSIGN}"), "00 00");
    bench.answers(&format!("C7 {INTEGRITY}"), "00 00");
    bench.answers("C8 18", "00 00");
    bench.answers("C9 02 32 03 07 01 E8 6B E5 CF 8B 01", "00 00");
    bench.answers(&format!("CA {ENABLE}"), "00 00");
    bench.sends(&[]);
}

#[test]
fn a_restart_told_by_an_integrity_poll_needs_no_other() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.hears("C1 81 80 00");
    bench.answers(&format!("C2 {CLEAR}"), "00 00");
    bench.sends(&[]);
    assert_eq!(bench.counters().integrity_polls, 2);
    // But what is assigned only now may not have been in it.
    let mut bench = Bench::connected(eager());
    start(&mut bench);
    bench.reads(5);
    bench.hears("C5 81 80 00");
    assert_eq!(bench.events().last(), Some(&Event::WantsIntegrity));
}

#[test]
fn a_reconnect_reads_events_only() {
    let mut bench = Bench::connected(eager());
    start(&mut bench);
    assert!(bench.association.has_read_events());
    bench.disconnect();
    bench.rests(seconds(20));
    bench.connect();
    assert!(!bench.association.has_read_events());
    bench.answers(&format!("C5 {SCAN}"), "00 00");
    assert!(bench.association.has_read_events());
    bench.sends(&[]);
}

#[test]
fn events_that_an_outstation_refuses_count_as_read() {
    let mut bench = Bench::started(quiet());
    bench.disconnect();
    bench.connect();
    assert!(!bench.association.has_read_events());
    bench.answers(&format!("C1 {SCAN}"), "00 02");
    assert!(bench.association.has_read_events());
}

#[test]
fn a_reconnect_reads_everything_if_told_so() {
    let mut bench = Bench::started(Config {
        integrity_on_reconnect: true,
        ..quiet()
    });
    bench.disconnect();
    bench.connect();
    assert_eq!(bench.events().last(), Some(&Event::WantsIntegrity));
    bench.grant();
    bench.answers(&format!("C1 {INTEGRITY}"), "00 00");
    // Which leaves no events to scan for.
    bench.sends(&[]);
}

#[test]
fn a_start_that_was_interrupted_goes_on() {
    let mut bench = Bench::connected(eager());
    bench.answers(&format!("C0 {DISABLE}"), "00 00");
    bench.sends(&[&format!("C1 {ASSIGN}")]);
    bench.disconnect();
    bench.connect();
    bench.grant();
    bench.answers(&format!("C2 {ASSIGN}"), "00 00");
    bench.answers(&format!("C3 {INTEGRITY}"), "00 00");
    bench.answers(&format!("C4 {ENABLE}"), "00 00");
    bench.answers("C5 01 01 00 06", "00 00");
    bench.sends(&[]);
    assert_eq!(bench.counters().tasks_failed, 0);
}

#[test]
fn a_refused_function_blocks_nothing_and_waits_for_a_reconnect() {
    let mut bench = Bench::connected(eager());
    bench.grant();
    bench.events();
    bench.answers(&format!("C0 {DISABLE}"), "00 01");
    let iin = Iin::NO_FUNC_CODE_SUPPORT;
    let refused = |task| Event::TaskFailed {
        task,
        failure: Failure::Refused(iin),
        failures: 1,
    };
    assert_eq!(
        bench.events(),
        [Event::Online, refused(Task::DisableUnsolicited)]
    );
    bench.answers(&format!("C1 {ASSIGN}"), "00 01");
    bench.answers(&format!("C2 {INTEGRITY}"), "00 00");
    bench.answers(&format!("C3 {ENABLE}"), "00 01");
    bench.answers("C4 01 01 00 06", "00 00");
    for number in 5..=15 {
        bench.sends_after(seconds(60), &[&format!("C{number:X} 01 01 00 06")]);
        bench.hears(&format!("C{number:X} 81 00 00"));
    }
    bench.disconnect();
    bench.connect();
    bench.answers(&format!("C0 {DISABLE}"), "00 00");
    bench.answers(&format!("C1 {ASSIGN}"), "00 00");
    bench.answers(&format!("C2 {ENABLE}"), "00 00");
    bench.answers(&format!("C3 {SCAN}"), "00 00");
    bench.sends(&[]);
}

#[test]
fn an_integrity_poll_waits_for_its_permit_and_keeps_nobody_waiting() {
    let mut bench = Bench::connected(eager());
    bench.answers(&format!("C0 {DISABLE}"), "00 00");
    bench.answers(&format!("C1 {ASSIGN}"), "02 00");
    bench.answers(&format!("C2 {ENABLE}"), "00 00");
    bench.answers("C3 01 3C 02 06", "00 00");
    bench.answers("C4 01 01 00 06", "00 00");
    bench.sends(&[]);
    bench.rests(seconds(10));
    assert_eq!(bench.events(), [Event::WantsIntegrity, Event::Online]);
    bench.grant();
    assert!(!bench.association.grant_integrity());
    bench.answers(&format!("C5 {INTEGRITY}"), "00 00");
    let ended = Event::IntegrityEnded { succeeded: true };
    assert_eq!(bench.events(), [ended]);
}

#[test]
fn a_permit_ends_with_the_connection() {
    let mut bench = Bench::connected(quiet());
    bench.disconnect();
    assert_eq!(bench.events(), [Event::WantsIntegrity]);
    assert!(!bench.association.grant_integrity());
    bench.connect();
    bench.grant();
    bench.disconnect();
    let ended = Event::IntegrityEnded { succeeded: false };
    assert_eq!(bench.events(), [Event::WantsIntegrity, ended]);
}

#[test]
fn integrity_polls_keep_a_distance() {
    let mut bench = Bench::started(Config {
        integrity_interval_min: seconds(10),
        ..quiet()
    });
    let now = bench.now();
    bench.association.demand_integrity(now);
    assert_eq!(bench.events(), []);
    bench.rests(seconds(10));
    assert_eq!(bench.events(), [Event::WantsIntegrity]);
}

#[test]
fn integrity_polls_come_back() {
    let mut bench = Bench::started(Config {
        integrity_period: Some(seconds(3_600)),
        ..quiet()
    });
    bench.rests(seconds(3_600));
    assert_eq!(bench.events(), [Event::WantsIntegrity]);
    bench.grant();
    bench.answers(&format!("C1 {INTEGRITY}"), "00 00");
    bench.rests(seconds(3_600));
    bench.grant();
    bench.sends(&[&format!("C2 {INTEGRITY}")]);
}

#[test]
fn the_first_request_is_left_to_chance_and_confirms_are_not() {
    let config = Config {
        spread: seconds(10),
        ..quiet()
    };
    let mut bench = Bench::connected(config);
    assert_eq!(bench.events(), []);
    bench.hears("F0 82 80 00");
    bench.sends(&["D0 00"]);
    let sent = bench.passes(seconds(10));
    assert_eq!(sent, [format!("C0 {CLEAR}")]);
    assert!(bench.elapsed > Duration::ZERO && bench.elapsed < seconds(10));
    let wants = bench.events();
    assert_eq!(wants.last(), Some(&Event::WantsIntegrity));
}

/// 10,000 outstations connect at the same instant; at most 50 may answer an integrity poll at a
/// time, which takes each of them 200 ms.
#[test]
fn ten_thousand_outstations_do_not_stampede() {
    const OUTSTATIONS: u64 = 10_000;
    const PERMITS: usize = 50;
    let config = Arc::new(Config {
        spread: seconds(10),
        ..quiet()
    });
    let start = Instant::now();
    let wall = Timestamp::new(T).unwrap();
    let mut associations: Vec<_> = (0..OUTSTATIONS)
        .map(|seed| {
            let mut association = Association::new(Arc::clone(&config), seed);
            association.handle_connected(start);
            association
        })
        .collect();
    let mut wishes = Vec::new();
    let mut polling: Vec<(usize, [u8; 4])> = Vec::new();
    let mut busiest = 0;
    for tick in 1.. {
        let now = start + tick * milliseconds(200);
        for (association, fragment) in polling.drain(..) {
            let association = &mut associations[association];
            assert_eq!(association.handle_fragment(now, &fragment), Received::Null);
        }
        let mut asked = 0;
        for (place, association) in associations.iter_mut().enumerate() {
            association.handle_timeout(now);
            while let Some(event) = association.poll_event() {
                if event == Event::WantsIntegrity {
                    wishes.push(place);
                    asked += 1;
                }
            }
        }
        busiest = busiest.max(asked);
        for place in wishes.drain(..wishes.len().min(PERMITS)) {
            let association = &mut associations[place];
            assert!(association.grant_integrity());
            let request = association.poll_transmit(now, wall).unwrap();
            polling.push((place, [request[0], 0x81, 0, 0]));
        }
        if polling.is_empty() && tick > 50 {
            // 10,000 polls of 200 ms, 50 at a time.
            assert!((200..=202).contains(&tick), "{tick}");
            break;
        }
    }
    assert!(busiest < 300, "{busiest} of 10,000 in 200 ms, of 10 s");
    let done = |association: &Association| association.counters().integrity_polls == 1;
    assert!(associations.iter().all(done));
}

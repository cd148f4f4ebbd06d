//! A whole session in frames of the field, octet by octet.

use gridos_dnp3::app::{Selection, Variation};
use gridos_dnp3::link::{Address, Pair, Role};
use gridos_dnp3::master::{Config, Event, Failure, Gap, Poll, Task, TimeSync};
use gridos_dnp3::transport::Segmenter;

use crate::bench::{Bench, DISABLE, ENABLE, Heard, INTEGRITY, T, dump, hex, milliseconds, seconds};

/// What the association sends, as the frames of master 1 to outstation 10. Segments begin at 0 for
/// each, as the frames of the examples do.
fn frames(bench: &mut Bench) -> Vec<String> {
    let (master, outstation) = (Address::from_raw(1), Address::from_raw(10));
    let pair = Pair::new(Role::Master, master, outstation).unwrap();
    let frame = |fragment: String| {
        let mut out = Vec::new();
        Segmenter::new().write_frames(&pair, &hex(&fragment), &mut out);
        dump(&out)
    };
    bench.sent().into_iter().map(frame).collect()
}

#[test]
fn the_startup_over_a_lan() {
    let mut bench = Bench::connected(Config {
        time_sync: TimeSync::Lan,
        spread: seconds(0),
        ..Config::default()
    });
    bench.grant();
    assert_eq!(
        frames(&mut bench),
        ["05 64 11 C4 0A 00 01 00 06 15 C0 C0 15 3C 02 06 3C 03 06 3C 04 06 1A 55"]
    );
    assert_eq!(bench.hears("F0 82 90 00"), Heard::Null);
    assert_eq!(
        frames(&mut bench),
        ["05 64 08 C4 0A 00 01 00 FC 42 C0 D0 00 1B 49"]
    );
    bench.hears("C0 81 90 00");
    assert_eq!(
        frames(&mut bench),
        ["05 64 0E C4 0A 00 01 00 25 29 C0 C1 02 50 01 00 07 07 00 3E 5F"]
    );
    bench.hears("C1 81 10 00");
    assert_eq!(
        frames(&mut bench),
        ["05 64 14 C4 0A 00 01 00 8F ED C0 C2 01 3C 02 06 3C 03 06 3C 04 06 3C 01 06 6A 2C"]
    );
    bench.hears("C2 81 10 00");
    assert_eq!(
        frames(&mut bench),
        ["05 64 08 C4 0A 00 01 00 FC 42 C0 C3 18 7A 6B"]
    );
    bench.hears("C3 81 10 00");
    assert_eq!(
        frames(&mut bench),
        ["05 64 12 C4 0A 00 01 00 56 86 C0 C4 02 32 03 07 01 00 68 E5 CF 8B 01 55 95"]
    );
    bench.hears("C4 81 00 00");
    bench.sends(&["C5 14 3C 02 06 3C 03 06 3C 04 06"]);
    bench.hears("C5 81 00 00");
    bench.sends(&[]);
    assert_eq!(
        bench.events(),
        [
            Event::WantsIntegrity,
            Event::Online,
            Event::Gap(Gap::Restart),
            Event::IntegrityEnded { succeeded: true },
            Event::ClockSet,
        ]
    );
}

#[test]
fn the_session_over_a_serial_line() {
    let (binary, strings) = (Variation::new(2, 0), Variation::new(110, 0));
    let poll = |variation| Poll::new(vec![Selection::all(variation)], seconds(100)).unwrap();
    let mut bench = Bench::connected(Config {
        time_sync: TimeSync::Serial,
        polls: vec![poll(binary), poll(strings)],
        spread: seconds(0),
        ..Config::default()
    });
    bench.grant();
    bench.answers(&format!("C0 {DISABLE}"), "00 00");
    bench.answers(&format!("C1 {INTEGRITY}"), "00 00");
    bench.sends(&[&format!("C2 {ENABLE}")]);
    bench.sends_after(seconds(5), &["C3 01 02 00 06"]);
    bench.hears("C3 81 00 00");
    bench.answers("C4 01 6E 00 06", "10 00");
    assert_eq!(
        frames(&mut bench),
        ["05 64 08 C4 0A 00 01 00 FC 42 C0 C5 17 46 3B"]
    );
    // Of 30 ms the outstation took 10, so that each way takes 10.
    bench.rests(milliseconds(30));
    assert_eq!(bench.hears("C5 81 10 00 34 02 07 01 0A 00"), Heard::Null);
    bench.epoch = T - 5_000 - 30 - 10;
    assert_eq!(
        frames(&mut bench),
        ["05 64 12 C4 0A 00 01 00 56 86 C0 C6 02 32 01 07 01 00 68 E5 CF 8B 01 19 F1"]
    );
    bench.hears("C6 81 00 00");
    bench.passes_silently_to(seconds(10));
    assert_eq!(
        frames(&mut bench),
        ["05 64 11 C4 0A 00 01 00 06 15 C0 C7 14 3C 02 06 3C 03 06 3C 04 06 D2 F7"]
    );
    bench.hears("C7 81 00 00");
    bench.sends_after(seconds(90), &["C8 01 02 00 06"]);
    let relative =
        "E8 81 00 00 33 01 07 01 00 68 E5 CF 8B 01 02 03 28 02 00 07 00 81 02 00 08 00 01 03 00";
    let delivered = bench.delivers(relative);
    assert!(delivered.needs_receipt && delivered.is_synchronised);
    assert_eq!(frames(&mut bench), [""; 0]);
    bench.durable(delivered.token);
    let [confirm, poll] = &frames(&mut bench)[..] else {
        panic!("a confirm and the other poll");
    };
    assert_eq!(confirm, "05 64 08 C4 0A 00 01 00 FC 42 C0 C8 00 A7 F9");
    assert!(poll.contains("C0 C9 01 6E 00 06"));
    let event = "F1 82 00 00 20 07 28 01 00 2C 01 01 00 00 C0 3F 00 68 E5 CF 8B 01";
    let delivered = bench.delivers(event);
    bench.durable(delivered.token);
    bench.sends(&["D1 00"]);
    let values = "C9 81 00 00 01 01 00 00 09 55 02 03 01 00 00 04 E4 01 1E 05 00 00 00 01 00 00 A0 3F 6E 05 00 07 07 68 65 6C 6C 6F";
    let delivered = bench.delivers(values);
    assert!(!delivered.needs_receipt && !delivered.may_repeat);
    bench.sends(&[]);
    let enabled = Event::TaskFailed {
        task: Task::EnableUnsolicited,
        failure: Failure::Timeout,
        failures: 1,
    };
    assert_eq!(
        bench.events(),
        [
            Event::WantsIntegrity,
            Event::Online,
            Event::IntegrityEnded { succeeded: true },
            enabled,
            Event::ClockSet,
        ]
    );
}

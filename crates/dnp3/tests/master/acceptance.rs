//! What is promised, each promise by its name.

use gridos_dnp3::app::{CommonTime, Point, Response, TimeQuality, Value};
use gridos_dnp3::master::{Event, Gap};

use crate::bench::{
    Bench, CLEAR, EVENT, Heard, INTEGRITY, STATIC, T, dump, hex, milliseconds, quiet, seconds,
};

#[test]
fn confirm_withheld_until_storage_ack() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&format!("F0 82 00 00 {EVENT}"));
    bench.rests(milliseconds(2_900));
    bench.durable(delivered.token);
    bench.sends(&["D0 00"]);
}

#[test]
fn ack_after_deadline_no_confirm() {
    let mut bench = Bench::started(quiet());
    let delivered = bench.delivers(&format!("F0 82 00 00 {EVENT}"));
    bench.rests(milliseconds(3_100));
    bench.durable(delivered.token);
    bench.rests(seconds(1_000));
    assert_eq!(bench.counters().confirms(), 0);
}

#[test]
fn disconnect_with_pending_ack_no_confirm_and_marked_on_re_offer() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("F0 82 00 00 {EVENT}");
    let delivered = bench.delivers(&fragment);
    assert!(!delivered.may_repeat);
    bench.disconnect();
    bench.durable(delivered.token);
    bench.connect();
    bench.sent();
    let again = bench.delivers(&fragment);
    assert!(again.may_repeat);
    bench.durable(again.token);
    assert_eq!(bench.sent()[0], "D0 00");
    assert_eq!(bench.counters().confirms(), 1);
}

#[test]
fn duplicate_unsolicited_one_store_two_confirms() {
    let mut bench = Bench::started(quiet());
    let fragment = format!("F0 82 00 00 {EVENT}");
    let delivered = bench.delivers(&fragment);
    bench.durable(delivered.token);
    bench.sends(&["D0 00"]);
    assert_eq!(bench.hears(&fragment), Heard::Repeated);
    bench.sends(&["D0 00"]);
    assert_eq!(bench.counters().delivered(), 1);
    assert_eq!(bench.counters().confirms(), 2);
}

#[test]
fn null_unsolicited_during_startup_immediate_confirm() {
    let mut bench = Bench::connected(quiet());
    bench.grant();
    bench.sends(&[&format!("C0 {INTEGRITY}")]);
    bench.hears("F0 82 90 00");
    bench.sends(&["D0 00"]);
}

#[test]
fn unsolicited_between_solicited_fragments() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let first = bench.delivers(&format!("A1 81 00 00 {EVENT}"));
    let between = bench.delivers(&format!("F7 82 00 00 {EVENT}"));
    bench.durable(first.token);
    bench.durable(between.token);
    bench.sends(&["C1 00", "D7 00"]);
    bench.hears("F8 82 00 00");
    bench.sends(&["D8 00"]);
    let last = bench.delivers(&format!("62 81 00 00 {EVENT}"));
    bench.durable(last.token);
    bench.sends(&["C2 00"]);
    assert_eq!(bench.counters().integrity_polls, 2);
    assert_eq!(bench.counters().ignored(), 0);
}

#[test]
fn seq_wrap_in_a_20_fragment_response() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let mut expected = 1_u8;
    for part in 0..20 {
        let fir = if part == 0 { 0x80 } else { 0 };
        let fin = if part == 19 { 0x40 } else { 0 };
        let control = fir | fin | 0x20 | expected;
        let delivered = bench.delivers(&format!("{control:02X} 81 00 00 {EVENT}"));
        bench.durable(delivered.token);
        bench.sends(&[&format!("C{expected:X} 00")]);
        expected = (expected + 1) % 16;
    }
    assert_eq!(expected, 5);
    assert_eq!(bench.counters().integrity_polls, 2);
    bench.reads(5);
}

#[test]
fn iin_2_3_edge_one_integrity_and_a_gap_marker() {
    let mut bench = Bench::started(quiet());
    for _ in 0..5 {
        bench.hears("F0 82 00 08");
    }
    assert_eq!(
        bench.events(),
        [Event::Gap(Gap::Overflow), Event::WantsIntegrity]
    );
    bench.grant();
    bench.sends(&["D0 00", &format!("C1 {INTEGRITY}")]);
    bench.hears("C1 81 00 08");
    bench.rests(seconds(1_000));
    assert_eq!(bench.counters().overflows, 1);
}

#[test]
fn iin_1_7_loop_guard() {
    let mut bench = Bench::started(quiet());
    bench.hears("F0 82 80 00");
    bench.sends(&["D0 00", &format!("C1 {CLEAR}")]);
    bench.hears("C1 81 80 00");
    bench.sends_after(seconds(5), &[&format!("C2 {CLEAR}")]);
    bench.hears("C2 81 80 00");
    bench.sends_after(seconds(10), &[&format!("C3 {CLEAR}")]);
    bench.hears("C3 81 00 00");
    bench.rests(seconds(1_000));
}

#[test]
fn stuck_iin_1_1() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    bench.hears("C1 81 02 00");
    let mut scans = 0;
    bench.plays(seconds(3_600), |request, _| {
        scans += 1;
        [format!("C{} 81 02 00", &request[1..2])]
    });
    // One a minute, after some at the beginning.
    assert_eq!(scans, 64);
}

#[test]
fn common_time_twice_in_a_fragment() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let fragment = "E1 81 00 00 33 01 07 01 00 68 E5 CF 8B 01 02 03 28 01 00 07 00 81 02 00 \
                    33 02 07 01 E8 6B E5 CF 8B 01 02 03 28 01 00 07 00 01 03 00";
    assert!(bench.delivers(fragment).needs_receipt);
    let points = points(fragment);
    let times: Vec<_> = points
        .iter()
        .map(|(point, quality)| (point.time.map(|time| time.milliseconds), *quality))
        .collect();
    assert_eq!(
        times,
        [
            (Some(T + 2), TimeQuality::Synchronised),
            (Some(T + 1_003), TimeQuality::Unsynchronised),
        ]
    );
}

#[test]
fn relative_time_without_common_time() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let fragment = "E1 81 00 00 02 03 28 01 00 07 00 81 02 00";
    let delivered = bench.delivers(fragment);
    assert_eq!(delivered.dead_letter, None);
    let [(point, quality)] = &points(fragment)[..] else {
        panic!("one point");
    };
    assert_eq!((point.value, point.time), (Value::Binary(true), None));
    assert_eq!(*quality, TimeQuality::None);
    bench.durable(delivered.token);
    bench.sends(&["C1 00"]);
}

#[test]
fn unknown_object_mid_fragment_prefix_kept_dead_letter_confirm() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let rest = format!("DE 07 28 01 00 00 00 12 34 {EVENT}");
    let fragment = format!("E1 81 00 00 {EVENT} {rest}");
    let delivered = bench.delivers(&fragment);
    assert_eq!(dump(&delivered.dead_letter.unwrap()), rest);
    assert_eq!(points(&fragment).len(), 1);
    bench.sends(&[]);
    bench.durable(delivered.token);
    bench.sends(&["C1 00"]);
    assert_eq!(bench.counters().integrity_polls, 2, "the poll is done");
}

#[test]
fn qualifier_5b_skip() {
    let mut bench = Bench::started(quiet());
    bench.reads(1);
    let fragment = format!("E1 81 00 00 46 05 5B 01 03 00 AA BB CC {STATIC}");
    let delivered = bench.delivers(&fragment);
    assert_eq!(delivered.dead_letter, None);
    assert_eq!(points(&fragment).len(), 1);
    bench.sends(&["C1 00"]);
}

/// The points of a fragment that can be read, and what their times are worth.
fn points(fragment: &str) -> Vec<(Point<'static>, TimeQuality)> {
    let fragment = hex(fragment).leak();
    let mut common = CommonTime::NONE;
    let mut points = Vec::new();
    for header in Response::parse(fragment).unwrap().headers().flatten() {
        common.observe(&header);
        let quality = header.time_quality(common);
        points.extend(header.points(common).map(|point| (point, quality)));
    }
    points
}

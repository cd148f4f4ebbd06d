//! What an association costs.

use gridos_dnp3::master::Association;

use crate::bench::{Bench, EVENT, Heard, quiet};

#[test]
fn an_idle_association_takes_at_most_a_kibibyte() {
    let bench = Bench::started(quiet());
    let bytes = size_of::<Association>() + bench.association.allocated_bytes();
    assert!(bytes <= 1_024, "{bytes}");
}

/// One turn of everything that goes on and on: reads, events asked and unasked, losses, and now
/// and then another connection.
fn turn(bench: &mut Bench) {
    bench.disconnect();
    bench.connect();
    let request = bench.sent().remove(0);
    let number = &request[1..2];
    let asked = bench.delivers(&format!("E{number} 81 02 00 {EVENT}"));
    let unasked = bench.delivers(&format!("F{number} 82 40 08 {EVENT}"));
    bench.durable(asked.token);
    bench.durable(unasked.token);
    assert!(bench.association.grant_integrity());
    let request = bench.sent().remove(2);
    let number = &request[1..2];
    assert_eq!(bench.hears(&format!("C{number} 81 00 00")), Heard::Null);
    bench.sent();
    bench.events();
}

#[test]
fn nothing_is_allocated_by_and_by() {
    let mut bench = Bench::started(quiet());
    turn(&mut bench);
    let before = bench.association.allocated_bytes();
    for _ in 0..1_000 {
        turn(&mut bench);
    }
    assert_eq!(bench.association.allocated_bytes(), before);
    assert_eq!(bench.counters().delivered(), 2 * 1_001);
}

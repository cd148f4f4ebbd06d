//! The clock and what the outstation says of it.

use std::time::Duration;

use gridos_dnp3::app::{Class, Value};
use gridos_dnp3::outstation::{ClockConfig, Kept, OutstationConfig, PointDefinition};

use crate::rig::{BINARY, Rig, quiet};

const SET: &str = "C1 02 32 01 07 01 00 68 E5 CF 8B 01";

fn rig(clock: ClockConfig, event: u8) -> Rig {
    let config = OutstationConfig { clock, ..quiet() };
    Rig::ready(
        [PointDefinition::new(BINARY, 0, Class::One).with_event(event)],
        config,
    )
}

#[test]
fn time_is_needed_from_the_start_and_every_period() {
    let mut rig = rig(
        ClockConfig {
            needs_time_every: Some(Duration::from_secs(60)),
            ..ClockConfig::default()
        },
        2,
    );
    assert_eq!(rig.answer("C0 01"), "C0 81 10 00");
    assert_eq!(rig.answer(SET), "C1 81 00 00");
    rig.wait(59_999);
    assert_eq!(rig.answer("C2 01"), "C2 81 00 00");
    rig.wait(1);
    assert_eq!(rig.answer("C3 01"), "C3 81 10 00");
    rig.answer(SET);
    rig.outstation.restart(rig.at(), Kept::Events);
    assert_eq!(rig.answer("C4 01"), "C4 81 90 00");
}

#[test]
fn a_clock_that_was_not_set_says_so_of_relative_times() {
    let mut rig = rig(ClockConfig::default(), 3);
    rig.set(BINARY, 0, Value::Binary(true));
    rig.answer(SET);
    rig.set(BINARY, 0, Value::Binary(false));
    let expected = "E2 81 00 00 33 02 07 01 00 68 E5 CF 8B 01 02 03 28 01 00 00 00 81 00 00 \
                    33 01 07 01 00 68 E5 CF 8B 01 02 03 28 01 00 00 00 01 00 00";
    assert_eq!(rig.answer("C2 01 3C 02 06"), expected);
}

#[test]
fn a_clock_that_is_off_stamps_with_what_it_shows_until_it_is_set() {
    let mut rig = rig(
        ClockConfig {
            offset_ms: -256,
            ..ClockConfig::default()
        },
        2,
    );
    rig.set(BINARY, 0, Value::Binary(true));
    let event = "02 02 28 01 00 00 00 81 00 67 E5 CF 8B 01";
    assert_eq!(rig.answer("C2 01 3C 02 06"), format!("E2 81 10 00 {event}"));
    rig.ask("C2 00");
    // The master's clock is 1 ms ahead.
    rig.answer("C1 02 32 01 07 01 01 68 E5 CF 8B 01");
    rig.wait(4);
    rig.set(BINARY, 0, Value::Binary(false));
    let event = "02 02 28 01 00 00 00 01 05 68 E5 CF 8B 01";
    assert_eq!(rig.answer("C3 01 3C 02 06"), format!("E3 81 00 00 {event}"));
}

#[test]
fn the_time_of_a_lan_counts_from_when_it_was_recorded() {
    let mut rig = rig(ClockConfig::default(), 2);
    assert_eq!(rig.answer("C1 18"), "C1 81 10 00");
    rig.wait(100);
    // It was T + 7 when the record request arrived.
    assert_eq!(
        rig.answer("C2 02 32 03 07 01 07 68 E5 CF 8B 01"),
        "C2 81 00 00"
    );
    assert_eq!(
        rig.answer("C3 01 32 01 06"),
        "C3 81 00 00 32 01 07 01 6B 68 E5 CF 8B 01"
    );
}

#[test]
fn a_stubborn_clock_only_says_that_it_was_set() {
    let mut rig = rig(
        ClockConfig {
            obeys_master: false,
            ..ClockConfig::default()
        },
        2,
    );
    assert_eq!(
        rig.answer("C1 02 32 01 07 01 00 00 00 00 00 00"),
        "C1 81 00 00"
    );
    assert_eq!(
        rig.answer("C3 01 32 01 06"),
        "C3 81 00 00 32 01 07 01 00 68 E5 CF 8B 01"
    );
}

//! What goes unasked.

use std::time::Duration;

use gridos_dnp3::app::{Class, EventClasses, Value};
use gridos_dnp3::outstation::{
    Fate, Kept, NullUnsolicited, OutstationConfig, PointDefinition, Retries, RetryStyle,
    UnsolicitedConfig,
};

use crate::rig::{BINARY, Rig, quiet};

const ENABLE: &str = "C1 14 3C 02 06 3C 03 06 3C 04 06";

fn unsolicited() -> UnsolicitedConfig {
    UnsolicitedConfig::default()
}

fn rig(config: UnsolicitedConfig) -> Rig {
    let point = |index, class| PointDefinition::new(BINARY, index, class).with_event(1);
    let table = [point(0, Class::One), point(1, Class::Two)];
    let config = OutstationConfig {
        unsolicited: Some(config),
        ..quiet()
    };
    let mut rig = Rig::new(table, config);
    rig.settle(BINARY, 0, Value::Binary(false));
    rig.settle(BINARY, 1, Value::Binary(false));
    rig
}

/// The restart is known, the NULL response confirmed, and all classes enabled.
fn enabled(config: UnsolicitedConfig) -> Rig {
    let mut rig = rig(config);
    assert_eq!(rig.sent(), ["F0 82 80 00"]);
    assert_eq!(rig.answer("C0 02 50 01 00 07 07 00"), "C0 81 00 00");
    assert_eq!(rig.ask("D0 00"), [""; 0]);
    assert_eq!(rig.answer(ENABLE), "C1 81 00 00");
    rig
}

fn toggle(rig: &mut Rig, index: u16) {
    let point = rig.point(BINARY, index);
    let is_on = rig.outstation.value(point).unwrap().value == Value::Binary(true);
    assert!(rig.set(BINARY, index, Value::Binary(!is_on)).is_some());
}

#[test]
fn it_says_that_it_is_there_until_somebody_confirms_and_tells_no_event_before() {
    let mut rig = rig(UnsolicitedConfig {
        enabled_at_start: EventClasses::all(),
        ..unsolicited()
    });
    assert_eq!(rig.sent(), ["F0 82 80 00"]);
    toggle(&mut rig, 0);
    assert_eq!(rig.sent(), [""; 0]);
    rig.wait(4_999);
    assert_eq!(rig.sent(), [""; 0]);
    rig.wait(1);
    assert_eq!(rig.sent(), ["F0 82 80 00"], "the same octets");
    assert_eq!(rig.ask("D1 00"), [""; 0], "of something else");
    assert_eq!(rig.ask("C0 00"), [""; 0], "of a response");
    assert_eq!(rig.answer("D0 00"), "F1 82 80 00 02 01 28 01 00 00 00 81");
}

#[test]
fn a_regenerated_null_response_has_a_new_number_and_new_indications() {
    let mut rig = rig(UnsolicitedConfig {
        retry_style: RetryStyle::Regenerated,
        retries: Retries::Times(0),
        ..unsolicited()
    });
    assert_eq!(rig.sent(), ["F0 82 80 00"]);
    toggle(&mut rig, 0);
    rig.wait(5_000);
    assert_eq!(rig.sent(), ["F1 82 82 00"]);
    rig.wait(5_000);
    assert_eq!(rig.sent(), ["F2 82 82 00"]);
    assert_eq!(rig.ask("D1 00"), [""; 0]);
    rig.wait(5_000);
    assert_eq!(rig.sent(), ["F3 82 82 00"]);
    rig.ask("D3 00");
    assert_eq!(rig.idle(), None);
    assert_eq!(rig.outstation.counters().unsolicited_retries, 3);
}

#[test]
fn nothing_goes_of_classes_that_are_not_enabled() {
    let mut rig = rig(unsolicited());
    rig.sent();
    rig.ask("D0 00");
    toggle(&mut rig, 0);
    toggle(&mut rig, 1);
    assert_eq!(rig.sent(), [""; 0]);
    let enabled = ["C1 81 86 00", "F1 82 82 00 02 01 28 01 00 01 00 81"];
    assert_eq!(rig.ask("C1 14 3C 03 06"), enabled);
    rig.ask("D1 00");
    assert_eq!(rig.answer("C2 15 3C 03 06"), "C2 81 82 00");
    toggle(&mut rig, 1);
    assert_eq!(rig.sent(), [""; 0]);
    assert_eq!(
        rig.fates(),
        [Fate::Buffered, Fate::Confirmed, Fate::Buffered]
    );
}

#[test]
fn only_classes_of_events_can_be_enabled() {
    let mut rig = rig(unsolicited());
    rig.sent();
    rig.ask("D0 00");
    for (request, answer) in [
        ("C1 14 3C 01 06", "C1 81 80 04"),
        ("C2 14 3C 02 07 01", "C2 81 80 04"),
        ("C3 14 01 00 06", "C3 81 80 02"),
        ("C4 15 3C 02", "C4 81 80 04"),
    ] {
        assert_eq!(rig.answer(request), answer, "{request}");
    }
    toggle(&mut rig, 0);
    assert_eq!(rig.sent(), [""; 0]);
}

#[test]
fn events_are_sent_again_with_the_same_octets_endlessly() {
    let mut rig = enabled(unsolicited());
    toggle(&mut rig, 0);
    let event = "F1 82 00 00 02 01 28 01 00 00 00 81";
    assert_eq!(rig.sent(), [event]);
    toggle(&mut rig, 0);
    assert_eq!(rig.sent(), [""; 0], "one at a time");
    for _ in 0..20 {
        rig.wait(5_000);
        assert_eq!(rig.sent(), [event]);
        assert_eq!(rig.fates(), [Fate::Written, Fate::Buffered]);
    }
    assert_eq!(rig.ask("D1 00"), ["F2 82 00 00 02 01 28 01 00 00 00 01"]);
    assert_eq!(rig.fates(), [Fate::Confirmed, Fate::Written]);
    let counters = rig.outstation.counters();
    assert_eq!(
        (counters.unsolicited_retries, counters.unsolicited_timeouts),
        (20, 20)
    );
}

#[test]
fn regenerated_events_have_a_new_number_and_new_events() {
    let mut rig = enabled(UnsolicitedConfig {
        retry_style: RetryStyle::Regenerated,
        ..unsolicited()
    });
    toggle(&mut rig, 0);
    rig.sent();
    toggle(&mut rig, 0);
    rig.wait(5_000);
    let both = "F2 82 00 00 02 01 28 02 00 00 00 81 00 00 01";
    assert_eq!(rig.sent(), [both]);
    rig.ask("D1 00");
    assert_eq!(
        rig.fates(),
        [Fate::Written; 2],
        "the confirm is that of the first try"
    );
    rig.ask("D2 00");
    assert_eq!(rig.fates(), [Fate::Confirmed; 2]);
}

#[test]
fn after_so_many_retries_it_waits_for_something_new() {
    for (retry_style, last) in [
        (RetryStyle::Identical, "F1"),
        (RetryStyle::Regenerated, "F3"),
    ] {
        let mut rig = enabled(UnsolicitedConfig {
            retries: Retries::Times(2),
            retry_style,
            ..unsolicited()
        });
        toggle(&mut rig, 0);
        for _ in 0..2 {
            rig.sent();
            rig.wait(5_000);
        }
        assert_eq!(
            rig.sent(),
            [format!("{last} 82 00 00 02 01 28 01 00 00 00 81")]
        );
        rig.wait(5_000);
        assert_eq!(rig.sent(), [""; 0]);
        assert_eq!((rig.fates(), rig.idle()), ([Fate::Buffered], None));
        toggle(&mut rig, 1);
        let sent = rig.sent().concat();
        assert!(sent.ends_with("02 01 28 02 00 00 00 81 01 00 81"), "{sent}");
    }
}

#[test]
fn a_read_waits_for_the_unsolicited_confirm() {
    let mut rig = enabled(unsolicited());
    toggle(&mut rig, 0);
    rig.sent();
    toggle(&mut rig, 1);
    assert_eq!(rig.ask("C2 01 3C 02 06 3C 03 06"), [""; 0]);
    assert_eq!(
        rig.ask("C2 01 3C 02 06 3C 03 06"),
        [""; 0],
        "the same again"
    );
    assert_eq!(rig.outstation.counters().deferred, 1);
    let response = "E2 81 00 00 02 01 28 01 00 01 00 81";
    assert_eq!(
        rig.ask("D1 00"),
        [response],
        "and nothing unasked in between"
    );
    assert_eq!(rig.fates(), [Fate::Confirmed, Fate::Written]);
}

#[test]
fn a_read_that_waited_in_vain_takes_the_events() {
    let mut rig = enabled(unsolicited());
    toggle(&mut rig, 0);
    rig.sent();
    rig.wait(1_000);
    assert_eq!(rig.ask("C2 01 3C 02 06"), [""; 0]);
    assert_eq!(rig.idle().unwrap().as_millis(), 4_000);
    rig.wait(4_000);
    assert_eq!(rig.sent(), ["E2 81 00 00 02 01 28 01 00 00 00 81"]);
    toggle(&mut rig, 1);
    assert_eq!(
        rig.sent(),
        [""; 0],
        "not while a response is to be confirmed"
    );
    assert_eq!(rig.ask("D1 00"), [""; 0], "too late");
    assert_eq!(rig.ask("C2 00"), ["F2 82 00 00 02 01 28 01 00 01 00 81"]);
}

#[test]
fn other_requests_are_answered_while_a_confirm_is_awaited() {
    let mut rig = enabled(unsolicited());
    toggle(&mut rig, 0);
    rig.sent();
    rig.ask("C2 01 3C 02 06");
    assert_eq!(rig.answer("C3 17"), "C3 81 00 00 34 02 07 01 00 00");
    assert_eq!(rig.fates(), [Fate::Written]);
    assert_eq!(rig.ask("D1 00"), [""; 0], "the READ was overtaken");
    assert_eq!(rig.outstation.counters().superseded, 1);
}

#[test]
fn disabling_while_a_confirm_is_awaited_leaves_it_awaited_once() {
    let mut rig = enabled(unsolicited());
    toggle(&mut rig, 0);
    rig.sent();
    assert_eq!(
        rig.answer("C2 15 3C 02 06 3C 03 06 3C 04 06"),
        "C2 81 00 00"
    );
    rig.wait(5_000);
    assert_eq!(rig.sent(), [""; 0]);
    assert_eq!((rig.fates(), rig.idle()), ([Fate::Buffered], None));
    let again = ["C3 81 02 00", "F2 82 00 00 02 01 28 01 00 00 00 81"];
    assert_eq!(rig.ask("C3 14 3C 02 06"), again);
}

#[test]
fn disabling_at_the_start_does_not_silence_the_null_response() {
    let mut rig = rig(unsolicited());
    rig.sent();
    assert_eq!(
        rig.answer("C0 15 3C 02 06 3C 03 06 3C 04 06"),
        "C0 81 80 00"
    );
    rig.wait(5_000);
    assert_eq!(rig.sent(), ["F0 82 80 00"]);
    rig.ask("D0 00");
    assert_eq!(rig.ask(ENABLE), ["C1 81 80 00"]);
    toggle(&mut rig, 0);
    assert_eq!(rig.sent().len(), 1);
}

#[test]
fn events_wait_for_others_for_a_while() {
    let mut rig = enabled(UnsolicitedConfig {
        hold_time: Duration::from_millis(200),
        hold_count: 3,
        ..unsolicited()
    });
    toggle(&mut rig, 0);
    assert_eq!(rig.sent(), [""; 0]);
    rig.wait(150);
    toggle(&mut rig, 1);
    assert_eq!(rig.sent(), [""; 0]);
    assert_eq!(rig.idle().unwrap().as_millis(), 50);
    rig.wait(50);
    assert_eq!(rig.sent(), ["F1 82 00 00 02 01 28 02 00 00 00 81 01 00 81"]);
    rig.ask("D1 00");
    toggle(&mut rig, 0);
    toggle(&mut rig, 0);
    assert_eq!(rig.sent(), [""; 0]);
    toggle(&mut rig, 0);
    assert_eq!(rig.sent().len(), 1, "enough");
}

#[test]
fn what_has_no_room_goes_at_once_after_the_confirm() {
    let mut rig = enabled(UnsolicitedConfig {
        hold_time: Duration::from_millis(200),
        hold_count: 1_000,
        ..unsolicited()
    });
    for _ in 0..700 {
        toggle(&mut rig, 0);
    }
    rig.wait(200);
    let first = rig.sent().concat();
    assert_eq!(first.len(), 3 * (4 + 5 + 679 * 3) - 1);
    let rest = rig.ask("D1 00").concat();
    assert_eq!(rest.len(), 3 * (4 + 5 + 21 * 3) - 1);
}

#[test]
fn a_new_connection_hears_the_events_with_a_new_number() {
    let mut rig = enabled(unsolicited());
    toggle(&mut rig, 0);
    rig.sent();
    rig.outstation.handle_disconnect();
    assert_eq!((rig.sent(), rig.idle()), (vec![], None));
    rig.outstation.handle_connect(rig.at());
    assert_eq!(rig.sent(), ["F2 82 00 00 02 01 28 01 00 00 00 81"]);
}

#[test]
fn it_can_say_that_it_is_there_on_each_connection() {
    let mut rig = enabled(UnsolicitedConfig {
        null: NullUnsolicited::OnConnect,
        ..unsolicited()
    });
    toggle(&mut rig, 0);
    rig.outstation.handle_disconnect();
    rig.outstation.handle_connect(rig.at());
    assert_eq!(rig.sent(), ["F1 82 02 00"]);
    assert_eq!(rig.ask("D1 00"), ["F2 82 00 00 02 01 28 01 00 00 00 81"]);
}

#[test]
fn a_restart_begins_all_over() {
    let mut rig = enabled(unsolicited());
    toggle(&mut rig, 0);
    rig.sent();
    rig.outstation.restart(rig.at(), Kept::Events);
    assert_eq!(rig.sent(), ["F0 82 82 00"]);
    rig.ask("D0 00");
    assert_eq!(rig.sent(), [""; 0], "classes must be enabled again");
    assert_eq!(
        rig.ask(ENABLE),
        ["C1 81 82 00", "F1 82 80 00 02 01 28 01 00 00 00 81"]
    );
}

#[test]
fn it_can_speak_between_the_fragments_of_a_response() {
    let mut rig = enabled(UnsolicitedConfig {
        interleaves: true,
        ..unsolicited()
    });
    toggle(&mut rig, 0);
    rig.sent();
    rig.ask("D1 00");
    toggle(&mut rig, 1);
    rig.sent();
    rig.wait(4_900);
    // The READ waits until the unsolicited confirm does not come.
    rig.ask("C2 01 3C 03 06");
    rig.wait(100);
    assert_eq!(rig.sent(), ["E2 81 00 00 02 01 28 01 00 01 00 81"]);
    toggle(&mut rig, 0);
    assert_eq!(rig.sent(), ["F3 82 00 00 02 01 28 01 00 00 00 01"]);
    rig.ask("C2 00");
    assert_eq!(
        rig.fates(),
        [Fate::Confirmed, Fate::Confirmed, Fate::Written]
    );
    rig.ask("D3 00");
    assert_eq!(rig.outstation.buffered(), 0);
}

#[test]
fn the_numbers_wrap() {
    let mut rig = enabled(unsolicited());
    for n in 1..40 {
        toggle(&mut rig, 0);
        let sent = rig.sent().concat();
        assert!(sent.starts_with(&format!("F{:X} 82", n % 16)), "{sent}");
        rig.ask(&format!("D{:X} 00", n % 16));
    }
    assert_eq!(rig.outstation.ledger().confirmed().len(), 39);
}

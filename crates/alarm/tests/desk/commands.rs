//! Commands: occurrences, shelves, what is refused, and commands that come twice.

use std::time::Duration;

use gridos_alarm::{Case, Command, KEYS_MAX, NOTE_BYTES_MAX, Order, Refusal, SHELF_MAX};
use gridos_model::{AlarmId, AlarmKind, AlarmState, Level};

use crate::plant::{HOUR, Plant, limits, told};

const LIMIT: AlarmKind = AlarmKind::Limit;

fn shelve(period: Duration, is_one_shot: bool) -> Order {
    Order::Shelve {
        period,
        is_one_shot,
    }
}

fn state(plant: &Plant) -> AlarmState {
    plant.case(0, LIMIT).facts.state()
}

/// A7.6: it cleared and came again between the look and the click.
#[test]
fn pitfall_6_an_acknowledgement_of_an_older_occurrence_is_refused() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    let seen = plant.case(0, LIMIT).occurrence;
    plant.send(0, 50.0);
    plant.send(0, 105.0);
    let present = plant.case(0, LIMIT).occurrence;
    assert!(present > seen);
    for order in [Order::Acknowledge, Order::Reset, Order::Silence] {
        let command = plant.command_of(LIMIT, Some(seen), order.clone());
        let refused = plant.command(&command);
        assert_eq!(refused, Err(Refusal::Moved { seen, present }));
        let command = plant.command_of(LIMIT, None, order);
        let refused = plant.command(&command);
        assert_eq!(refused, Err(Refusal::NoOccurrence { present }));
    }
    assert_eq!(state(&plant), AlarmState::Unacknowledged);
}

/// A7.6: what is worse than what was acknowledged is told again.
#[test]
fn pitfall_6_an_acknowledgement_does_not_cover_a_later_escalation() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    assert_eq!(told(&plant.send(0, 120.0)), "limit escalated!");
    assert_eq!(state(&plant), AlarmState::Unacknowledged);
    assert_eq!(plant.case(0, LIMIT).annunciations, 2);
}

/// A7.6: it became worse between the look and the click.
#[test]
fn pitfall_6_an_acknowledgement_does_not_cover_what_was_worse_than_seen() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    let occurrence = Some(plant.case(0, LIMIT).occurrence);
    plant.send(0, 120.0);
    plant.send(0, 105.0);
    let (seen, present) = (Level::High, Level::HighHigh);
    for order in [Order::Acknowledge, Order::Silence] {
        let mut command = plant.command_of(LIMIT, occurrence, order);
        command.worst = Some(seen);
        let refused = plant.command(&command);
        assert_eq!(refused, Err(Refusal::Worse { seen, present }));
        command.worst = Some(present);
        assert!(plant.command(&command).is_ok());
    }
}

/// Who shows alarms forgets those at rest, and has the same as the desk when one is heard of again.
#[test]
fn what_comes_to_an_alarm_at_rest_begins_its_case_anew() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    plant.send(0, 50.0);
    assert!(plant.case(0, LIMIT).facts.is_at_rest());
    plant.order(LIMIT, Order::Suppress).unwrap();
    let mut shown = Case::new(plant.id(0, LIMIT));
    shown.apply(plant.records.last().unwrap());
    assert_eq!(shown, plant.case(0, LIMIT));
}

/// A7.12: one occurrence, and nothing on the way down.
#[test]
fn pitfall_12_a_jump_over_a_level_is_told_once_and_easing_is_not() {
    let mut plant = Plant::of_limits();
    assert_eq!(told(&plant.send(0, 120.0)), "limit raised!");
    assert_eq!(told(&plant.send(0, 105.0)), "limit eased");
    assert_eq!(told(&plant.send(0, 120.0)), "limit escalated");
    assert_eq!(told(&plant.send(0, 50.0)), "limit returned");
    let case = plant.case(0, LIMIT);
    assert_eq!((case.occurrence, case.annunciations), (1, 1));
}

#[test]
fn from_too_high_to_too_low_is_another_occurrence() {
    let mut plant = Plant::of_limits();
    plant.send(0, 120.0);
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    assert_eq!(told(&plant.send(0, 5.0)), "limit returned, limit raised!");
    assert_eq!(state(&plant), AlarmState::Unacknowledged);
}

#[test]
fn a_shelf_ends_by_the_monotonic_clock_and_once() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.order(LIMIT, shelve(HOUR, false)).unwrap();
    // The clock of the day is set a day ahead, and two days back.
    plant.now.wall = plant.now.wall.saturating_add(24 * HOUR);
    assert_eq!(told(&plant.wait(HOUR / 2)), "");
    plant.now.wall = plant.now.wall.saturating_sub(48 * HOUR);
    assert_eq!(told(&plant.wait(HOUR / 2)), "limit unshelved!");
    assert_eq!(told(&plant.wait(48 * HOUR)), "");
}

#[test]
fn the_time_on_a_shelf_can_be_changed_and_the_former_end_counts_no_more() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.order(LIMIT, shelve(HOUR, false)).unwrap();
    plant.order(LIMIT, shelve(3 * HOUR, false)).unwrap();
    assert_eq!(told(&plant.wait(2 * HOUR)), "");
    plant.order(LIMIT, shelve(HOUR / 2, false)).unwrap();
    assert_eq!(told(&plant.wait(HOUR / 2)), "limit unshelved!");
    plant.order(LIMIT, shelve(HOUR, false)).unwrap();
    plant.order(LIMIT, Order::Unshelve).unwrap();
    assert_eq!(plant.alarms.next_deadline(), None);
}

#[test]
fn a_one_shot_shelf_ends_with_the_condition_or_its_time() {
    let mut plant = Plant::of_limits();
    plant.order(LIMIT, shelve(HOUR, true)).unwrap();
    plant.send(0, 105.0);
    assert_eq!(
        told(&plant.send(0, 50.0)),
        "limit returned, limit unshelved"
    );
    assert_eq!(state(&plant), AlarmState::Normal);
    assert_eq!(told(&plant.send(0, 105.0)), "limit raised!");
    plant.order(LIMIT, shelve(HOUR, true)).unwrap();
    assert_eq!(told(&plant.wait(HOUR)), "limit unshelved!");
}

#[test]
fn a_shelf_has_a_longest_time_and_a_reason() {
    let mut plant = Plant::of_limits();
    for given in [Duration::ZERO, SHELF_MAX + Duration::from_nanos(1)] {
        let most = SHELF_MAX;
        let refused = plant.order(LIMIT, shelve(given, false));
        assert_eq!(refused, Err(Refusal::Period { given, most }));
    }
    plant.order(LIMIT, shelve(SHELF_MAX, false)).unwrap();
    for order in [
        shelve(HOUR, false),
        Order::Suppress,
        Order::TakeOutOfService,
    ] {
        let mut command = plant.command_of(LIMIT, None, order);
        command.note.comment = "  ".into();
        assert_eq!(plant.command(&command), Err(Refusal::NoComment));
    }
}

#[test]
fn texts_have_a_longest_length_and_alarms_a_name() {
    let mut plant = Plant::of_limits();
    let mut command = plant.command_of(LIMIT, None, Order::Suppress);
    let long: Box<str> = "x".repeat(NOTE_BYTES_MAX + 1).into();
    let given = long.len();
    for key in ["by", "comment", "key"] {
        let mut command = command.clone();
        let text = match key {
            "by" => &mut command.note.by,
            "comment" => &mut command.note.comment,
            _ => &mut command.note.key,
        };
        *text = long.clone();
        let refused = plant.command(&command);
        assert_eq!(refused, Err(Refusal::TooLong { key, given }));
    }
    command.alarm = AlarmId::of("nowhere", LIMIT);
    assert_eq!(plant.command(&command), Err(Refusal::Unknown));
    assert_eq!(plant.records, []);
}

#[test]
fn a_silenced_horn_sounds_again_with_the_next_annunciation() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.order(LIMIT, Order::Silence).unwrap();
    let facts = plant.case(0, LIMIT).facts;
    assert!(!facts.is_sounding() && facts.state() == AlarmState::Unacknowledged);
    plant.send(0, 120.0);
    assert!(plant.case(0, LIMIT).facts.is_sounding());
}

#[test]
fn an_alarm_that_stands_is_told_again_acknowledged_or_not() {
    let mut definition = limits();
    definition.re_alarm = Some(HOUR);
    let mut plant = Plant::new(1, &[definition]);
    plant.send(0, 105.0);
    assert_eq!(told(&plant.wait(HOUR)), "limit re_annunciated!");
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    assert_eq!(told(&plant.wait(HOUR / 2)), "");
    assert_eq!(told(&plant.wait(HOUR / 2)), "limit re_annunciated!");
    assert_eq!(state(&plant), AlarmState::Unacknowledged);
    // An escalation is an annunciation, from which the time counts anew.
    plant.wait(HOUR / 2);
    plant.send(0, 120.0);
    assert_eq!(told(&plant.wait(HOUR / 2)), "");
    // Nobody is told of what is hidden; it is due when it comes back.
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    plant.order(LIMIT, shelve(2 * HOUR, false)).unwrap();
    let ended = plant.wait(2 * HOUR);
    assert_eq!(told(&ended), "limit unshelved, limit re_annunciated!");
    plant.send(0, 50.0);
    assert_eq!(told(&plant.wait(9 * HOUR)), "");
}

fn keyed(plant: &Plant, key: &str, order: Order) -> Command {
    let mut command = plant.command_of(LIMIT, Some(plant.case(0, LIMIT).occurrence), order);
    command.note.key = key.into();
    command
}

#[test]
fn a_command_that_comes_again_is_done_once() {
    let mut plant = Plant::new(2, &[limits()]);
    plant.send(0, 105.0);
    let acknowledge = keyed(&plant, "k1", Order::Acknowledge);
    assert!(plant.command(&acknowledge).unwrap().is_changed);
    plant.send(0, 120.0);
    // What came since is not covered by what was sent before it.
    let again = plant.command(&acknowledge).unwrap();
    assert!(!again.is_changed);
    assert_eq!(state(&plant), AlarmState::Unacknowledged);
    let other = keyed(&plant, "k1", Order::Silence);
    assert_eq!(plant.command(&other), Err(Refusal::KeyReused));
    let mut elsewhere = acknowledge.clone();
    elsewhere.alarm = plant.id(1, LIMIT);
    assert_eq!(plant.command(&elsewhere), Err(Refusal::KeyReused));
    // Neither does a refused command use up its key.
    let reset = keyed(&plant, "k2", Order::Reset);
    assert_eq!(plant.command(&reset), Err(Refusal::NotLatched));
    let fresh = keyed(&plant, "k2", Order::Acknowledge);
    assert!(plant.command(&fresh).unwrap().is_changed);
}

#[test]
fn keys_are_known_after_a_restart_from_the_records_alone() {
    let mut plant = Plant::of_limits();
    let shelve_for = |plant: &Plant, period| keyed(plant, "s", shelve(period, true));
    let before = plant.alarms.memory();
    plant.send(0, 105.0);
    let acknowledge = keyed(&plant, "a", Order::Acknowledge);
    plant.command(&acknowledge).unwrap();
    let shelved = shelve_for(&plant, 2 * HOUR);
    plant.command(&shelved).unwrap();
    let mut memory = before;
    plant.records.iter().for_each(|record| memory.apply(record));
    assert_eq!(memory, plant.alarms.memory());
    plant.restart_with(memory, HOUR);
    assert!(!plant.command(&acknowledge).unwrap().is_changed);
    assert!(!plant.command(&shelved).unwrap().is_changed);
    // Until the same time, it is less by now.
    let until = plant.case(0, LIMIT).facts.shelf;
    let again = shelve_for(&plant, HOUR);
    assert!(!plant.command(&again).unwrap().is_changed);
    assert_eq!(plant.case(0, LIMIT).facts.shelf, until);
    let other = keyed(&plant, "s", shelve(2 * HOUR, false));
    assert_eq!(plant.command(&other), Err(Refusal::KeyReused));
}

#[test]
fn so_many_keys_are_remembered_and_no_more() {
    let mut plant = Plant::of_limits();
    for n in 0..=KEYS_MAX {
        let order = match n % 2 {
            0 => Order::Suppress,
            _ => Order::Unsuppress,
        };
        let command = keyed(&plant, &format!("k{n}"), order);
        assert!(plant.command(&command).unwrap().is_changed);
    }
    let memory = plant.alarms.memory();
    assert_eq!(memory.keys.len(), KEYS_MAX);
    let mut applied = gridos_alarm::Memory::default();
    plant
        .records
        .iter()
        .for_each(|record| applied.apply(record));
    assert_eq!(applied.keys, memory.keys);
    // The second is known, the first no more.
    let known = keyed(&plant, "k1", Order::Unsuppress);
    assert!(!plant.command(&known).unwrap().is_changed);
    let forgotten = keyed(&plant, "k0", Order::Unsuppress);
    assert!(plant.command(&forgotten).unwrap().is_changed);
}

#[test]
fn who_acknowledges_what_a_colleague_just_did_is_told_that_it_is_done() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    let seen = plant.case(0, LIMIT).occurrence;
    plant.send(0, 50.0);
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    assert_eq!(plant.alarms.cases().count(), 0);
    let late = plant.command_of(LIMIT, Some(seen), Order::Acknowledge);
    assert!(!plant.command(&late).unwrap().is_changed);
}

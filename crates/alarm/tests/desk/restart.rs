//! Restarts: what was known stays known, and nothing is told twice.

use gridos_alarm::{Condition, Definition, Memory, Order};
use gridos_model::{AlarmFlags, AlarmKind, AlarmState, LinkState, Quality};

use crate::plant::{HOUR, Plant, limits, told};

const LIMIT: AlarmKind = AlarmKind::Limit;

fn shelve() -> Order {
    Order::Shelve {
        period: 2 * HOUR,
        is_one_shot: false,
    }
}

/// A7.7: the same occurrence goes on, in doubt until a good reading, and is told to nobody.
#[test]
fn pitfall_7_what_was_active_goes_on_as_the_same_occurrence() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    let before = plant.case(0, LIMIT);
    assert_eq!(told(&plant.restart(HOUR)), "");
    let mut expected = before.clone();
    expected.facts.flags.insert(AlarmFlags::UNCONFIRMED);
    assert_eq!(plant.case(0, LIMIT), expected);
    assert_eq!(told(&plant.send_with(0, 50.0, Quality::COMM_LOST)), "");
    assert_eq!(
        (plant.case(0, LIMIT), plant.confirmed()),
        (expected, vec![])
    );
    // The mark goes with the first good reading, without a record.
    assert_eq!(told(&plant.send(0, 106.0)), "");
    assert_eq!(plant.case(0, LIMIT), before);
    assert_eq!(plant.confirmed(), [before.alarm]);
    assert_eq!(told(&plant.send(0, 120.0)), "limit escalated!");
    assert_eq!(plant.case(0, LIMIT).occurrence, before.occurrence);
    assert_eq!(plant.confirmed(), []);
}

#[test]
fn what_ends_the_doubt_with_a_record_is_not_confirmed_beside_it() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.restart(HOUR);
    assert_eq!(told(&plant.send(0, 120.0)), "limit escalated!");
    assert_eq!(plant.confirmed(), []);
    let flags = plant.case(0, LIMIT).facts.flags;
    assert!(!flags.contains(AlarmFlags::UNCONFIRMED));
}

#[test]
fn a_link_is_confirmed_by_what_is_told_of_it() {
    let link = Definition::new(Condition::Link);
    let mut plant = Plant::new(1, &[link]);
    plant.link(0, LinkState::Lost);
    plant.restart(HOUR);
    let case = |plant: &Plant| plant.case(0, AlarmKind::Link);
    assert!(case(&plant).facts.flags.contains(AlarmFlags::UNCONFIRMED));
    assert_eq!(told(&plant.link(0, LinkState::Lost)), "");
    assert_eq!(plant.confirmed(), [case(&plant).alarm]);
    assert!(!case(&plant).facts.flags.contains(AlarmFlags::UNCONFIRMED));
}

#[test]
fn the_doubt_is_gone_from_the_next_record_after_a_good_reading() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.restart(HOUR);
    plant.order(LIMIT, Order::Silence).unwrap();
    let flags = |plant: &Plant| plant.records.last().unwrap().after.flags;
    assert!(flags(&plant).contains(AlarmFlags::UNCONFIRMED));
    plant.send(0, 106.0);
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    assert_eq!(flags(&plant), AlarmFlags::empty());
}

#[test]
fn what_ended_meanwhile_returns_with_the_first_good_reading() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.restart(HOUR);
    assert_eq!(told(&plant.send(0, 50.0)), "limit returned");
    assert_eq!(
        plant.case(0, LIMIT).facts.state(),
        AlarmState::ReturnedUnacknowledged
    );
    plant.restart(HOUR);
    assert_eq!(
        plant.case(0, LIMIT).facts.state(),
        AlarmState::ReturnedUnacknowledged
    );
}

#[test]
fn latches_and_what_hides_an_alarm_survive() {
    let mut definition = limits();
    definition.latches = true;
    let mut plant = Plant::new(1, &[definition]);
    plant.send(0, 105.0);
    plant.send(0, 50.0);
    for order in [Order::Suppress, Order::TakeOutOfService, shelve()] {
        plant.order(LIMIT, order).unwrap();
    }
    let before = plant.case(0, LIMIT);
    plant.restart(HOUR);
    assert_eq!(plant.case(0, LIMIT), before);
    plant.order(LIMIT, Order::PutInService).unwrap();
    plant.order(LIMIT, Order::Unsuppress).unwrap();
    assert_eq!(plant.case(0, LIMIT).facts.state(), AlarmState::Shelved);
    assert_eq!(told(&plant.wait(HOUR)), "limit unshelved");
    assert_eq!(
        plant.case(0, LIMIT).facts.state(),
        AlarmState::LatchedUnacknowledged
    );
}

#[test]
fn a_shelf_that_ended_meanwhile_ends_at_once_and_no_shelf_grows_by_a_wrong_clock() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.order(LIMIT, shelve()).unwrap();
    let memory = plant.alarms.memory();
    assert_eq!(told(&plant.restart_with(memory.clone(), 3 * HOUR)), "");
    assert_eq!(told(&plant.wait(HOUR / 3_600)), "limit unshelved!");
    // The clock was set a year back.
    plant.now.wall = plant.now.wall.saturating_sub(24 * 365 * HOUR);
    plant.restart_with(memory, HOUR);
    assert_eq!(told(&plant.wait(24 * HOUR)), "limit unshelved!");
}

/// What was withheld is known after the restart too.
#[test]
fn what_nobody_was_told_of_before_the_restart_is_told_after_it() {
    let mut plant = Plant::of_limits();
    plant.order(LIMIT, Order::Suppress).unwrap();
    plant.send(0, 105.0);
    plant.restart(HOUR);
    plant.send(0, 106.0);
    plant.order(LIMIT, Order::Unsuppress).unwrap();
    assert_eq!(told(&plant.records[2..]), "limit unsuppressed!");
}

/// A crash: the last snapshot is old, and the records after it are all there is.
#[test]
fn an_old_snapshot_and_the_records_behind_it_are_as_good_as_a_fresh_one() {
    let mut plant = Plant::of_limits();
    let snapshot = plant.alarms.memory();
    plant.send(0, 105.0);
    let mut command = plant.command_of(LIMIT, None, shelve());
    command.note.key = "k".into();
    plant.command(&command).unwrap();
    plant.send(0, 120.0);
    let mut memory = snapshot;
    // Records come twice when the snapshot is younger than where reading begins.
    for record in plant.records.iter().chain(&plant.records.clone()) {
        memory.apply(record);
    }
    assert_eq!(memory, plant.alarms.memory());
    let before = plant.case(0, LIMIT);
    plant.restart_with(memory, HOUR);
    assert_eq!(plant.case(0, LIMIT).occurrence, before.occurrence);
    plant.send(0, 121.0);
    plant.order(LIMIT, Order::Unshelve).unwrap();
    let sequences: Vec<_> = plant.records.iter().map(|r| r.sequence).collect();
    assert_eq!(sequences, [1, 2, 3, 4]);
}

#[test]
fn an_alarm_is_told_again_by_a_fresh_time_after_a_restart() {
    let mut definition = limits();
    definition.re_alarm = Some(2 * HOUR);
    let mut plant = Plant::new(1, &[definition]);
    plant.send(0, 105.0);
    plant.wait(HOUR);
    assert_eq!(told(&plant.restart(9 * HOUR)), "");
    plant.send(0, 105.0);
    assert_eq!(told(&plant.wait(HOUR)), "");
    assert_eq!(told(&plant.wait(HOUR)), "limit re_annunciated!");
}

#[test]
fn an_empty_memory_is_a_beginning() {
    let mut plant = Plant::of_limits();
    assert_eq!(plant.alarms.memory(), Memory::default());
    assert_eq!(told(&plant.restart(HOUR)), "");
    plant.send(0, 105.0);
    assert_eq!(plant.records[0].sequence, 1);
}

//! Definitions that change while the engine runs, and between two lives of it.

use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{Condition, Definition, Edit, Limits, Order, Reference, Refusal};
use gridos_model::{AlarmAction, AlarmFlags, AlarmKind, AlarmState, Level, Priority};

use crate::plant::{HOUR, Plant, limits, told};

const LIMIT: AlarmKind = AlarmKind::Limit;

fn limits_from(high: f64) -> Condition {
    Condition::Limit(Limits::new(None, Some(high), None, None, 2.0).unwrap())
}

fn version(plant: &Plant) -> u32 {
    plant.alarms.definition(plant.id(0, LIMIT)).unwrap().version
}

/// A7.8 and Phoebus #2520.
#[test]
fn pitfall_8_a_change_that_does_not_touch_the_condition_does_not_touch_the_state() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    let before = plant.case(0, LIMIT);
    let outcome = plant.redefine(LIMIT, |definition| {
        definition.response = "look at the transformer".to_owned();
        definition.priority.inner = Priority::Urgent;
        definition.latches = true;
    });
    let outcome = outcome.unwrap();
    assert_eq!((outcome.version, outcome.is_changed), (2, true));
    assert_eq!(outcome.case.facts, before.facts);
    assert_eq!(outcome.case.occurrence, before.occurrence);
    let told = told(&plant.records[2..]);
    assert_eq!(told, "limit redefined");
}

/// A7.8: the last good value is judged by the new limits at once.
#[test]
fn pitfall_8_new_limits_are_applied_at_once() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant
        .redefine(LIMIT, |d| d.condition = limits_from(200.0))
        .unwrap();
    assert_eq!(told(&plant.records[1..]), "limit redefined, limit returned");
    plant
        .redefine(LIMIT, |d| d.condition = limits_from(60.0))
        .unwrap();
    assert_eq!(told(&plant.records[3..]), "limit redefined, limit raised!");
}

/// A7.8: what is switched off while it is active ends, and says so.
#[test]
fn pitfall_8_an_alarm_that_is_switched_off_while_active_is_retired() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.redefine(LIMIT, |d| d.is_enabled = false).unwrap();
    assert_eq!(told(&plant.records[1..]), "limit redefined, limit retired");
    let retired = plant.records.last().unwrap();
    assert_eq!(
        (retired.from, retired.after.level),
        (Level::High, Level::Normal)
    );
    let facts = plant.case(0, LIMIT).facts;
    assert_eq!(facts.state(), AlarmState::OutOfService);
    assert_eq!(facts.flags, AlarmFlags::DISABLED);
    assert_eq!(told(&plant.send(0, 105.0)), "");
    plant.redefine(LIMIT, |d| d.is_enabled = true).unwrap();
    plant.send(0, 105.0);
    let told = told(&plant.records[3..]);
    assert_eq!(told, "limit redefined, limit raised!");
}

#[test]
fn a_change_needs_the_version_the_kind_and_a_sound_definition() {
    let mut plant = Plant::of_limits();
    let wider = Arc::new(Definition::new(limits_from(200.0)));
    let order = |definition: &Arc<Definition>, if_version| Order::Redefine {
        definition: Arc::clone(definition),
        if_version,
    };
    let refused = plant.order(LIMIT, order(&wider, Some(2)));
    let (expected, present) = (2, 1);
    assert_eq!(refused, Err(Refusal::Version { expected, present }));
    assert!(
        plant
            .order(LIMIT, order(&wider, Some(1)))
            .unwrap()
            .is_changed
    );
    // It is so already, at the version that this made.
    let again = plant.order(LIMIT, order(&wider, Some(2))).unwrap();
    assert_eq!((again.version, again.is_changed), (2, false));

    let quality = Arc::new(Definition::new(Condition::Quality));
    assert_eq!(
        plant.order(LIMIT, order(&quality, None)),
        Err(Refusal::OtherKind)
    );
    let mut unsound = limits();
    unsound.re_alarm = Some(HOUR / 3_600);
    let refused = plant.order(LIMIT, order(&Arc::new(unsound), None));
    assert!(matches!(refused, Err(Refusal::Definition(_))));
    assert_eq!(version(&plant), 2);
}

#[test]
fn a_deviation_needs_the_point_that_it_is_measured_from() {
    let deviation = |from| {
        let limits = Limits::new(None, Some(5.0), None, None, 0.0).unwrap();
        Definition::new(Condition::Deviation { from, limits })
    };
    let mut plant = Plant::new(2, &[deviation(Reference::Setpoint(50.0))]);
    for (name, is_there) in [("d1.p", true), ("p", true), ("q", false), ("d2.p", false)] {
        let changed = plant.redefine(AlarmKind::Deviation, |definition| {
            *definition = deviation(Reference::Point(name.to_owned()));
        });
        match is_there {
            true => assert!(changed.unwrap().is_changed, "{name}"),
            false => assert_eq!(changed, Err(Refusal::NoReference(name.to_owned()))),
        }
    }
}

fn edit(plant: &Plant) -> Edit {
    plant.alarms.memory().edits[&plant.id(0, LIMIT)].clone()
}

#[test]
fn a_change_outlives_restarts_by_its_records_alone() {
    let mut plant = Plant::of_limits();
    plant
        .redefine(LIMIT, |d| d.condition = limits_from(0.1 + 0.2))
        .unwrap();
    let mut memory = gridos_alarm::Memory::default();
    plant.records.iter().for_each(|record| memory.apply(record));
    assert_eq!(memory, plant.alarms.memory());
    assert_eq!(told(&plant.restart_with(memory, HOUR)), "");
    assert_eq!(version(&plant), 2);
    assert_eq!(edit(&plant).deed.by.as_ref(), "ada");
    assert_eq!(told(&plant.send(0, 0.1 + 0.2)), "limit raised!");
}

#[test]
fn a_change_gives_way_to_a_configuration_that_was_changed_since() {
    let mut plant = Plant::of_limits();
    plant
        .redefine(LIMIT, |d| d.condition = limits_from(200.0))
        .unwrap();
    plant.configure(0, |d| d.condition = limits_from(60.0));
    let records = plant.restart(HOUR);
    assert_eq!(told(&records), "limit redefined");
    let note = records[0].note.as_deref().unwrap();
    assert_eq!(note.by.as_ref(), "configuration");
    assert_eq!(version(&plant), 3);
    assert_eq!(told(&plant.send(0, 70.0)), "limit raised!");
    // And that is remembered: the same configuration changes nothing any more.
    assert_eq!(told(&plant.restart(HOUR)), "");
    assert_eq!(version(&plant), 3);
}

#[test]
fn a_change_that_cannot_be_used_gives_way_to_the_configuration() {
    let mut plant = Plant::of_limits();
    plant.redefine(LIMIT, |d| d.latches = true).unwrap();
    let mut memory = plant.alarms.memory();
    let id = plant.id(0, LIMIT);
    let edit = memory.edits.get_mut(&id).unwrap();
    Arc::make_mut(&mut edit.definition).re_alarm = Some(Duration::ZERO);
    assert_eq!(told(&plant.restart_with(memory, HOUR)), "limit redefined");
    let current = plant.alarms.definition(id).unwrap();
    assert_eq!((current.version, &**current.definition), (3, &limits()));
}

/// The configuration refuses it; but if it came, the engine must not hang.
#[test]
fn what_is_to_be_told_again_at_once_is_told_each_second() {
    let mut definition = limits();
    definition.re_alarm = Some(Duration::ZERO);
    let mut plant = Plant::new(1, &[definition]);
    plant.send(0, 105.0);
    assert_eq!(plant.wait(Duration::from_secs(3)).len(), 3);
}

#[test]
fn what_the_configuration_no_longer_has_is_retired_at_the_start() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    let defined = std::mem::take(&mut plant.defined);
    let records = plant.restart(HOUR);
    assert_eq!(told(&records), "limit retired");
    assert!(records[0].after.is_at_rest());
    assert_eq!(records[0].from, Level::High);
    assert_eq!(told(&plant.restart(HOUR)), "");
    plant.defined = defined;
    assert_eq!(told(&plant.restart(HOUR)), "");
    assert_eq!(told(&plant.send(0, 105.0)), "limit raised!");
    let sequences: Vec<_> = plant.records.iter().map(|r| r.sequence).collect();
    assert_eq!(sequences, [1, 2, 3]);
}

#[test]
fn what_the_configuration_switched_off_is_retired_at_the_start() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.configure(0, |d| d.is_enabled = false);
    assert_eq!(told(&plant.restart(HOUR)), "limit redefined, limit retired");
    assert_eq!(told(&plant.restart(HOUR)), "");
    assert_eq!(told(&plant.send(0, 105.0)), "");
    plant.configure(0, |d| d.is_enabled = true);
    assert_eq!(told(&plant.restart(HOUR)), "limit redefined");
    assert_eq!(told(&plant.send(0, 105.0)), "limit raised!");
    let raised = plant
        .records
        .iter()
        .filter(|r| r.action == AlarmAction::Raised);
    assert_eq!(raised.count(), 2);
}

//! Other generations while the engine goes on: what is the same forgets nothing, what is gone is
//! retired, and what is judged otherwise is judged at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{Condition, Defined, Definition, Generation, Limits, Order};
use gridos_model::{
    AlarmFlags, AlarmId, AlarmKind, AlarmState, DirectoryBuilder, LinkState, Point,
};

use crate::plant::{HOUR, Plant, limits, told};

const LIMIT: AlarmKind = AlarmKind::Limit;
const SECOND: Duration = Duration::from_secs(1);

fn delayed(delay: Duration) -> Definition {
    Definition {
        on_delay: delay,
        ..limits()
    }
}

fn link() -> Definition {
    Definition::new(Condition::Link)
}

fn high(limit: f64) -> Definition {
    let limits = Limits::new(None, Some(limit), None, None, 0.0).unwrap();
    Definition::new(Condition::Limit(limits))
}

/// Goes on with these devices, each with its points, and alarms of `definitions` for the point `p` or
/// the device; what is of `begin_anew` is collected by somebody else.
fn renew(
    plant: &mut Plant,
    devices: &[(&str, &[&str])],
    definitions: &[Definition],
    begin_anew: &[&str],
) -> String {
    let mut builder = DirectoryBuilder::after(&plant.directory);
    for (name, points) in devices {
        let points = points.iter().map(|name| Point::new(name, "A")).collect();
        builder.add(name, points, &[]).unwrap();
    }
    let directory = Arc::new(builder.build());
    let mut defined = Vec::new();
    for (index, device) in directory.present() {
        for definition in definitions {
            let kind = definition.condition.kind();
            let is_link = kind == AlarmKind::Link;
            let owner = match is_link {
                true => device.name().to_owned(),
                false => format!("{}.p", device.name()),
            };
            let point = directory.find_point(&owner).filter(|_| !is_link);
            defined.push(Defined {
                id: AlarmId::of(&owner, kind),
                device: index,
                point: point.map(|at| at.index),
                reference: None,
                definition: Arc::new(definition.clone()),
            });
        }
    }
    let begin_anew = begin_anew
        .iter()
        .map(|name| directory.find_device(name).unwrap());
    let generation = Generation {
        directory: Arc::clone(&directory),
        left: directory.left_since(&plant.directory),
        defined: defined.clone(),
        begin_anew: begin_anew.collect(),
        handed_over: HashSet::new(),
        taken_over: Vec::new(),
        forgotten: Vec::new(),
    };
    (plant.directory, plant.defined) = (directory, defined);
    plant.alarms.renew(generation, plant.now);
    told(&plant.take())
}

const P: &[&str] = &["p"];

#[test]
fn what_is_the_same_goes_on_with_its_delays() {
    let definitions = [delayed(10 * SECOND)];
    let mut plant = Plant::new(1, &definitions);
    plant.send(0, 105.0);
    plant.wait(8 * SECOND);
    assert_eq!(
        renew(&mut plant, &[("d1", P), ("d0", P)], &definitions, &[]),
        ""
    );
    assert_eq!(told(&plant.wait(3 * SECOND)), "limit raised!");
    // The new one is judged as well.
    plant.send(1, 105.0);
    assert_eq!(told(&plant.wait(11 * SECOND)), "limit raised!");
    assert_eq!(told(&plant.send(0, 50.0)), "limit returned");
}

#[test]
fn a_changed_limit_judges_the_last_value_at_once() {
    let mut plant = Plant::of_limits();
    plant.send(0, 90.0);
    assert_eq!(
        renew(&mut plant, &[("d0", P)], &[high(80.0)], &[]),
        "limit raised!"
    );
    assert_eq!(
        renew(&mut plant, &[("d0", P)], &[high(95.0)], &[]),
        "limit returned"
    );
    assert_eq!(told(&plant.send(0, 94.0)), "");
    assert_eq!(told(&plant.send(0, 96.0)), "limit raised!");
    assert_eq!(
        plant.alarms.definition(plant.id(0, LIMIT)).unwrap().version,
        1
    );
}

#[test]
fn what_is_gone_is_retired_and_comes_back_at_rest() {
    let mut plant = Plant::new(2, &[limits()]);
    plant.send(0, 105.0);
    plant.send(1, 105.0);
    let occurrence = plant.case(1, LIMIT).occurrence;
    assert_eq!(
        renew(&mut plant, &[("d1", P)], &[limits()], &[]),
        "limit retired"
    );
    assert!(plant.alarms.case(plant.id(0, LIMIT)).is_none());
    assert_eq!(plant.alarms.cases().count(), 1);
    let both: &[(&str, &[&str])] = &[("d0", P), ("d1", P)];
    assert_eq!(renew(&mut plant, both, &[limits()], &[]), "");
    assert_eq!(told(&plant.send(0, 105.0)), "limit raised!");
    assert_eq!(plant.case(1, LIMIT).occurrence, occurrence);
    assert_eq!(told(&plant.send(0, 50.0)), "limit returned");
    // A restart finds nothing that it would have to end or change.
    let before = (plant.case(0, LIMIT), plant.case(1, LIMIT).facts.level);
    assert_eq!(told(&plant.restart(HOUR)), "");
    assert_eq!(
        (plant.case(0, LIMIT), plant.case(1, LIMIT).facts.level),
        before
    );
}

#[test]
fn an_alarm_whose_point_moves_goes_on_in_doubt() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    let before = plant.case(0, LIMIT);
    let devices: &[(&str, &[&str])] = &[("d0", &["p", "q"])];
    assert_eq!(renew(&mut plant, devices, &[limits()], &["d0"]), "");
    let mut expected = before.clone();
    expected.facts.flags.insert(AlarmFlags::UNCONFIRMED);
    assert_eq!(plant.case(0, LIMIT), expected);
    assert_eq!(told(&plant.send(0, 50.0)), "limit returned");
    assert_eq!(plant.case(0, LIMIT).occurrence, before.occurrence);
}

#[test]
fn what_was_changed_at_run_time_holds_until_the_configuration_says_otherwise() {
    let mut plant = Plant::of_limits();
    let narrow = |definition: &mut Definition| definition.condition = high(40.0).condition;
    plant.redefine(LIMIT, narrow).unwrap();
    assert_eq!(renew(&mut plant, &[("d0", P)], &[limits()], &[]), "");
    assert_eq!(told(&plant.send(0, 45.0)), "limit raised!");
    // Gone and back: the change is remembered as a restart would remember it.
    assert_eq!(
        renew(&mut plant, &[("d1", P)], &[limits()], &[]),
        "limit retired"
    );
    assert_eq!(renew(&mut plant, &[("d0", P)], &[limits()], &[]), "");
    assert_eq!(told(&plant.send(0, 45.0)), "limit raised!");
    let told = renew(&mut plant, &[("d0", P)], &[high(60.0)], &[]);
    assert_eq!(told, "limit redefined, limit returned");
    assert_eq!(
        plant.alarms.definition(plant.id(0, LIMIT)).unwrap().version,
        3
    );
}

#[test]
fn a_link_that_is_lost_waits_for_whoever_collects_now() {
    let definitions = [link(), limits()];
    let mut plant = Plant::new(1, &definitions);
    assert_eq!(told(&plant.link(0, LinkState::Lost)), "link raised!");
    assert_eq!(renew(&mut plant, &[("d0", P)], &definitions, &["d0"]), "");
    assert_eq!(
        plant.case(0, AlarmKind::Link).facts.level,
        gridos_model::Level::Abnormal
    );
    assert_eq!(told(&plant.send(0, 50.0)), "link returned");
}

#[test]
fn an_alarm_that_is_switched_off_ends_and_one_that_is_switched_on_begins() {
    let mut plant = Plant::of_limits();
    plant.send(0, 105.0);
    let off = Definition {
        is_enabled: false,
        ..limits()
    };
    let devices: &[(&str, &[&str])] = &[("d0", P)];
    assert_eq!(
        renew(&mut plant, devices, &[off], &[]),
        "limit redefined, limit retired"
    );
    assert_eq!(plant.case(0, LIMIT).facts.base_state(), AlarmState::Normal);
    let told = renew(&mut plant, devices, &[limits()], &[]);
    assert_eq!(told, "limit redefined, limit raised!");
}

#[test]
fn the_places_of_what_is_gone_are_used_again() {
    let mut plant = Plant::new(2, &[limits()]);
    for turn in 0..100 {
        let name = format!("d{}", turn % 2);
        plant.send(usize::from(turn % 2 == 1), 105.0);
        renew(&mut plant, &[(&name, P)], &[limits()], &[]);
        assert!(
            plant
                .alarms
                .case(AlarmId::of(&format!("{name}.p"), LIMIT))
                .is_some()
        );
    }
    assert_eq!(plant.directory.point_count(), 2);
    assert_eq!(plant.alarms.cases().count(), 1);
}

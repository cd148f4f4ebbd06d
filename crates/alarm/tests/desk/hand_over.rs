//! A device goes from one engine to another: its alarms go on there as they were, and nobody is told anything.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::{Case, Condition, Definition, Generation, Memory, Order};
use gridos_model::{AlarmFlags, AlarmKind, AlarmState, LinkState, Quality};

use crate::plant::{HOUR, Plant, limits, told};

const LIMIT: AlarmKind = AlarmKind::Limit;

fn plant() -> Plant {
    let quality = Definition::new(Condition::Quality);
    Plant::new(2, &[limits(), quality, Definition::new(Condition::Link)])
}

/// The plant goes on with the devices at `places` alone, and with what is known of alarms of new ones.
fn go_on(
    plant: &mut Plant,
    places: &[usize],
    taken_over: Vec<Case>,
    forgotten: Vec<Case>,
) -> String {
    let names: Vec<_> = places.iter().map(|place| format!("d{place}")).collect();
    let is_here = |device| {
        let name = plant.directory.device(device).name();
        names.iter().any(|here| here == name)
    };
    let (here, elsewhere): (Vec<_>, Vec<_>) = plant
        .defined
        .iter()
        .cloned()
        .partition(|defined| is_here(defined.device));
    let generation = Generation {
        directory: Arc::clone(&plant.directory),
        left: Vec::new(),
        defined: here,
        begin_anew: Vec::new(),
        handed_over: elsewhere.iter().map(|defined| defined.id).collect(),
        taken_over,
        forgotten,
    };
    plant.alarms.renew(generation, plant.now);
    told(&plant.take())
}

/// Gives the first device from one plant to another, which never had it.
fn hand_over(from: &mut Plant) -> (String, Plant, String) {
    let mut to = plant();
    to.now.wall = from.now.wall.saturating_add(Duration::from_millis(200));
    go_on(&mut to, &[1], Vec::new(), Vec::new());
    let gave = go_on(from, &[1], Vec::new(), Vec::new());
    let cases = from.alarms.take_handed_over();
    assert!(from.alarms.case(from.id(0, LIMIT)).is_none());
    let took = go_on(&mut to, &[0, 1], cases, Vec::new());
    (gave, to, took)
}

#[test]
fn what_is_acknowledged_stays_so_and_is_not_told_again() {
    let mut from = plant();
    from.send(0, 105.0);
    from.order(LIMIT, Order::Acknowledge).unwrap();
    from.send(1, 105.0);
    let before = from.case(0, LIMIT);
    let (gave, mut to, took) = hand_over(&mut from);
    assert_eq!((&*gave, &*took), ("limit handed_over", "limit taken_over"));
    assert_eq!(
        from.case(1, LIMIT).facts.state(),
        AlarmState::Unacknowledged
    );
    let after = to.case(0, LIMIT);
    assert_eq!(after.facts.state(), AlarmState::Acknowledged);
    let mut expected = before.clone();
    expected.sequence = after.sequence;
    expected.facts.flags.insert(AlarmFlags::UNCONFIRMED);
    assert_eq!(after, expected);
    // The first good reading confirms it, and what follows is of the same occurrence.
    assert_eq!(told(&to.send(0, 106.0)), "");
    assert_eq!(to.confirmed(), [before.alarm]);
    assert_eq!(told(&to.send(0, 120.0)), "limit escalated!");
    assert_eq!(to.case(0, LIMIT).occurrence, before.occurrence);
    assert_eq!(told(&to.send(0, 50.0)), "limit returned");
}

#[test]
fn what_nobody_has_seen_still_waits_to_be_seen() {
    let mut from = plant();
    from.send(0, 105.0);
    let (_, mut to, took) = hand_over(&mut from);
    assert_eq!(took, "limit taken_over");
    assert_eq!(to.case(0, LIMIT).facts.state(), AlarmState::Unacknowledged);
    assert_eq!(to.case(0, LIMIT).annunciations, 1);
    assert_eq!(told(&to.send(0, 50.0)), "limit returned");
    assert_eq!(
        to.case(0, LIMIT).facts.state(),
        AlarmState::ReturnedUnacknowledged
    );
    to.order(LIMIT, Order::Acknowledge).unwrap();
    assert!(to.case(0, LIMIT).facts.is_at_rest());
}

#[test]
fn a_shelf_goes_along_and_ends_when_it_would_have() {
    let mut from = plant();
    from.send(0, 105.0);
    let shelve = Order::Shelve {
        period: HOUR,
        is_one_shot: false,
    };
    from.order(LIMIT, shelve).unwrap();
    from.wait(HOUR / 2);
    let (_, mut to, _) = hand_over(&mut from);
    assert_eq!(to.case(0, LIMIT).facts.state(), AlarmState::Shelved);
    assert_eq!(told(&to.wait(HOUR / 3)), "");
    assert_eq!(told(&to.wait(HOUR / 3)), "limit unshelved!");
}

#[test]
fn a_lost_link_goes_along_with_what_it_holds_back() {
    let mut from = plant();
    from.link(0, LinkState::Lost);
    from.send_with(0, 50.0, Quality::COMM_LOST);
    let (_, mut to, took) = hand_over(&mut from);
    assert_eq!(took, "link taken_over, quality taken_over");
    assert_eq!(told(&to.link(0, LinkState::Lost)), "");
    assert_eq!(told(&to.link(0, LinkState::Restored)), "link returned");
}

/// The journal alone tells the next process what came from elsewhere, and what went.
#[test]
fn a_restart_knows_what_was_taken_and_given() {
    let mut from = plant();
    from.send(0, 105.0);
    from.order(LIMIT, Order::Acknowledge).unwrap();
    let (_, mut to, _) = hand_over(&mut from);
    let memory = |plant: &Plant| {
        let mut memory = Memory::default();
        plant.records.iter().for_each(|record| memory.apply(record));
        memory
    };
    let before = to.case(0, LIMIT);
    let remembered = memory(&to);
    assert_eq!(remembered.cases[&before.alarm], before);
    assert_eq!(told(&to.restart_with(remembered, HOUR)), "");
    assert_eq!(to.case(0, LIMIT), before);
    let gone = memory(&from);
    assert!(gone.cases[&before.alarm].facts.is_at_rest());
}

/// A process that died with a device begins without it: what it knew is only known, and becomes of the past when
/// the device is back and the alarm is not.
#[test]
fn what_was_known_before_a_kill_waits_until_the_device_is_back() {
    let mut plant = plant();
    plant.send(0, 105.0);
    plant.order(LIMIT, Order::Acknowledge).unwrap();
    let (before, memory) = (plant.case(0, LIMIT), plant.alarms.memory());
    for is_over in [false, true] {
        let all = plant.defined.clone();
        let device = plant.directory.find_device("d0").unwrap();
        let away: HashSet<_> = all
            .iter()
            .filter(|d| d.device == device)
            .map(|d| d.id)
            .collect();
        let here: Vec<_> = all.iter().filter(|d| d.device != device).cloned().collect();
        plant.alarms = gridos_alarm::Alarms::new(Arc::clone(&plant.directory), &here);
        plant.alarms.restore(memory.clone(), &away, plant.now);
        assert_eq!(told(&plant.take()), "");
        let known = plant.alarms.take_handed_over();
        assert_eq!(known, std::slice::from_ref(&before));
        let (taken, forgotten) = match is_over {
            true => (Vec::new(), known),
            false => (known, Vec::new()),
        };
        let took = go_on(&mut plant, &[0, 1], taken, forgotten);
        let expected = ["limit taken_over", "limit handed_over"][usize::from(is_over)];
        assert_eq!(took, expected);
        assert_eq!(plant.case(0, LIMIT).facts.is_at_rest(), is_over);
    }
}

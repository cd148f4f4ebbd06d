//! Lost links: the device's one alarm stands for those that a lost link explains.

use gridos_alarm::{Condition, Definition, Order};
use gridos_model::{AlarmKind, AlarmState, LinkState, Quality, Suppression};

use crate::plant::{HOUR, Plant, limits, told};

const BAD: Quality = Quality::COMM_LOST;

fn plant() -> Plant {
    let quality = Definition::new(Condition::Quality);
    let link = Definition::new(Condition::Link);
    Plant::new(2, &[limits(), quality, link])
}

/// A7.11: one alarm of the device, and nothing of what the loss explains.
#[test]
fn pitfall_11_a_lost_link_is_told_once_and_what_it_explains_is_held_back() {
    let mut plant = plant();
    plant.send(0, 50.0);
    let lost = plant.link(0, LinkState::Lost);
    assert_eq!(told(&lost), "link raised!");
    let bad = plant.send_with(0, 50.0, BAD);
    assert_eq!(told(&bad), "quality raised");
    let case = plant.case(0, AlarmKind::Quality);
    assert_eq!(case.facts.state(), AlarmState::Suppressed);
    assert_eq!(case.facts.suppression, Suppression::LINK);

    let good = plant.send(0, 50.0);
    assert_eq!(told(&good), "quality returned");
    assert!(plant.case(0, AlarmKind::Quality).facts.is_at_rest());
    let whole = plant.link(0, LinkState::Restored);
    assert_eq!(told(&whole), "link returned");
}

/// A7.11: after the integrity poll, what is still there is told once.
#[test]
fn pitfall_11_what_is_still_there_when_the_link_is_whole_is_told_once() {
    let mut plant = plant();
    plant.link(0, LinkState::Lost);
    plant.send_with(0, 50.0, BAD);
    plant.order(AlarmKind::Link, Order::Acknowledge).unwrap();
    let again = plant.send_with(0, 51.0, BAD);
    assert_eq!(told(&again), "");
    let whole = plant.link(0, LinkState::Restored);
    assert_eq!(told(&whole), "link returned, quality unsuppressed!");
    let state = plant.case(0, AlarmKind::Quality).facts.state();
    assert_eq!(state, AlarmState::Unacknowledged);
    assert_eq!(
        told(&plant.link(0, LinkState::Lost)),
        "quality suppressed, link raised!"
    );
}

#[test]
fn what_was_acknowledged_before_the_loss_is_not_told_again_after_it() {
    let mut plant = plant();
    plant.send_with(0, 50.0, BAD);
    plant.order(AlarmKind::Quality, Order::Acknowledge).unwrap();
    plant.link(0, LinkState::Lost);
    let whole = plant.link(0, LinkState::Restored);
    assert_eq!(told(&whole), "link returned, quality unsuppressed");
}

#[test]
fn what_was_told_before_the_loss_still_waits_when_it_ends_during_it() {
    let mut plant = plant();
    plant.send_with(0, 50.0, BAD);
    plant.link(0, LinkState::Lost);
    plant.send(0, 50.0);
    let state = plant.case(0, AlarmKind::Quality).facts.state();
    assert_eq!(state, AlarmState::ReturnedUnacknowledged);
}

/// Phoebus #1928: a lost link must not cover a real alarm.
#[test]
fn a_limit_is_told_whatever_the_link_does() {
    let mut plant = plant();
    plant.link(0, LinkState::Lost);
    let high = plant.send(0, 105.0);
    assert_eq!(told(&high), "limit raised!");
    let whole = plant.link(0, LinkState::Restored);
    assert_eq!(told(&whole), "link returned");
}

#[test]
fn another_device_is_not_concerned() {
    let mut plant = plant();
    plant.link(0, LinkState::Lost);
    let bad = plant.send_with(1, 50.0, BAD);
    assert_eq!(told(&bad), "quality raised!");
}

#[test]
fn without_an_alarm_of_the_link_nothing_is_held_back() {
    let quality = Definition::new(Condition::Quality);
    let mut plant = Plant::new(1, &[quality]);
    plant.link(0, LinkState::Lost);
    let bad = plant.send_with(0, 50.0, BAD);
    assert_eq!(told(&bad), "quality raised!");
}

#[test]
fn when_the_alarm_of_the_link_is_switched_off_it_stands_for_nothing() {
    let mut plant = plant();
    plant.link(0, LinkState::Lost);
    plant.send_with(0, 50.0, BAD);
    let before = plant.records.len();
    plant
        .redefine(AlarmKind::Link, |link| link.is_enabled = false)
        .unwrap();
    let told = told(&plant.records[before..]);
    assert_eq!(told, "link redefined, link retired, quality unsuppressed!");
    plant
        .redefine(AlarmKind::Link, |link| link.is_enabled = true)
        .unwrap();
    let facts = plant.case(0, AlarmKind::Quality).facts;
    assert_eq!(facts.suppression, Suppression::LINK);
}

#[test]
fn a_shelf_and_a_lost_link_both_hide() {
    let mut plant = plant();
    plant.send_with(0, 50.0, BAD);
    let shelve = Order::Shelve {
        period: HOUR,
        is_one_shot: false,
    };
    plant.order(AlarmKind::Quality, shelve).unwrap();
    plant.link(0, LinkState::Lost);
    let ended = plant.wait(HOUR);
    assert_eq!(told(&ended), "quality unshelved");
    let whole = plant.link(0, LinkState::Restored);
    assert_eq!(told(&whole), "link returned, quality unsuppressed!");
}

/// A device that answers from the start on tells no change of its link: its first good reading does.
#[test]
fn a_link_that_was_lost_before_the_restart_is_whole_with_the_first_good_reading() {
    let mut plant = plant();
    plant.link(0, LinkState::Lost);
    plant.send_with(0, 50.0, BAD);
    assert_eq!(told(&plant.restart(HOUR)), "");
    assert_eq!(told(&plant.send_with(0, 50.0, BAD)), "");
    assert_eq!(told(&plant.send_with(1, 50.0, Quality::GOOD)), "");
    let first = plant.send(0, 50.0);
    assert_eq!(told(&first), "quality returned, link returned");
    assert_eq!(told(&plant.send_with(0, 50.0, BAD)), "quality raised!");
}

#[test]
fn a_link_that_is_lost_on_both_sides_of_a_restart_is_told_once() {
    let mut plant = plant();
    plant.link(0, LinkState::Lost);
    plant.send_with(0, 50.0, BAD);
    plant.restart(HOUR);
    assert_eq!(told(&plant.link(0, LinkState::Lost)), "");
    // Readings without a change of the link are no proof any more: the session says when it is whole.
    assert_eq!(told(&plant.send(1, 50.0)), "");
    assert_eq!(told(&plant.link(0, LinkState::Restored)), "link returned");
    // The quality was not judged since, so nobody is bothered with it yet.
    let facts = plant.case(0, AlarmKind::Quality).facts;
    assert_eq!(facts.state(), AlarmState::Suppressed);
    let bad = plant.send_with(0, 50.0, BAD);
    assert_eq!(told(&bad), "quality unsuppressed!");
}

#[test]
fn the_alarm_of_a_link_is_told_again_as_others_are() {
    let mut link = Definition::new(Condition::Link);
    link.re_alarm = Some(HOUR);
    let mut plant = Plant::new(1, &[link]);
    plant.link(0, LinkState::Lost);
    let again = plant.wait(HOUR * 2);
    assert_eq!(told(&again), "link re_annunciated!, link re_annunciated!");
}

#[test]
fn who_put_an_alarm_away_stays_known_when_its_link_is_lost() {
    let mut plant = plant();
    plant.send_with(0, 50.0, BAD);
    let shelve = Order::Shelve {
        period: HOUR,
        is_one_shot: false,
    };
    plant.order(AlarmKind::Quality, shelve).unwrap();
    let shelved = plant.case(0, AlarmKind::Quality).hidden;
    assert!(shelved.is_some());
    assert_eq!(
        told(&plant.link(0, LinkState::Lost)),
        "quality suppressed, link raised!"
    );
    assert_eq!(plant.case(0, AlarmKind::Quality).hidden, shelved);
}

//! Against a pipeline that takes some batches and not others.

use std::sync::Arc;

use gridos_model::{DirectoryBuilder, Point};
use gridos_ring::{Consumer, Pool, ring};
use gridos_telemetry::Telemetry;
use proptest::prelude::*;

use super::*;

fn device() -> DeviceIndex {
    let mut builder = DirectoryBuilder::default();
    builder
        .add("other", vec![Point::new("p", "")], &[])
        .unwrap();
    builder.add("d", vec![Point::new("p", "")], &[]).unwrap()
}

fn change(state: LinkState, millis: i64) -> LinkChange {
    LinkChange {
        device: device(),
        state,
        time: Timestamp::from_millis(millis),
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Takes what is untold, as a batch does.
fn take(link: &mut Link) -> Option<LinkChange> {
    let untold = link.untold();
    link.on_taken(untold);
    untold
}

#[test]
fn a_loss_and_a_restoration_are_told_once_each() {
    let mut link = Link::new(device());
    link.restore(at(1));
    assert!(!link.is_lost());
    assert_eq!(take(&mut link), None);
    link.lose(at(2));
    link.lose(at(3));
    assert!(link.is_lost());
    // It stays until it is taken.
    assert_eq!(link.untold(), Some(change(LinkState::Lost, 2)));
    assert_eq!(link.untold_loss(), link.untold());
    link.on_taken(None);
    assert_eq!(take(&mut link), Some(change(LinkState::Lost, 2)));
    link.lose(at(4));
    assert_eq!(take(&mut link), None);
    link.restore(at(5));
    link.restore(at(6));
    assert!(!link.is_lost());
    assert_eq!(link.untold_loss(), None);
    assert_eq!(take(&mut link), Some(change(LinkState::Restored, 5)));
    assert_eq!(take(&mut link), None);
    link.lose(at(7));
    assert_eq!(take(&mut link), Some(change(LinkState::Lost, 7)));
}

#[test]
fn two_changes_that_were_not_told_cancel_each_other() {
    let mut link = Link::new(device());
    link.lose(at(1));
    link.restore(at(2));
    assert_eq!(link.untold(), None);
    assert!(!link.is_lost());
    link.lose(at(3));
    assert_eq!(take(&mut link), Some(change(LinkState::Lost, 3)));
    link.restore(at(4));
    link.lose(at(5));
    assert_eq!(link.untold(), None);
    assert!(link.is_lost());
    link.restore(at(6));
    assert_eq!(take(&mut link), Some(change(LinkState::Restored, 6)));
}

/// What the session does, or the ring.
#[derive(Clone, Copy, Debug)]
enum Step {
    Lose,
    Restore,
    Take,
}

proptest! {
    #[test]
    fn the_pipeline_hears_turns_and_knows_the_state_whenever_all_is_told(
        steps in proptest::collection::vec(
            prop_oneof![Just(Step::Lose), Just(Step::Restore), Just(Step::Take)],
            0..64,
        ),
    ) {
        let mut link = Link::new(device());
        let (mut told, mut is_lost) = (LinkState::Restored, false);
        for (millis, step) in (0..).zip(steps) {
            match step {
                Step::Lose => {
                    link.lose(at(millis));
                    is_lost = true;
                }
                Step::Restore => {
                    link.restore(at(millis));
                    is_lost = false;
                }
                Step::Take => {
                    if let Some(change) = take(&mut link) {
                        prop_assert_ne!(change.state, told);
                        told = change.state;
                    }
                }
            }
            prop_assert_eq!(link.is_lost(), is_lost);
            let is_known = is_lost == (told == LinkState::Lost);
            prop_assert_eq!(link.untold().is_none(), is_known);
        }
    }
}

/// A ring with one slot, and the layout of the device's points.
fn engine() -> (Intake, Consumer, Arc<Layout>) {
    let mut builder = DirectoryBuilder::default();
    let device = builder.add("d", vec![Point::new("p", "")], &[]).unwrap();
    let whole = Arc::clone(builder.build().device(device).whole());
    let (producer, consumer) = ring(1);
    let telemetry = Arc::new(Telemetry::new("0", ["d".to_owned()]));
    let intake = Intake::new(Pool::new(2, 1), producer, telemetry);
    (intake, consumer, whole)
}

#[test]
fn a_batch_without_readings_tells_it_when_there_is_room() {
    let (intake, mut consumer, whole) = engine();
    let mut link = Link::new(whole.device_index());
    assert!(link.deliver(&whole, &intake));
    assert!(consumer.pop().is_none());
    link.lose(at(1));
    assert!(link.deliver(&whole, &intake));
    link.restore(at(2));
    assert!(!link.deliver(&whole, &intake));
    let mut told = || {
        let slot = consumer.pop()?;
        assert!(slot.batch.is_empty());
        slot.beside.link.map(|change| (change.state, change.time))
    };
    assert_eq!(told(), Some((LinkState::Lost, at(1))));
    assert!(link.deliver(&whole, &intake));
    assert_eq!(told(), Some((LinkState::Restored, at(2))));
    assert!(link.deliver(&whole, &intake));
    assert_eq!(told(), None);
}

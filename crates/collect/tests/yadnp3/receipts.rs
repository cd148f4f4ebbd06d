//! What is not durable is not confirmed, and the outstation offers it again.

use std::time::Duration;

use gridos_collect::dnp3::PointKind;
use gridos_dnp3::master::Config;
use gridos_telemetry::ConfirmWithheld;

use crate::outstation::{Mode, Outstation, Put, WHOLE, brisk};
use crate::rig::{Arrived, Rig};
use crate::takings::{Told, all_of, events, no_more_events, present, until};
use crate::times::asking;

fn some() -> Vec<Put> {
    let values = (1..=5_u16).map(|n| Put::new(PointKind::Counter, n, f64::from(n) * 10.0));
    values.collect()
}

/// The next events, which are not made durable.
async fn hold_events(rig: &mut Rig) -> Arrived {
    let mut batch = None;
    until("events should arrive", || {
        batch = rig.try_next();
        if let Some(present) = batch.as_mut().filter(|batch| batch.is_sweep) {
            present.keep();
        }
        batch.as_ref().is_some_and(|batch| !batch.is_sweep)
    })
    .await;
    batch.unwrap()
}

/// Lets the receipts of events come late or never, and then well; each event is kept once.
async fn withhold(arguments: &[&str], config: Config, is_lost: bool, told: fn(&Put) -> Told) {
    let Some(mut outstation) = Outstation::start(arguments) else {
        return;
    };
    let config = Config {
        // Before the outstation gives up, which is after two seconds.
        confirm_within: Some(Duration::from_millis(300)),
        ..config
    };
    let mut rig = Rig::start(vec![outstation.setup(config)]);
    present(&mut rig, WHOLE).await;
    rig.until(|t| t.dnp3.integrity_polls.get() >= 1).await;
    let puts = some();
    outstation.put(&puts, Mode::Always);
    let expected: Vec<_> = puts.iter().map(told).collect();
    let mut batch = hold_events(&mut rig).await;
    assert_eq!(all_of(&batch), expected);
    if is_lost {
        drop(batch);
        rig.until(|t| t.dnp3.withheld(ConfirmWithheld::Refused) >= 1)
            .await;
        // They have not been kept, so they are new.
        assert_eq!(events(&mut rig, puts.len()).await, expected);
    } else {
        rig.until(|t| t.dnp3.withheld(ConfirmWithheld::Late) >= 1)
            .await;
        batch.keep();
    }
    outstation.until_empty(&mut rig).await;
    let taken = if is_lost { 2 * puts.len() } else { puts.len() };
    no_more_events(&mut rig, taken as u64);
    rig.stop().await;
}

#[tokio::test]
async fn what_is_told_unasked_and_kept_late_is_told_again_and_kept_once() {
    withhold(&["--unsolicited"], brisk(), false, Told::untimed).await;
}

#[tokio::test]
async fn what_is_told_unasked_and_lost_is_told_again() {
    withhold(&["--unsolicited"], brisk(), true, Told::untimed).await;
}

#[tokio::test]
async fn what_is_asked_for_and_kept_late_is_told_again_and_kept_once() {
    withhold(&[], asking(&[(22, 5)]), false, Told::timed).await;
}

#[tokio::test]
async fn what_is_asked_for_and_lost_is_told_again() {
    withhold(&[], asking(&[(22, 5)]), true, Told::timed).await;
}

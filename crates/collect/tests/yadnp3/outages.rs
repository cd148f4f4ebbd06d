//! Outstations that restart, and connections that end.

use gridos_collect::dnp3::PointKind;
use gridos_model::{GapReason, Quality};
use gridos_telemetry::LossReason;
use serde_json::json;

use crate::outstation::{Mode, Outstation, Put, WHOLE, brisk};
use crate::rig::Rig;
use crate::takings::{Told, all_of, events, next, no_more_events, present, until};
use crate::times::asking;

#[tokio::test]
async fn a_restart_in_the_middle_is_a_gap_and_everything_is_read_again() {
    let Some(mut outstation) = Outstation::start(&["--unsolicited"]) else {
        return;
    };
    let mut rig = Rig::start(vec![outstation.setup(brisk())]);
    present(&mut rig, WHOLE).await;
    let puts = |start: u16| {
        let puts = (0..20).map(move |n| Put::new(PointKind::Counter, n % 5, f64::from(start + n)));
        puts.collect::<Vec<_>>()
    };
    let before = puts(100);
    outstation.put(&before, Mode::Always);
    let expected: Vec<_> = before.iter().map(Told::untimed).collect();
    assert_eq!(events(&mut rig, 20).await, expected);
    outstation.until_empty(&mut rig).await;
    let restarts = rig.telemetry.dnp3.losses(LossReason::Restart);
    let values = [Put::new(PointKind::Analog, 0, 7.0)];
    outstation.restart(&values);
    let first = next(&mut rig).await;
    let gap = first.gap.expect("events may be lost");
    assert_eq!(gap.reason, GapReason::DeviceRestart);
    assert!(gap.from < gap.until && gap.until == first.received);
    assert!(first.is_sweep);
    let mut again = present(&mut rig, WHOLE - first.readings.len()).await;
    let first = all_of(&first).into_iter();
    again.extend(first.map(|told| (told.point.clone(), told)));
    assert_eq!(again["a0"], Told::untimed(&values[0]));
    let restarted = Put::new(PointKind::Counter, 0, 0.0);
    let restarted = restarted.flagged(0x02, Quality::OFFLINE | Quality::RESTART);
    assert_eq!(again["c0"], Told::untimed(&restarted));
    let after = puts(200);
    outstation.put(&after, Mode::Always);
    let expected: Vec<_> = after.iter().map(Told::untimed).collect();
    assert_eq!(events(&mut rig, 20).await, expected);
    outstation.until_empty(&mut rig).await;
    no_more_events(&mut rig, 40);
    assert_eq!(rig.telemetry.dnp3.losses(LossReason::Restart), restarts + 1);
    rig.stop().await;
}

#[tokio::test]
async fn events_that_were_not_confirmed_when_the_connection_ended_are_kept_once() {
    let Some(mut outstation) = Outstation::start(&[]) else {
        return;
    };
    let mut rig = Rig::start(vec![outstation.setup(asking(&[(2, 2), (32, 7)]))]);
    present(&mut rig, WHOLE).await;
    let first = [
        Put::new(PointKind::Binary, 0, 1.0),
        Put::new(PointKind::Analog, 3, 0.5),
    ];
    outstation.put(&first, Mode::Always);
    let mut batch = None;
    until("the events should arrive", || {
        batch = rig.try_next().filter(|batch| !batch.is_sweep);
        batch.is_some()
    })
    .await;
    let opened = outstation.report()["opened"].as_u64().unwrap();
    outstation.cut();
    until("it should be called again", || {
        outstation.report()["opened"] == json!(opened + 1)
    })
    .await;
    // They become durable when nothing can be confirmed any more.
    let mut batch = batch.unwrap();
    assert_eq!(batch.values(), [("b0", 1.0), ("a3", 0.5)]);
    batch.keep();
    outstation.until_empty(&mut rig).await;
    let second = Put::new(PointKind::Binary, 1, 1.0);
    outstation.put(&[second], Mode::Always);
    assert_eq!(events(&mut rig, 1).await, [Told::timed(&second)]);
    assert_eq!(rig.telemetry.dnp3.events_repeated.get(), 2);
    no_more_events(&mut rig, 3);
    rig.stop().await;
}

#[tokio::test]
async fn an_outstation_that_was_killed_before_the_confirm_is_told_once() {
    let Some(mut outstation) = Outstation::start(&[]) else {
        return;
    };
    let mut rig = Rig::start(vec![outstation.setup(asking(&[(2, 2), (32, 7)]))]);
    present(&mut rig, WHOLE).await;
    let first = [
        Put::new(PointKind::Binary, 0, 1.0),
        Put::new(PointKind::Analog, 3, 0.5),
    ];
    outstation.put(&first, Mode::Always);
    let mut batch = None;
    until("the events should arrive", || {
        batch = rig.try_next().filter(|batch| !batch.is_sweep);
        batch.is_some()
    })
    .await;
    let restarts = rig.telemetry.dnp3.losses(LossReason::Restart);
    let integrity_polls = rig.telemetry.dnp3.integrity_polls.get();
    outstation.replace(&first);
    let mut batch = batch.unwrap();
    let expected: Vec<_> = first.iter().map(Told::timed).collect();
    assert_eq!(all_of(&batch), expected);
    batch.keep();
    // Until the restart is cleared, its clock is not trusted.
    rig.until(|t| t.dnp3.integrity_polls.get() > integrity_polls)
        .await;
    assert_eq!(rig.telemetry.dnp3.losses(LossReason::Restart), restarts + 1);
    let second = Put::new(PointKind::Binary, 1, 1.0);
    outstation.put(&[second], Mode::Always);
    assert_eq!(events(&mut rig, 1).await, [Told::timed(&second)]);
    outstation.until_empty(&mut rig).await;
    no_more_events(&mut rig, 3);
    rig.stop().await;
}

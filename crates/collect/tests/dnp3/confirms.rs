//! What an outstation forgets once it is confirmed is confirmed only when it is durable.

use std::time::Duration;

use gridos_telemetry::{ConfirmSide, ConfirmWithheld, FragmentFate};

use crate::outstation::{
    Heard, Site, binary_events, confirm, confirm_unsolicited, response_con, unsolicited,
};
use crate::rig::{Rig, Setup, quiet};

#[tokio::test]
async fn the_confirm_of_an_answer_waits_for_the_disk() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    let sequence = line.read_request().await;
    let events = binary_events(&[(3, true, 1_000)]);
    line.send(&response_con(sequence, &events)).await;
    let mut batch = rig.next().await;
    assert_eq!(batch.values(), [("b3", 1.0)]);
    line.nothing().await;
    batch.keep();
    assert_eq!(line.next().await, confirm(sequence));
    assert_eq!(rig.telemetry.dnp3.confirms(ConfirmSide::Answer), 1);
    assert_eq!(rig.telemetry.dnp3.integrity_polls.get(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn several_batches_of_a_fragment_are_confirmed_with_the_last() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    let sequence = line.read_request().await;
    let mut objects = binary_events(&[(3, true, 1_000)]);
    objects.extend([1, 1, 0x00, 0, 7, 0b0000_1000]);
    line.send(&response_con(sequence, &objects)).await;
    let (mut events, mut sweep) = (rig.next().await, rig.next().await);
    assert_eq!((events.is_sweep, sweep.is_sweep), (false, true));
    sweep.keep();
    line.nothing().await;
    events.keep();
    assert_eq!(line.next().await, confirm(sequence));
    rig.stop().await;
}

#[tokio::test]
async fn present_values_are_confirmed_at_once() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    let sequence = line.read_request().await;
    let objects = [1, 1, 0x00, 0, 7, 0b1000_0001];
    line.send(&response_con(sequence, &objects)).await;
    assert_eq!(line.next().await, confirm(sequence));
    assert!(rig.next().await.receipt.is_none());
    rig.stop().await;
}

#[tokio::test]
async fn a_late_receipt_confirms_nothing() {
    let site = Site::new().await;
    let mut setup = Setup::new("rtu", site.address());
    setup.config.confirm_within = Some(Duration::from_millis(5));
    let mut rig = Rig::start(vec![setup]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    let events = binary_events(&[(1, true, 5)]);
    line.send(&unsolicited(1, &events)).await;
    let mut batch = rig.next().await;
    rig.until(|t| t.dnp3.withheld(ConfirmWithheld::Late) == 1)
        .await;
    batch.keep();
    line.nothing().await;
    // It comes again, is known, and confirmed without being stored again; on a busy machine that
    // may be too late as well.
    loop {
        line.send(&unsolicited(1, &events)).await;
        line.ask_status().await;
        match line.try_next().await {
            Some(Heard::Fragment(_, fragment)) => {
                assert_eq!(fragment, confirm_unsolicited(1));
                break;
            }
            Some(Heard::Link(..)) => {}
            None => panic!("the connection stays"),
        }
    }
    assert!(rig.try_next().is_none());
    rig.stop().await;
}

#[tokio::test]
async fn a_repeated_unsolicited_response_is_stored_once_and_confirmed_twice() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    let fragment = unsolicited(7, &binary_events(&[(1, true, 5)]));
    for _ in 0..2 {
        line.send(&fragment).await;
        if let Some(mut batch) = rig.try_next() {
            batch.keep();
        } else if rig.telemetry.dnp3.fragments(FragmentFate::Unsolicited) == 0 {
            rig.keep_next().await;
        }
        assert_eq!(line.next().await, confirm_unsolicited(7));
    }
    assert!(rig.try_next().is_none());
    let cells = &rig.telemetry.dnp3;
    assert_eq!(cells.fragments(FragmentFate::Repeated), 1);
    assert_eq!(cells.confirms(ConfirmSide::Unsolicited), 2);
    rig.stop().await;
}

#[tokio::test]
async fn what_was_taken_before_the_stop_is_confirmed() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    line.send(&unsolicited(1, &binary_events(&[(1, true, 5)])))
        .await;
    let mut batch = rig.next().await;
    rig.stop.send(true).unwrap();
    let ending = tokio::spawn(rig.collector.join());
    batch.keep();
    assert_eq!(line.next().await, confirm_unsolicited(1));
    assert_eq!(line.try_next().await, None);
    ending.await.unwrap();
}

#[tokio::test]
async fn a_full_ring_pauses_and_keeps_the_link_alive() {
    let site = Site::new().await;
    let mut setup = Setup::new("rtu", site.address());
    setup.config = quiet();
    let mut rig = Rig::start_with(vec![setup], 1);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    let first = unsolicited(1, &binary_events(&[(1, true, 5)]));
    let second = unsolicited(2, &binary_events(&[(1, true, 5), (2, true, 6)]));
    line.send(&first).await;
    rig.until(|t| t.dnp3.fragments(FragmentFate::Unsolicited) == 1)
        .await;
    // There is no room any more: what comes is not taken and not confirmed.
    line.send(&second).await;
    rig.until(|t| t.dnp3.paused.get() == 1).await;
    line.nothing().await;
    let mut batch = rig.next().await;
    assert_eq!(batch.values(), [("b1", 1.0)]);
    batch.keep();
    rig.until(|t| t.dnp3.paused.get() == 0).await;
    // What was taken is confirmed, and what was not is read.
    assert_eq!(line.next().await, confirm_unsolicited(1));
    let sequence = line.read_request().await;
    let rest = binary_events(&[(2, true, 6)]);
    line.send(&response_con(sequence, &rest)).await;
    let batch = rig.keep_next().await;
    assert_eq!(batch.values(), [("b2", 1.0)]);
    assert_eq!(line.next().await, confirm(sequence));
    rig.stop().await;
}

#[tokio::test]
async fn what_the_disk_loses_is_read_again() {
    let site = Site::new().await;
    let mut setup = Setup::new("rtu", site.address());
    setup.config.retry.first = Duration::from_millis(10);
    let mut rig = Rig::start(vec![setup]);
    let mut line = site.accept().await;
    let sequence = line.read_request().await;
    let events = binary_events(&[(3, true, 1_000)]);
    line.send(&response_con(sequence, &events)).await;
    let batch = rig.next().await;
    drop(batch);
    let sequence = line.read_request().await;
    line.send(&response_con(sequence, &events)).await;
    let again = rig.keep_next().await;
    assert_eq!(again.values(), [("b3", 1.0)]);
    assert_eq!(line.next().await, confirm(sequence));
    rig.stop().await;
}

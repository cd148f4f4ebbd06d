//! Events that are offered again are stored once.

use gridos_collect::dnp3::Recent;
use gridos_model::{Quality, Timestamp};

use crate::outstation::{
    Site, binary_events, confirm, confirm_unsolicited, response_con, unsolicited, untimed_events,
};
use crate::rig::{Rig, Setup};

#[tokio::test]
async fn a_confirm_that_was_lost_with_the_connection_stores_nothing_twice() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    line.send(&unsolicited(
        1,
        &binary_events(&[(1, true, 5), (2, true, 6)]),
    ))
    .await;
    let mut batch = rig.next().await;
    // The connection breaks before the confirm can be sent, and the events become durable after.
    drop(line);
    let mut line = site.accept().await;
    batch.keep();
    let sequence = line.read_request().await;
    let again = binary_events(&[(2, true, 6), (1, true, 5), (3, false, 7)]);
    line.send(&response_con(sequence, &again)).await;
    let batch = rig.keep_next().await;
    assert_eq!(batch.values(), [("b3", 0.0)]);
    assert!(batch.gap.is_some());
    assert_eq!(line.next().await, confirm(sequence));
    assert_eq!(rig.telemetry.dnp3.events_repeated.get(), 2);
    rig.stop().await;
}

#[tokio::test]
async fn events_without_time_are_known_by_their_order() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    line.send(&unsolicited(1, &untimed_events(&[(1, true), (1, false)])))
        .await;
    let batch = rig.keep_next().await;
    assert_eq!(batch.readings[0].quality, Quality::NO_SOURCE_TIME);
    assert_eq!(batch.readings[0].time, batch.received);
    assert_eq!(line.next().await, confirm_unsolicited(1));
    drop(line);
    let mut line = site.accept().await;
    let sequence = line.read_request().await;
    let again = untimed_events(&[(1, true), (1, false), (1, true)]);
    line.send(&response_con(sequence, &again)).await;
    assert_eq!(rig.keep_next().await.values(), [("b1", 1.0)]);
    assert_eq!(line.next().await, confirm(sequence));
    rig.stop().await;
}

#[tokio::test]
async fn nothing_but_repeats_is_confirmed_at_once() {
    let site = Site::new().await;
    let mut setup = Setup::new("rtu", site.address());
    let at = |millis| Timestamp::from_millis(millis);
    setup.recent = Recent::restore([
        (1, at(5), 1.0, Quality::GOOD),
        (2, at(6), 0.0, Quality::LATE),
    ]);
    let mut rig = Rig::start(vec![setup]);
    let mut line = site.accept().await;
    let sequence = line.read_request().await;
    let again = binary_events(&[(1, true, 5), (2, false, 6)]);
    line.send(&response_con(sequence, &again)).await;
    assert_eq!(line.next().await, confirm(sequence));
    assert!(rig.try_next().is_none());
    assert_eq!(rig.telemetry.dnp3.events_repeated.get(), 2);
    rig.stop().await;
}

#[tokio::test]
async fn what_repeats_what_is_not_yet_durable_waits_for_it() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    line.send(&unsolicited(1, &binary_events(&[(1, true, 5)])))
        .await;
    let first = rig.next().await;
    // Regenerated with a new number: all of it is known, but nothing is durable.
    line.send(&unsolicited(2, &binary_events(&[(1, true, 5)])))
        .await;
    line.nothing().await;
    drop(first);
    line.nothing().await;
    line.send(&unsolicited(3, &binary_events(&[(1, true, 5)])))
        .await;
    assert_eq!(rig.keep_next().await.values(), [("b1", 1.0)]);
    assert_eq!(line.next().await, confirm_unsolicited(3));
    rig.stop().await;
}

#[tokio::test]
async fn an_outstation_that_takes_no_confirm_stores_nothing_twice() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    let mut events = Vec::new();
    for n in 0..12 {
        events.push((1, n % 2 == 0, 5 + u64::from(n)));
        line.send(&unsolicited(n, &binary_events(&events))).await;
        let batch = rig.keep_next().await;
        assert_eq!(batch.readings.len(), 1, "{:?}", batch.values());
        assert_eq!(line.next().await, confirm_unsolicited(n));
    }
    assert_eq!(rig.telemetry.dnp3.events_repeated.get(), 66);
    rig.stop().await;
}

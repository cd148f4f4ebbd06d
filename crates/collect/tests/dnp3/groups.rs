//! Groups of present values that are cut by the ends of headers and fragments.

use std::time::Duration;

use gridos_model::Quality;
use gridos_telemetry::Refusal;

use crate::outstation::{
    Line, Site, binary_events, confirm, confirm_unsolicited, response, unsolicited,
};
use crate::rig::{Arrived, Rig, Setup};

/// A fragment of an answer that is the first, the last, or neither; others follow but the last.
fn fragment(sequence: u8, is_first: bool, is_last: bool, objects: &[u8]) -> Vec<u8> {
    let (fir, fin, con) = (u8::from(is_first) << 7, u8::from(is_last) << 6, !is_last);
    let control = fir | fin | u8::from(con) << 5 | (sequence & 0x0f);
    [&[control, 0x81, 0, 0], objects].concat()
}

/// Analogs from `start` to `stop`, each with its index as its value (g30v2).
fn analogs(start: u8, stop: u8) -> Vec<u8> {
    let mut objects = vec![30, 2, 0x00, start, stop];
    (start..=stop).for_each(|index| objects.extend([0x01, index, 0]));
    objects
}

/// The same with 32 bits (g30v1).
fn long_analogs(start: u8, stop: u8) -> Vec<u8> {
    let mut objects = vec![30, 1, 0x00, start, stop];
    (start..=stop).for_each(|index| objects.extend([0x01, index, 0, 0, 0]));
    objects
}

/// The five analogs as one sweep.
fn assert_whole(batch: &Arrived) {
    let expected = [100, 101, 102, 103, 104].map(|n| (format!("a{n}"), f64::from(n)));
    let values = batch.readings.iter().map(|r| (r.point.clone(), r.value));
    assert_eq!(
        (batch.is_sweep, values.collect::<Vec<_>>()),
        (true, expected.into())
    );
    assert!(batch.readings.iter().all(|r| r.quality == Quality::GOOD));
}

/// Analogs told like events.
fn assert_loose(batch: &Arrived, start: u8, stop: u8) {
    let expected: Vec<_> = (start..=stop)
        .map(|n| (format!("a{n}"), f64::from(n)))
        .collect();
    let values = batch.readings.iter().map(|r| (r.point.clone(), r.value));
    assert_eq!(
        (batch.is_sweep, values.collect::<Vec<_>>()),
        (false, expected)
    );
    let none = Quality::NO_SOURCE_TIME;
    assert!(
        batch.readings.iter().all(|r| r.quality == none),
        "{batch:?}"
    );
}

async fn start() -> (Rig, Line<tokio::net::TcpStream>) {
    let site = Site::new().await;
    let rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let line = site.accept().await;
    (rig, line)
}

#[tokio::test]
async fn a_group_over_several_fragments_is_one_sweep() {
    let (mut rig, mut line) = start().await;
    let first = line.read_request().await;
    line.send(&fragment(first, true, false, &analogs(100, 101)))
        .await;
    // Present values need no receipt, so the outstation need not wait for the rest.
    assert_eq!(line.next().await, confirm(first));
    line.send(&fragment(first + 1, false, false, &analogs(102, 102)))
        .await;
    assert_eq!(line.next().await, confirm(first + 1));
    assert!(rig.try_next().is_none());
    line.send(&fragment(first + 2, false, true, &analogs(103, 104)))
        .await;
    let sweep = rig.next().await;
    assert_whole(&sweep);
    // It is as old as its beginning.
    assert!(sweep.readings[0].time < sweep.received);
    assert_eq!(rig.telemetry.dnp3.static_values.get(), 5);
    rig.stop().await;
}

#[tokio::test]
async fn a_group_over_several_headers_is_one_sweep() {
    let (mut rig, mut line) = start().await;
    // And another group behind it.
    let binaries = vec![1, 1, 0x00, 0, 7, 0xff];
    let objects = [analogs(99, 101), long_analogs(102, 106), binaries].concat();
    line.answer(&objects).await;
    let (analogs, binaries) = (rig.next().await, rig.next().await);
    assert_whole(&analogs);
    assert_eq!((binaries.is_sweep, binaries.readings.len()), (true, 8));
    assert_eq!(rig.telemetry.dnp3.unmapped.get(), 3);
    rig.stop().await;
}

#[tokio::test]
async fn the_confirm_waits_for_events_and_not_for_the_rest_of_a_group() {
    let (mut rig, mut line) = start().await;
    let first = line.read_request().await;
    let objects = [binary_events(&[(1, true, 5)]), analogs(100, 102)].concat();
    line.send(&fragment(first, true, false, &objects)).await;
    let mut events = rig.next().await;
    assert_eq!(events.values(), [("b1", 1.0)]);
    line.nothing().await;
    events.keep();
    assert_eq!(line.next().await, confirm(first));
    line.send(&fragment(first + 1, false, true, &analogs(103, 104)))
        .await;
    assert_whole(&rig.next().await);
    rig.stop().await;
}

#[tokio::test]
async fn what_does_not_go_on_is_told_as_it_is() {
    let (mut rig, mut line) = start().await;
    // The outstation has fewer points than the map.
    line.answer(&analogs(100, 102)).await;
    assert_loose(&rig.next().await, 100, 102);
    rig.stop().await;
    // In the next fragment one is missing.
    let (mut rig, mut line) = start().await;
    let first = line.read_request().await;
    line.send(&fragment(first, true, false, &analogs(100, 101)))
        .await;
    assert_eq!(line.next().await, confirm(first));
    line.send(&fragment(first + 1, false, true, &analogs(103, 104)))
        .await;
    let batch = rig.next().await;
    let values = [
        ("a100", 100.0),
        ("a101", 101.0),
        ("a103", 103.0),
        ("a104", 104.0),
    ];
    assert_eq!((batch.is_sweep, batch.values()), (false, values.into()));
    rig.stop().await;
}

#[tokio::test]
async fn an_event_in_between_is_younger_than_what_was_there() {
    let (mut rig, mut line) = start().await;
    let first = line.read_request().await;
    line.send(&fragment(first, true, false, &analogs(100, 101)))
        .await;
    assert_eq!(line.next().await, confirm(first));
    // g32v2: analog 100 became 7, without a time.
    line.send(&unsolicited(1, &[32, 2, 0x17, 1, 100, 0x01, 7, 0]))
        .await;
    let batch = rig.keep_next().await;
    assert_eq!(
        batch.values(),
        [("a100", 100.0), ("a101", 101.0), ("a100", 7.0)]
    );
    assert_eq!(line.next().await, confirm_unsolicited(1));
    line.send(&fragment(first + 1, false, true, &analogs(102, 104)))
        .await;
    assert_loose(&rig.next().await, 102, 104);
    rig.stop().await;
}

#[tokio::test]
async fn an_event_before_the_rest_is_younger_too() {
    let (mut rig, mut line) = start().await;
    let first = line.read_request().await;
    line.send(&fragment(first, true, false, &analogs(100, 101)))
        .await;
    assert_eq!(line.next().await, confirm(first));
    let event = [32, 2, 0x17, 1, 100, 0x01, 7, 0];
    let objects = [&event[..], &analogs(102, 104)].concat();
    line.send(&fragment(first + 1, false, true, &objects)).await;
    let values: Vec<_> = rig.next().await.readings.iter().map(|r| r.value).collect();
    assert_eq!(values, [100.0, 101.0, 7.0, 102.0, 103.0, 104.0]);
    rig.stop().await;
}

#[tokio::test]
async fn only_the_answer_that_began_it_completes_a_group() {
    let (mut rig, mut line) = start().await;
    let first = line.read_request().await;
    line.send(&fragment(first, true, false, &analogs(100, 101)))
        .await;
    assert_eq!(line.next().await, confirm(first));
    // FIR and FIN mean nothing in what comes unasked.
    let mut unasked = unsolicited(1, &analogs(102, 104));
    unasked[0] = 0x31;
    line.send(&unasked).await;
    assert_loose(&rig.next().await, 100, 104);
    assert_eq!(line.next().await, confirm_unsolicited(1));
    rig.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_given_up_leaves_what_was_there() {
    let site = Site::new().await;
    let mut setup = Setup::new("rtu", site.address());
    setup.config.response_timeout = Duration::from_secs(1);
    let mut rig = Rig::start(vec![setup]);
    let mut line = site.accept().await;
    let mut is_confirmed = false;
    let batch = loop {
        // If the machine is slow, it is asked again before it has the first fragment.
        tokio::select! {
            batch = rig.next() => break batch,
            request = line.next() => {
                let sequence = request[0] & 0x0f;
                is_confirmed |= request[1] == 0x00;
                if request[1] == 0x01 && !is_confirmed {
                    let first = fragment(sequence, true, false, &analogs(100, 101));
                    line.send(&first).await;
                }
            }
        }
    };
    assert_loose(&batch, 100, 101);
    rig.stop().await;
}

#[tokio::test]
async fn what_began_in_a_fragment_without_room_is_refused_with_it() {
    let site = Site::new().await;
    let mut rig = Rig::start_with(vec![Setup::new("rtu", site.address())], 1);
    let mut line = site.accept().await;
    let first = line.read_request().await;
    // An event and eight binaries are two batches.
    let event = binary_events(&[(1, true, 5)]);
    let objects = [event, vec![1, 1, 0x00, 0, 7, 0xff], analogs(100, 102)].concat();
    line.send(&fragment(first, true, false, &objects)).await;
    let refused =
        |ledger: &gridos_telemetry::Ledger| ledger.snapshot().refused_for(Refusal::RingFull);
    rig.until(|telemetry| refused(&telemetry.ledger) == 1 + 8 + 3)
        .await;
    assert!(rig.try_next().is_none());
    drop(line);
    rig.stop().await;
}

#[tokio::test]
async fn a_connection_that_ends_in_between_leaves_what_was_there() {
    let (mut rig, mut line) = start().await;
    let first = line.read_request().await;
    line.send(&fragment(first, true, false, &analogs(100, 101)))
        .await;
    assert_eq!(line.next().await, confirm(first));
    drop(line);
    assert_loose(&rig.next().await, 100, 101);
    rig.stop().await;
}

#[tokio::test]
async fn the_rest_of_another_answer_does_not_complete_a_group() {
    let (mut rig, mut line) = start().await;
    let first = line.read_request().await;
    line.send(&fragment(first, true, false, &analogs(100, 101)))
        .await;
    assert_eq!(line.next().await, confirm(first));
    // The next answer comes, with nothing in its first fragment.
    line.send(&fragment(first + 1, false, true, &[])).await;
    assert_loose(&rig.next().await, 100, 101);
    line.send(&response(first, &analogs(102, 104))).await;
    line.nothing().await;
    assert!(rig.try_next().is_none());
    rig.stop().await;
}

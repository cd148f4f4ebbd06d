//! What cannot be read becomes a record, durable before the fragment is confirmed.

use gridos_collect::dnp3::Recent;
use gridos_model::{DeadLetter, DeviceId, LETTER_OCTETS_MAX, Timestamp};
use gridos_telemetry::{DeadLetterFate, DeviceState};

use crate::outstation::{
    Site, binary_events, confirm, confirm_unsolicited, response_con, unsolicited, untimed_events,
};
use crate::rig::{Arrived, Rig, Setup};

/// One object of a group that nobody knows, and a known one that cannot be found behind it.
const UNKNOWN: &[u8] = &[0xfe, 1, 0x17, 1, 0, 0x81, 2, 1, 0x17, 1, 5, 0x81];

fn with_tail(objects: &[u8]) -> Vec<u8> {
    [objects, UNKNOWN].concat()
}

/// Present values that are one group: g30v2.
fn all_analogs() -> Vec<u8> {
    [vec![30, 2, 0x00, 100, 104], [1, 7, 0].repeat(5)].concat()
}

/// Another unknown object each time.
fn nth_unknown(n: u8) -> Vec<u8> {
    [UNKNOWN, &[n]].concat()
}

fn octets(batch: &Arrived) -> Option<&[u8]> {
    batch.letter.as_ref().map(|letter| letter.octets())
}

fn fates(rig: &Rig) -> Vec<(&'static str, u64)> {
    let fates = DeadLetterFate::ALL.iter();
    let counted = fates.map(|fate| (fate.label(), rig.telemetry.dnp3.dead_letters(*fate)));
    counted.filter(|(_, count)| *count > 0).collect()
}

#[tokio::test]
async fn the_known_part_and_the_rest_are_durable_before_the_confirm() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    line.send(&unsolicited(1, &with_tail(&binary_events(&[(1, true, 5)]))))
        .await;
    let mut batch = rig.next().await;
    assert_eq!(batch.values(), [("b1", 1.0)]);
    let letter = batch.letter.take().unwrap();
    assert_eq!(letter.octets(), UNKNOWN);
    assert_eq!(letter.device(), DeviceId::of("rtu"));
    assert_eq!(
        (letter.received(), letter.is_cut()),
        (batch.received, false)
    );
    assert_eq!(
        letter.reason(),
        "object header at octet 18 (g254v1): the size of such objects is not known"
    );
    line.nothing().await;
    batch.keep();
    assert_eq!(line.next().await, confirm_unsolicited(1));
    assert_eq!(fates(&rig), [("taken", 1)]);
    assert!(rig.telemetry.devices.get(0).unwrap().last_error().is_some());
    rig.stop().await;
}

#[tokio::test]
async fn a_fragment_that_cannot_be_read_at_all_is_a_letter_alone() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    line.send(&unsolicited(1, UNKNOWN)).await;
    let mut batch = rig.next().await;
    assert_eq!((batch.values(), octets(&batch)), (vec![], Some(UNKNOWN)));
    line.nothing().await;
    batch.keep();
    assert_eq!(line.next().await, confirm_unsolicited(1));
    // An outage is ended by readings, and not by a letter.
    drop(line);
    let mut line = site.accept().await;
    rig.until_state(0, DeviceState::Down).await;
    line.answer(&nth_unknown(1)).await;
    let batch = rig.next().await;
    assert!(batch.letter.is_some() && batch.gap.is_none());
    line.send(&unsolicited(2, &binary_events(&[(1, true, 5)])))
        .await;
    let batch = rig.keep_next().await;
    assert!(batch.letter.is_none() && batch.gap.is_some());
    rig.stop().await;
}

#[tokio::test]
async fn a_letter_goes_with_the_last_of_several_batches() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    let sequence = line.read_request().await;
    let objects = [binary_events(&[(1, true, 5)]), all_analogs()].concat();
    line.send(&response_con(sequence, &with_tail(&objects)))
        .await;
    let (mut events, mut sweep) = (rig.next().await, rig.next().await);
    assert!(events.letter.is_none() && sweep.is_sweep);
    assert_eq!(octets(&sweep), Some(UNKNOWN));
    sweep.keep();
    line.nothing().await;
    events.keep();
    assert_eq!(line.next().await, confirm(sequence));
    rig.stop().await;
}

#[tokio::test]
async fn a_letter_that_was_lost_comes_again_and_is_taken() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    let fragment = with_tail(&binary_events(&[(1, true, 5)]));
    line.send(&unsolicited(1, &fragment)).await;
    drop(rig.next().await);
    line.nothing().await;
    // On a connection where much is known to come again.
    drop(line);
    let mut line = site.accept().await;
    let sequence = line.read_request().await;
    line.send(&response_con(sequence, &fragment)).await;
    let batch = rig.keep_next().await;
    assert_eq!(batch.values(), [("b1", 1.0)]);
    assert_eq!(octets(&batch), Some(UNKNOWN));
    assert_eq!(line.next().await, confirm(sequence));
    assert_eq!(fates(&rig), [("taken", 2)]);
    rig.stop().await;
}

#[tokio::test]
async fn a_letter_whose_confirm_was_lost_is_kept_once() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    line.send(&unsolicited(1, &with_tail(&binary_events(&[(1, true, 5)]))))
        .await;
    let mut batch = rig.next().await;
    drop(line);
    let mut line = site.accept().await;
    let sequence = line.read_request().await;
    // In another fragment, behind another event; and what it repeats is not durable yet.
    let other = binary_events(&[(2, true, 6)]);
    line.send(&response_con(sequence, &with_tail(&other))).await;
    let mut other = rig.next().await;
    assert_eq!((other.values(), octets(&other)), (vec![("b2", 1.0)], None));
    other.keep();
    line.nothing().await;
    batch.keep();
    assert_eq!(line.next().await, confirm(sequence));
    assert_eq!(fates(&rig), [("taken", 1), ("repeated", 1)]);
    rig.stop().await;
}

#[tokio::test]
async fn what_repeats_a_letter_that_is_lost_is_not_confirmed() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    line.send(&unsolicited(1, UNKNOWN)).await;
    let first = rig.next().await;
    line.send(&unsolicited(2, UNKNOWN)).await;
    line.nothing().await;
    drop(first);
    line.nothing().await;
    line.send(&unsolicited(3, UNKNOWN)).await;
    assert_eq!(octets(&rig.keep_next().await), Some(UNKNOWN));
    assert_eq!(line.next().await, confirm_unsolicited(3));
    assert_eq!(fates(&rig), [("taken", 2), ("repeated", 1)]);
    rig.stop().await;
}

#[tokio::test]
async fn a_letter_of_an_earlier_process_is_not_taken_again() {
    let site = Site::new().await;
    let mut setup = Setup::new("rtu", site.address());
    let kept = |octets| DeadLetter::new(DeviceId::of("rtu"), Timestamp::EPOCH, "why", octets);
    let long = [UNKNOWN, &[7; LETTER_OCTETS_MAX]].concat();
    let letters = [kept(UNKNOWN), kept(&long[..long.len() - 1])];
    setup.recent = Recent::default().with_letters(&letters);
    let mut rig = Rig::start(vec![setup]);
    let mut line = site.accept().await;
    let sequence = line.read_request().await;
    line.send(&response_con(sequence, UNKNOWN)).await;
    assert_eq!(line.next().await, confirm(sequence));
    assert!(rig.try_next().is_none());
    assert_eq!(fates(&rig), [("repeated", 1)]);
    rig.stop().await;
}

#[tokio::test]
async fn an_outstation_that_sends_nothing_else_fills_no_disk() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    for n in 0..15 {
        let event = untimed_events(&[(1, n % 2 == 0)]);
        let fragment = [event, nth_unknown(n)].concat();
        line.send(&unsolicited(n, &fragment)).await;
        let batch = rig.keep_next().await;
        // The readings are taken, and the fragment is confirmed, in any case.
        assert_eq!(batch.readings.len(), 1);
        assert_eq!(batch.letter.is_some(), n < 10, "{n}");
        assert_eq!(line.next().await, confirm_unsolicited(n));
    }
    line.send(&unsolicited(15, UNKNOWN)).await;
    assert_eq!(line.next().await, confirm_unsolicited(15));
    assert!(rig.try_next().is_none());
    assert_eq!(fates(&rig), [("taken", 10), ("over_limit", 6)]);
    rig.stop().await;
}

#[tokio::test]
async fn a_letter_for_which_there_is_no_room_is_not_confirmed() {
    let site = Site::new().await;
    let mut rig = Rig::start_with(vec![Setup::new("rtu", site.address())], 1);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    // Events and a sweep are two batches.
    let objects = [binary_events(&[(1, true, 5)]), all_analogs()].concat();
    line.send(&unsolicited(1, &with_tail(&objects))).await;
    rig.until(|telemetry| telemetry.dnp3.dead_letters(DeadLetterFate::Refused) == 1)
        .await;
    assert!(rig.try_next().is_none());
    // It comes again, in an answer that fits.
    let sequence = line.read_request().await;
    line.send(&response_con(sequence, &with_tail(&objects[..14])))
        .await;
    let batch = rig.keep_next().await;
    assert_eq!(
        (batch.values(), octets(&batch)),
        (vec![("b1", 1.0)], Some(UNKNOWN))
    );
    assert_eq!(line.next().await, confirm(sequence));
    assert_eq!(fates(&rig), [("taken", 1), ("refused", 1)]);
    rig.stop().await;
}

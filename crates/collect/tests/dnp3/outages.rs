//! What is told of outstations that are gone, and that others behind the same address are not.

use std::time::Duration;

use gridos_model::GapReason;
use gridos_telemetry::{DeviceState, FrameFault};

use crate::outstation::{Heard, Site, binary_events, confirm_unsolicited, response, unsolicited};
use crate::rig::{Rig, Setup};

#[tokio::test]
async fn points_of_an_outstation_that_is_gone_lose_their_values_once() {
    let site = Site::new().await;
    let address = site.address();
    drop(site);
    let mut rig = Rig::start(vec![Setup::new("rtu", address)]);
    let mut told = Vec::new();
    for _ in 0..2 {
        let void = rig.next().await;
        assert!(void.is_void(), "{void:?}");
        told.extend(void.readings.into_iter().map(|r| r.point));
    }
    assert_eq!(told.len(), 13);
    rig.until(|t| t.dnp3.io_errors.get() >= 3).await;
    assert!(rig.try_next().is_none());
    rig.stop().await;
}

#[tokio::test]
async fn the_first_readings_after_an_outage_carry_its_gap() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[1, 1, 0x00, 0, 7, 0b1]).await;
    let first = rig.next().await;
    assert!(first.gap.is_none());
    drop(line);
    let mut line = site.accept().await;
    rig.until_state(0, DeviceState::Down).await;
    line.answer(&[]).await;
    line.send(&unsolicited(1, &binary_events(&[(1, true, 5)])))
        .await;
    let batch = rig.keep_next().await;
    let gap = batch.gap.unwrap();
    assert_eq!(gap.reason, GapReason::DeviceDown);
    assert_eq!((gap.from, gap.until), (first.received, batch.received));
    assert_eq!(line.next().await, confirm_unsolicited(1));
    // Not again.
    line.send(&unsolicited(2, &binary_events(&[(2, true, 5)])))
        .await;
    assert!(rig.keep_next().await.gap.is_none());
    rig.stop().await;
}

#[tokio::test]
async fn a_restart_and_an_overflow_are_gaps() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    for (iin, reason, time) in [
        ([0, 0x08], GapReason::EventBufferOverflow, 5),
        ([0x80, 0], GapReason::DeviceRestart, 6),
    ] {
        let mut fragment = unsolicited(iin[0] >> 7, &binary_events(&[(1, true, time)]));
        fragment[2..4].copy_from_slice(&iin);
        line.send(&fragment).await;
        let batch = rig.keep_next().await;
        assert_eq!(batch.gap.map(|gap| gap.reason), Some(reason));
    }
    rig.stop().await;
}

#[tokio::test]
async fn an_overflow_that_comes_with_nothing_new_is_a_gap_before_the_confirm() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    let events = binary_events(&[(1, true, 5)]);
    line.send(&unsolicited(1, &events)).await;
    assert_eq!(rig.keep_next().await.readings.len(), 1);
    assert_eq!(line.next().await, confirm_unsolicited(1));
    let mut fragment = unsolicited(2, &events);
    fragment[3] = 0x08;
    line.send(&fragment).await;
    let mut batch = rig.next().await;
    assert!(batch.readings.is_empty());
    let reason = batch.gap.map(|gap| gap.reason);
    assert_eq!(reason, Some(GapReason::EventBufferOverflow));
    line.nothing().await;
    batch.keep();
    assert_eq!(line.next().await, confirm_unsolicited(2));
    rig.stop().await;
}

#[tokio::test]
async fn outstations_behind_one_address_share_a_connection() {
    let site = Site::new().await;
    let setups = [("a", 10), ("b", 11), ("c", 12)].map(|(name, outstation)| Setup {
        outstation,
        ..Setup::new(name, site.address())
    });
    let mut rig = Rig::start(setups.into());
    let mut line = site.accept().await;
    let mut asked = Vec::new();
    for _ in 0..3 {
        let Some(Heard::Fragment(to, fragment)) = line.try_next().await else {
            panic!("all are asked");
        };
        asked.push(to);
        // One of them is dead, which keeps nobody else waiting.
        if to != 11 {
            line.send_from(to, &response(fragment[0] & 0x0F, &[1, 1, 0x00, 0, 7, 1]))
                .await;
        }
    }
    asked.sort_unstable();
    assert_eq!(asked, [10, 11, 12]);
    let mut devices = [rig.next().await.device, rig.next().await.device];
    devices.sort_unstable();
    assert_eq!(devices, ["a", "c"]);
    // Frames of strangers are counted by what is wrong with them.
    line.send_from(99, &unsolicited(0, &[])).await;
    rig.until(|t| t.dnp3.faults(FrameFault::UnknownSource) == 1)
        .await;
    assert_eq!(rig.telemetry.dnp3.connects.get(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn a_link_on_which_nobody_answers_is_made_again() {
    let site = Site::new().await;
    let mut setup = Setup::new("rtu", site.address());
    setup.keep_alive = Some(Duration::from_millis(1));
    let rig = Rig::start(vec![setup]);
    let mut line = site.accept().await;
    let mut asked = false;
    while let Some(heard) = line.try_next().await {
        asked |= matches!(heard, Heard::Link(10, 0xC9));
    }
    assert!(asked);
    assert_eq!(rig.telemetry.dnp3.keep_alives_failed.get(), 1);
    site.accept().await;
    rig.stop().await;
}

#[tokio::test]
async fn what_is_no_dnp3_ends_the_connection() {
    let site = Site::new().await;
    let rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.send_bytes(&[0x05, 0x64].repeat(200)).await;
    while line.try_next().await.is_some() {}
    site.accept().await;
    rig.stop().await;
}

#[tokio::test]
async fn a_dead_outstation_holds_up_nobody_else() {
    let (dead, site) = (Site::new().await, Site::new().await);
    let setups = vec![
        Setup::new("dead", dead.address()),
        Setup::new("rtu", site.address()),
    ];
    let mut rig = Rig::start(setups);
    let _silent = dead.accept().await;
    let mut line = site.accept().await;
    line.answer(&[1, 1, 0x00, 0, 7, 1]).await;
    assert_eq!(rig.next().await.device, "rtu");
    rig.stop().await;
}

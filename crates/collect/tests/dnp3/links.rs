//! What is told of the communication with outstations that go away and return.

use std::time::{Duration, Instant};

use gridos_dnp3::master::{Config, Retry};
use gridos_model::LinkState::{Lost, Restored};
use gridos_model::{Gap, GapReason, Timestamp};
use gridos_telemetry::DeviceState;
use tokio::net::TcpStream;

use crate::outstation::{
    Heard, Line, Site, binary_events, confirm_unsolicited, response, unsolicited,
};
use crate::rig::{Arrived, Rig, Setup, quiet};

/// The present values of all eight binaries.
const BINARIES: [u8; 6] = [1, 1, 0x00, 0, 7, 0b1];

/// The present values of all five analogs.
fn analogs() -> Vec<u8> {
    let mut objects = vec![30, 2, 0x00, 100, 104];
    objects.extend([0x01, 5, 0].repeat(5));
    objects
}

fn everything() -> Vec<u8> {
    [&BINARIES[..], &analogs()].concat()
}

/// An outstation that cannot be reached at first: it is lost, and told to be, and then returns.
async fn start_lost(setup: Setup, site: Site) -> (Rig, Line<TcpStream>) {
    let address = site.address();
    drop(site);
    let mut rig = Rig::start_with(vec![setup], 2);
    let voids = [rig.next_of_all().await, rig.next_of_all().await];
    assert!(voids.iter().all(Arrived::is_void));
    let lost = voids[0].link.unwrap();
    assert_eq!((lost.state, lost.device.get()), (Lost, 0));
    assert!(lost.time <= voids[0].received);
    assert_eq!(voids[1].link, None);
    let line = Site::at(address).await.accept().await;
    (rig, line)
}

/// What comes until the link is whole, whose last batch says so.
async fn until_restored(rig: &mut Rig) -> Vec<Arrived> {
    let mut arrived = Vec::new();
    loop {
        let next = rig.next_of_all().await;
        let state = next.link_state();
        arrived.push(next);
        if state == Some(Restored) {
            return arrived;
        }
        assert_eq!(state, None);
    }
}

#[tokio::test]
async fn an_outstation_that_was_absent_is_restored_when_all_of_it_was_read() {
    let site = Site::new().await;
    let (mut rig, mut line) = start_lost(Setup::new("rtu", site.address()), site).await;
    // An event is not all, nor is half of an answer.
    line.send(&unsolicited(0, &binary_events(&[(1, true, 5)])))
        .await;
    assert_eq!(rig.keep_next().await.link, None);
    let sequence = line.read_request().await;
    assert_eq!(line.next().await, confirm_unsolicited(0));
    let mut half = response(sequence, &BINARIES);
    half[0] &= !0x40;
    line.send(&half).await;
    assert_eq!(rig.next_of_all().await.link, None);
    assert!(rig.try_next_of_all().is_none());
    let mut rest = response(sequence + 1, &analogs());
    rest[0] &= !0x80;
    line.send(&rest).await;
    let arrived = until_restored(&mut rig).await;
    assert_eq!(arrived[0].readings.len(), 5);
    line.answer(&[]).await;
    rig.stop().await;
}

#[tokio::test]
async fn what_an_outstation_refuses_keeps_nobody_waiting() {
    let site = Site::new().await;
    let (mut rig, mut line) = start_lost(Setup::new("rtu", site.address()), site).await;
    let sequence = line.read_request().await;
    let mut partly = response(sequence, &BINARIES);
    partly[3] = 0x02;
    line.send(&partly).await;
    assert_eq!(until_restored(&mut rig).await[0].readings.len(), 8);
    rig.stop().await;
}

/// Its points never lost their values: what it buffered meanwhile is enough.
#[tokio::test]
async fn an_outstation_that_returns_at_once_is_restored_when_its_events_were_read() {
    let site = Site::new().await;
    let mut rig = Rig::start(vec![Setup::new("rtu", site.address())]);
    let mut line = site.accept().await;
    line.answer(&BINARIES).await;
    assert_eq!(rig.next_of_all().await.link, None);
    for time in [5, 6] {
        drop(line);
        let lost = rig.next_of_all().await;
        assert_eq!(lost.link_state(), Some(Lost));
        assert!(lost.is_of_link_alone());
        line = site.accept().await;
        let sequence = line.read_request().await;
        line.send(&unsolicited(0, &binary_events(&[(1, true, time)])))
            .await;
        let batch = rig.keep_next().await;
        assert_eq!(batch.gap.map(|gap| gap.reason), Some(GapReason::DeviceDown));
        assert_eq!(batch.link, None);
        assert_eq!(line.next().await, confirm_unsolicited(0));
        assert!(rig.try_next_of_all().is_none());
        line.send(&response(sequence, &[])).await;
        assert_eq!(until_restored(&mut rig).await.len(), 1);
    }
    line.nothing().await;
    rig.stop().await;
}

#[tokio::test]
async fn outstations_behind_one_address_are_lost_each_for_itself() {
    let site = Site::new().await;
    let mut setups = [("a", 10), ("b", 11)].map(|(name, outstation)| Setup {
        outstation,
        ..Setup::new(name, site.address())
    });
    setups[1].config = Config {
        response_timeout: Duration::from_millis(5),
        unresponsive_after: 1,
        retry: Retry {
            first: Duration::from_millis(5),
            longest: Duration::from_millis(5),
        },
        ..quiet()
    };
    let mut rig = Rig::start(setups.into());
    let mut line = site.accept().await;
    let mut told = Vec::new();
    let mut is_b_there = false;
    // The other one answers from the start on.
    while told.last() != Some(&(Some(Restored), "b".to_owned())) {
        if let Some(Heard::Fragment(to, fragment)) = line.try_next().await
            && (to == 10 || is_b_there)
        {
            line.send_from(to, &response(fragment[0] & 0x0F, &BINARIES))
                .await;
        }
        while let Some(next) = rig.try_next_of_all() {
            if next.link.is_some() {
                told.push((next.link_state(), next.device));
                is_b_there = true;
            }
        }
    }
    let b = || "b".to_owned();
    assert_eq!(told, [(Some(Lost), b()), (Some(Restored), b())]);
    rig.stop().await;
}

/// Fills one slot of the ring with what nobody waits for.
fn fill(rig: &Rig) {
    let whole = rig.directory.devices()[0].whole();
    let mut batch = rig.intake.take().unwrap();
    batch.start_events(whole, Timestamp::EPOCH);
    let gap = Gap {
        device: whole.device_id(),
        from: Timestamp::EPOCH,
        until: Timestamp::EPOCH,
        reason: GapReason::EngineDown,
    };
    let offered = rig
        .intake
        .offer_after(batch, Instant::now(), None, Some(gap));
    offered.unwrap();
}

fn is_filling(batch: &Arrived) -> bool {
    batch
        .gap
        .is_some_and(|gap| gap.reason == GapReason::EngineDown)
}

#[tokio::test]
async fn a_change_that_finds_no_room_is_told_when_there_is_some() {
    let site = Site::new().await;
    let address = site.address();
    drop(site);
    let (mut rig, devices) = Rig::prepare(vec![Setup::new("rtu", address)], 2);
    fill(&rig);
    fill(&rig);
    rig = rig.run(devices);
    rig.until(|t| t.dnp3.io_errors.get() >= 3).await;
    assert!(is_filling(&rig.next_of_all().await));
    assert!(is_filling(&rig.next_of_all().await));
    let lost = rig.next_of_all().await;
    assert!(lost.is_void());
    assert_eq!(lost.link_state(), Some(Lost));
    assert_eq!(rig.next_of_all().await.link, None);
    // The two batches of the answer leave no room for what they complete.
    let mut line = Site::at(address).await.accept().await;
    line.answer(&everything()).await;
    rig.until(|t| t.dnp3.paused.get() == 1).await;
    let arrived = until_restored(&mut rig).await;
    let counts: Vec<_> = arrived.iter().map(|batch| batch.readings.len()).collect();
    assert_eq!(counts, [8, 5, 0]);
    rig.stop().await;
}

#[tokio::test]
async fn a_loss_without_lost_values_waits_for_room_as_well() {
    let site = Site::new().await;
    let mut rig = Rig::start_with(vec![Setup::new("rtu", site.address())], 1);
    let mut line = site.accept().await;
    line.answer(&BINARIES).await;
    rig.until(|t| t.dnp3.paused.get() == 1).await;
    drop(line);
    let mut line = site.accept().await;
    rig.until_state(0, DeviceState::Down).await;
    assert_eq!(rig.next_of_all().await.readings.len(), 8);
    assert_eq!(rig.next_of_all().await.link_state(), Some(Lost));
    line.answer(&[]).await;
    assert_eq!(until_restored(&mut rig).await.len(), 1);
    rig.stop().await;
}

#[tokio::test]
async fn an_answer_that_found_no_room_is_not_whole() {
    let site = Site::new().await;
    let mut setup = Setup::new("rtu", site.address());
    setup.config.retry = Retry {
        first: Duration::from_millis(5),
        longest: Duration::from_millis(5),
    };
    let (mut rig, mut line) = start_lost(setup, site).await;
    let sequence = line.read_request().await;
    fill(&rig);
    line.send(&response(sequence, &everything())).await;
    rig.until(|t| t.dnp3.paused.get() == 1).await;
    assert!(is_filling(&rig.next_of_all().await));
    rig.until(|t| t.dnp3.paused.get() == 0).await;
    assert!(rig.try_next_of_all().is_none());
    // Events may be read before, and are not all.
    let mut is_integrity = false;
    while !is_integrity {
        assert!(rig.try_next_of_all().is_none());
        let fragment = line.next().await;
        is_integrity = fragment[2..].contains(&1);
        let objects = if is_integrity {
            everything()
        } else {
            Vec::new()
        };
        line.send(&response(fragment[0] & 0x0F, &objects)).await;
    }
    let arrived = until_restored(&mut rig).await;
    let counts: Vec<_> = arrived.iter().map(|batch| batch.readings.len()).collect();
    assert_eq!(counts, [8, 5, 0]);
    rig.stop().await;
}

#[tokio::test]
async fn a_restoration_for_which_there_is_no_batch_is_told_when_there_is_one() {
    let site = Site::new().await;
    let (mut rig, mut line) = start_lost(Setup::new("rtu", site.address()), site).await;
    let sequence = line.read_request().await;
    let mut held: Vec<_> = std::iter::from_fn(|| rig.intake.take()).collect();
    rig.intake.give_back(held.pop().unwrap());
    line.send(&response(sequence, &BINARIES)).await;
    rig.until(|t| t.dnp3.paused.get() == 1).await;
    rig.intake.give_back(held.pop().unwrap());
    let arrived = until_restored(&mut rig).await;
    let counts: Vec<_> = arrived.iter().map(|batch| batch.readings.len()).collect();
    assert_eq!(counts, [8, 0]);
    rig.stop().await;
}

/// Others on its connection are there, so that it does not end.
#[tokio::test]
async fn an_outstation_that_was_silent_on_the_link_is_read_anew() {
    let site = Site::new().await;
    let mut setups = [("a", 10), ("b", 11)].map(|(name, outstation)| Setup {
        outstation,
        ..Setup::new(name, site.address())
    });
    setups[1].keep_alive = Some(Duration::from_millis(1));
    let mut rig = Rig::start(setups.into());
    let mut line = site.accept().await;
    for _ in 0..2 {
        answer_any(&mut line).await;
    }
    // It does not say what is asked of its link.
    let mut lost = rig.next_of_all().await;
    while lost.link.is_none() {
        lost = rig.next_of_all().await;
    }
    assert_eq!((lost.link_state(), lost.device.as_str()), (Some(Lost), "b"));
    line.send_from(11, &unsolicited(0, &[])).await;
    assert_eq!(answer_any(&mut line).await, 11);
    while rig.next_of_all().await.link_state() != Some(Restored) {}
    rig.stop().await;
}

/// Answers the next READ with present values; returns whom it was to.
async fn answer_any(line: &mut Line<TcpStream>) -> u16 {
    loop {
        if let Heard::Fragment(to, fragment) = line.try_next().await.unwrap()
            && fragment[1] == 1
        {
            line.send_from(to, &response(fragment[0] & 0x0F, &BINARIES))
                .await;
            return to;
        }
    }
}

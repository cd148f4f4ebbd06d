//! What a device that changes its mind all the time may cost.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use gridos_modbus::{Kind, RegisterPoint, Table};
use gridos_sim::modbus::{Device, Exception, Fault, Read, Server};

use crate::lines::Lines;
use crate::rig::{Rig, Setup};

/// Has every second request spoilt.
struct Turning {
    asked: AtomicU64,
    fault: Fault,
}

impl Device for Turning {
    fn registers(&self, _: Read, words: &mut [u16]) -> Result<(), Exception> {
        words.fill(7);
        Ok(())
    }

    fn bits(&self, _: Read, _: &mut [bool]) -> Result<(), Exception> {
        Err(Exception::IllegalFunction)
    }

    fn fault(&self, _: u8) -> Option<Fault> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        (!asked.is_multiple_of(2)).then_some(self.fault)
    }
}

/// Has no part of its 40 registers, and all of them every second time.
#[derive(Default)]
struct Whole(AtomicU64);

impl Device for Whole {
    fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception> {
        words.fill(7);
        let is_whole = read.count == 40;
        if is_whole && !self.0.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            return Ok(());
        }
        Err(Exception::IllegalAddress)
    }

    fn bits(&self, _: Read, _: &mut [bool]) -> Result<(), Exception> {
        Err(Exception::IllegalFunction)
    }
}

#[tokio::test]
async fn a_search_that_finds_something_else_each_time_has_its_pace() {
    let device: Arc<dyn Device> = Arc::new(Whole::default());
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), device);
    let server = server.await.unwrap();
    let point = |n| RegisterPoint::new(&format!("p{n}"), Table::InputRegister, n, Kind::U16);
    let setup = Setup::new("d", server.local_addr(), (0..40).map(point).collect());
    let began = Instant::now();
    let rig = Rig::start(vec![setup]);
    rig.until(|telemetry| telemetry.modbus.polls.get() >= 160)
        .await;
    let (polls, seconds) = (rig.telemetry.modbus.polls.get(), began.elapsed().as_secs());
    // Some at once, so many a second, and what was of use.
    let sweeps = rig.device(0).readings.get() / 40;
    assert!(sweeps > 0);
    assert!(
        polls <= 64 + 32 * (seconds + 1) + sweeps + 1,
        "{polls} in {seconds} s"
    );
    rig.stop().await;
}

/// Polls a device that turns 50 times; how often each line may be said, and was.
async fn turn(name: &'static str, fault: Fault, messages: [&str; 2]) -> (usize, [usize; 2]) {
    let lines = Lines::keep();
    let began = Instant::now();
    let asked = AtomicU64::new(0);
    let device: Arc<dyn Device> = Arc::new(Turning { asked, fault });
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), device);
    let server = server.await.unwrap();
    let point = RegisterPoint::new("p", Table::InputRegister, 0, Kind::U16);
    let setup = Setup::new(name, server.local_addr(), vec![point]);
    let rig = Rig::start(vec![setup]);
    rig.until(|telemetry| {
        let device = telemetry.devices.get(0).unwrap();
        device.failures.get() >= 50 && device.readings.get() >= 50
    })
    .await;
    rig.stop().await;
    let tens = usize::try_from(began.elapsed().as_secs() / 10).unwrap();
    (1 + tens, messages.map(|message| lines.of(name, message)))
}

#[tokio::test]
async fn a_device_that_goes_up_and_down_does_not_fill_the_log() {
    let messages = ["device is up", "device is down"];
    let (tens, [up, down]) = turn("up-and-down", Fault::WrongTransaction, messages).await;
    assert!(up >= 1 && down >= 1);
    assert!(up + down <= 2 * tens, "{up} and {down}");
}

#[tokio::test]
async fn a_request_that_is_refused_and_answered_does_not_fill_the_log() {
    let fault = Fault::Exception(Exception::DeviceFailure);
    let messages = ["request refused", "request answered again"];
    let (tens, [refused, answered]) = turn("refusing", fault, messages).await;
    assert!(refused >= 1 && answered >= 1);
    assert!(refused + answered <= 4 * tens, "{refused} and {answered}");
}

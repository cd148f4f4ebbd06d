//! What an outstation that changes its mind all the time may write into the log.

use std::time::Instant;

use gridos_telemetry::LossReason;

use crate::lines::Lines;
use crate::outstation::{Site, confirm_unsolicited};
use crate::rig::{Rig, Setup};

/// Restarts and overflows come to and fro so often.
const TURNS: u8 = 50;

/// What is said of one kind within ten seconds, at most.
fn most(lines: usize, began: Instant) -> usize {
    lines * (1 + usize::try_from(began.elapsed().as_secs() / 10).unwrap())
}

/// A fragment without objects that came unasked, with these indications.
fn null(sequence: u8, indications: [u8; 2]) -> Vec<u8> {
    let [first, second] = indications;
    vec![0xF0 | sequence, 0x82, first, second]
}

#[tokio::test]
async fn indications_that_come_and_go_do_not_fill_the_log() {
    let lines = Lines::keep();
    let began = Instant::now();
    let site = Site::new().await;
    let rig = Rig::start(vec![Setup::new("turning", site.address())]);
    let mut line = site.accept().await;
    line.answer(&[]).await;
    for turn in 0..TURNS {
        // Local control, restart and overflow, and then none of them.
        for indications in [[0xA0, 0x08], [0, 0]] {
            line.send(&null(turn & 0x0F, indications)).await;
            let confirm = confirm_unsolicited(turn & 0x0F);
            while line.next().await != confirm {}
        }
    }
    rig.until(|t| t.dnp3.losses(LossReason::Restart) == u64::from(TURNS))
        .await;
    rig.stop().await;
    let lost = lines.of("turning", "events may be lost");
    assert!((2..=most(4, began)).contains(&lost), "{lost}");
    let indicated = lines.of("turning", "the outstation indicates");
    assert!((2..=most(4, began)).contains(&indicated), "{indicated}");
}

#[tokio::test]
async fn an_outstation_that_comes_and_goes_does_not_fill_the_log() {
    let lines = Lines::keep();
    let began = Instant::now();
    let site = Site::new().await;
    let rig = Rig::start(vec![Setup::new("coming", site.address())]);
    for _ in 0..10 {
        let mut line = site.accept().await;
        line.send(&null(0, [0, 0])).await;
        while line.next().await != confirm_unsolicited(0) {}
    }
    rig.stop().await;
    let [up, down] = ["device is up", "device is down"].map(|line| lines.of("coming", line));
    assert!(up >= 1 && down >= 1);
    assert!(up + down <= most(2, began), "{up} and {down}");
}

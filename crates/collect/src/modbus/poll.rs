//! One answer becomes one batch.

use std::time::{Instant, SystemTime};

use gridos_model::{TimeQuality, Timestamp};
use gridos_ring::Intake;
use gridos_telemetry::Refusal;

use super::client::{Answer, Client};
use super::error::ReadError;
use super::unit::{Read, Unit};

/// What became of the readings of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// They are in the ring.
    Yes,
    /// The engine is at its limit; they are counted as refused.
    No,
}

/// When a request was sent and its answer came.
struct Times {
    sent: Timestamp,
    received: Timestamp,
    wire: Instant,
}

/// Sends the request at `position` of `unit` and leaves its readings at `intake`.
pub(super) async fn poll(
    client: &mut Client,
    unit: &Unit,
    position: usize,
    intake: &Intake,
) -> Result<Taken, ReadError> {
    let read = &unit.reads[position];
    let sent = wall();
    let answer = client.read(unit.id, &read.request, unit.timeout).await?;
    let times = Times {
        sent,
        received: wall(),
        wire: Instant::now(),
    };
    let taken = deliver(read, &answer, &times, intake)?;
    unit.stats.readings.add(read.layout.len() as u64);
    unit.answered(times.received);
    Ok(taken)
}

fn deliver(
    read: &Read,
    answer: &Answer,
    times: &Times,
    intake: &Intake,
) -> Result<Taken, ReadError> {
    let Some(mut batch) = intake.take() else {
        let ledger = &intake.telemetry().ledger;
        let readings = read.layout.len() as u64;
        ledger.received.add(readings);
        ledger.refuse(Refusal::PoolEmpty, readings);
        return Ok(Taken::No);
    };
    // The device sampled between the request and its answer: the middle is off by at most half.
    let time = times.sent.midpoint(times.received);
    batch.start_sweep(
        &read.layout,
        time,
        TimeQuality::Synchronised,
        times.received,
    );
    let decoded = match answer {
        Answer::Registers(words) => read.request.decode_registers(words, &mut batch),
        Answer::Bits(bits) => read.request.decode_bits(bits, &mut batch),
    };
    if let Err(error) = decoded {
        intake.give_back(batch);
        return Err(error.into());
    }
    // What is refused here was counted by the intake.
    match intake.offer(batch, times.wire, None) {
        Ok(()) => Ok(Taken::Yes),
        Err(_) => Ok(Taken::No),
    }
}

pub(super) fn wall() -> Timestamp {
    SystemTime::now().into()
}

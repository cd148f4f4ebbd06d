//! One answer becomes one batch, or two; rarely a third one of texts.

use gridos_modbus::{Memory, Request, Stamp};
use gridos_model::{Batch, Quality, TimeQuality, Timestamp};
use gridos_ring::{Beside, Intake};
use gridos_telemetry::Refusal;

use super::error::ReadError;
use super::read::{Answered, Read};
use super::session::Session;
use super::unit::Unit;
use crate::link::Link;
use crate::wall::wall;

/// What became of the readings of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// They are in the ring.
    Yes,
    /// The engine is at its limit; they are counted as refused.
    No,
}

/// Leaves the readings of an answer to the request at `position` at `intake`: its swept points as
/// one sweep, those told by exception as events, and its texts if there are new ones.
pub(super) fn deliver(
    unit: &mut Unit,
    position: usize,
    answered: &Answered,
    intake: &Intake,
) -> Result<Taken, ReadError> {
    let polled = answered.polled();
    let stamp = stamp(&unit.reads[position], answered, polled);
    let swept = sweep(unit, position, answered, &stamp, intake)?;
    let told = if unit.reads[position].request.reported_points().is_empty() {
        Taken::Yes
    } else {
        report(unit, position, answered, &stamp, intake)?
    };
    let texts = texts(unit, position, answered, &stamp, intake)?;
    if [swept, told, texts] == [Taken::Yes; 3] {
        unit.covers(polled);
        return Ok(Taken::Yes);
    }
    Ok(Taken::No)
}

fn stamp(read: &Read, answered: &Answered, polled: Timestamp) -> Stamp {
    if read.lacks_clock() {
        // The device has a clock and refuses to be asked for it.
        return Stamp {
            time_quality: TimeQuality::None,
            ..Stamp::of_engine(polled)
        };
    }
    read.request.stamp(answered.values.answer(), polled)
}

fn sweep(
    unit: &mut Unit,
    position: usize,
    answered: &Answered,
    stamp: &Stamp,
    intake: &Intake,
) -> Result<Taken, ReadError> {
    let read = &unit.reads[position];
    let Some(layout) = &read.layout else {
        return Ok(Taken::Yes);
    };
    let Some(mut batch) = intake.take() else {
        refuse(intake, layout.len());
        return Ok(Taken::No);
    };
    batch.start_sweep(layout, stamp.time, stamp.time_quality, answered.received);
    let answer = answered.values.answer();
    if let Err(error) = read.request.sweep(answer, &mut unit.memory, &mut batch) {
        intake.give_back(batch);
        return Err(error.into());
    }
    Ok(offer(unit, batch, answered, intake))
}

fn report(
    unit: &mut Unit,
    position: usize,
    answered: &Answered,
    stamp: &Stamp,
    intake: &Intake,
) -> Result<Taken, ReadError> {
    let request = &unit.reads[position].request;
    let Some(mut batch) = intake.take() else {
        refuse(intake, request.reported_points().len());
        return Ok(Taken::No);
    };
    batch.start_events(&unit.whole, answered.received);
    let answer = answered.values.answer();
    let told = request.report(answer, &mut unit.memory, stamp, answered.wire, &mut batch);
    if told.is_err() || batch.is_empty() {
        intake.give_back(batch);
        told?;
        return Ok(Taken::Yes);
    }
    let taken = offer(unit, batch, answered, intake);
    if taken == Taken::No {
        let request = &unit.reads[position].request;
        request.forget(&mut unit.memory);
    }
    Ok(taken)
}

fn texts(
    unit: &mut Unit,
    position: usize,
    answered: &Answered,
    stamp: &Stamp,
    intake: &Intake,
) -> Result<Taken, ReadError> {
    let request = &unit.reads[position].request;
    let answer = answered.values.answer();
    // Looked at first: nearly always there is nothing to tell, and then no batch is needed.
    if request.text_points().is_empty() || !request.has_new_text(answer, &unit.memory, stamp)? {
        return Ok(Taken::Yes);
    }
    let Some(mut batch) = intake.take() else {
        refuse(intake, request.text_points().len());
        return Ok(Taken::No);
    };
    batch.start_texts(&unit.whole, answered.received);
    if let Err(error) = request.tell_texts(answer, &mut unit.memory, stamp, &mut batch) {
        intake.give_back(batch);
        return Err(error.into());
    }
    let taken = offer(unit, batch, answered, intake);
    if taken == Taken::No {
        let request = &unit.reads[position].request;
        request.forget_texts(&mut unit.memory);
    }
    Ok(taken)
}

fn offer(unit: &mut Unit, batch: Box<Batch>, answered: &Answered, intake: &Intake) -> Taken {
    let readings = batch.len() as u64;
    let link = unit.link.untold();
    let beside = Beside {
        gap: unit.gap(answered.polled()),
        link,
        ..Beside::default()
    };
    // What is refused here was counted by the intake.
    let times = (answered.due, answered.wire);
    let offered = intake.offer_due(batch, times, None, beside);
    if offered.is_err() {
        return Taken::No;
    }
    unit.link.on_taken(link);
    unit.stats.readings.add(readings);
    unit.missed = None;
    Taken::Yes
}

fn refuse(intake: &Intake, readings: usize) {
    let ledger = &intake.telemetry().ledger;
    ledger.received.add(readings as u64);
    ledger.refuse(Refusal::PoolEmpty, readings as u64);
}

impl Session {
    /// Tells what there is no answer for; returns whether there was room for all of it.
    pub(super) fn deliver_voids(&mut self) -> bool {
        let mut units = self.units.iter_mut();
        units.all(|unit| deliver_voids(unit, &self.intake))
    }
}

/// Tells which points have no value any more, and what became of the link; returns whether there
/// was room for all of it. A loss is told with the first points, a restoration behind the last.
fn deliver_voids(unit: &mut Unit, intake: &Intake) -> bool {
    for position in 0..unit.reads.len() {
        let Some(quality) = unit.reads[position].void else {
            continue;
        };
        if !deliver_void(unit, position, quality, intake) {
            return false;
        }
        unit.reads[position].void = None;
    }
    unit.link.deliver(&unit.whole, intake)
}

/// Tells of all points of the request at `position` that they have no value, for the reason
/// `quality`; returns whether there was room for it.
fn deliver_void(unit: &mut Unit, position: usize, quality: Quality, intake: &Intake) -> bool {
    let now = wall();
    let read = &unit.reads[position];
    let request = &read.request;
    request.forget_exponents(&mut unit.memory);
    if let Some(layout) = &read.layout {
        let Some(mut batch) = room_for_one(intake) else {
            return false;
        };
        batch.start_sweep(layout, now, TimeQuality::Synchronised, now);
        for _ in 0..layout.len() {
            batch.push(f64::NAN, quality);
        }
        if !offer_void(batch, &mut unit.link, intake) {
            return false;
        }
    }
    if !request.reported_points().is_empty() {
        let Some(mut batch) = room_for_one(intake) else {
            return false;
        };
        batch.start_events(&unit.whole, now);
        push_void(request, &mut unit.memory, quality, now, &mut batch);
        if !offer_void(batch, &mut unit.link, intake) {
            return false;
        }
    }
    if request.text_points().is_empty() {
        return true;
    }
    let Some(mut batch) = room_for_one(intake) else {
        return false;
    };
    batch.start_texts(&unit.whole, now);
    push_void_texts(request, &mut unit.memory, quality, now, &mut batch);
    offer_void(batch, &mut unit.link, intake)
}

fn offer_void(batch: Box<Batch>, link: &mut Link, intake: &Intake) -> bool {
    let loss = link.untold_loss();
    let beside = Beside {
        link: loss,
        ..Beside::default()
    };
    let offered = intake.offer_with(batch, std::time::Instant::now(), None, beside);
    if offered.is_ok() {
        link.on_taken(loss);
    }
    offered.is_ok()
}

fn push_void(
    request: &Request,
    memory: &mut Memory,
    quality: Quality,
    now: Timestamp,
    batch: &mut Batch,
) {
    // The first value afterwards is news, whatever was told before.
    request.forget(memory);
    for point in request.reported_points() {
        if let Ok(point) = u32::try_from(point) {
            batch.push_event(point, now, f64::NAN, quality);
        }
    }
}

fn push_void_texts(
    request: &Request,
    memory: &mut Memory,
    quality: Quality,
    now: Timestamp,
    batch: &mut Batch,
) {
    request.forget_texts(memory);
    for point in request.text_points() {
        if let Ok(point) = u32::try_from(point) {
            batch.push_text(point, now, "", quality);
        }
    }
}

/// What the engine itself says can wait until there is room for it.
fn room_for_one(intake: &Intake) -> Option<Box<Batch>> {
    if intake.room() == 0 {
        return None;
    }
    intake.take()
}

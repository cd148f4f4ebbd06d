//! While the engine can keep nothing, nothing is read.

use std::time::{Duration, Instant};

use gridos_ring::Intake;

use crate::spread::{fraction, mix};

/// Whether a session rests, and until when.
#[derive(Debug)]
pub(super) struct Pause {
    until: Option<Instant>,
    chance: u64,
}

/// It is looked again for room after a time between this and its double, so that not all sessions
/// come back together.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

impl Pause {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            until: None,
            chance: seed,
        }
    }

    /// When it is looked again for room.
    pub(super) fn until(&self) -> Option<Instant> {
        self.until
    }

    /// Begins or ends it at `now`; returns whether that is new.
    pub(super) fn set(&mut self, is_paused: bool, now: Instant, intake: &Intake) -> bool {
        let paused = &intake.telemetry().dnp3.paused;
        match (self.until.is_some(), is_paused) {
            (false, true) => {
                paused.add(1);
                intake.hold_back();
            }
            (true, false) => paused.sub(1),
            (true, true) | (false, false) => return false,
        }
        self.until = is_paused.then(|| self.next(now));
        true
    }

    /// Whether it is time to end it: there is room again.
    pub(super) fn is_over(&mut self, now: Instant, intake: &Intake) -> bool {
        if self.until.is_none_or(|until| now < until) {
            return false;
        }
        if has_room(intake) {
            return true;
        }
        self.until = Some(self.next(now));
        false
    }

    fn next(&mut self, now: Instant) -> Instant {
        self.chance = mix(self.chance);
        now + LOOK_AGAIN.mul_f64(1.0 + fraction(self.chance))
    }
}

fn has_room(intake: &Intake) -> bool {
    let batch = if intake.room() > 0 && !intake.is_stalled() {
        intake.take()
    } else {
        None
    };
    let has_room = batch.is_some();
    batch.into_iter().for_each(|batch| intake.give_back(batch));
    has_room
}

//! Points whose outstation is gone have no value any more.

use std::sync::Arc;
use std::time::Instant;

use gridos_model::{Batch, Layout, Quality, TimeQuality, Timestamp};
use gridos_ring::{Beside, Intake};

use super::{Dnp3Device, PointMap};
use crate::link::Link;
use crate::wall::wall;

/// Tells once per outage that all points have lost their values: groups as sweeps without values,
/// the others as such events and texts.
#[derive(Debug, Default)]
pub(super) struct Void {
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// The points have values.
    #[default]
    None,
    /// So many pieces were told.
    Told(usize),
    /// All were.
    Done,
}

impl Void {
    /// The outstation is gone.
    pub(super) fn lose(&mut self) {
        if self.state == State::None {
            self.state = State::Told(0);
        }
    }

    /// The outstation is there: what was not told yet is not told.
    pub(super) fn end(&mut self) {
        self.state = State::None;
    }

    /// Tells what is still to be told, as far as there is room, the loss of the `link` with the
    /// first piece; returns whether anything was.
    pub(super) fn deliver(
        &mut self,
        map: &PointMap,
        (whole, groups): (&Arc<Layout>, &[Arc<Layout>]),
        link: &mut Link,
        intake: &Intake,
    ) -> bool {
        let State::Told(mut told) = self.state else {
            return false;
        };
        let now = wall();
        let before = told;
        loop {
            let piece = match groups.get(told) {
                Some(group) => Piece::Sweep(group),
                None => match loose(map, told - groups.len()) {
                    Some(positions) => Piece::Loose(positions),
                    None => {
                        self.state = State::Done;
                        break;
                    }
                },
            };
            if !piece.offer(whole, now, link, intake) {
                break;
            }
            told += 1;
            self.state = State::Told(told);
        }
        told > before
    }
}

/// What one batch tells.
enum Piece<'a> {
    Sweep(&'a Arc<Layout>),
    /// Positions that are in no group, all numbers or all texts.
    Loose(Loose),
}

struct Loose {
    positions: Vec<u32>,
    is_text: bool,
}

impl Piece<'_> {
    /// Leaves it at the intake if there is room: it can wait.
    fn offer(self, whole: &Arc<Layout>, now: Timestamp, link: &mut Link, intake: &Intake) -> bool {
        if intake.room() == 0 {
            return false;
        }
        let Some(mut batch) = intake.take() else {
            return false;
        };
        self.fill(&mut batch, whole, now);
        let loss = link.untold_loss();
        let beside = Beside {
            link: loss,
            ..Beside::default()
        };
        let offered = intake.offer_with(batch, Instant::now(), None, beside);
        if offered.is_ok() {
            link.on_taken(loss);
        }
        offered.is_ok()
    }

    fn fill(self, batch: &mut Batch, whole: &Arc<Layout>, now: Timestamp) {
        match self {
            Self::Sweep(layout) => {
                batch.start_sweep(layout, now, TimeQuality::Synchronised, now);
                for _ in 0..layout.len() {
                    batch.push(f64::NAN, Quality::COMM_LOST);
                }
            }
            Self::Loose(loose) if loose.is_text => {
                batch.start_texts(whole, now);
                for position in loose.positions {
                    batch.push_text(position, now, "", Quality::COMM_LOST);
                }
            }
            Self::Loose(loose) => {
                batch.start_events(whole, now);
                for position in loose.positions {
                    batch.push_event(position, now, f64::NAN, Quality::COMM_LOST);
                }
            }
        }
    }
}

/// The `number`th batch of points that are in no group; `None` behind the last.
fn loose(map: &PointMap, number: usize) -> Option<Loose> {
    let mut groups = map.groups().iter().peekable();
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    for (position, point) in (0_u32..).zip(map.points()) {
        let place = position as usize;
        while groups.next_if(|group| group.end <= place).is_some() {}
        if point.is_text() {
            texts.push(position);
        } else if groups.peek().is_none_or(|group| place < group.start) {
            numbers.push(position);
        }
    }
    let chunk = Dnp3Device::EVENTS_PER_BATCH_MAX;
    let of_numbers = numbers.len().div_ceil(chunk);
    let (positions, number, is_text) = match number.checked_sub(of_numbers) {
        None => (numbers, number, false),
        Some(number) => (texts, number, true),
    };
    let positions = positions.chunks(chunk).nth(number)?.to_vec();
    Some(Loose { positions, is_text })
}

//! What is remembered of one device from answer to answer.

use std::ops::Range;
use std::time::Instant;

use gridos_model::{Batch, Quality};

use crate::exponent::Exponents;
use crate::text::ToldText;
use crate::{LastReport, Report, Stamp};

/// The exponents a device told, the points it refuses and the values and texts that were last
/// reported; made by [`Plan::memory`](crate::Plan::memory), one per device.
///
/// Empty, without anything allocated, for a map without exponents, reports and texts.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    pub(crate) exponents: Exponents,
    /// Per reported point of the plan, what was last told.
    last: Box<[Option<LastReport>]>,
    /// Per text point of the plan, what was last told.
    pub(crate) texts: Box<[Option<ToldText>]>,
    /// The positions in the plan of points that the device refuses to be read, ascending.
    pub(crate) refused: Vec<usize>,
    /// The decoded values of one request's reported points.
    pub(crate) decoded: Vec<(f64, Quality)>,
}

impl Memory {
    /// A memory of nothing, with room for so many exponents, reported points and texts.
    pub(crate) fn new(exponents: usize, reported: usize, texts: usize) -> Self {
        Self {
            exponents: Exponents::unknown(exponents),
            last: vec![None; reported].into(),
            texts: vec![None; texts].into(),
            refused: Vec::new(),
            decoded: Vec::new(),
        }
    }

    /// Of the plan's `points`, the device refuses to read those at `refused`, and no others any
    /// more: until that changes they have no value, whatever stands in their place in an answer.
    /// Positions outside `points` do not count.
    pub fn refuse(&mut self, points: &Range<usize>, refused: &[usize]) {
        self.refused.retain(|position| !points.contains(position));
        let own = refused.iter().filter(|position| points.contains(position));
        self.refused.extend(own);
        self.refused.sort_unstable();
    }

    /// Pushes those of the decoded values that `reports` call due as events onto `batch`, and
    /// remembers them as told. The first one is point `position` of the batch's layout and
    /// reported point `first` of the plan.
    pub(crate) fn tell(
        &mut self,
        reports: &[Report],
        (first, position): (usize, usize),
        stamp: &Stamp,
        now: Instant,
        batch: &mut Batch,
    ) {
        let flags = stamp.event_flags();
        let told = self.last.get_mut(first..).unwrap_or_default();
        let points = reports.iter().zip(&self.decoded).zip(told);
        for (at, ((report, (value, quality)), last)) in points.enumerate() {
            let (value, quality) = (*value, *quality | flags);
            let Ok(position) = u32::try_from(position + at) else {
                return;
            };
            if report.is_due(last.as_ref(), value, quality, now)
                && batch.push_event(position, stamp.time, value, quality)
            {
                *last = Some(LastReport {
                    value,
                    quality,
                    at: now,
                });
            }
        }
    }

    /// Forgets what was told of `count` reported points from `first`.
    pub(crate) fn forget(&mut self, first: usize, count: usize) {
        let told = self.last.iter_mut().skip(first).take(count);
        told.for_each(|last| *last = None);
    }
}

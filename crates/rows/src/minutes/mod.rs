//! Minutes: what each point did in each minute, added up from the columns on their way to the database.
//!
//! The minute of a reading is that of its own time. Of the readings of a point in a minute a row
//! tells how many there are and how many of them are *good*: finite, and not
//! [bad](Quality::is_bad). Minimum, maximum, mean and last value are those of the good ones; the
//! last is that of the latest time, and of two at one time that which came later. Texts have no minute.
//!
//! Rows are *partial*: what comes for a minute whose row is written already becomes another row of
//! the same minute, and the view `reading_1m` puts them together. When rows are made, and what is
//! needed to go on after a crash, is the business of whoever stores them.

mod event;
mod row;
mod sweep;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gridos_model::{Events, LayoutId, Quality, Sweep, Timestamp};

use event::{Block, EventMinute};
pub use row::{Column, MinuteRow};
use sweep::SweepMinute;

const MINUTE_MICROS: i64 = 60_000_000;
/// Points in minutes other than the present one that may be open: what devices tell of long ago, or
/// by wrong clocks, must not fill the memory. It is 12 MiB at most.
const ELSEWHERE_MAX: usize = 256 << 10;

/// A minute of the world: so many since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Minute(i64);

impl Minute {
    /// The minute that `time` lies in.
    pub const fn of(time: Timestamp) -> Self {
        Self(time.as_micros().div_euclid(MINUTE_MICROS))
    }

    /// How many minutes after the first of 1970 it is.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// When it begins.
    pub const fn start(self) -> Timestamp {
        Timestamp::from_micros(self.0 * MINUTE_MICROS)
    }

    /// The minute that `time` lies in, and how many microseconds after its beginning.
    fn split(time: Timestamp) -> (Self, u32) {
        let lag = time.as_micros().rem_euclid(MINUTE_MICROS);
        // Less than a minute.
        (Self::of(time), u32::try_from(lag).unwrap_or(0))
    }
}

/// Whether a value may stand for what was measured.
#[inline]
fn is_good(value: f64, quality: Quality) -> bool {
    value.is_finite() && !quality.is_bad()
}

/// Sums are kept this much smaller than they are, so that no sum of doubles is infinite: a power of
/// two, by which nothing is rounded.
const SUM_SCALE: f64 = 1.0 / 4_294_967_296.0;

/// The mean of `good` values with this scaled sum; rounding leads it out of their range never.
fn mean(scaled_sum: f64, good: u32, min: f64, max: f64) -> f64 {
    (scaled_sum / f64::from(good) / SUM_SCALE).clamp(min, max)
}

/// The minutes that are open, of all layouts: for each point that has come, 32 bytes if it is swept
/// (8 while all of its layout is steady), and 48 if it is told by events.
#[derive(Debug, Default)]
pub struct Minutes {
    sweeps: HashMap<(LayoutId, Minute), SweepMinute>,
    events: HashMap<(LayoutId, Minute), EventMinute>,
    /// The minute that most readings are of.
    present: Option<Minute>,
    /// Points open in other minutes.
    elsewhere: usize,
}

impl Minutes {
    /// Says which minute most of what comes is of: points in others are counted.
    pub fn expect(&mut self, present: Minute) {
        self.present.get_or_insert(present);
    }

    /// Adds a sweep, whose columns fit its layout.
    pub fn add_sweep(&mut self, sweep: &Sweep<'_>) {
        let (minute, lag) = Minute::split(sweep.time);
        match self.sweeps.entry((sweep.layout, minute)) {
            Entry::Occupied(mut open) => open.get_mut().add(sweep, lag),
            Entry::Vacant(place) => {
                if self.present != Some(minute) {
                    self.elsewhere += sweep.values.len();
                }
                place.insert(SweepMinute::new(sweep, lag));
            }
        }
    }

    /// Adds events, whose columns fit their layout.
    pub fn add_events(&mut self, events: &Events<'_>) {
        let mut nth = 0;
        while let Some(time) = events.times.get(nth) {
            let (minute, mut lag) = Minute::split(*time);
            let open = self.events.entry((events.layout, minute)).or_default();
            let mut points = 0;
            // Events that follow each other mostly belong together.
            loop {
                let quality = events.qualities.get(nth).copied().unwrap_or_default();
                let judged = (events.values[nth], quality);
                let is_first = open.add(events.points[nth], lag, events.received, judged);
                points += usize::from(is_first);
                nth += 1;
                let Some(next) = events.times.get(nth).map(|time| Minute::split(*time)) else {
                    break;
                };
                if next.0 != minute {
                    break;
                }
                lag = next.1;
            }
            if self.present != Some(minute) {
                self.elsewhere += points;
            }
        }
    }

    /// Whether no minute is open.
    pub fn is_empty(&self) -> bool {
        self.sweeps.is_empty() && self.events.is_empty()
    }

    /// Whether more is open than is good for the memory.
    pub fn are_too_many(&self) -> bool {
        self.elsewhere > ELSEWHERE_MAX
    }

    /// Closes all minutes that are open: their rows, by layout and minute.
    pub fn close(&mut self) -> Closed {
        let open = std::mem::take(self);
        let mut sweeps: Vec<_> = open.sweeps.into_iter().collect();
        let events = open.events.into_iter();
        let events =
            events.flat_map(|(of, open)| open.into_blocks().into_iter().map(move |b| (of, b)));
        let mut events: Vec<_> = events.collect();
        sweeps.sort_unstable_by(|(a, _), (b, _)| b.cmp(a));
        events.sort_unstable_by(|(a, x), (b, y)| (b, y.nth()).cmp(&(a, x.nth())));
        Closed { sweeps, events }
    }

    /// Bytes of memory that the open minutes hold on to, but for what the allocator adds.
    pub fn bytes(&self) -> usize {
        let sweeps = self.sweeps.values().map(SweepMinute::bytes).sum::<usize>();
        let events = self.events.values().map(EventMinute::bytes).sum::<usize>();
        let sweep = size_of::<((LayoutId, Minute), SweepMinute)>() + 1;
        let event = size_of::<((LayoutId, Minute), EventMinute)>() + 1;
        sweeps + events + sweep * self.sweeps.capacity() + event * self.events.capacity()
    }
}

/// Closed minutes on their way to the database, each freed when its row is gone.
#[derive(Debug, Default)]
pub struct Closed {
    /// The last first, as of the other.
    sweeps: Vec<((LayoutId, Minute), SweepMinute)>,
    events: Vec<((LayoutId, Minute), Block)>,
}

impl Iterator for Closed {
    type Item = MinuteRow;

    fn next(&mut self) -> Option<MinuteRow> {
        if let Some(((layout, minute), open)) = self.sweeps.pop() {
            return Some(open.into_row(layout, minute));
        }
        let ((layout, minute), open) = self.events.pop()?;
        Some(open.into_row(layout, minute))
    }
}

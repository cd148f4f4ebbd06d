//! One request of a device, with what is known of the points it may not read.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_modbus::{Plan, Request, Values};
use gridos_model::{Layout, Quality, Timestamp};

use super::isolation::{Ask, Isolation};
use super::pace::Pace;
use crate::quiet::Told;

/// One request of a device.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) request: Arc<Request>,
    /// The layout of its swept points, if it has any.
    pub(super) layout: Option<Arc<Layout>>,
    /// What is still to be told of all its points instead of values.
    pub(super) void: Option<Quality>,
    /// The exception that leaves all its points without a value.
    pub(super) refusal: Option<u8>,
    /// Whether the log says so.
    pub(super) is_told_refused: Told<bool>,
    /// How often it was sent again because the device was busy.
    pub(super) retries: u32,
    /// What was spent on searches, also on those that have ended.
    pace: Pace,
    hunt: Option<Box<Hunt>>,
}

/// The search for points that cannot be read, and what was read between them.
#[derive(Debug)]
struct Hunt {
    isolation: Isolation,
    values: Values,
    /// When the first answer of the pass was due, and when it was asked for.
    asked: Option<(Instant, Instant)>,
    /// The addresses that the answers of the pass hold.
    kept: Vec<Range<u32>>,
    retries: Retries,
    /// The points that were last told to be refused.
    told: Vec<usize>,
}

/// Values for all of a request, and when they were read.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) values: Values,
    /// When the scan that they are of was due.
    pub(super) due: Instant,
    /// When the first request for it was sent.
    pub(super) asked: Instant,
    /// When the last answer with it had come, by the time of day.
    pub(super) received: Timestamp,
    /// The same by the clock that nobody sets.
    pub(super) wire: Instant,
}

impl Answered {
    /// When its values were true: in the middle, as the device sampled between the request and its
    /// answer. A clock that is set meanwhile does not bring a time that it never showed.
    pub(super) fn polled(&self) -> Timestamp {
        self.received.saturating_sub(self.uncertainty())
    }

    /// How far off that may be at most.
    pub(super) fn uncertainty(&self) -> Duration {
        self.wire.saturating_duration_since(self.asked) / 2
    }
}

/// What an answer led to.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "values are on their way to the ring; on the heap each answer would be an allocation"
)]
pub(super) enum Outcome {
    /// There is more to ask for, of the same request.
    More,
    /// All that can be read was read.
    Complete(Answered),
    /// Nothing can be read.
    Refused,
}

/// When what was refused is tried again: soon after it was found, for a device that is starting
/// refuses what it has later, and then ever more rarely.
#[derive(Clone, Copy, Debug)]
struct Retries {
    at: Instant,
    /// The wait that leads there.
    after: Duration,
}

impl Retries {
    const FIRST: Duration = Duration::from_secs(60);
    const LONGEST: Duration = Duration::from_secs(3_600);

    fn new(now: Instant) -> Self {
        Self {
            at: now + Self::FIRST,
            after: Self::FIRST,
        }
    }

    /// Whether it is time at `now`; then the next time is later.
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now >= self.at;
        if is_due {
            self.after = (2 * self.after).min(Self::LONGEST);
            self.at = now + self.after;
        }
        is_due
    }

    /// A new connection may be to a device that was restarted: the waits begin anew, from the last
    /// try on, so that a connection which breaks all the time does not lead to as many tries.
    fn begin_anew(&mut self) {
        if self.after > Self::FIRST {
            self.at = self.at - self.after + Self::FIRST;
            self.after = Self::FIRST;
        }
    }
}

impl Read {
    pub(super) fn new(request: Arc<Request>, layout: Option<Arc<Layout>>) -> Self {
        Self {
            request,
            layout,
            void: None,
            refusal: None,
            is_told_refused: Told::new(Some(false)),
            retries: 0,
            pace: Pace::default(),
            hunt: None,
        }
    }

    /// Whether it may be asked for in the scan at `now`; else the search goes on in a later one.
    pub(super) fn may_ask(&self, now: Instant) -> bool {
        self.pace.is_open(now)
    }

    /// The addresses to ask for now.
    pub(super) fn ask(&mut self, now: Instant) -> Ask {
        let whole = Ask {
            start: self.request.start().into(),
            count: self.request.count().into(),
            is_kept: true,
        };
        let Some(hunt) = &mut self.hunt else {
            return whole;
        };
        if let Some(ask) = hunt.isolation.next_ask() {
            return ask;
        }
        if hunt.retries.is_due(now) {
            hunt.isolation.retry();
        }
        hunt.begin(&self.request);
        hunt.isolation.next_ask().unwrap_or(whole)
    }

    /// What was asked for was answered.
    pub(super) fn on_answer(&mut self, ask: Ask, piece: Answered) -> Outcome {
        let Some(hunt) = &mut self.hunt else {
            return Outcome::Complete(piece);
        };
        if ask.is_kept {
            let offset = ask.start.saturating_sub(self.request.start().into());
            hunt.values.keep(offset, &piece.values);
            hunt.kept
                .push(ask.start..ask.start.saturating_add(ask.count));
            hunt.asked.get_or_insert((piece.due, piece.asked));
        }
        hunt.isolation.on_answer();
        let (received, wire) = (piece.received, piece.wire);
        let (outcome, wasted) = hunt.outcome(&self.request, received, wire);
        self.pace.spend(wasted, wire);
        if hunt.isolation.is_whole() && hunt.isolation.is_settled() && hunt.told.is_empty() {
            self.hunt = None;
        }
        outcome
    }

    /// What was asked for was refused with exception 2, at `received`.
    pub(super) fn on_refusal(&mut self, plan: &Plan, received: Timestamp, now: Instant) -> Outcome {
        if self.hunt.is_none() {
            let points = plan.points().get(self.request.points());
            let points = points.unwrap_or_default().iter();
            let addresses = points.map(|point| u32::from(point.address)..point.end());
            let addresses: Vec<_> = addresses.chain(self.request.clock_addresses()).collect();
            if addresses.len() <= 1 {
                return Outcome::Refused;
            }
            let mut hunt = Hunt {
                isolation: Isolation::new(addresses),
                values: Values::missing(&self.request),
                asked: None,
                kept: Vec::new(),
                retries: Retries::new(now),
                told: Vec::new(),
            };
            hunt.begin(&self.request);
            self.hunt = Some(Box::new(hunt));
        }
        let Some(hunt) = &mut self.hunt else {
            return Outcome::Refused;
        };
        hunt.isolation.on_refusal();
        let (outcome, wasted) = hunt.outcome(&self.request, received, now);
        self.pace.spend(1 + wasted, now);
        outcome
    }

    /// The connection broke: what was asked for in parts is asked for anew.
    pub(super) fn interrupt(&mut self) {
        self.retries = 0;
        if let Some(hunt) = &mut self.hunt {
            hunt.retries.begin_anew();
            hunt.begin(&self.request);
        }
    }

    /// Tries what was refused again, as after a restart of the device.
    pub(super) fn retry_refused(&mut self) {
        if let Some(hunt) = &mut self.hunt {
            hunt.isolation.retry();
        }
    }

    /// The points that are refused, if these are others than the last time; places among the
    /// request's points, the one behind them is that of the clock.
    pub(super) fn news(&mut self) -> Option<&[usize]> {
        let hunt = self.hunt.as_mut()?;
        if hunt.isolation.is_dirty() {
            return None;
        }
        let mut refused: Vec<usize> = hunt.isolation.refused().collect();
        // What stands for a register that was not read must not become a value.
        refused.extend(hunt.isolation.missing(&hunt.kept));
        refused.sort_unstable();
        refused.dedup();
        let is_new = hunt.told != refused;
        hunt.told = refused;
        is_new.then_some(hunt.told.as_slice())
    }

    /// Whether the device's clock is not among what was read.
    pub(super) fn lacks_clock(&self) -> bool {
        let clock = self.request.points().len();
        let hunt = self.hunt.as_ref();
        hunt.is_some_and(|hunt| hunt.told.contains(&clock))
    }

    /// The addresses that are refused, first and last, and how many points lie in them.
    pub(super) fn refused(&self) -> (Vec<(u32, u32)>, usize) {
        let all = self.request.points().len();
        match &self.hunt {
            Some(hunt) => {
                let points = hunt.told.iter().filter(|point| **point < all).count();
                (hunt.isolation.refused_addresses().collect(), points)
            }
            None if self.refusal == Some(2) => {
                let start = u32::from(self.request.start());
                let count = u32::from(self.request.count());
                (vec![(start, start + count - 1)], all)
            }
            None => (Vec::new(), 0),
        }
    }
}

impl Hunt {
    fn begin(&mut self, request: &Request) {
        self.isolation.begin();
        // What was read before must not pass for what a later pass reads.
        self.values = Values::missing(request);
        self.kept.clear();
        self.asked = None;
    }

    /// What it led to, and how many answers of the pass must be asked for again.
    fn outcome(
        &mut self,
        request: &Request,
        received: Timestamp,
        wire: Instant,
    ) -> (Outcome, usize) {
        if self.isolation.next_ask().is_some() {
            return (Outcome::More, 0);
        }
        if self.isolation.is_dirty() {
            let wasted = self.kept.len();
            self.begin(request);
            return (Outcome::More, wasted);
        }
        let values = std::mem::replace(&mut self.values, Values::missing(request));
        let outcome = match self.asked.take() {
            Some((due, asked)) => Outcome::Complete(Answered {
                values,
                due,
                asked,
                received,
                wire,
            }),
            None => Outcome::Refused,
        };
        (outcome, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_is_tried_soon_then_rarely_and_soon_again_on_a_new_connection() {
        let minute = Retries::FIRST;
        let start = Instant::now();
        let mut retries = Retries::new(start);
        assert!(!retries.is_due(start + minute / 2));
        assert!(retries.is_due(start + minute));
        assert!(!retries.is_due(start + 2 * minute));
        assert!(retries.is_due(start + 3 * minute));
        retries.begin_anew();
        assert!(!retries.is_due(start + 3 * minute));
        // Once only, however often the connection breaks.
        retries.begin_anew();
        assert!(retries.is_due(start + 4 * minute));
        assert!(!retries.is_due(start + 5 * minute));
    }

    #[test]
    fn the_waits_end_at_an_hour() {
        let mut now = Instant::now();
        let mut retries = Retries::new(now);
        for _ in 0..20 {
            now = retries.at;
            assert!(retries.is_due(now));
        }
        assert_eq!(retries.at - now, Retries::LONGEST);
    }
}

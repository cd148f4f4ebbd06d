//! When to send which request of a connection.

use std::time::{Duration, Instant};

use crate::spread::{fraction, mix};

/// One scan class of one device: requests that are sent one after the other, once per period.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    /// The device among those of the connection; its lanes share its turns.
    pub unit: usize,
    /// How often a scan starts; more than 0.
    pub period: Duration,
    /// How many requests a scan has.
    pub requests: usize,
    /// Shifts the scans within the period: the same for all lanes of a device, different for
    /// devices.
    pub seed: u64,
}

/// The scans of all lanes that share one connection, as a pure machine: `now` is an argument.
///
/// Each lane has absolute deadlines that never drift. A scan that is late starts late; deadlines
/// that pass while a scan is due already are skipped and counted, so scans never pile up. Units
/// take turns request by request, and so do the lanes of a unit: neither a long scan nor a unit
/// with many lanes can hold up the others. The first scan of each lane is due at once.
#[derive(Debug)]
pub struct Schedule {
    lanes: Vec<State>,
    /// The lanes of each unit, and which of them is next.
    units: Vec<(Vec<usize>, usize)>,
    cursor: usize,
}

#[derive(Debug)]
struct State {
    period: Duration,
    requests: usize,
    deadline: Instant,
    /// When the scan that is due, or was last, should have started.
    due: Instant,
    /// Whether a scan is due that has not started.
    owed: bool,
    /// The next request of the scan under way.
    under_way: Option<usize>,
    /// Nothing is sent before then.
    rest: Rest,
    skipped: u64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Rest {
    None,
    /// The scan under way pauses; deadlines count on.
    Pause(Instant),
    /// The unit is left alone: no deadline counts.
    Hold(Instant),
    /// The unit is left alone until it is released.
    Held,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send a request, then call [`Schedule::done`], [`Schedule::abandon`], [`Schedule::pause`] or
    /// [`Schedule::hold`]; after none of them the same request comes again.
    Send(Turn),
    /// Nothing is due before then.
    Wait(Instant),
    /// There is no lane with requests: nothing will ever be due.
    Never,
}

/// A request whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The lane.
    pub lane: usize,
    /// The position of the request within the lane's scan.
    pub request: usize,
    /// Scans of the lane that were skipped since its last turn.
    pub skipped: u64,
    /// If a scan starts with it, how long after its time.
    pub late: Option<Duration>,
}

impl Schedule {
    /// The schedule of `lanes` from `now` on; lanes without requests or period are never due.
    pub fn new(lanes: impl IntoIterator<Item = Lane>, now: Instant) -> Self {
        let mut units: Vec<(Vec<usize>, usize)> = Vec::new();
        let mut states = Vec::new();
        for lane in lanes {
            if units.len() <= lane.unit {
                units.resize_with(lane.unit + 1, Default::default);
            }
            units[lane.unit].0.push(states.len());
            states.push(State::new(lane, now));
        }
        // Most devices have a connection of their own: one unit with a lane or two.
        units.shrink_to_fit();
        states.shrink_to_fit();
        Self {
            lanes: states,
            units,
            cursor: 0,
        }
    }

    /// Adds a lane, whose first scan is due at `now`; its unit may be a new one. Returns its place.
    pub fn add(&mut self, lane: Lane, now: Instant) -> usize {
        if self.units.len() <= lane.unit {
            self.units.resize_with(lane.unit + 1, Default::default);
        }
        self.units[lane.unit].0.push(self.lanes.len());
        self.lanes.push(State::new(lane, now));
        self.lanes.len() - 1
    }

    /// Goes on with those units that `stays` says it of, and their lanes, in the same order; what is
    /// due of them stays due when it is.
    pub fn retain(&mut self, stays: impl Fn(usize) -> bool) {
        let lanes = std::mem::take(&mut self.lanes);
        let mut lanes: Vec<_> = lanes.into_iter().map(Some).collect();
        let mut order: Vec<_> = std::mem::take(&mut self.units)
            .into_iter()
            .enumerate()
            .collect();
        order.retain(|(unit, _)| stays(*unit));
        let mut kept: Vec<(usize, usize)> = Vec::new();
        for (unit, (_, (own, _))) in order.iter().enumerate() {
            kept.extend(own.iter().map(|lane| (*lane, unit)));
        }
        kept.sort_unstable();
        self.units = order
            .into_iter()
            .map(|(_, (_, next))| (Vec::new(), next))
            .collect();
        for (lane, unit) in kept {
            if let Some(state) = lanes.get_mut(lane).and_then(Option::take) {
                self.units[unit].0.push(self.lanes.len());
                self.lanes.push(state);
            }
        }
        self.cursor = 0;
    }

    /// How often a scan of `lane` starts.
    pub fn period(&self, lane: usize) -> Duration {
        self.lanes[lane].period
    }

    /// What to do at `now`, which must not go back.
    pub fn poll(&mut self, now: Instant) -> Next {
        let count = self.units.len();
        for unit in (self.cursor..count).chain(0..self.cursor) {
            let (lanes, cursor) = &mut self.units[unit];
            for at in (*cursor..lanes.len()).chain(0..*cursor) {
                let lane = lanes[at];
                let state = &mut self.lanes[lane];
                if let Some((request, late)) = state.next_request(now) {
                    *cursor = (at + 1) % lanes.len();
                    self.cursor = (unit + 1) % count;
                    return Next::Send(Turn {
                        lane,
                        request,
                        skipped: std::mem::take(&mut state.skipped),
                        late,
                    });
                }
            }
        }
        let soonest = self.lanes.iter().filter_map(State::ready_at).min();
        soonest.map_or(Next::Never, Next::Wait)
    }

    /// The last request of `lane` needs no more turn; returns whether its scan ended with it.
    pub fn done(&mut self, lane: usize) -> bool {
        let state = &mut self.lanes[lane];
        let next = state.under_way.map(|request| request + 1);
        state.under_way = next.filter(|request| *request < state.requests);
        state.under_way.is_none()
    }

    /// The scan of `lane` under way, if any, ends here; the next one starts at its deadline.
    pub fn abandon(&mut self, lane: usize) {
        self.lanes[lane].under_way = None;
    }

    /// The request of `lane` under way comes again, but not before `until`.
    pub fn pause(&mut self, lane: usize, until: Instant) {
        self.lanes[lane].rest = Rest::Pause(until);
    }

    /// Leaves `unit` alone until then, and then asks it for the first request of its first lane;
    /// its other lanes stay until [`Schedule::release`].
    pub fn hold(&mut self, unit: usize, until: Instant) {
        for (at, lane) in self.units[unit].0.iter().enumerate() {
            let state = &mut self.lanes[*lane];
            state.under_way = None;
            state.rest = if at == 0 {
                Rest::Hold(until)
            } else {
                Rest::Held
            };
        }
    }

    /// Asks all of `unit` again: a lane that was left alone is due at once.
    pub fn release(&mut self, unit: usize, now: Instant) {
        for lane in &self.units[unit].0 {
            let state = &mut self.lanes[*lane];
            if matches!(state.rest, Rest::Held | Rest::Hold(_)) {
                state.wake(now);
            }
        }
    }

    /// Passes over the deadlines up to `now`, as after a time without a connection: each lane that
    /// missed one is due once, at once. Returns the lanes with the scans that they skipped, for
    /// the caller to judge; they are not counted in a later [`Turn`].
    pub fn catch_up(&mut self, now: Instant) -> Vec<(usize, u64)> {
        let pass = |(lane, state): (usize, &mut State)| {
            state.pass_deadlines(now);
            if state.owed {
                state.due = now;
            }
            (lane, std::mem::take(&mut state.skipped))
        };
        self.lanes.iter_mut().enumerate().map(pass).collect()
    }
}

impl State {
    fn new(lane: Lane, now: Instant) -> Self {
        let is_idle = lane.period.is_zero();
        Self {
            period: lane.period,
            requests: if is_idle { 0 } else { lane.requests },
            deadline: later(now, lane.period.mul_f64(fraction(mix(lane.seed)))),
            due: now,
            owed: true,
            under_way: None,
            rest: Rest::None,
            skipped: 0,
        }
    }

    /// The request to send now and, if a scan starts with it, how late it is.
    fn next_request(&mut self, now: Instant) -> Option<(usize, Option<Duration>)> {
        if self.requests == 0 {
            return None;
        }
        match self.rest {
            Rest::Held => return None,
            Rest::Pause(until) | Rest::Hold(until) if now < until => return None,
            Rest::Hold(until) => self.wake(until),
            Rest::Pause(_) => self.rest = Rest::None,
            Rest::None => {}
        }
        self.pass_deadlines(now);
        let mut late = None;
        if self.under_way.is_none() && std::mem::take(&mut self.owed) {
            self.under_way = Some(0);
            late = Some(now.saturating_duration_since(self.due));
        }
        self.under_way.map(|request| (request, late))
    }

    /// When it can send at the soonest, if nothing happens before.
    fn ready_at(&self) -> Option<Instant> {
        match self.rest {
            _ if self.requests == 0 => None,
            Rest::Held => None,
            Rest::Pause(until) | Rest::Hold(until) => Some(until),
            Rest::None => Some(self.deadline),
        }
    }

    /// Ends a rest in which no deadline counted: the lane is due since `now`.
    fn wake(&mut self, now: Instant) {
        self.rest = Rest::None;
        self.pass_deadlines(now);
        self.skipped = 0;
        self.owed = true;
        self.due = now;
    }

    /// Makes a scan due if its deadline has passed; all but one that are due are skipped.
    fn pass_deadlines(&mut self, now: Instant) {
        let Some(late) = now.checked_duration_since(self.deadline) else {
            return;
        };
        let (late, period) = (nanos(late), nanos(self.period).max(1));
        self.due = now - Duration::from_nanos(late % period);
        self.deadline = later(self.due, self.period);
        self.skipped += late / period + u64::from(self.owed);
        self.owed = true;
    }
}

/// Nanoseconds of `duration`; at most five centuries.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// `now` and `by` later, or a century if the clock cannot tell so late a time.
fn later(now: Instant, by: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
    now.checked_add(by).unwrap_or_else(|| now + CENTURY)
}

#[cfg(test)]
mod tests;

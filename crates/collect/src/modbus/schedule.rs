//! When to send which request of a connection.

use std::time::{Duration, Instant};

use crate::spread::{fraction, mix};

/// One scan class of one device: requests that are sent one after the other, once per period.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
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
/// that pass while a scan is due already are skipped and counted, so scans never pile up. Lanes
/// take turns request by request, so a long scan cannot hold up a short one. The first scan of
/// each lane is due at once.
#[derive(Debug)]
pub struct Schedule {
    lanes: Vec<State>,
    cursor: usize,
}

#[derive(Debug)]
struct State {
    period: Duration,
    requests: usize,
    deadline: Instant,
    /// Whether a scan is due that has not started.
    owed: bool,
    /// The next request of the scan under way.
    under_way: Option<usize>,
    skipped: u64,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send a request, then call [`Schedule::done`] or [`Schedule::abandon`].
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
}

impl Schedule {
    /// The schedule of `lanes` from `now` on; lanes without requests or period are never due.
    pub fn new(lanes: impl IntoIterator<Item = Lane>, now: Instant) -> Self {
        let state = |lane: Lane| State {
            period: lane.period,
            requests: if lane.period.is_zero() {
                0
            } else {
                lane.requests
            },
            deadline: later(now, lane.period.mul_f64(fraction(mix(lane.seed)))),
            owed: true,
            under_way: None,
            skipped: 0,
        };
        Self {
            lanes: lanes.into_iter().map(state).collect(),
            cursor: 0,
        }
    }

    /// What to do at `now`, which must not go back.
    pub fn poll(&mut self, now: Instant) -> Next {
        let count = self.lanes.len();
        for lane in (self.cursor..count).chain(0..self.cursor) {
            let state = &mut self.lanes[lane];
            if let Some(request) = state.next_request(now) {
                self.cursor = (lane + 1) % count;
                let skipped = std::mem::take(&mut state.skipped);
                return Next::Send(Turn {
                    lane,
                    request,
                    skipped,
                });
            }
        }
        let waiting = self.lanes.iter().filter(|lane| lane.requests > 0);
        let soonest = waiting.map(|lane| lane.deadline).min();
        soonest.map_or(Next::Never, Next::Wait)
    }

    /// The last request of `lane` was answered.
    pub fn done(&mut self, lane: usize) {
        let state = &mut self.lanes[lane];
        let next = state.under_way.map(|request| request + 1);
        state.under_way = next.filter(|request| *request < state.requests);
    }

    /// The scan of `lane` under way, if any, ends here; the next one starts at its deadline.
    pub fn abandon(&mut self, lane: usize) {
        self.lanes[lane].under_way = None;
    }

    /// Passes over the deadlines up to `now`, as after a time without a connection: each lane that
    /// missed one is due once, at once. Returns the lanes with the scans that they skipped, for
    /// the caller to judge; they are not counted in a later [`Turn`].
    pub fn catch_up(&mut self, now: Instant) -> Vec<(usize, u64)> {
        let pass = |(lane, state): (usize, &mut State)| {
            state.pass_deadlines(now);
            (lane, std::mem::take(&mut state.skipped))
        };
        self.lanes.iter_mut().enumerate().map(pass).collect()
    }
}

impl State {
    fn next_request(&mut self, now: Instant) -> Option<usize> {
        if self.requests == 0 {
            return None;
        }
        self.pass_deadlines(now);
        if self.under_way.is_none() && std::mem::take(&mut self.owed) {
            self.under_way = Some(0);
        }
        self.under_way
    }

    /// Makes a scan due if its deadline has passed; all but one that are due are skipped.
    fn pass_deadlines(&mut self, now: Instant) {
        let Some(late) = now.checked_duration_since(self.deadline) else {
            return;
        };
        let period = self.period.as_nanos().max(1);
        let further = late.as_nanos() / period;
        let into_period = u64::try_from(late.as_nanos() % period).unwrap_or(u64::MAX);
        self.deadline = later(now - Duration::from_nanos(into_period), self.period);
        self.skipped += u64::try_from(further).unwrap_or(u64::MAX) + u64::from(self.owed);
        self.owed = true;
    }
}

/// `now` and `by` later, or a century if the clock cannot tell so late a time.
fn later(now: Instant, by: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
    now.checked_add(by).unwrap_or_else(|| now + CENTURY)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn lane(period: Duration, requests: usize, seed: u64) -> Lane {
        Lane {
            period,
            requests,
            seed,
        }
    }

    fn send(lane: usize, request: usize, skipped: u64) -> Next {
        Next::Send(Turn {
            lane,
            request,
            skipped,
        })
    }

    /// When the lane is due after its first scan, relative to `start`.
    fn phase(lane: Lane, start: Instant) -> Duration {
        let mut schedule = Schedule::new([lane], start);
        assert_eq!(schedule.poll(start), send(0, 0, 0));
        schedule.abandon(0);
        let Next::Wait(until) = schedule.poll(start) else {
            panic!("nothing is due");
        };
        until - start
    }

    #[test]
    fn phases_fill_the_period() {
        let start = Instant::now();
        let phases: Vec<_> = (0..1_000)
            .map(|n| phase(lane(SECOND, 1, n), start))
            .collect();
        for tenth in 0..10 {
            let range = SECOND * tenth / 10..SECOND * (tenth + 1) / 10;
            let count = phases.iter().filter(|phase| range.contains(phase)).count();
            assert!((60..140).contains(&count), "{count} of 1,000 in {range:?}");
        }
    }

    #[test]
    fn deadlines_do_not_drift() {
        let start = Instant::now();
        let first = start + phase(lane(SECOND, 1, 7), start);
        let mut schedule = Schedule::new([lane(SECOND, 1, 7)], start);
        assert_eq!(schedule.poll(start), send(0, 0, 0));
        schedule.done(0);
        for n in 0..100 {
            let deadline = first + SECOND * n;
            assert_eq!(
                schedule.poll(deadline - Duration::from_nanos(1)),
                Next::Wait(deadline)
            );
            // Each scan starts late by another time, and takes long.
            let late = deadline + Duration::from_millis(u64::from(n) * 9);
            assert_eq!(schedule.poll(late), send(0, 0, 0));
            schedule.done(0);
        }
    }

    #[test]
    fn deadlines_that_pass_during_a_scan_are_skipped_but_one() {
        let start = Instant::now();
        let first = start + phase(lane(SECOND, 2, 7), start);
        let mut schedule = Schedule::new([lane(SECOND, 2, 7)], start);
        assert_eq!(schedule.poll(start), send(0, 0, 0));
        schedule.done(0);
        // Deadlines 0, 1, 2 and 3 have passed: the scan goes on, one more is due, three are lost.
        let now = first + SECOND * 3 + SECOND / 2;
        assert_eq!(schedule.poll(now), send(0, 1, 3));
        schedule.done(0);
        assert_eq!(schedule.poll(now), send(0, 0, 0));
        schedule.done(0);
        assert_eq!(schedule.poll(now), send(0, 1, 0));
        schedule.done(0);
        assert_eq!(schedule.poll(now), Next::Wait(first + SECOND * 4));
    }

    #[test]
    fn lanes_take_turns_request_by_request() {
        let start = Instant::now();
        let lanes = [lane(SECOND, 3, 1), lane(SECOND, 1, 2), lane(SECOND, 2, 3)];
        let mut schedule = Schedule::new(lanes, start);
        let mut turns = Vec::new();
        while let Next::Send(turn) = schedule.poll(start) {
            turns.push((turn.lane, turn.request));
            schedule.done(turn.lane);
        }
        assert_eq!(turns, [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2)]);
    }

    #[test]
    fn an_abandoned_scan_starts_again_at_its_deadline() {
        let start = Instant::now();
        let first = start + phase(lane(SECOND, 5, 7), start);
        let mut schedule = Schedule::new([lane(SECOND, 5, 7)], start);
        assert_eq!(schedule.poll(start), send(0, 0, 0));
        schedule.done(0);
        schedule.abandon(0);
        assert_eq!(schedule.poll(start), Next::Wait(first));
        assert_eq!(schedule.poll(first), send(0, 0, 0));
    }

    #[test]
    fn after_an_outage_each_lane_is_due_once() {
        let start = Instant::now();
        let first = start + phase(lane(SECOND, 1, 7), start);
        let mut schedule = Schedule::new([lane(SECOND, 1, 7)], start);
        assert_eq!(schedule.poll(start), send(0, 0, 0));
        schedule.abandon(0);
        let now = first + SECOND * 59;
        assert_eq!(schedule.catch_up(now), [(0, 59)]);
        assert_eq!(schedule.poll(now), send(0, 0, 0));
        schedule.done(0);
        assert_eq!(schedule.poll(now), Next::Wait(first + SECOND * 60));
    }

    #[test]
    fn nothing_to_do_is_never_due() {
        let start = Instant::now();
        assert_eq!(Schedule::new([], start).poll(start), Next::Never);
        let idle = [lane(SECOND, 0, 1), lane(Duration::ZERO, 4, 1)];
        assert_eq!(Schedule::new(idle, start).poll(start), Next::Never);
        let far = phase(lane(Duration::MAX, 1, 1), start);
        assert!(far > SECOND);
    }

    proptest! {
        /// Every deadline that passed started a scan, was skipped, or is due at the end.
        #[test]
        fn every_deadline_is_accounted_for(
            lanes in proptest::collection::vec((1..2_000_u64, 1..4_usize, any::<u64>()), 1..5),
            costs in proptest::collection::vec(0..1_500_u64, 1..300),
        ) {
            let start = Instant::now();
            let lanes: Vec<_> = lanes
                .into_iter()
                .map(|(ms, requests, seed)| lane(Duration::from_millis(ms), requests, seed))
                .collect();
            let mut schedule = Schedule::new(lanes.clone(), start);
            let mut now = start;
            let mut known = vec![0; lanes.len()];
            for (n, cost) in costs.into_iter().enumerate() {
                match schedule.poll(now) {
                    Next::Send(turn) => {
                        known[turn.lane] += turn.skipped + u64::from(turn.request == 0);
                        if n % 7 == 3 {
                            schedule.abandon(turn.lane);
                        } else {
                            schedule.done(turn.lane);
                        }
                        now += Duration::from_millis(cost);
                    }
                    Next::Wait(until) => {
                        prop_assert!(until > now);
                        now = until;
                    }
                    Next::Never => prop_assert!(false, "there are lanes"),
                }
                if n % 50 == 49 {
                    for (lane, skipped) in schedule.catch_up(now) {
                        known[lane] += skipped;
                    }
                }
            }
            for (lane, skipped) in schedule.catch_up(now) {
                let first = start + phase(lanes[lane], start);
                let period = lanes[lane].period.as_nanos();
                let passed = now
                    .checked_duration_since(first)
                    .map_or(0, |since| since.as_nanos() / period + 1);
                let owed = u64::from(schedule.lanes[lane].owed);
                prop_assert_eq!(u128::from(known[lane] + skipped + owed), passed + 1);
            }
        }
    }
}

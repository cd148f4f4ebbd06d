use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn lane(period: Duration, requests: usize, seed: u64) -> Lane {
    Lane {
        unit: 0,
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
        late: None,
    })
}

impl Schedule {
    /// What to do at `now`, without how late that is.
    fn step(&mut self, now: Instant) -> Next {
        match self.poll(now) {
            Next::Send(turn) => Next::Send(Turn { late: None, ..turn }),
            other @ (Next::Wait(_) | Next::Never) => other,
        }
    }
}

/// When the lane is due after its first scan, relative to `start`.
fn phase(lane: Lane, start: Instant) -> Duration {
    let mut schedule = Schedule::new([lane], start);
    assert_eq!(schedule.step(start), send(0, 0, 0));
    schedule.abandon(0);
    let Next::Wait(until) = schedule.step(start) else {
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
    assert_eq!(schedule.step(start), send(0, 0, 0));
    schedule.done(0);
    for n in 0..100 {
        let deadline = first + SECOND * n;
        assert_eq!(
            schedule.step(deadline - Duration::from_nanos(1)),
            Next::Wait(deadline)
        );
        // Each scan starts late by another time, and takes long.
        let late = deadline + Duration::from_millis(u64::from(n) * 9);
        assert_eq!(schedule.step(late), send(0, 0, 0));
        schedule.done(0);
    }
}

#[test]
fn deadlines_that_pass_during_a_scan_are_skipped_but_one() {
    let start = Instant::now();
    let first = start + phase(lane(SECOND, 2, 7), start);
    let mut schedule = Schedule::new([lane(SECOND, 2, 7)], start);
    assert_eq!(schedule.step(start), send(0, 0, 0));
    schedule.done(0);
    // Deadlines 0, 1, 2 and 3 have passed: the scan goes on, one more is due, three are lost.
    let now = first + SECOND * 3 + SECOND / 2;
    assert_eq!(schedule.step(now), send(0, 1, 3));
    schedule.done(0);
    assert_eq!(schedule.step(now), send(0, 0, 0));
    schedule.done(0);
    assert_eq!(schedule.step(now), send(0, 1, 0));
    schedule.done(0);
    assert_eq!(schedule.step(now), Next::Wait(first + SECOND * 4));
}

#[test]
fn units_take_turns_however_many_lanes_they_have() {
    let start = Instant::now();
    let of = |unit, requests| Lane {
        unit,
        ..lane(SECOND, requests, 1)
    };
    // Unit 0 has lanes 0 and 2, unit 1 lane 1.
    let mut schedule = Schedule::new([of(0, 2), of(1, 3), of(0, 1)], start);
    let mut turns = Vec::new();
    while let Next::Send(turn) = schedule.poll(start) {
        turns.push((turn.lane, turn.request));
        schedule.done(turn.lane);
    }
    assert_eq!(turns, [(0, 0), (1, 0), (2, 0), (1, 1), (0, 1), (1, 2)]);
}

#[test]
fn a_paused_request_comes_again_while_others_go_on() {
    let start = Instant::now();
    let other = Lane {
        unit: 1,
        ..lane(SECOND, 1, 2)
    };
    let mut schedule = Schedule::new([lane(SECOND * 9, 2, 1), other], start);
    assert_eq!(schedule.step(start), send(0, 0, 0));
    let until = start + SECOND / 1_000;
    schedule.pause(0, until);
    assert_eq!(schedule.step(start), send(1, 0, 0));
    schedule.done(1);
    assert_eq!(schedule.step(start), Next::Wait(until));
    assert_eq!(schedule.step(until), send(0, 0, 0));
    assert!(!schedule.done(0));
    assert_eq!(schedule.step(until), send(0, 1, 0));
    assert!(schedule.done(0));
}

#[test]
fn a_unit_that_is_left_alone_counts_nothing_and_is_asked_once() {
    let start = Instant::now();
    let lanes = [lane(SECOND, 2, 1), lane(SECOND * 2, 1, 1)];
    let mut schedule = Schedule::new(lanes, start);
    assert_eq!(schedule.step(start), send(0, 0, 0));
    let until = start + SECOND * 60;
    schedule.hold(0, until);
    assert_eq!(schedule.step(start + SECOND * 30), Next::Wait(until));
    let late = until + SECOND / 1_000;
    let Next::Send(probe) = schedule.poll(late) else {
        panic!("the probe is due");
    };
    assert_eq!((probe.lane, probe.request, probe.skipped), (0, 0, 0));
    assert_eq!(probe.late, Some(SECOND / 1_000));
    schedule.done(0);
    schedule.release(0, late);
    let mut lanes = Vec::new();
    while let Next::Send(turn) = schedule.poll(late) {
        assert_eq!(turn.skipped, 0);
        lanes.push((turn.lane, turn.request));
        schedule.done(turn.lane);
    }
    assert_eq!(lanes, [(1, 0), (0, 1)]);
}

#[test]
fn lateness_is_that_of_the_latest_deadline() {
    let start = Instant::now();
    let first = start + phase(lane(SECOND, 1, 7), start);
    let mut schedule = Schedule::new([lane(SECOND, 1, 7)], start);
    let mut late_at = |now| match schedule.poll(now) {
        Next::Send(turn) => {
            schedule.done(0);
            turn.late
        }
        Next::Wait(_) | Next::Never => None,
    };
    assert_eq!(late_at(start), Some(Duration::ZERO));
    assert_eq!(late_at(first + SECOND / 4), Some(SECOND / 4));
    assert_eq!(late_at(first + SECOND * 4), Some(Duration::ZERO));
    assert_eq!(late_at(first + SECOND * 9 + SECOND / 2), Some(SECOND / 2));
}

#[test]
fn lanes_take_turns_request_by_request() {
    let start = Instant::now();
    let of = |unit, requests| Lane {
        unit,
        ..lane(SECOND, requests, 1)
    };
    let lanes = [of(0, 3), of(1, 1), of(2, 2)];
    let mut schedule = Schedule::new(lanes, start);
    let mut turns = Vec::new();
    while let Next::Send(turn) = schedule.step(start) {
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
    assert_eq!(schedule.step(start), send(0, 0, 0));
    schedule.done(0);
    schedule.abandon(0);
    assert_eq!(schedule.step(start), Next::Wait(first));
    assert_eq!(schedule.step(first), send(0, 0, 0));
}

#[test]
fn after_an_outage_each_lane_is_due_once() {
    let start = Instant::now();
    let first = start + phase(lane(SECOND, 1, 7), start);
    let mut schedule = Schedule::new([lane(SECOND, 1, 7)], start);
    assert_eq!(schedule.step(start), send(0, 0, 0));
    schedule.abandon(0);
    let now = first + SECOND * 59;
    assert_eq!(schedule.catch_up(now), [(0, 59)]);
    assert_eq!(schedule.step(now), send(0, 0, 0));
    schedule.done(0);
    assert_eq!(schedule.step(now), Next::Wait(first + SECOND * 60));
}

#[test]
fn nothing_to_do_is_never_due() {
    let start = Instant::now();
    assert_eq!(Schedule::new([], start).step(start), Next::Never);
    let idle = [lane(SECOND, 0, 1), lane(Duration::ZERO, 4, 1)];
    assert_eq!(Schedule::new(idle, start).step(start), Next::Never);
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
            match schedule.step(now) {
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

#[test]
fn what_stays_is_due_when_it_was_and_what_comes_is_due_at_once() {
    let now = Instant::now();
    let second = Duration::from_secs(1);
    let lane = |unit| Lane {
        unit,
        period: second,
        requests: 1,
        seed: unit as u64,
    };
    let mut schedule = Schedule::new([lane(0), lane(1), lane(1), lane(2)], now);
    let sent = |schedule: &mut Schedule, now| {
        let mut lanes = Vec::new();
        while let Next::Send(turn) = schedule.poll(now) {
            schedule.done(turn.lane);
            lanes.push(turn.lane);
        }
        lanes.sort_unstable();
        lanes
    };
    assert_eq!(sent(&mut schedule, now), [0, 1, 2, 3]);
    let before = schedule.poll(now);
    schedule.retain(|unit| unit != 0);
    // The lanes of units 1 and 2 are 0, 1 and 2 now.
    assert_eq!(sent(&mut schedule, now), []);
    assert!(matches!((before, schedule.poll(now)), (Next::Wait(a), Next::Wait(b)) if b >= a));
    assert_eq!(schedule.add(lane(2), now), 3);
    assert_eq!(sent(&mut schedule, now), [3]);
    assert_eq!(sent(&mut schedule, now + second), [0, 1, 2, 3]);
    schedule.retain(|_| false);
    assert_eq!(schedule.poll(now + 2 * second), Next::Never);
}

//! The search against a device that lacks arbitrary addresses.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// A device that lacks some addresses, and has been asked so often.
#[derive(Debug)]
struct Device {
    holes: BTreeSet<u32>,
    asked: usize,
}

impl Device {
    fn lacks(&self, addresses: Range<u32>) -> bool {
        self.holes.range(addresses).next().is_some()
    }

    /// Goes through one pass; returns the addresses that were read for it.
    fn pass(&mut self, isolation: &mut Isolation) -> Vec<Range<u32>> {
        let mut read = Vec::new();
        isolation.begin();
        while let Some(ask) = isolation.next_ask() {
            self.asked += 1;
            let addresses = ask.start..ask.start + ask.count;
            if self.lacks(addresses.clone()) {
                isolation.on_refusal();
            } else {
                isolation.on_answer();
                if ask.is_kept {
                    read.push(addresses);
                }
            }
        }
        read
    }

    /// Goes through passes until there is nothing left to try.
    fn settle(&mut self, isolation: &mut Isolation) {
        for _ in 0..10_000 {
            self.pass(isolation);
            if isolation.is_settled() {
                return;
            }
        }
        panic!("it never ends: {isolation:?}");
    }

    /// Points that lie apart from the one before them, and those that cannot be read.
    fn obstacles(&self, points: &[Range<u32>]) -> (usize, usize) {
        let bad = points.iter().filter(|point| self.lacks((*point).clone()));
        let mut sorted = points.to_vec();
        sorted.sort_by_key(|point| (point.start, point.end));
        let gaps = sorted.windows(2).filter(|pair| {
            let whole = pair[0].start..pair[0].end.max(pair[1].end);
            let alone = pair.iter().any(|point| self.lacks(point.clone()));
            !alone && self.lacks(whole)
        });
        (bad.count(), gaps.count())
    }
}

fn points() -> impl Strategy<Value = Vec<Range<u32>>> {
    let point = (0..120_u32, 1..5_u32).prop_map(|(start, count)| start..start + count);
    proptest::collection::vec(point, 1..100)
}

fn refused(isolation: &Isolation) -> BTreeSet<usize> {
    isolation.refused().collect()
}

proptest! {
    /// It ends with every good point read and every bad one known, and asks little.
    #[test]
    fn every_bad_point_is_found(
        points in points(), holes in proptest::collection::btree_set(0..125_u32, 0..30),
    ) {
        let mut device = Device { holes, asked: 0 };
        let mut isolation = Isolation::new(points.iter().cloned());
        device.settle(&mut isolation);
        let bad = |(at, point): (usize, &Range<u32>)| device.lacks(point.clone()).then_some(at);
        let bad: BTreeSet<_> = points.iter().enumerate().filter_map(bad).collect();
        prop_assert_eq!(refused(&isolation), bad.clone());
        let passes = device.asked;
        let read = device.pass(&mut isolation);
        let per_pass = device.asked - passes;
        for (at, point) in points.iter().enumerate() {
            let is_read = read.iter().any(|r| r.start <= point.start && point.end <= r.end);
            // Where nothing can be read, one request shows that it still cannot.
            prop_assert_eq!(is_read, !bad.contains(&at));
        }
        let (bad, gaps) = device.obstacles(&points);
        prop_assert!(per_pass <= bad + gaps + 1);
        let depth = points.len().ilog2() as usize + 2;
        // Splitting costs two requests per level and obstacle; joining tries each border once,
        // in a pass of its own that reads everything else as well.
        let search = 4 * (bad + gaps) * depth + 1;
        prop_assert!(splits(&points, &device.holes) <= search, "{} of {search}", passes);
    }

    #[test]
    fn what_was_repaired_is_found_again(
        points in points(), holes in proptest::collection::btree_set(0..125_u32, 1..30),
        left in 0..10_usize,
    ) {
        let mut device = Device { holes, asked: 0 };
        let mut isolation = Isolation::new(points.iter().cloned());
        device.settle(&mut isolation);
        device.holes = device.holes.iter().copied().take(left).collect();
        isolation.retry();
        device.settle(&mut isolation);
        let bad = |(at, point): (usize, &Range<u32>)| device.lacks(point.clone()).then_some(at);
        let bad: BTreeSet<_> = points.iter().enumerate().filter_map(bad).collect();
        prop_assert_eq!(refused(&isolation), bad);
        device.holes.clear();
        isolation.retry();
        device.settle(&mut isolation);
        prop_assert!(isolation.is_whole());
        prop_assert_eq!(device.pass(&mut isolation).len(), 1);
    }

    /// An ask never leaves the request, whatever the device answers.
    #[test]
    fn nonsense_answers_end_and_stay_within(
        points in points(), answers in proptest::collection::vec(any::<bool>(), 0..500),
    ) {
        let start = points.iter().map(|point| point.start).min().unwrap_or(0);
        let end = points.iter().map(|point| point.end).max().unwrap_or(0);
        let mut isolation = Isolation::new(points);
        isolation.begin();
        for (n, answer) in answers.into_iter().enumerate() {
            let Some(ask) = isolation.next_ask() else {
                if n % 5 == 0 {
                    isolation.retry();
                }
                isolation.begin();
                continue;
            };
            prop_assert!(ask.count > 0 && ask.start >= start && ask.start + ask.count <= end);
            if answer {
                isolation.on_answer();
            } else {
                isolation.on_refusal();
            }
        }
    }
}

/// How many requests the first pass costs beyond those that a later one repeats.
fn splits(points: &[Range<u32>], holes: &BTreeSet<u32>) -> usize {
    let mut device = Device {
        holes: holes.clone(),
        asked: 0,
    };
    let mut isolation = Isolation::new(points.iter().cloned());
    let mut trials = 0;
    for _ in 0..10_000 {
        let asked = device.asked;
        let read = device.pass(&mut isolation).len();
        // Everything that brought no reading was asked for the search's sake.
        trials += device.asked - asked - read;
        if isolation.is_settled() {
            break;
        }
    }
    trials
}

#[test]
fn one_hole_costs_a_few_requests() {
    let mut device = Device {
        holes: BTreeSet::from([77]),
        asked: 0,
    };
    let mut isolation = Isolation::new((0..125).map(|at| at..at + 1));
    let read = device.pass(&mut isolation);
    assert!(
        isolation.is_dirty() && device.asked <= 15,
        "{}",
        device.asked
    );
    assert!(read.len() >= 6);
    device.settle(&mut isolation);
    assert_eq!(device.pass(&mut isolation), [0..77, 78..125]);
    assert_eq!(
        isolation.refused_addresses().collect::<Vec<_>>(),
        [(77, 77)]
    );
}

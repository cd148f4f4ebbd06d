//! Any segments, against a model that knows only the rules.

use gridos_dnp3::transport::Segmenter;
use proptest::prelude::*;

use crate::bench::{Became, Bench, FIN, FIR, TIMEOUT_SECONDS};

/// A segment and how long after the one before it comes.
#[derive(Clone, Debug)]
struct Arrival {
    seconds: u64,
    source: u16,
    header: u8,
    bytes: Vec<u8>,
}

/// Segments that often continue each other: the number is told by its distance from the expected.
fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let step = (
        prop_oneof![9 => Just(1), 1 => 0..3_u64, 1 => 5..7_u64],
        prop_oneof![20 => Just(10), 1 => Just(11)],
        prop_oneof![12 => Just(1), 2 => Just(0), 1 => Just(64), 1 => 0..64_u8],
        prop_oneof![4 => Just(0), 1 => Just(FIR), 1 => Just(FIN), 1 => Just(FIR | FIN)],
        prop_oneof![
            4 => prop::collection::vec(0..2_u8, 0..3),
            2 => Just(vec![7; 249]),
            1 => Just(vec![7; 60]),
        ],
    );
    prop::collection::vec(step, 0..60).prop_map(|steps| {
        let mut sequence = 60;
        let mut arrivals: Vec<Arrival> = Vec::new();
        for (seconds, source, distance, bits, bytes) in steps {
            let last = arrivals.last().cloned();
            match last {
                // The same once more, as it was.
                Some(last) if distance == 0 => arrivals.push(Arrival { seconds, ..last }),
                _ => {
                    sequence = (sequence + distance) % 64;
                    let header = bits | sequence;
                    arrivals.push(Arrival {
                        seconds,
                        source,
                        header,
                        bytes,
                    });
                }
            }
        }
        arrivals
    })
}

/// The rules over whole lists of segments: nothing is clever, everything is kept.
#[derive(Default)]
struct Model {
    series: Vec<(u64, Arrival)>,
}

impl Model {
    fn push(&mut self, now: u64, arrival: &Arrival, limit: usize) -> Option<Vec<u8>> {
        if self
            .series
            .last()
            .is_some_and(|(at, _)| now >= at + TIMEOUT_SECONDS)
        {
            self.series.clear();
        }
        if arrival.header & FIR != 0 {
            self.series.clear();
        } else {
            let (_, last) = self.series.last()?;
            if last.source != arrival.source {
                return None;
            }
            if (last.header, &last.bytes) == (arrival.header, &arrival.bytes) {
                return None;
            }
            if arrival.header & 63 != (last.header + 1) & 63 {
                self.series.clear();
                return None;
            }
        }
        self.series.push((now, arrival.clone()));
        let bytes = self.series.iter().flat_map(|(_, segment)| &segment.bytes);
        let fragment: Vec<u8> = bytes.copied().collect();
        let is_too_long = fragment.len() > limit;
        if is_too_long || arrival.header & FIN != 0 {
            self.series.clear();
            return (!is_too_long && !fragment.is_empty()).then_some(fragment);
        }
        None
    }
}

proptest! {
    #[test]
    fn segments_become_what_the_rules_say(arrivals in arrivals(), limit in 249..900_usize) {
        let mut bench = Bench::new(limit);
        let mut model = Model::default();
        for arrival in &arrivals {
            bench.seconds += arrival.seconds;
            let payload = [&[arrival.header], &*arrival.bytes].concat();
            let became: Became = bench.push_from(arrival.source, 1, &payload);
            let expected = model.push(bench.seconds, arrival, limit);
            prop_assert_eq!(became.unwrap_or_default(), expected);
            let held: usize = model.series.iter().map(|(_, segment)| segment.bytes.len()).sum();
            prop_assert_eq!(bench.reassembler.held_bytes(), held);
            prop_assert!(bench.reassembler.allocated_bytes() <= limit);
        }
    }

    #[test]
    fn any_bytes_are_taken_and_never_more_than_the_limit_held(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..251), 0..40),
    ) {
        let mut bench = Bench::new(300);
        for payload in payloads {
            if let Ok(Some(fragment)) = bench.push_from(10, 1, &payload) {
                prop_assert!((1..=300).contains(&fragment.len()));
            }
            prop_assert!(bench.reassembler.held_bytes() <= 300);
            prop_assert!(bench.reassembler.allocated_bytes() <= 300);
        }
    }

    #[test]
    fn what_is_cut_is_joined(
        fragments in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..3_000), 1..20),
    ) {
        let mut bench = Bench::new(3_000);
        let mut segmenter = Segmenter::new();
        let mut number = 0_usize;
        for fragment in &fragments {
            let mut joined = None;
            for (header, bytes) in segmenter.segments(fragment) {
                prop_assert_eq!(joined, None);
                prop_assert_eq!(usize::from(header.sequence), number % 64);
                number += 1;
                joined = bench.push(header.encode(), bytes).unwrap();
            }
            prop_assert_eq!(joined.as_ref(), Some(fragment));
        }
        let counters = bench.reassembler.counters();
        prop_assert_eq!(counters.segments_dropped, 0);
    }
}

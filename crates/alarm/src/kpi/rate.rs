//! How many annunciations came lately.

use std::collections::VecDeque;

use gridos_model::Timestamp;

use super::Targets;

/// Counts the annunciations of the last window, to the second; it keeps a number per second of the
/// window, however many there are.
#[derive(Clone, Debug)]
pub struct RateMeter {
    window_seconds: i64,
    /// Those of each second that had any, the oldest first.
    seconds: VecDeque<(i64, u64)>,
    sum: u64,
}

impl RateMeter {
    /// A meter that has seen nothing.
    pub fn new(targets: Targets) -> Self {
        Self {
            window_seconds: i64::try_from(targets.window.as_secs()).unwrap_or(i64::MAX),
            seconds: VecDeque::new(),
            sum: 0,
        }
    }

    /// An annunciation came at `now`.
    pub fn on_annunciated(&mut self, now: Timestamp) {
        self.on_time(now);
        let second = second(now);
        match self.seconds.back_mut() {
            Some((last, count)) if *last >= second => *count += 1,
            _ => self.seconds.push_back((second, 1)),
        }
        self.sum += 1;
    }

    /// Time has come to `now`.
    pub fn on_time(&mut self, now: Timestamp) {
        let begin = second(now).saturating_sub(self.window_seconds);
        while let Some((_, count)) = self.seconds.pop_front_if(|(second, _)| *second < begin) {
            self.sum -= count;
        }
    }

    /// How many came in the window that ended when it was last told the time.
    pub fn rate(&self) -> u64 {
        self.sum
    }
}

fn second(time: Timestamp) -> i64 {
    time.as_nanos().div_euclid(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_counts_what_counting_counts(gaps in prop::collection::vec(0_i64..90_000, 0..80)) {
            let mut meter = RateMeter::new(Targets::USUAL);
            let (mut now, mut times) = (0, Vec::new());
            for gap in gaps {
                now += gap;
                times.push(now / 1_000);
                meter.on_annunciated(Timestamp::from_millis(now));
                let is_recent = |time: &&i64| **time >= now / 1_000 - 600;
                prop_assert_eq!(meter.rate(), times.iter().filter(is_recent).count() as u64);
            }
            meter.on_time(Timestamp::from_millis(now + 601_000));
            prop_assert_eq!(meter.rate(), 0);
        }
    }

    #[test]
    fn a_storm_takes_no_more_room_than_its_seconds() {
        let mut meter = RateMeter::new(Targets::USUAL);
        for millis in 0..1_000_000 {
            meter.on_annunciated(Timestamp::from_millis(millis));
        }
        assert!(meter.seconds.len() <= 601, "{}", meter.seconds.len());
        assert_eq!(meter.rate(), 601_000);
    }
}

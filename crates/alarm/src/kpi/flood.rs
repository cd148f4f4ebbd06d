//! Floods: more annunciations than anybody can handle.

use std::collections::VecDeque;

use gridos_model::{AlarmId, Timestamp};

use super::Targets;

/// A flood of one area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flood {
    /// When the annunciation came that made it one.
    pub start: Timestamp,
    /// When it was over; `None` while it goes on.
    pub end: Option<Timestamp>,
    /// Annunciations from the first one of its first window to its end.
    pub annunciations: u64,
    /// The first one of its first window, which may tell what caused it.
    pub first_out: AlarmId,
    /// That one's sequence.
    pub first_sequence: u64,
}

/// Finds the floods of one area.
///
/// It keeps the last few annunciations: more than N came within a window exactly if the N + 1st
/// from the end did.
#[derive(Clone, Debug)]
pub struct FloodMeter {
    targets: Targets,
    /// So many are kept.
    kept: usize,
    /// The last ones, the oldest first: their times, sequences and alarms.
    last: VecDeque<(Timestamp, u64, AlarmId)>,
    flood: Option<Flood>,
}

impl FloodMeter {
    /// A meter that has seen nothing.
    pub fn new(targets: Targets) -> Self {
        let kept = targets.flood_starts_above.max(targets.flood_ends_below) as usize + 1;
        Self {
            targets,
            kept,
            last: VecDeque::with_capacity(kept),
            flood: None,
        }
    }

    /// A meter that goes on where another left off: with the `last` annunciations that it knew, and
    /// the flood that went on.
    pub fn resume(
        targets: Targets,
        last: impl IntoIterator<Item = (Timestamp, u64, AlarmId)>,
        flood: Option<Flood>,
    ) -> Self {
        let mut meter = Self::new(targets);
        meter.last.extend(last);
        while meter.last.len() > meter.kept {
            meter.last.pop_front();
        }
        meter.flood = flood;
        meter
    }

    /// The last annunciations, the oldest first: their times, sequences and alarms. With the flood
    /// they are all that it knows.
    pub fn last(&self) -> impl Iterator<Item = (Timestamp, u64, AlarmId)> {
        self.last.iter().copied()
    }

    /// The flood that goes on.
    pub fn flood(&self) -> Option<&Flood> {
        self.flood.as_ref()
    }

    /// An annunciation came at `now`; returns the flood that had ended before, if one had.
    pub fn on_annunciated(
        &mut self,
        now: Timestamp,
        sequence: u64,
        alarm: AlarmId,
    ) -> Option<Flood> {
        // One that comes at the very end keeps it up.
        let ended = self.end(|end| end < now);
        if self.last.len() == self.kept {
            self.last.pop_front();
        }
        self.last.push_back((now, sequence, alarm));
        let starts_above = self.targets.flood_starts_above as usize;
        match &mut self.flood {
            Some(flood) => flood.annunciations += 1,
            None => {
                let first = self.last.len().checked_sub(starts_above + 1);
                let first = first.and_then(|first| self.last.get(first));
                self.flood = first.filter(|(time, ..)| self.is_within(*time, now)).map(
                    |(_, first_sequence, first_out)| Flood {
                        start: now,
                        end: None,
                        annunciations: starts_above as u64 + 1,
                        first_out: *first_out,
                        first_sequence: *first_sequence,
                    },
                );
            }
        }
        ended
    }

    /// Time has come to `now`; returns the flood that ended by then, if one did.
    pub fn on_time(&mut self, now: Timestamp) -> Option<Flood> {
        self.end(|end| end <= now)
    }

    fn end(&mut self, is_over: impl Fn(Timestamp) -> bool) -> Option<Flood> {
        let end = self.end_of_flood()?;
        let mut flood = self.flood.take_if(|_| is_over(end))?;
        flood.end = Some(end);
        Some(flood)
    }

    /// When the flood ends if nothing more comes: enough are in the window as long as the one that
    /// is so many from the end.
    fn end_of_flood(&self) -> Option<Timestamp> {
        let enough = self.targets.flood_ends_below as usize;
        let (deciding, ..) = self.last.get(self.last.len().checked_sub(enough)?)?;
        Some(deciding.saturating_add(self.targets.window))
    }

    fn is_within(&self, time: Timestamp, now: Timestamp) -> bool {
        now < time.saturating_add(self.targets.window)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    /// The floods of annunciations at these seconds, looked at each second by counting.
    fn counted(times: &[i64], until: i64) -> Vec<(i64, Option<i64>)> {
        let count = |now: i64| {
            times
                .iter()
                .filter(|t| **t <= now && **t > now - 600)
                .count()
        };
        let mut floods: Vec<(i64, Option<i64>)> = Vec::new();
        for now in 0..=until {
            let is_on = floods.last().is_some_and(|flood| flood.1.is_none());
            if is_on && count(now) < 5 {
                floods.last_mut().unwrap().1 = Some(now);
            } else if !is_on && count(now) > 10 {
                floods.push((now, None));
            }
        }
        floods
    }

    fn metered(times: &[i64], until: i64) -> Vec<(i64, Option<i64>)> {
        let mut meter = FloodMeter::new(Targets::USUAL);
        let mut floods = Vec::new();
        for (sequence, time) in (1..).zip(times) {
            let alarm = AlarmId::from_raw(sequence);
            floods.extend(meter.on_annunciated(at(*time), sequence, alarm));
        }
        floods.extend(meter.on_time(at(until)));
        floods.extend(meter.flood().copied());
        let seconds = |time: Timestamp| time.as_nanos() / 1_000_000_000;
        let shown = floods
            .iter()
            .map(|flood| (seconds(flood.start), flood.end.map(seconds)));
        shown.collect()
    }

    #[test]
    fn it_begins_above_ten_and_ends_below_five() {
        let mut meter = FloodMeter::new(Targets::USUAL);
        for n in 0..10_u64 {
            let now = at(i64::try_from(n).unwrap());
            assert_eq!(meter.on_annunciated(now, n + 7, AlarmId::from_raw(n)), None);
        }
        assert_eq!(meter.flood(), None);
        meter.on_annunciated(at(100), 17, AlarmId::from_raw(50));
        let flood = *meter.flood().unwrap();
        assert_eq!((flood.start, flood.first_sequence), (at(100), 7));
        assert_eq!(
            (flood.annunciations, flood.first_out),
            (11, AlarmId::from_raw(0))
        );
        // At 606 s those of 7, 8, 9 and 100 s are left.
        assert_eq!(meter.on_time(at(605)), None);
        let ended = meter.on_time(at(700)).unwrap();
        assert_eq!(ended.end, Some(at(606)));
        assert_eq!(meter.flood(), None);
    }

    #[test]
    fn it_goes_on_where_another_left_off() {
        let mut whole = FloodMeter::new(Targets::USUAL);
        let mut pieces = whole.clone();
        for (sequence, seconds) in
            (1..).zip([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 300, 601, 650, 1_300])
        {
            let alarm = AlarmId::from_raw(sequence);
            let ended = whole.on_annunciated(at(seconds), sequence, alarm);
            pieces = FloodMeter::resume(Targets::USUAL, pieces.last(), pieces.flood().copied());
            assert_eq!(pieces.on_annunciated(at(seconds), sequence, alarm), ended);
            assert_eq!(pieces.flood(), whole.flood());
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_counting_finds(gaps in prop::collection::vec(0_i64..200, 0..80)) {
            let mut now = 0;
            let times: Vec<_> = gaps.iter().map(|gap| { now += gap; now }).collect();
            let until = now + 300;
            prop_assert_eq!(metered(&times, until), counted(&times, until));
        }
    }
}

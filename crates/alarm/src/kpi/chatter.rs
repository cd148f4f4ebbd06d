//! Chatter: an alarm that is raised again and again.

use std::collections::{HashMap, VecDeque};

use gridos_model::{AlarmId, Timestamp};

use super::Targets;

/// Finds the alarms that chatter. It keeps those that were raised lately.
#[derive(Clone, Debug)]
pub struct ChatterMeter {
    targets: Targets,
    raised: HashMap<AlarmId, VecDeque<Timestamp>>,
    /// So many entries are kept before those that are over are thrown out.
    sweep_at: usize,
}

/// The fewest entries before it is worth to look through them.
const SWEEP_LEAST: usize = 256;

impl ChatterMeter {
    /// A meter that has seen nothing.
    pub fn new(targets: Targets) -> Self {
        Self {
            targets,
            raised: HashMap::new(),
            sweep_at: SWEEP_LEAST,
        }
    }

    /// `alarm` was raised at `now`; returns whether it begins to chatter with that.
    pub fn on_raised(&mut self, now: Timestamp, alarm: AlarmId) -> bool {
        if self.raised.len() >= self.sweep_at {
            self.on_time(now);
        }
        let times = self.raised.entry(alarm).or_default();
        let last = times.back().copied();
        let was_chattering = last.is_some_and(|last| is_chattering(&self.targets, times, last));
        if times.len() == self.targets.chatter_times as usize {
            times.pop_front();
        }
        times.push_back(now);
        !was_chattering && is_chattering(&self.targets, times, now)
    }

    /// The alarms that chatter at `now`.
    pub fn chattering(&self, now: Timestamp) -> impl Iterator<Item = AlarmId> {
        self.raised
            .iter()
            .filter(move |(_, times)| is_chattering(&self.targets, times, now))
            .map(|(alarm, _)| *alarm)
    }

    /// Time has come to `now`: what is over is thrown out, which happens now and then anyway.
    pub fn on_time(&mut self, now: Timestamp) {
        let within = self.targets.chatter_within;
        let is_recent = |time: &Timestamp| now < time.saturating_add(within);
        self.raised
            .retain(|_, times| times.back().is_some_and(is_recent));
        self.sweep_at = (2 * self.raised.len()).max(SWEEP_LEAST);
        // A storm must not leave its room behind.
        self.raised.shrink_to(self.sweep_at);
    }
}

fn is_chattering(targets: &Targets, times: &VecDeque<Timestamp>, now: Timestamp) -> bool {
    let is_recent = |time: &Timestamp| now < time.saturating_add(targets.chatter_within);
    times.len() == targets.chatter_times as usize && times.front().is_some_and(is_recent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn three_times_in_a_minute_is_chatter() {
        let (mut meter, alarm) = (ChatterMeter::new(Targets::USUAL), AlarmId::from_raw(1));
        let begins: Vec<_> = [0, 30, 60, 89, 90, 200]
            .map(|second| meter.on_raised(at(second), alarm))
            .into();
        // 30, 60 and 89 s; that it goes on at 90 s is no other chatter.
        assert_eq!(begins, [false, false, false, true, false, false]);
        assert_eq!(meter.chattering(at(200)).count(), 0);
    }

    #[test]
    fn those_at_once_are_told_and_forgotten() {
        let mut meter = ChatterMeter::new(Targets::USUAL);
        for n in 0..10_000_u64 {
            let alarm = AlarmId::from_raw(n);
            (0..3).for_each(|_| {
                meter.on_raised(at(i64::try_from(n).unwrap()), alarm);
            });
        }
        assert_eq!(meter.chattering(at(9_999)).count(), 60);
        assert!(meter.raised.len() <= SWEEP_LEAST, "{}", meter.raised.len());
        meter.on_time(at(10_059));
        assert_eq!(meter.raised.len(), 0);
    }
}

//! The alarm board: which alarms are active, for the operator's view.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use gridos_model::{Level, PointId, Transition};

/// An alarm that is active now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ActiveAlarm {
    /// The transition that brought the present level.
    pub last: Transition,
    /// The transition that left normal.
    pub raised: Transition,
}

/// All active alarms, by point. It is a table, not a queue: a flood cannot overflow it.
#[derive(Debug, Default)]
pub struct AlarmBoard {
    active: Mutex<BTreeMap<PointId, ActiveAlarm>>,
}

impl AlarmBoard {
    /// Applies transitions in order. The lock is taken only when there are some.
    pub fn apply(&self, transitions: &[Transition]) {
        if transitions.is_empty() {
            return;
        }
        let mut active = self.lock();
        for transition in transitions {
            if transition.to == Level::Normal {
                active.remove(&transition.point);
            } else {
                active
                    .entry(transition.point)
                    .and_modify(|alarm| alarm.last = *transition)
                    .or_insert(ActiveAlarm {
                        last: *transition,
                        raised: *transition,
                    });
            }
        }
    }

    /// All active alarms, the youngest first.
    pub fn active(&self) -> Vec<ActiveAlarm> {
        let mut alarms: Vec<_> = self.lock().values().copied().collect();
        alarms.sort_by_key(|alarm| std::cmp::Reverse(alarm.last.time));
        alarms
    }

    /// How many alarms are active.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no alarm is active.
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PointId, ActiveAlarm>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gridos_model::{Quality, Timestamp};

    fn transition(point: &str, from: Level, to: Level, millis: i64) -> Transition {
        Transition {
            point: PointId::of("d", point),
            from,
            to,
            time: Timestamp::from_millis(millis),
            received: Timestamp::from_millis(millis),
            value: 1.0,
            quality: Quality::GOOD,
            occurrence: 1,
        }
    }

    #[test]
    fn an_alarm_stands_until_it_returns_to_normal() {
        let board = AlarmBoard::default();
        board.apply(&[
            transition("a", Level::Normal, Level::High, 1),
            transition("b", Level::Normal, Level::Low, 2),
            transition("a", Level::High, Level::HighHigh, 3),
        ]);
        let active = board.active();
        assert_eq!(active.len(), 2);
        assert_eq!(
            (active[0].last.to, active[0].raised.to),
            (Level::HighHigh, Level::High)
        );
        board.apply(&[transition("a", Level::HighHigh, Level::Normal, 4)]);
        assert_eq!(board.len(), 1);
    }
}

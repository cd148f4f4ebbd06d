//! Alarms of the engine itself, which no point has.

use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// What is wrong with the engine and asks for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineAlarm {
    /// Which alarm; there is one of each name at most.
    pub name: &'static str,
    /// Whether somebody must act now, or should look.
    pub is_critical: bool,
    /// When it was raised.
    pub since: SystemTime,
    /// What is wrong, and what to do.
    pub detail: String,
}

/// The alarms that stand; written on changes, never on the way of a reading.
#[derive(Debug, Default)]
pub struct EngineAlarms(Mutex<Vec<EngineAlarm>>);

impl EngineAlarms {
    /// Raises `name`, or changes what it says; it stands since it was first raised.
    pub fn raise(&self, name: &'static str, is_critical: bool, detail: String) {
        let mut alarms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(alarm) = alarms.iter_mut().find(|alarm| alarm.name == name) {
            (alarm.is_critical, alarm.detail) = (is_critical, detail);
            return;
        }
        alarms.push(EngineAlarm {
            name,
            is_critical,
            since: SystemTime::now(),
            detail,
        });
    }

    /// Ends `name`, if it stands.
    pub fn clear(&self, name: &str) {
        let mut alarms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        alarms.retain(|alarm| alarm.name != name);
    }

    /// Those that stand, the oldest first.
    pub fn list(&self) -> Vec<EngineAlarm> {
        let alarms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        alarms.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_stands_once_since_it_was_raised() {
        let alarms = EngineAlarms::default();
        alarms.raise("journal_full", false, "little is left".to_owned());
        let since = alarms.list()[0].since;
        alarms.raise("journal_full", true, "nothing is left".to_owned());
        alarms.raise("other", false, String::new());
        let all = alarms.list();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].since, all[0].is_critical), (since, true));
        assert_eq!(all[0].detail, "nothing is left");
        alarms.clear("journal_full");
        assert_eq!(alarms.list().len(), 1);
        alarms.clear("journal_full");
        assert_eq!(alarms.list()[0].name, "other");
    }
}

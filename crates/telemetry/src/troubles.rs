//! What went wrong with a device lately.

use std::collections::VecDeque;
use std::time::SystemTime;

/// How many things are kept; the same thing over and over is one.
const TROUBLES_MAX: usize = 16;

/// Something that went wrong with a device, as often as it did in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What it was, for people.
    pub text: String,
    /// When it was noted first.
    pub since: SystemTime,
    /// When it was noted last.
    pub time: SystemTime,
    /// How often it was noted.
    pub count: u64,
}

/// The last things that went wrong, also after the device recovered. Takes memory only for devices
/// that ever failed.
#[derive(Debug, Default)]
pub(crate) struct Troubles(VecDeque<Trouble>);

impl Troubles {
    /// Notes that `text` went wrong at `time`.
    pub(crate) fn note(&mut self, text: &str, time: SystemTime) {
        if let Some(last) = self.0.back_mut().filter(|last| last.text == text) {
            last.time = time;
            last.count = last.count.saturating_add(1);
            return;
        }
        if self.0.len() == TROUBLES_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Trouble {
            text: text.to_owned(),
            since: time,
            time,
            count: 1,
        });
    }

    /// The last one.
    pub(crate) fn last(&self) -> Option<&Trouble> {
        self.0.back()
    }

    /// All that are kept, the newest first.
    pub(crate) fn newest_first(&self) -> impl Iterator<Item = &Trouble> {
        self.0.iter().rev()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    #[test]
    fn the_same_again_is_one_that_is_counted() {
        let mut troubles = Troubles::default();
        for (second, text) in [
            (1, "timeout"),
            (2, "timeout"),
            (3, "refused"),
            (4, "timeout"),
        ] {
            troubles.note(text, at(second));
        }
        let shown = troubles.newest_first();
        let shown: Vec<_> = shown
            .map(|one| (one.text.as_str(), one.since, one.time, one.count))
            .collect();
        let expected = [
            ("timeout", at(4), at(4), 1),
            ("refused", at(3), at(3), 1),
            ("timeout", at(1), at(2), 2),
        ];
        assert_eq!(shown, expected);
        assert_eq!(troubles.last().unwrap().time, at(4));
    }

    #[test]
    fn the_oldest_is_forgotten() {
        let mut troubles = Troubles::default();
        assert_eq!(troubles.last(), None);
        (0..40).for_each(|n| troubles.note(&n.to_string(), at(n)));
        let texts: Vec<_> = troubles
            .newest_first()
            .map(|one| one.text.as_str())
            .collect();
        assert_eq!((texts.len(), texts[0], texts[15]), (16, "39", "24"));
    }
}

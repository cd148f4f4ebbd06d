//! Saying the same thing not too often.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// When lines of one kind were last said, and how many were kept back since: whoever fails a
/// hundred times a second must not fill the log. No more than `LINES` are said within
/// [`SAID_EVERY`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quiet<const LINES: usize = 1> {
    /// The oldest first.
    said: [Option<Instant>; LINES],
    kept_back: u64,
}

/// A state that is told when it changes. A change that was kept back is told later, if it still
/// holds then: the last line is true.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<T> {
    now: Option<T>,
    told: Option<T>,
}

/// What is said of many, each for itself.
#[derive(Debug, Default)]
pub(crate) struct QuietOf {
    each: HashMap<String, Quiet>,
}

/// For so long a line is not repeated.
pub(crate) const SAID_EVERY: Duration = Duration::from_secs(10);

/// The field of a line that tells how many were kept back before it; none if none were.
pub(crate) fn if_any(kept_back: u64) -> Option<u64> {
    (kept_back > 0).then_some(kept_back)
}

impl<const LINES: usize> Quiet<LINES> {
    /// Whether to say a line at `now`: then, how many were kept back before it.
    pub(crate) fn say(&mut self, now: Instant) -> Option<u64> {
        if !self.is_due(now) {
            self.kept_back = self.kept_back.saturating_add(1);
            return None;
        }
        self.said.rotate_left(1);
        if let Some(last) = self.said.last_mut() {
            *last = Some(now);
        }
        Some(std::mem::take(&mut self.kept_back))
    }

    fn is_due(&self, now: Instant) -> bool {
        let oldest = self.said.first().copied().flatten();
        oldest.is_none_or(|oldest| now.saturating_duration_since(oldest) >= SAID_EVERY)
    }
}

impl<const LINES: usize> Default for Quiet<LINES> {
    fn default() -> Self {
        Self {
            said: [None; LINES],
            kept_back: 0,
        }
    }
}

impl<T: Copy + PartialEq> Told<T> {
    /// Begins with what need not be told.
    pub(crate) fn new(now: Option<T>) -> Self {
        Self { now, told: now }
    }

    /// It is `state` at `now`: whether to tell it, and how many changes `quiet` kept back before.
    pub(crate) fn tell<const LINES: usize>(
        &mut self,
        state: T,
        quiet: &mut Quiet<LINES>,
        now: Instant,
    ) -> Option<u64> {
        let is_new = self.now.replace(state) != Some(state);
        if self.told == Some(state) {
            // It changed to and fro, or not at all.
            quiet.kept_back = quiet.kept_back.saturating_add(u64::from(is_new));
            return None;
        }
        if !is_new {
            if !quiet.is_due(now) {
                return None;
            }
            // It was counted when it was kept back.
            quiet.kept_back = quiet.kept_back.saturating_sub(1);
        }
        let kept_back = quiet.say(now)?;
        self.told = Some(state);
        Some(kept_back)
    }
}

impl QuietOf {
    /// So many are remembered.
    const MOST: usize = 1_024;

    /// Whether to say a line of `who` at `now`: then, how many were kept back before it.
    pub(crate) fn say(&mut self, who: &str, now: Instant) -> Option<u64> {
        if let Some(quiet) = self.each.get_mut(who) {
            return quiet.say(now);
        }
        if self.each.len() >= Self::MOST {
            self.each.retain(|_, quiet| !quiet.is_due(now));
        }
        if self.each.len() >= Self::MOST {
            return None;
        }
        self.each.entry(who.to_owned()).or_default().say(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_line_is_said_at_once_and_then_rarely_with_how_many_were_not() {
        let start = Instant::now();
        let mut quiet: Quiet = Quiet::default();
        let said: Vec<_> = (0..30).map(|n| quiet.say(start + n * SECOND)).collect();
        for (at, said) in said.into_iter().enumerate() {
            let expected = match at {
                0 => Some(0),
                10 | 20 => Some(9),
                _ => None,
            };
            assert_eq!(said, expected, "{at}");
        }
        let mut two: Quiet<2> = Quiet::default();
        let said = [0, 1, 2, 10, 10, 11].map(|n| two.say(start + n * SECOND));
        assert_eq!(said, [Some(0), Some(0), None, Some(1), None, Some(1)]);
    }

    #[test]
    fn the_last_line_of_a_state_is_true() {
        let start = Instant::now();
        let mut quiet: Quiet<2> = Quiet::default();
        let mut told = Told::new(None);
        let mut tell = |state, seconds: u32| told.tell(state, &mut quiet, start + seconds * SECOND);
        assert_eq!(tell("up", 0), Some(0));
        assert_eq!(tell("up", 0), None);
        assert_eq!(tell("down", 1), Some(0));
        for n in 2..9 {
            let state = if n % 2 == 0 { "up" } else { "down" };
            assert_eq!(tell(state, n), None);
        }
        // Down was told, but up it is, and stays.
        assert_eq!(tell("up", 9), None);
        assert_eq!(tell("up", 10), Some(6));
        assert_eq!(tell("up", 30), None);
        assert_eq!(tell("down", 30), Some(0));
    }

    #[test]
    fn each_is_quiet_for_itself_and_a_multitude_is_bounded() {
        let start = Instant::now();
        let mut quiet = QuietOf::default();
        assert_eq!(quiet.say("a", start), Some(0));
        assert_eq!(quiet.say("b", start), Some(0));
        assert_eq!(quiet.say("a", start), None);
        let said = (0..5_000).filter(|n| quiet.say(&n.to_string(), start).is_some());
        assert_eq!(said.count(), QuietOf::MOST - 2);
        assert_eq!(quiet.say("c", start + 10 * SECOND), Some(0));
        assert_eq!(quiet.each.len(), 1);
    }
}

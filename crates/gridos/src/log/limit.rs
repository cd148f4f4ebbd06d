//! Which lines about devices are shown: a bounded number a minute, and of the others their count.
//!
//! A kind of line is a place in the program that writes it. Within a minute the first line of each kind of
//! each device is shown, and further ones up to the device's limit. But ten thousand devices may be lost
//! at once, so of each kind no more than [`FIRSTS_MAX`] first lines and as many further ones are shown.
//! At the end of the minute it is told of each kind how much was left out.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

use tracing::callsite::Identifier;

/// The time over which lines are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// So many devices may say the same for the first time in a window.
pub(super) const FIRSTS_MAX: u32 = 100;
/// So many further lines of one kind are shown in a window.
pub(super) const FURTHER_MAX: u32 = 100;
/// Devices that are told apart in a window; 24 bytes and a key for each. What more devices say
/// counts as first lines.
const DEVICES_MAX: usize = 16_384;
/// Kinds that are told apart of a device; the last bit stands for all others.
const KINDS_PER_DEVICE: u32 = 64;

/// Decides for each line about a device whether it is shown.
#[derive(Debug)]
pub(super) struct Limiter<K = Identifier> {
    per_device: u32,
    began: Instant,
    devices: HashMap<u64, Device>,
    kinds: HashMap<K, Kind>,
    ended: Vec<LeftOut>,
}

/// What was left out of one kind within a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// What the lines say.
    pub(super) what: String,
    /// How many.
    pub(super) lines: u64,
    /// Of how many devices; lines of devices that are no longer told apart count as of one.
    pub(super) devices: usize,
}

#[derive(Debug, Default)]
struct Device {
    shown: u32,
    /// The kinds that it has said something of, and those of which something was left out.
    said: u64,
    left_out: u64,
}

#[derive(Debug)]
struct Kind {
    /// Its place among all, as a bit of a device.
    bit: u64,
    what: String,
    firsts: u32,
    further: u32,
    left_out: u64,
    devices: usize,
}

impl<K: Eq + Hash> Limiter<K> {
    /// A limiter that shows up to `per_device` lines a minute of each device.
    pub(super) fn new(per_device: u32, now: Instant) -> Self {
        Self {
            per_device,
            began: now,
            devices: HashMap::new(),
            kinds: HashMap::new(),
            ended: Vec::new(),
        }
    }

    /// Whether a line of `kind` about `device` is shown; `what` is what it says.
    pub(super) fn judge(
        &mut self,
        now: Instant,
        device: u64,
        kind: K,
        what: impl FnOnce() -> String,
    ) -> bool {
        self.turn(now);
        let place = u32::try_from(self.kinds.len()).unwrap_or(u32::MAX);
        let kind = self.kinds.entry(kind).or_insert_with(|| Kind {
            bit: 1 << place.min(KINDS_PER_DEVICE - 1),
            what: what(),
            firsts: 0,
            further: 0,
            left_out: 0,
            devices: 0,
        });
        let is_known = self.devices.contains_key(&device);
        let mut stranger = Device::default();
        let device = match is_known || self.devices.len() < DEVICES_MAX {
            true => self.devices.entry(device).or_default(),
            false => &mut stranger,
        };
        let is_first = device.said & kind.bit == 0;
        device.said |= kind.bit;
        let is_shown = match is_first {
            true => kind.firsts < FIRSTS_MAX,
            false => kind.further < FURTHER_MAX && device.shown < self.per_device,
        };
        if is_shown {
            device.shown += 1;
            *(if is_first {
                &mut kind.firsts
            } else {
                &mut kind.further
            }) += 1;
        } else {
            kind.left_out += 1;
            kind.devices += usize::from(device.left_out & kind.bit == 0);
            device.left_out |= kind.bit;
        }
        is_shown
    }

    /// What was left out in windows that are over by `now`, once.
    pub(super) fn due(&mut self, now: Instant) -> Vec<LeftOut> {
        self.turn(now);
        std::mem::take(&mut self.ended)
    }

    /// What was left out up to `now`, once.
    pub(super) fn end(&mut self, now: Instant) -> Vec<LeftOut> {
        self.close(now);
        std::mem::take(&mut self.ended)
    }

    fn turn(&mut self, now: Instant) {
        if now.saturating_duration_since(self.began) >= WINDOW {
            self.close(now);
        }
    }

    fn close(&mut self, now: Instant) {
        self.began = now;
        self.devices.clear();
        let kinds = self.kinds.drain().map(|(_, kind)| kind);
        let mut left_out: Vec<LeftOut> = kinds
            .filter(|kind| kind.left_out > 0)
            .map(|kind| LeftOut {
                what: kind.what,
                lines: kind.left_out,
                devices: kind.devices,
            })
            .collect();
        left_out.sort_by(|a, b| b.lines.cmp(&a.lines).then_with(|| a.what.cmp(&b.what)));
        self.ended.extend(left_out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: &str = "device is down";
    const UP: &str = "device is up";

    struct Log {
        limiter: Limiter<&'static str>,
        now: Instant,
        shown: usize,
    }

    impl Log {
        fn new(per_device: u32) -> Self {
            let now = Instant::now();
            Self {
                limiter: Limiter::new(per_device, now),
                now,
                shown: 0,
            }
        }

        fn line(&mut self, device: u64, kind: &'static str) -> bool {
            let is_shown = self
                .limiter
                .judge(self.now, device, kind, || kind.to_owned());
            self.shown += usize::from(is_shown);
            is_shown
        }

        fn told(&mut self) -> Vec<(String, u64, usize)> {
            let due = self.limiter.due(self.now).into_iter();
            due.map(|out| (out.what, out.lines, out.devices)).collect()
        }
    }

    #[test]
    fn a_storm_of_five_thousand_devices_is_a_bounded_number_of_lines_and_a_sum() {
        let mut log = Log::new(10);
        for device in 0..5_000 {
            log.line(device, DOWN);
            log.line(device, UP);
        }
        assert_eq!(log.shown, 200);
        assert_eq!(log.told(), []);
        log.now += WINDOW;
        let sums = [
            (DOWN.to_owned(), 4_900, 4_900),
            (UP.to_owned(), 4_900, 4_900),
        ];
        assert_eq!(log.told(), sums);
        assert_eq!(log.told(), [], "it is told once");
        assert!(log.line(4_999, DOWN), "a new minute begins anew");
    }

    #[test]
    fn a_device_that_talks_without_end_is_cut_and_hides_nothing_else() {
        let mut log = Log::new(3);
        let shown: Vec<bool> = (0..5).map(|_| log.line(7, DOWN)).collect();
        assert_eq!(shown, [true, true, true, false, false]);
        assert!(log.line(7, UP), "the first of another kind is shown");
        assert!(!log.line(7, UP));
        assert!(log.line(8, DOWN), "another device has its own limit");
        log.now += WINDOW;
        assert_eq!(log.told(), [(DOWN.to_owned(), 2, 1), (UP.to_owned(), 1, 1)]);
    }

    #[test]
    fn the_repetitions_of_some_do_not_hide_the_first_lines_of_others() {
        let mut log = Log::new(1_000);
        for _ in 0..10_000 {
            log.line(1, DOWN);
        }
        assert_eq!(log.shown, 1 + FURTHER_MAX as usize);
        assert!((2..=FIRSTS_MAX.into()).all(|device| log.line(device, DOWN)));
        assert!(!log.line(u64::from(FIRSTS_MAX) + 1, DOWN));
    }

    #[test]
    fn memory_is_bounded_whatever_names_devices() {
        let mut log = Log::new(10);
        for device in 0..200_000 {
            log.line(device, DOWN);
        }
        assert_eq!(log.limiter.devices.len(), DEVICES_MAX);
        assert_eq!(log.shown, FIRSTS_MAX as usize);
        log.now += WINDOW;
        let told = log.told();
        assert_eq!(told[0].1, 200_000 - u64::from(FIRSTS_MAX));
        assert!(log.limiter.devices.is_empty() && log.limiter.kinds.is_empty());
    }

    #[test]
    fn a_clock_that_stands_still_or_steps_back_loses_no_count() {
        let mut log = Log::new(1);
        let start = log.now;
        log.now += WINDOW / 2;
        assert!(log.line(1, DOWN) && !log.line(1, DOWN));
        log.now = start;
        assert!(!log.line(1, DOWN));
        let end: Vec<u64> = log
            .limiter
            .end(log.now)
            .iter()
            .map(|out| out.lines)
            .collect();
        assert_eq!(end, [2]);
    }
}

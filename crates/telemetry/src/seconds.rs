//! A cell for a time that may not be known.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Seconds that rise and fall; not a number while they are not known, as Prometheus has it: no
/// comparison with a threshold is then true.
#[derive(Debug)]
pub struct Seconds(AtomicU64);

impl Default for Seconds {
    fn default() -> Self {
        Self(AtomicU64::new(f64::NAN.to_bits()))
    }
}

impl Seconds {
    /// Makes it `time`, or not known.
    pub fn set(&self, time: Option<Duration>) {
        self.store(time.map_or(f64::NAN, |time| time.as_secs_f64()));
    }

    /// It never ends.
    pub fn set_endless(&self) {
        self.store(f64::INFINITY);
    }

    /// The seconds as a number for metrics.
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Acquire))
    }

    /// The seconds, if they are known and end.
    pub fn known(&self) -> Option<f64> {
        Some(self.get()).filter(|seconds| seconds.is_finite())
    }

    fn store(&self, seconds: f64) {
        self.0.store(seconds.to_bits(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_known_endless_or_not_known() {
        let seconds = Seconds::default();
        assert!(seconds.get().is_nan() && seconds.known().is_none());
        seconds.set(Some(Duration::from_millis(1_500)));
        assert_eq!(seconds.known(), Some(1.5));
        seconds.set_endless();
        assert_eq!((seconds.get(), seconds.known()), (f64::INFINITY, None));
        seconds.set(None);
        assert!(seconds.get().is_nan());
    }
}

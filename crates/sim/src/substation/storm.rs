//! A storm over many feeders at once.

use std::time::Duration;

use crate::noise::fraction;

/// Within ten seconds every feeder trips, and every second one is cut off a moment later; when it
/// is over, they come back as they went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storm {
    /// When the first feeders trip, after 1970-01-01T00:00:00Z.
    pub begins: Duration,
    /// How long each feeder is out.
    pub lasts: Duration,
}

/// Within so much time all feeders trip, in seconds.
const SPREAD: f64 = 10.0;
/// So much later a feeder is cut off, in seconds: its trip may be read before.
const CUT_OFF_AFTER: f64 = 1.5;

/// What a storm does to one feeder, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blow {
    pub(super) from: f64,
    until: f64,
    is_cutting: bool,
}

impl Storm {
    /// What it does to feeder number `n`.
    pub(super) fn blow(self, n: usize) -> Blow {
        let from = self.begins.as_secs_f64() + SPREAD * fraction(0, n as u64);
        Blow {
            from,
            until: from + self.lasts.as_secs_f64(),
            is_cutting: n % 2 == 1,
        }
    }
}

impl Blow {
    pub(super) fn trips(&self, now: f64) -> bool {
        (self.from..self.until).contains(&now)
    }

    pub(super) fn cuts_off(&self, now: f64) -> bool {
        self.is_cutting && (self.from + CUT_OFF_AFTER..self.until).contains(&now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modbus::{Device, Fault};
    use crate::substation::Feeder;

    #[test]
    fn within_ten_seconds_all_trip_and_half_are_cut_off_and_then_all_return() {
        let begins = Duration::from_secs(1_795_414_346);
        let lasts = Duration::from_secs(60);
        let blows: Vec<_> = (0..100).map(|n| Storm { begins, lasts }.blow(n)).collect();
        let hit = |after: f64| {
            let now = begins.as_secs_f64() + after;
            let count = |is_hit: &dyn Fn(&Blow) -> bool| blows.iter().filter(|b| is_hit(b)).count();
            (count(&|b| b.trips(now)), count(&|b| b.cuts_off(now)))
        };
        assert_eq!(hit(-0.1), (0, 0));
        assert!((20..80).contains(&hit(5.0).0), "{:?}", hit(5.0));
        assert_eq!(hit(59.0), (100, 50));
        assert_eq!(hit(70.1), (0, 0));
    }

    #[test]
    fn a_feeder_in_a_storm_is_open_and_its_energy_never_falls() {
        let begins = Duration::from_secs(1_795_414_346);
        let lasts = Duration::from_secs(400);
        for n in 0..20 {
            let feeder = Feeder::new(7).in_storm(Storm { begins, lasts }, n);
            let seconds = (0..900).map(|s| feeder.measure(begins + Duration::from_secs(s) - lasts));
            let energies: Vec<_> = seconds.map(|now| now.energy).collect();
            assert!(energies.is_sorted(), "{n}");
            let height = feeder.measure(begins + Duration::from_secs(200));
            assert!(height.tripped && height.current == [0.0; 3]);
        }
    }

    #[test]
    fn who_is_cut_off_does_not_answer() {
        let now = std::time::SystemTime::now();
        let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
        let storm = Storm {
            begins: now - Duration::from_secs(20),
            lasts: Duration::from_secs(3_600),
        };
        let fault = |n| Feeder::new(7).in_storm(storm, n).fault(1);
        assert_eq!((fault(0), fault(1)), (None, Some(Fault::Silent)));
    }
}

//! Patience with those who guess: whoever was wrong some times waits, each time longer.
//!
//! The wait is short against a lifetime of guessing and never long for people: at most
//! [`ThrottleOptions::wait_max`] after the last failure. Failures are counted by address and by name.
//! A name that somebody guesses from elsewhere must not keep its owner out: an address from which
//! the owner has come in before is counted by itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::time::Duration;

/// How much is borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThrottleOptions {
    /// So many failures cost nothing: people mistype.
    pub free: u32,
    /// The wait after the first failure beyond; it doubles with each.
    pub wait: Duration,
    /// And never becomes longer than this.
    pub wait_max: Duration,
    /// Whoever was quiet for so long begins anew.
    pub forget: Duration,
    /// So many addresses, names and pairs of both are remembered at most.
    pub capacity: usize,
}

impl Default for ThrottleOptions {
    fn default() -> Self {
        Self {
            free: 5,
            wait: Duration::from_secs(1),
            wait_max: Duration::from_secs(30),
            forget: Duration::from_secs(900),
            capacity: 4_096,
        }
    }
}

/// The failures of late. Times are those since some instant of the caller's choice.
#[derive(Debug)]
pub struct Throttle {
    options: ThrottleOptions,
    addresses: Table<Network>,
    names: Table<String>,
    /// Pairs by which somebody has come in, with their failures since.
    trusted: Table<(String, Network)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    last: Duration,
}

/// Whoever has an address of IPv6 has 2^64 of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4(u32),
    V6(u64),
}

impl Throttle {
    /// Nobody has failed yet.
    pub fn new(options: ThrottleOptions) -> Self {
        Self {
            options,
            addresses: Table::default(),
            names: Table::default(),
            trusted: Table::default(),
        }
    }

    /// How long whoever calls itself `name` (empty if it does not) at `address` must wait before
    /// it may try again.
    ///
    /// # Errors
    /// The time that is left.
    pub fn check(&self, name: &str, address: IpAddr, now: Duration) -> Result<(), Duration> {
        let network = Network::of(address);
        let pair = (name.to_owned(), network);
        let due = match self.trusted.0.get(&pair) {
            Some(own) => self.due(Some(own)),
            None => {
                let by_address = self.due(self.addresses.0.get(&network));
                by_address.max(self.due(self.names.0.get(name)))
            }
        };
        match due.saturating_sub(now) {
            Duration::ZERO => Ok(()),
            left => Err(left),
        }
    }

    /// It was wrong.
    pub fn on_failure(&mut self, name: &str, address: IpAddr, now: Duration) {
        let network = Network::of(address);
        let pair = (name.to_owned(), network);
        let options = self.options;
        if self.trusted.0.contains_key(&pair) {
            return self.trusted.count(pair, now, &options);
        }
        self.addresses.count(network, now, &options);
        if !name.is_empty() {
            self.names.count(name.to_owned(), now, &options);
        }
    }

    /// It was right.
    pub fn on_success(&mut self, name: &str, address: IpAddr, now: Duration) {
        let network = Network::of(address);
        let pair = (name.to_owned(), network);
        self.trusted.make_room(now, &self.options);
        let fresh = Failures {
            count: 0,
            last: now,
        };
        self.trusted.0.insert(pair, fresh);
    }

    /// Before this nothing may be tried.
    fn due(&self, failures: Option<&Failures>) -> Duration {
        let Some(failures) = failures else {
            return Duration::ZERO;
        };
        let beyond = failures.count.saturating_sub(self.options.free);
        let Some(doublings) = beyond.checked_sub(1) else {
            return Duration::ZERO;
        };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let wait = self.options.wait.saturating_mul(factor.max(1));
        failures
            .last
            .saturating_add(wait.min(self.options.wait_max))
    }
}

#[derive(Debug)]
struct Table<K>(HashMap<K, Failures>);

impl<K> Default for Table<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Clone + Eq + Hash> Table<K> {
    fn count(&mut self, key: K, now: Duration, options: &ThrottleOptions) {
        if !self.0.contains_key(&key) {
            self.make_room(now, options);
        }
        let failures = self.0.entry(key).or_default();
        if now.saturating_sub(failures.last) >= options.forget {
            failures.count = 0;
        }
        failures.count = failures.count.saturating_add(1);
        failures.last = now;
    }

    /// Whoever was quiet the longest is forgotten first; all who were quiet for long at once, so
    /// that this is rare.
    fn make_room(&mut self, now: Duration, options: &ThrottleOptions) {
        if self.0.len() < options.capacity {
            return;
        }
        self.0
            .retain(|_, failures| now.saturating_sub(failures.last) < options.forget);
        while self.0.len() >= options.capacity {
            let oldest = self.0.iter().min_by_key(|(_, failures)| failures.last);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            self.0.remove(&oldest);
        }
    }
}

impl Network {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.to_bits()),
            IpAddr::V6(address) => {
                let bits = address.to_bits() >> 64;
                Self::V6(u64::try_from(bits).unwrap_or(u64::MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "10.0.0.1";

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn throttle() -> Throttle {
        Throttle::new(ThrottleOptions::default())
    }

    /// Fails as fast as it is let for `span`; how often that was.
    fn guess(throttle: &mut Throttle, name: &str, from: IpAddr, span: Duration) -> u32 {
        let (mut now, mut tries) = (Duration::ZERO, 0);
        while now < span {
            match throttle.check(name, from, now) {
                Ok(()) => {
                    throttle.on_failure(name, from, now);
                    tries += 1;
                }
                Err(left) => now += left,
            }
        }
        tries
    }

    #[test]
    fn the_wait_doubles_and_ends() {
        let mut throttle = throttle();
        let mut now = Duration::ZERO;
        let mut waits = Vec::new();
        for _ in 0..14 {
            let wait = throttle.check("anna", address(HERE), now);
            let wait = wait.err().unwrap_or_default();
            waits.push(wait.as_secs());
            now += wait;
            throttle.on_failure("anna", address(HERE), now);
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]);
        // After a quarter of an hour nobody knows.
        let later = now + seconds(900);
        assert_eq!(throttle.check("anna", address(HERE), later), Ok(()));
        throttle.on_failure("anna", address(HERE), later);
        assert_eq!(throttle.check("anna", address(HERE), later), Ok(()));
    }

    #[test]
    fn a_day_of_guessing_is_some_thousand_guesses() {
        let day = seconds(86_400);
        let tries = guess(&mut throttle(), "anna", address(HERE), day);
        assert!((2_000..3_000).contains(&tries), "{tries}");
        // Many addresses do not help.
        let mut throttle = throttle();
        let mut tries = 0;
        let mut now = Duration::ZERO;
        for place in (0..=255_u8).cycle() {
            let from = IpAddr::from([10, 1, 0, place]);
            match throttle.check("anna", from, now) {
                Ok(()) => {
                    throttle.on_failure("anna", from, now);
                    tries += 1;
                }
                Err(left) => now += left,
            }
            if now >= day {
                break;
            }
        }
        assert!(tries < 3_000, "{tries}");
    }

    #[test]
    fn guessing_from_elsewhere_does_not_keep_the_owner_out() {
        let mut throttle = throttle();
        throttle.on_success("anna", address(HERE), Duration::ZERO);
        let tries = guess(&mut throttle, "anna", address("10.9.9.9"), seconds(600));
        assert!(tries > 10);
        assert_eq!(throttle.check("anna", address(HERE), seconds(600)), Ok(()));
        // But whoever sits there may not guess without end either.
        let tries = guess(&mut throttle, "anna", address(HERE), seconds(600));
        assert!(tries < 40, "{tries}");
        // And whoever else sits there is not believed for it.
        assert!(
            throttle
                .check("bert", address("10.9.9.9"), seconds(600))
                .is_err()
        );
    }

    #[test]
    fn neighbours_of_one_network_are_one() {
        let mut throttle = throttle();
        for host in 0..10_u8 {
            let from = address(&format!("2001:db8::{host:x}"));
            throttle.on_failure(&format!("user{host}"), from, Duration::ZERO);
        }
        let other = throttle.check("x", address("2001:db8::ffff"), Duration::ZERO);
        assert!(other.is_err());
        let elsewhere = throttle.check("x", address("2001:db8:0:1::1"), Duration::ZERO);
        assert_eq!(elsewhere, Ok(()));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let capacity = 64;
        let mut throttle = Throttle::new(ThrottleOptions {
            capacity,
            ..ThrottleOptions::default()
        });
        for nth in 0..10_000_u32 {
            let from = IpAddr::from(nth.to_be_bytes());
            let now = Duration::from_millis(u64::from(nth));
            throttle.on_failure(&format!("u{nth}"), from, now);
            throttle.on_success(&format!("s{nth}"), from, now);
        }
        let sizes = [
            throttle.addresses.0.len(),
            throttle.names.0.len(),
            throttle.trusted.0.len(),
        ];
        assert!(sizes.iter().all(|size| *size <= capacity), "{sizes:?}");
    }
}

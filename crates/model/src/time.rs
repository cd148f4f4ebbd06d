//! Instants of the world, as the field and the database mean them.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use bytemuck::{Pod, Zeroable};

/// Nanoseconds since 1970-01-01T00:00:00Z, without leap seconds, from the year 1677 to 2262.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Pod, Zeroable)]
#[repr(transparent)]
pub struct Timestamp(i64);

/// How far the time of a reading may be trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum TimeQuality {
    /// The source's clock is synchronised (or the time is the engine's own).
    #[default]
    Synchronised,
    /// The source gave a time but its clock is not synchronised.
    Unsynchronised,
    /// The source gave no time: the time is that of reception.
    None,
}

impl Timestamp {
    /// The epoch itself.
    pub const EPOCH: Self = Self(0);
    /// The earliest instant.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant.
    pub const MAX: Self = Self(i64::MAX);

    /// `nanos` nanoseconds after the epoch.
    #[inline]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// `micros` microseconds after the epoch, clamped to the range.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros.saturating_mul(1_000))
    }

    /// `millis` milliseconds after the epoch, clamped to the range.
    #[inline]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// Nanoseconds since the epoch.
    #[inline]
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Microseconds since the epoch, rounded towards the past.
    pub const fn as_micros(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Milliseconds since the epoch, rounded towards the past.
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The time from `earlier` to `self`; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        let nanos = i128::from(self.0) - i128::from(earlier.0);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
    }

    /// The instant halfway between `self` and `other`.
    pub const fn midpoint(self, other: Self) -> Self {
        Self(self.0.midpoint(other.0))
    }

    /// `self` later by `duration`, clamped to the range.
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)),
        )
    }

    /// `self` earlier by `duration`, clamped to the range.
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)),
        )
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let nanos = |d: Duration| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX);
        match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self(nanos(after)),
            Err(before) => Self(-nanos(before.duration())),
        }
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many fractional digits as needed: `2026-11-23T06:12:26.5Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(time) => time.fmt(f),
            Err(_) => write!(f, "{} ns", self.0),
        }
    }
}

/// The text is no RFC 3339 time between 1677 and 2262.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no RFC 3339 time such as 2026-11-23T06:12:26.5Z")]
pub struct ParseTimestampError {
    text: String,
}

impl FromStr for Timestamp {
    type Err = ParseTimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseTimestampError {
            text: text.chars().take(64).collect(),
        };
        let time: jiff::Timestamp = text.parse().map_err(|_| error())?;
        i64::try_from(time.as_nanosecond())
            .map(Self)
            .map_err(|_| error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        let time = Timestamp::from_nanos(1_795_414_346_123_456_789);
        assert_eq!(time.to_string(), "2026-11-23T06:12:26.123456789Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!("2026-11-23T07:12:26.123456789+01:00".parse(), Ok(time));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01T00:00:00Z",
            "9999-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn rounding_goes_to_the_past() {
        assert_eq!(Timestamp::from_nanos(-1).as_micros(), -1);
        assert_eq!(Timestamp::from_nanos(1_999).as_micros(), 1);
    }

    #[test]
    fn durations_never_wrap() {
        assert_eq!(Timestamp::MIN.since(Timestamp::MAX), Duration::ZERO);
        assert_eq!(
            Timestamp::MAX.saturating_add(Duration::from_secs(1)),
            Timestamp::MAX
        );
        assert!(Timestamp::MAX.since(Timestamp::MIN) > Duration::from_secs(1));
    }
}

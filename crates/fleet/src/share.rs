//! How many of the devices are the canary's.

use std::fmt;

/// A share of the devices in parts per million, from none to all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Share(u32);

impl Share {
    /// No device.
    pub const NONE: Self = Self(0);
    /// All devices.
    pub const ALL: Self = Self(1_000_000);

    /// `ppm` parts per million; nothing above a million.
    pub const fn from_ppm(ppm: u32) -> Option<Self> {
        if ppm <= Self::ALL.0 {
            Some(Self(ppm))
        } else {
            None
        }
    }

    /// `percent` rounded to parts per million; nothing outside of 0 to 100, and not for NaN.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be from 0 to 100 before"
    )]
    pub fn from_percent(percent: f64) -> Option<Self> {
        (0.0..=100.0)
            .contains(&percent)
            .then(|| Self((percent * 10_000.0).round() as u32))
    }

    /// Parts per million.
    pub const fn ppm(self) -> u32 {
        self.0
    }

    /// How many of `count` that is, rounded to the nearest, halves up.
    pub const fn of(self, count: usize) -> usize {
        let parts = count as u128 * self.0 as u128;
        ((parts + 500_000) / 1_000_000) as usize
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.0) / 10_000.0)
    }
}

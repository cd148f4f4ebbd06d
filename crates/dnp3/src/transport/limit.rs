//! How long a fragment may become.

use std::fmt;

/// The most bytes a reassembled fragment may have: 249 to 65,536.
///
/// Each association can hold as much, so it is what a hostile peer can make us keep. The default
/// 2,048 is what the field uses; a device that sends more must be configured so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FragmentMax(usize);

/// The number is no limit of fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fragment cannot be limited to {0} bytes; allowed are 249 to 65536")]
pub struct FragmentMaxError(pub usize);

impl FragmentMax {
    /// What one segment can carry: less would refuse whole segments.
    pub const LEAST: Self = Self(249);
    /// Beyond every known device.
    pub const MOST: Self = Self(65_536);

    /// A limit of `bytes`.
    ///
    /// # Errors
    /// If it is less than 249 or more than 65,536.
    pub fn new(bytes: usize) -> Result<Self, FragmentMaxError> {
        let limit = Self(bytes);
        if (Self::LEAST..=Self::MOST).contains(&limit) {
            Ok(limit)
        } else {
            Err(FragmentMaxError(bytes))
        }
    }

    /// How many bytes.
    pub fn bytes(self) -> usize {
        self.0
    }
}

impl Default for FragmentMax {
    fn default() -> Self {
        Self(2_048)
    }
}

impl fmt::Display for FragmentMax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_limited() {
        assert_eq!(FragmentMax::new(249), Ok(FragmentMax::LEAST));
        assert_eq!(FragmentMax::new(65_536), Ok(FragmentMax::MOST));
        assert_eq!(FragmentMax::new(2_048), Ok(FragmentMax::default()));
        for bytes in [0, 248, 65_537, usize::MAX] {
            assert_eq!(FragmentMax::new(bytes), Err(FragmentMaxError(bytes)));
        }
    }
}

//! Whether what was counted is what may be.

use std::fmt;

/// How much more than what was counted a limit is: what another version of the C library may take.
pub(crate) const ROOM: f64 = 1.03;
/// A limit that is farther from what is counted would let what became better become worse again.
const LOOSE: f64 = 1.25;

/// What is to be said of a stage.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    Within,
    /// More than this limit.
    Beyond(f64),
    /// So much less than this limit that it is none.
    Loose(f64),
    /// There is no limit.
    Unlimited,
}

impl Verdict {
    pub(crate) fn of(counted: f64, limit: Option<f64>) -> Self {
        match limit {
            None => Self::Unlimited,
            Some(limit) if counted > limit => Self::Beyond(limit),
            Some(limit) if limit > counted * LOOSE => Self::Loose(limit),
            Some(_) => Self::Within,
        }
    }

    pub(crate) fn is_good(self) -> bool {
        self == Self::Within
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Within => write!(f, "as it should be"),
            Self::Beyond(limit) => write!(f, "TOO MANY: the limit is {limit}"),
            Self::Loose(limit) => {
                write!(
                    f,
                    "BETTER than its limit of {limit}: write down the new one"
                )
            }
            Self::Unlimited => write!(f, "HAS NO LIMIT: write one down"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_refused_and_so_is_a_limit_that_is_none() {
        let of = |counted| Verdict::of(counted, Some(10.0));
        assert_eq!([of(10.0), of(8.0)], [Verdict::Within, Verdict::Within]);
        assert_eq!(of(10.01), Verdict::Beyond(10.0));
        assert_eq!(of(7.99), Verdict::Loose(10.0));
        assert_eq!(Verdict::of(1.0, None), Verdict::Unlimited);
        let bad = [of(10.01), of(7.99), Verdict::Unlimited];
        assert!(of(9.0).is_good() && !bad.into_iter().any(Verdict::is_good));
    }

    #[test]
    fn what_was_just_written_down_is_within() {
        assert!(Verdict::of(3.0, Some(3.0 * ROOM)).is_good());
    }
}

//! How long the journal can go on taking readings if the database takes none.

use std::fmt;
use std::time::Duration;

use super::Rate;

/// What there is room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Bytes of all segments.
    pub used: u64,
    /// The most they may hold.
    pub budget: u64,
    /// Bytes free in the file system.
    pub free: u64,
    /// Of the bytes used, those of segments that are wholly stored: they can be freed at once.
    pub freeable: u64,
}

impl Room {
    /// Bytes that can still be written before the budget or the disk ends, whichever is first, if
    /// all that is stored is deleted.
    pub fn left(&self) -> u64 {
        let budget = self
            .budget
            .saturating_sub(self.used.saturating_sub(self.freeable));
        budget.min(self.free.saturating_add(self.freeable))
    }

    /// How long that lasts at the rate at which the journal grows, if it is known.
    pub fn autonomy(&self, rate: Option<Rate>) -> Autonomy {
        let left = self.left();
        if left == 0 {
            return Autonomy::Lasts(Duration::ZERO);
        }
        match rate {
            None => Autonomy::Unknown,
            Some(rate) => rate
                .time_for(left)
                .map_or(Autonomy::Endless, Autonomy::Lasts),
        }
    }
}

/// How long the journal lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Autonomy {
    /// The rate is not known yet.
    Unknown,
    /// It does not grow, or for centuries.
    Endless,
    /// So long.
    Lasts(Duration),
}

impl Autonomy {
    /// The time, if there is one.
    pub fn time(&self) -> Option<Duration> {
        match self {
            Self::Lasts(time) => Some(*time),
            Self::Unknown | Self::Endless => None,
        }
    }
}

/// In the unit that matters: `9.4 h`.
impl fmt::Display for Autonomy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("not known yet"),
            Self::Endless => f.write_str("for ever"),
            Self::Lasts(time) => {
                let seconds = time.as_secs_f64();
                match time.as_secs() {
                    0..120 => write!(f, "{seconds:.0} s"),
                    120..7_200 => write!(f, "{:.0} min", seconds / 60.0),
                    7_200..259_200 => write!(f, "{:.1} h", seconds / 3_600.0),
                    _ => write!(f, "{:.1} d", seconds / 86_400.0),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room {
        used: 700,
        budget: 1_000,
        free: 10_000,
        freeable: 200,
    };

    #[test]
    fn the_budget_or_the_disk_ends_it() {
        assert_eq!(ROOM.left(), 500);
        assert_eq!(Room { free: 100, ..ROOM }.left(), 300);
        assert_eq!(
            Room {
                budget: 600,
                ..ROOM
            }
            .left(),
            100
        );
        let beyond = Room {
            budget: 300,
            ..ROOM
        };
        assert_eq!(beyond.left(), 0);
    }

    #[test]
    fn it_lasts_as_long_as_there_is_room() {
        let rate = |bytes| {
            let over = Duration::from_secs(60);
            Some(Rate { bytes, over })
        };
        let lasts = |seconds| Autonomy::Lasts(Duration::from_secs(seconds));
        assert_eq!(ROOM.autonomy(rate(10)), lasts(3_000));
        assert_eq!(ROOM.autonomy(rate(0)), Autonomy::Endless);
        assert_eq!(ROOM.autonomy(None), Autonomy::Unknown);
        let none = Room {
            free: 0,
            freeable: 0,
            ..ROOM
        };
        assert_eq!(none.autonomy(rate(0)), lasts(0));
        assert_eq!(none.autonomy(None), lasts(0));
    }

    #[test]
    fn it_is_said_in_the_unit_that_matters() {
        let said = |seconds| Autonomy::Lasts(Duration::from_secs(seconds)).to_string();
        assert_eq!(
            [0, 119, 150, 33_840, 864_000].map(said),
            ["0 s", "119 s", "2 min", "9.4 h", "10.0 d"]
        );
    }
}

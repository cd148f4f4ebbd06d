//! Addresses as they are given on the command line.

use std::str::FromStr;

/// Consecutive addresses of one table, counted from 0: at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    start: u16,
    last: u16,
}

/// The text is no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no range of addresses from 0 to 65535; write 7, or 0..10 for 0 to 10")]
pub struct ParseRangeError {
    text: String,
}

impl AddressRange {
    /// The range in parts of at most `most` addresses, as first address and count.
    pub(super) fn parts(self, most: u16) -> impl Iterator<Item = (u16, u16)> {
        let step = usize::from(most.max(1));
        (self.start..=self.last).step_by(step).map(move |start| {
            let left = (self.last - start).saturating_add(1);
            (start, left.min(most.max(1)))
        })
    }
}

impl FromStr for AddressRange {
    type Err = ParseRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let Some((start, end)) = text.split_once("..") else {
                let only = text.parse().ok()?;
                return Some((only, only));
            };
            // The last one included, as in the configuration's `forbidden`.
            Some((start.parse().ok()?, end.parse().ok()?))
        };
        match read() {
            Some((start, last)) if start <= last => Ok(Self { start, last }),
            _ => Err(ParseRangeError {
                text: text.chars().take(32).collect(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, most: u16) -> Vec<(u16, u16)> {
        text.parse::<AddressRange>().unwrap().parts(most).collect()
    }

    #[test]
    fn ranges_are_with_their_end() {
        assert_eq!(parts("7", 125), [(7, 1)]);
        assert_eq!(parts("0..10", 125), [(0, 11)]);
        assert_eq!(parts("0..10", 4), [(0, 4), (4, 4), (8, 3)]);
        assert_eq!(parts("65530..65535", 125), [(65_530, 6)]);
        assert_eq!(parts("0..65535", u16::MAX), [(0, u16::MAX), (u16::MAX, 1)]);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "..", "9..3", "0..65536", "-1..3", "a", "0..=9", "1...3"] {
            assert!(text.parse::<AddressRange>().is_err(), "{text}");
        }
    }
}

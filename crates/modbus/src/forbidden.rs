//! Addresses that no request may touch.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use crate::Table;

/// Addresses of one table that must never be read, not even between two points: some devices
/// hang, restart or clear a counter when somebody looks there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// The table they lie in.
    pub table: Table,
    /// The first address, as on the wire.
    pub first: u16,
    /// The last address, not below the first.
    pub last: u16,
}

impl Forbidden {
    /// Whether a request for these addresses of `table` would touch one of them.
    pub fn touches(&self, table: Table, addresses: &Range<u32>) -> bool {
        self.table == table
            && addresses.start <= u32::from(self.last)
            && addresses.end > u32::from(self.first)
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}..{}", self.table, self.first, self.last)
    }
}

/// The text names no range of addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no range of addresses; write for example \"holding 100..120\", counted from 0, the last \
     one included"
)]
pub struct ParseForbiddenError;

impl FromStr for Forbidden {
    type Err = ParseForbiddenError;

    /// Reads a table and its first and last address: `holding 100..120`; or one address: `coil 7`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (table, range) = text.trim().split_once(' ')?;
            let (first, last) = range.split_once("..").unwrap_or((range, range));
            let address = |text: &str| text.trim().parse().ok();
            Some(Self {
                table: table.parse().ok()?,
                first: address(first)?,
                last: address(last)?,
            })
        };
        let found = parse().filter(|range| range.first <= range.last);
        found.ok_or(ParseForbiddenError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_shown() {
        let range: Forbidden = "holding 100..120".parse().unwrap();
        assert_eq!(range.to_string(), "holding_register 100..120");
        assert_eq!(range.to_string().parse(), Ok(range));
        let one: Forbidden = "coil 7".parse().unwrap();
        assert_eq!((one.table, one.first, one.last), (Table::Coil, 7, 7));
        for text in [
            "",
            "holding",
            "holding ..",
            "holding 9..8",
            "100..120",
            "holding 1..70000",
            "coils 1..2",
            "holding -1..2",
            "holding 1...2",
        ] {
            assert_eq!(
                text.parse::<Forbidden>(),
                Err(ParseForbiddenError),
                "{text}"
            );
        }
    }

    #[test]
    fn both_ends_are_forbidden() {
        let range: Forbidden = "input 10..20".parse().unwrap();
        let touches = |addresses| range.touches(Table::InputRegister, &addresses);
        assert!(!touches(0..10) && touches(0..11) && touches(15..16));
        assert!(touches(20..99) && !touches(21..99));
        assert!(!range.touches(Table::Coil, &(0..99)));
    }
}

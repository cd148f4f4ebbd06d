//! In which order the bytes of a value lie in its registers.

use std::fmt;
use std::str::FromStr;

/// The order of words and bytes of a value, named by what the device sends for the 32-bit value
/// whose bytes are A (most significant) to D.
///
/// Modbus fixes only the bytes of one register, most significant first (V1.1b3, 4.2); how several
/// registers make one value is each vendor's choice. Values of 64 bits follow the same rule
/// (`cdab` stands for `ghefcdab`). For values of one register only the byte order matters:
/// `badc` and `dcba` swap its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Order {
    words_reversed: bool,
    bytes_reversed: bool,
}

impl Order {
    /// Most significant word first, most significant byte first: the default.
    pub const ABCD: Self = Self::new(false, false);
    /// Least significant word first.
    pub const CDAB: Self = Self::new(true, false);
    /// Bytes swapped within each word.
    pub const BADC: Self = Self::new(false, true);
    /// Least significant word first and bytes swapped: little-endian throughout.
    pub const DCBA: Self = Self::new(true, true);
    /// All orders.
    pub const ALL: [Self; 4] = [Self::ABCD, Self::CDAB, Self::BADC, Self::DCBA];

    /// The order with the words reversed, the bytes of each word reversed, or both.
    pub const fn new(words_reversed: bool, bytes_reversed: bool) -> Self {
        Self {
            words_reversed,
            bytes_reversed,
        }
    }

    /// Whether the least significant word comes first.
    pub const fn words_reversed(self) -> bool {
        self.words_reversed
    }

    /// Whether the least significant byte of each word comes first.
    pub const fn bytes_reversed(self) -> bool {
        self.bytes_reversed
    }

    /// The name in configuration: `abcd`, `cdab`, `badc` or `dcba`.
    pub const fn name(self) -> &'static str {
        match (self.words_reversed, self.bytes_reversed) {
            (false, false) => "abcd",
            (true, false) => "cdab",
            (false, true) => "badc",
            (true, true) => "dcba",
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no order of bytes; use abcd, cdab, badc or dcba")]
pub struct ParseOrderError {
    text: String,
}

impl FromStr for Order {
    type Err = ParseOrderError;

    /// Reads an [`Order::name`] in lower or upper case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = |order: &Self| order.name().eq_ignore_ascii_case(text);
        Self::ALL
            .into_iter()
            .find(named)
            .ok_or_else(|| ParseOrderError {
                text: text.chars().take(32).collect(),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for order in Order::ALL {
            assert_eq!(order.name().parse(), Ok(order));
        }
        assert_eq!("CDAB".parse(), Ok(Order::CDAB));
        assert_eq!(Order::default(), Order::ABCD);
        assert!("abdc".parse::<Order>().is_err());
    }
}

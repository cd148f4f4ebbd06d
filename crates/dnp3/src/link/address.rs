//! Addresses of stations.

use std::fmt;

/// A link address as on the wire (IEEE 1815-2012, 9.2.5).
///
/// 0 to 0xFFEF name one station; above are the reserved ones, the self-address and three broadcast
/// addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(u16);

/// The address is none of a single station.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no address of one station; allowed are 0 to 65519")]
pub struct AddressError(pub u16);

impl Address {
    /// The highest address of one station.
    pub const INDIVIDUAL_MAX: Self = Self(0xFFEF);
    /// Whoever receives it, whatever its own address is.
    pub const SELF: Self = Self(0xFFFC);
    /// All stations; none confirms.
    pub const BROADCAST_DONT_CONFIRM: Self = Self(0xFFFD);
    /// All stations; each confirms with its next answer.
    pub const BROADCAST_CONFIRM: Self = Self(0xFFFE);
    /// All stations; each may confirm.
    pub const BROADCAST_OPTIONAL: Self = Self(0xFFFF);

    /// The address of one station: 0 to 0xFFEF.
    ///
    /// # Errors
    /// If `raw` is above.
    pub fn individual(raw: u16) -> Result<Self, AddressError> {
        let address = Self(raw);
        if address.is_individual() {
            Ok(address)
        } else {
            Err(AddressError(raw))
        }
    }

    /// Any address, as it may stand in a frame.
    pub const fn from_raw(raw: u16) -> Self {
        Self(raw)
    }

    /// The number on the wire.
    pub const fn raw(self) -> u16 {
        self.0
    }

    /// Whether it names one station.
    pub fn is_individual(self) -> bool {
        self <= Self::INDIVIDUAL_MAX
    }

    /// Whether it names whoever receives it.
    pub fn is_self(self) -> bool {
        self == Self::SELF
    }

    /// Whether it names all stations.
    pub fn is_broadcast(self) -> bool {
        self >= Self::BROADCAST_DONT_CONFIRM
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::SELF => f.write_str("self"),
            Self::BROADCAST_DONT_CONFIRM => f.write_str("broadcast without confirm"),
            Self::BROADCAST_CONFIRM => f.write_str("broadcast with confirm"),
            Self::BROADCAST_OPTIONAL => f.write_str("broadcast with optional confirm"),
            Self(raw) => raw.fmt(f),
        }
    }
}

impl TryFrom<u16> for Address {
    type Error = AddressError;

    /// As [`Address::individual`].
    fn try_from(raw: u16) -> Result<Self, AddressError> {
        Self::individual(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ranges_meet() {
        assert_eq!(Address::individual(0), Ok(Address(0)));
        assert_eq!(Address::individual(65_519), Ok(Address::INDIVIDUAL_MAX));
        for raw in 0xFFF0..=0xFFFF {
            assert_eq!(Address::individual(raw), Err(AddressError(raw)));
            assert_eq!(Address::try_from(raw), Err(AddressError(raw)));
            let address = Address::from_raw(raw);
            assert_eq!(address.raw(), raw);
            assert!(!address.is_individual());
            assert_eq!(address.is_self(), raw == 0xFFFC);
            assert_eq!(address.is_broadcast(), raw >= 0xFFFD);
        }
    }

    #[test]
    fn addresses_are_shown_as_numbers_or_by_name() {
        assert_eq!(Address::from_raw(1_024).to_string(), "1024");
        assert_eq!(Address::from_raw(0xFFF0).to_string(), "65520");
        assert_eq!(Address::SELF.to_string(), "self");
        assert_eq!(
            AddressError(0xFFFF).to_string(),
            "65535 is no address of one station; allowed are 0 to 65519"
        );
    }
}

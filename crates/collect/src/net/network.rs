//! Ranges of addresses, as allow-lists name them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

/// An address and how many of its first bits count: `10.1.0.0/16`, `10.1.0.7`, `fd00::/8`.
///
/// An IPv4 address that arrives mapped into IPv6 counts as IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// No address, or no prefix that it could have.
    #[error("is no network; write for example \"10.1.0.0/16\" or \"10.1.0.7\"")]
    Syntax,
    /// Bits behind the prefix: it cannot be known whether prefix or address is wrong.
    #[error("has bits behind its prefix; write \"{0}\" for the network, or the address alone")]
    HostBits(Network),
}

impl Network {
    /// Whether `address` is in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4() && masked(address, self.prefix) == self.address
    }

    /// Whether the two have an address in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }

    /// Whether every address of its kind is in it.
    pub fn is_everybody(&self) -> bool {
        self.prefix == 0
    }

    /// Whether it is one address alone.
    pub fn is_single(&self) -> bool {
        self.prefix == bits(self.address)
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let prefix = bits(address);
        Self { address, prefix }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Syntax)?;
        let most = bits(address);
        let prefix = match prefix {
            None => most,
            Some(text) => {
                let is_plain = text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
                let prefix = text
                    .parse()
                    .ok()
                    .filter(|prefix| is_plain && *prefix <= most);
                prefix.ok_or(NetworkError::Syntax)?
            }
        };
        let network = Self {
            address: masked(address, prefix),
            prefix,
        };
        if network.address != address {
            return Err(NetworkError::HostBits(network));
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_single() {
            write!(f, "{}", self.address)
        } else {
            write!(f, "{}/{}", self.address, self.prefix)
        }
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    let prefix = u32::from(prefix);
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - prefix.min(32)).unwrap_or(0);
            Ipv4Addr::from_bits(v4.to_bits() & mask).into()
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - prefix.min(128)).unwrap_or(0);
            std::net::Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, inside, outside) in [
            ("10.1.0.0/16", "10.1.255.7", "10.2.0.0"),
            ("10.1.0.7", "10.1.0.7", "10.1.0.8"),
            ("0.0.0.0/0", "192.0.2.1", "::1"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("192.0.2.0/24", "::ffff:192.0.2.9", "::ffff:192.0.3.9"),
        ] {
            let network: Network = network.parse().unwrap();
            assert!(
                network.contains(inside.parse().unwrap()),
                "{network} {inside}"
            );
            assert!(
                !network.contains(outside.parse().unwrap()),
                "{network} {outside}"
            );
        }
        let (a, b): (Network, Network) = (
            "10.0.0.0/8".parse().unwrap(),
            "10.1.0.0/16".parse().unwrap(),
        );
        assert!(a.overlaps(&b) && b.overlaps(&a));
        assert!(!b.overlaps(&"10.2.0.0/16".parse().unwrap()));
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "10.1",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "fd00::/129",
            "rtu-7",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NetworkError::Syntax), "{text}");
        }
        let error = "10.1.0.7/16".parse::<Network>().unwrap_err().to_string();
        assert!(error.contains("\"10.1.0.0/16\""), "{error}");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(bits: u32, prefix in 0_u8..=32, other: u32) {
            let address = masked(Ipv4Addr::from_bits(bits).into(), prefix);
            let network = Network { address, prefix };
            prop_assert_eq!(network.to_string().parse::<Network>(), Ok(network));
            let shift = 32 - u32::from(prefix);
            let same = (u64::from(bits) >> shift) == (u64::from(other) >> shift);
            prop_assert_eq!(network.contains(Ipv4Addr::from_bits(other).into()), same);
        }
    }
}

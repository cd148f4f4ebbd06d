//! Addresses of devices: `host:port`, with the port of Modbus TCP as the default.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// The port of Modbus TCP (IANA `mbap`).
pub const PORT_DEFAULT: u16 = 502;

/// Where a device is. Two addresses are equal if they mean one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    host: Host,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Host {
    Ip(IpAddr),
    Name(Box<str>),
    /// It has none: the device connects by itself, and this says which one.
    Guest(Box<str>),
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// An IPv6 address whose port could not be told from it.
    #[error("is an IPv6 address without brackets; write \"[{0}]:{PORT_DEFAULT}\"")]
    Brackets(Ipv6Addr),
    /// No number from 1 to 65535 behind the colon.
    #[error("has no port from 1 to 65535 behind the colon; write for example \"10.0.0.7:502\"")]
    Port,
    /// Neither an address nor a name.
    #[error("names no host; write for example \"10.0.0.7:502\" or \"rtu-7.example:502\"")]
    Host,
}

impl Address {
    /// Stands for the address of a device that connects by itself, and is called `guest`.
    pub(super) fn of_guest(guest: String) -> Self {
        Self {
            host: Host::Guest(guest.into()),
            port: 0,
        }
    }

    /// Reads an address whose port is `default` if it names none.
    pub(crate) fn parse(text: &str, default: u16) -> Result<Self, AddressError> {
        let mut address: Self = text.parse()?;
        let named = text
            .rsplit_once(':')
            .is_some_and(|(_, port)| !port.contains(']'));
        if !named {
            address.port = default;
        }
        Ok(address)
    }

    /// The host as the resolver wants it: an IPv6 address without brackets.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Ip(ip) => ip.to_string(),
            Host::Name(name) | Host::Guest(name) => name.to_string(),
        }
    }

    /// The port, 1 to 65535; 0 of a device that connects by itself.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(bracketed) = text.strip_prefix('[') {
            let (host, rest) = bracketed.split_once(']').ok_or(AddressError::Host)?;
            let host = host.parse::<Ipv6Addr>().map_err(|_| AddressError::Host)?;
            let port = match rest.strip_prefix(':') {
                Some(port) => parse_port(port)?,
                None if rest.is_empty() => PORT_DEFAULT,
                None => return Err(AddressError::Port),
            };
            let host = Host::Ip(host.into());
            return Ok(Self { host, port });
        }
        if let Ok(ip) = text.parse() {
            return Err(AddressError::Brackets(ip));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, parse_port(port)?),
            None => (text, PORT_DEFAULT),
        };
        let host = parse_host(host)?;
        Ok(Self { host, port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]:{}", self.port),
            Host::Ip(IpAddr::V4(ip)) => write!(f, "{ip}:{}", self.port),
            Host::Name(name) => write!(f, "{name}:{}", self.port),
            Host::Guest(name) => f.write_str(name),
        }
    }
}

fn parse_port(text: &str) -> Result<u16, AddressError> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let port = text.parse().ok().filter(|port| digits && *port > 0);
    port.ok_or(AddressError::Port)
}

fn parse_host(text: &str) -> Result<Host, AddressError> {
    if let Ok(ip) = text.parse() {
        return Ok(Host::Ip(IpAddr::V4(ip)));
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    // A name whose last part is a number would be a mistyped address, such as 10.0.0.
    let last = text.rsplit('.').next().unwrap_or("");
    let number = last.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > 253 || number || !text.split('.').all(label) {
        return Err(AddressError::Host);
    }
    Ok(Host::Name(text.to_ascii_lowercase().into()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_port_has_a_default() {
        for (text, host, port) in [
            ("10.0.0.7", "10.0.0.7", 502),
            ("10.0.0.7:1502", "10.0.0.7", 1502),
            ("[fe80::1]", "fe80::1", 502),
            ("[fe80::1]:1502", "fe80::1", 1502),
            ("RTU-7.example:20000", "rtu-7.example", 20_000),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.host().as_str(), address.port()), (host, port));
        }
    }

    #[test]
    fn the_default_port_can_be_another() {
        for (text, port) in [
            ("h", 802),
            ("h:502", 502),
            ("[::1]", 802),
            ("[::1]:502", 502),
        ] {
            assert_eq!(
                Address::parse(text, 802).map(|a| a.port()),
                Ok(port),
                "{text}"
            );
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            ":502",
            "10.0.0",
            "10.0.0.256",
            "a b",
            "-a",
            "a..b",
            "[x]",
            "[::1",
        ] {
            assert_eq!(text.parse::<Address>(), Err(AddressError::Host), "{text}");
        }
        for text in ["a:", "a:0", "a:65536", "a:+5", "[::1]502"] {
            assert_eq!(text.parse::<Address>(), Err(AddressError::Port), "{text}");
        }
        assert!(matches!(
            "fe80::1".parse::<Address>(),
            Err(AddressError::Brackets(_))
        ));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_back(text in "[a-z0-9.:\\[\\]-]{0,20}") {
            if let Ok(address) = text.parse::<Address>() {
                prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address));
            }
        }
    }
}

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
    #[error("is an IPv6 address without brackets; write \"[{0}]:{1}\"")]
    Brackets(Ipv6Addr, u16),
    /// No number from 1 to 65535 behind the colon.
    #[error("has no port from 1 to 65535 behind the colon; write for example \"10.0.0.7:{0}\"")]
    Port(u16),
    /// Neither an address nor a name.
    #[error("names no host; write for example \"10.0.0.7:{0}\" or \"rtu-7.example:{0}\"")]
    Host(u16),
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
        let no_host = || AddressError::Host(default);
        let parse_port = |text| parse_port(text).ok_or(AddressError::Port(default));
        if let Some(bracketed) = text.strip_prefix('[') {
            let (host, rest) = bracketed.split_once(']').ok_or_else(no_host)?;
            let host = host.parse::<Ipv6Addr>().map_err(|_| no_host())?;
            let port = match rest.strip_prefix(':') {
                Some(port) => parse_port(port)?,
                None if rest.is_empty() => default,
                None => return Err(AddressError::Port(default)),
            };
            let host = Host::Ip(host.into());
            return Ok(Self { host, port });
        }
        if let Ok(ip) = text.parse() {
            return Err(AddressError::Brackets(ip, default));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, parse_port(port)?),
            None => (text, default),
        };
        if let Ok(ip) = host.parse() {
            return Err(AddressError::Brackets(ip, port));
        }
        let host = parse_host(host).ok_or_else(no_host)?;
        Ok(Self { host, port })
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
        Self::parse(text, PORT_DEFAULT)
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

fn parse_port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

fn parse_host(text: &str) -> Option<Host> {
    if let Ok(ip) = text.parse() {
        return Some(Host::Ip(IpAddr::V4(ip)));
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
        return None;
    }
    Some(Host::Name(text.to_ascii_lowercase().into()))
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
            assert_eq!(
                text.parse::<Address>(),
                Err(AddressError::Host(502)),
                "{text}"
            );
        }
        for text in ["a:", "a:0", "a:65536", "a:+5", "[::1]502"] {
            assert_eq!(
                text.parse::<Address>(),
                Err(AddressError::Port(502)),
                "{text}"
            );
        }
        for (text, port) in [("fe80::1", 20_000), ("fe80::1:12345", 12_345)] {
            let expected = AddressError::Brackets("fe80::1".parse().unwrap(), port);
            assert_eq!(Address::parse(text, 20_000), Err(expected), "{text}");
        }
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

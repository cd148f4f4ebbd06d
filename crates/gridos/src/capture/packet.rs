//! A packet: from the link type down to what TCP or UDP carries.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a packet carries over TCP or UDP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Carried<'a> {
    pub(super) from: SocketAddr,
    pub(super) to: SocketAddr,
    pub(super) header: Header,
    pub(super) payload: &'a [u8],
}

/// The header before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    Udp,
    Tcp {
        sequence: u32,
        /// A connection begins: the payload is one octet behind the sequence number.
        begins: bool,
    },
}

/// Why a packet carries nothing that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Other {
    /// Another link type.
    Link,
    /// A part of an IP packet.
    Part,
    /// Another protocol, or a packet that is cut off.
    Protocol,
}

const VLAN_TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const UDP: u8 = 17;

pub(super) fn read(link: u32, octets: &[u8]) -> Result<Carried<'_>, Other> {
    let ip = match link {
        // Ethernet.
        1 => ethernet(octets),
        // BSD loopback: the family in four octets.
        0 | 108 => octets.get(4..),
        // Raw IP, under its several numbers.
        12 | 14 | 101 | 228 | 229 => Some(octets),
        // Linux cooked, both versions.
        113 => typed(octets, 14, 16),
        276 => typed(octets, 0, 20),
        _ => return Err(Other::Link),
    };
    let ip = ip.ok_or(Other::Protocol)?;
    match ip.first().map(|octet| octet >> 4) {
        Some(4) => ipv4(ip),
        Some(6) => ipv6(ip),
        _ => Err(Other::Protocol),
    }
}

fn ethernet(octets: &[u8]) -> Option<&[u8]> {
    let mut at = 12;
    // A carrier may put one tag around another.
    while word(octets, at).is_some_and(|kind| VLAN_TAGS.contains(&kind)) {
        at += 4;
    }
    typed(octets, at, at + 2)
}

/// What is behind a header that tells at `at` that it is IP.
fn typed(octets: &[u8], at: usize, header: usize) -> Option<&[u8]> {
    let is_ip = matches!(word(octets, at)?, IPV4 | IPV6);
    octets.get(header..).filter(|_| is_ip)
}

fn ipv4(ip: &[u8]) -> Result<Carried<'_>, Other> {
    let read = || {
        let header = usize::from(ip.first()? & 0xf) * 4;
        let length = usize::from(word(ip, 2)?);
        let is_part = word(ip, 6)? & 0x3fff != 0;
        let from: [u8; 4] = *ip.get(12..)?.first_chunk()?;
        let to: [u8; 4] = *ip.get(16..)?.first_chunk()?;
        let addresses = (Ipv4Addr::from(from).into(), Ipv4Addr::from(to).into());
        // What Ethernet pads is no payload; a length of 0 is left to the network card.
        let ip = ip.get(..length).filter(|_| length > 0).unwrap_or(ip);
        Some((*ip.get(9)?, addresses, ip.get(header..)?, is_part))
    };
    let (protocol, addresses, rest, is_part) = read().ok_or(Other::Protocol)?;
    if is_part {
        return Err(Other::Part);
    }
    transport(protocol, addresses, rest)
}

fn ipv6(ip: &[u8]) -> Result<Carried<'_>, Other> {
    let read = || {
        let length = usize::from(word(ip, 4)?);
        let from: [u8; 16] = *ip.get(8..)?.first_chunk()?;
        let to: [u8; 16] = *ip.get(24..)?.first_chunk()?;
        let addresses = (Ipv6Addr::from(from).into(), Ipv6Addr::from(to).into());
        let rest = ip.get(40..)?;
        let rest = rest.get(..length).filter(|_| length > 0).unwrap_or(rest);
        Some((*ip.get(6)?, addresses, rest))
    };
    let (mut next, addresses, mut rest) = read().ok_or(Other::Protocol)?;
    // Hop-by-hop options, routing, destination options: the length counts in 8 octets.
    while matches!(next, 0 | 43 | 60) {
        let (Some(following), Some(length)) = (rest.first(), rest.get(1)) else {
            return Err(Other::Protocol);
        };
        next = *following;
        rest = rest
            .get((usize::from(*length) + 1) * 8..)
            .unwrap_or_default();
    }
    match next {
        44 => Err(Other::Part),
        _ => transport(next, addresses, rest),
    }
}

fn transport(
    protocol: u8,
    (from, to): (IpAddr, IpAddr),
    octets: &[u8],
) -> Result<Carried<'_>, Other> {
    let read = || {
        let from = SocketAddr::new(from, word(octets, 0)?);
        let to = SocketAddr::new(to, word(octets, 2)?);
        let (header, payload) = match protocol {
            TCP => {
                let header = usize::from(octets.get(12)? >> 4) * 4;
                let sequence = u32::from_be_bytes(*octets.get(4..)?.first_chunk()?);
                let begins = octets.get(13)? & 0x02 != 0;
                (Header::Tcp { sequence, begins }, octets.get(header..)?)
            }
            UDP => {
                let length = usize::from(word(octets, 4)?);
                let whole = octets.get(..length).unwrap_or(octets);
                (Header::Udp, whole.get(8..)?)
            }
            _ => return None,
        };
        Some(Carried {
            from,
            to,
            header,
            payload,
        })
    };
    read().ok_or(Other::Protocol)
}

fn word(octets: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*octets.get(at..)?.first_chunk()?))
}

//! Who may connect, and how they are recognised.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::ops::Bound;

use super::{Certificate, Network};

/// By what somebody who connects is recognised.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Peer {
    /// Their address.
    Network(Network),
    /// The subject of their certificate, or its common name.
    Subject(String),
    /// The bytes they send first: the registration packet of a modem.
    Packet(Vec<u8>),
}

/// What belongs to whom of those who may connect.
#[derive(Debug)]
pub struct Guests<T> {
    networks: Vec<(Network, T)>,
    subjects: HashMap<String, Vec<T>>,
    packets: BTreeMap<Vec<u8>, Vec<T>>,
}

/// What the first bytes of a connection say so far.
#[derive(Debug)]
pub(crate) enum Packet<T> {
    /// Whose they are.
    Known(Vec<T>),
    /// More must come.
    Begun,
    /// Nobody's packet begins so.
    Unknown,
}

impl<T: Clone> Guests<T> {
    /// Everything that belongs to somebody.
    pub fn new(guests: impl IntoIterator<Item = (Peer, T)>) -> Self {
        let mut all = Self {
            networks: Vec::new(),
            subjects: HashMap::new(),
            packets: BTreeMap::new(),
        };
        for (peer, guest) in guests {
            match peer {
                Peer::Network(network) => all.networks.push((network, guest)),
                Peer::Subject(subject) => all.subjects.entry(subject).or_default().push(guest),
                Peer::Packet(packet) => all.packets.entry(packet).or_default().push(guest),
            }
        }
        all
    }

    /// What belongs to whoever has `address`.
    pub(crate) fn of_address(&self, address: IpAddr) -> Vec<T> {
        let own = self.networks.iter().filter(|(n, _)| n.contains(address));
        own.map(|(_, guest)| guest.clone()).collect()
    }

    /// What belongs to whoever has `certificate`.
    pub(crate) fn of_certificate(&self, certificate: &Certificate) -> Vec<T> {
        let names = [&certificate.subject, &certificate.common_name];
        let own = names.iter().find_map(|name| self.subjects.get(*name));
        own.cloned().unwrap_or_default()
    }

    /// What belongs to whoever began with `bytes`; no packet begins with another one.
    pub(crate) fn of_bytes(&self, bytes: &[u8]) -> Packet<T> {
        let up_to = (Bound::Unbounded, Bound::Included(bytes));
        if let Some((packet, guests)) = self.packets.range::<[u8], _>(up_to).next_back()
            && bytes.starts_with(packet)
        {
            return Packet::Known(guests.clone());
        }
        let from = (Bound::Included(bytes), Bound::Unbounded);
        match self.packets.range::<[u8], _>(from).next() {
            Some((packet, _)) if packet.starts_with(bytes) => Packet::Begun,
            Some(_) | None => Packet::Unknown,
        }
    }

    /// Whether anybody is recognised by what they send first.
    pub(crate) fn send_packets(&self) -> bool {
        !self.packets.is_empty()
    }

    /// The longest packet, in bytes.
    pub(crate) fn packet_bytes_max(&self) -> usize {
        self.packets.keys().map(Vec::len).max().unwrap_or(0)
    }

    /// Everything, with whom it belongs to changed by nothing.
    pub(crate) fn try_map<U: Clone, E>(
        self,
        mut map: impl FnMut(T) -> Result<U, E>,
    ) -> Result<Guests<U>, E> {
        let mut all = Vec::new();
        for (network, guest) in self.networks {
            all.push((Peer::Network(network), map(guest)?));
        }
        for (subject, guests) in self.subjects {
            for guest in guests {
                all.push((Peer::Subject(subject.clone()), map(guest)?));
            }
        }
        for (packet, guests) in self.packets {
            for guest in guests {
                all.push((Peer::Packet(packet.clone()), map(guest)?));
            }
        }
        Ok(Guests::new(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_recognised_at_their_last_byte() {
        let packet = |text: &str| Peer::Packet(text.as_bytes().to_vec());
        let guests = Guests::new([
            (packet("866001"), 1),
            (packet("866002"), 2),
            (packet("9"), 3),
        ]);
        for (bytes, expected) in [
            ("", "begun"),
            ("86600", "begun"),
            ("866001", "[1]"),
            ("866002\r\n", "[2]"),
            ("9", "[3]"),
            ("866003", "unknown"),
            ("87", "unknown"),
            ("A", "unknown"),
        ] {
            let found = match guests.of_bytes(bytes.as_bytes()) {
                Packet::Known(guests) => format!("{guests:?}"),
                Packet::Begun => "begun".to_owned(),
                Packet::Unknown => "unknown".to_owned(),
            };
            assert_eq!(found, expected, "{bytes}");
        }
        assert_eq!(guests.packet_bytes_max(), 6);
    }
}

//! The conversations of a port.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use super::Packet;
use super::packet::{Carried, Header, Other, read};
use super::tcp::{Arrival, Order};

/// One direction of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Conversation {
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Who sends.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
}

/// What carries a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// A stream.
    Tcp,
    /// Datagrams, taken for a stream in the order of the capture.
    Udp,
}

/// Puts the conversations of one port together, packet by packet.
#[derive(Debug)]
pub struct Conversations {
    port: u16,
    orders: BTreeMap<Conversation, Order>,
    passed: Passed,
}

/// What was passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Packets of link types that are not read here.
    pub links: BTreeSet<u32>,
    /// Packets that are only parts of IP packets.
    pub parts: u64,
    /// Ports of other TCP and UDP packets with a payload, the lower one of each.
    pub ports: BTreeSet<u16>,
}

impl Conversations {
    /// Those of `port`, on either side.
    pub fn new(port: u16) -> Self {
        Self {
            port,
            orders: BTreeMap::new(),
            passed: Passed::default(),
        }
    }

    /// What `packet` adds, and to which direction; `None` if it is of no conversation of the port.
    pub fn push(&mut self, packet: &Packet<'_>) -> Option<(Conversation, Vec<Arrival>)> {
        let carried = match read(packet.link, packet.octets) {
            Ok(carried) => carried,
            Err(other) => {
                match other {
                    Other::Link => drop(self.passed.links.insert(packet.link)),
                    Other::Part => self.passed.parts += 1,
                    Other::Protocol => {}
                }
                return None;
            }
        };
        let Carried {
            from,
            to,
            header,
            payload,
        } = carried;
        if ![from.port(), to.port()].contains(&self.port) {
            if !payload.is_empty() {
                self.passed.ports.insert(from.port().min(to.port()));
            }
            return None;
        }
        let protocol = match header {
            Header::Udp => Protocol::Udp,
            Header::Tcp { .. } => Protocol::Tcp,
        };
        let conversation = Conversation { protocol, from, to };
        let arrivals = match header {
            Header::Udp if payload.is_empty() => Vec::new(),
            Header::Udp => vec![Arrival::Octets(payload.to_vec())],
            Header::Tcp { sequence, begins } => {
                let order = self.orders.entry(conversation).or_default();
                order.push(sequence, begins, payload)
            }
        };
        Some((conversation, arrivals))
    }

    /// What waited in vain for octets that were not captured, as the capture ends.
    pub fn finish(&mut self) -> Vec<(Conversation, Vec<Arrival>)> {
        let mut arrivals = Vec::new();
        for (conversation, order) in &mut self.orders {
            let mut found = Vec::new();
            order.end(&mut found);
            if !found.is_empty() {
                arrivals.push((*conversation, found));
            }
        }
        arrivals
    }

    /// What was passed over so far.
    pub fn passed(&self) -> &Passed {
        &self.passed
    }
}

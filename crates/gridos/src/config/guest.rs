//! `listener = "plc"`, `peer = "10.1.0.7"`: a device that connects by itself.

use std::collections::HashMap;
use std::sync::Arc;

use gridos_collect::modbus::Peer;

use super::address::Address;
use super::device::{Connection, Device};
use super::dnp3::{LinkPair, Station};
use super::fault::FaultLog;
use super::fleet::Arrival;
use super::listener::{Identify, Listener, ListenerKind, Listeners};
use super::profile::Profile;
use super::section::Section;

/// By which listener a device comes, and how it is recognised there.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The listener.
    pub listener: Arc<Listener>,
    /// Whose connection it is; `None`: anybody's whom the listener allows.
    pub peer: Option<Peer>,
    /// Which of the devices behind it.
    pub station: Station,
}

/// The most bytes of a registration packet.
const PACKET_BYTES_MAX: usize = 64;

impl Guest {
    /// The listener and the peer of a device, if it names a listener.
    pub(super) fn read(
        section: &Section<'_>,
        listeners: &Listeners,
        station: Station,
        profile: &Profile,
    ) -> Option<Self> {
        let Some(listener) = section.word("listener", |text| listeners.find(text)) else {
            if section.has("peer") && !section.has("listener") {
                section.fault("peer", "says nothing without listener; write both");
            }
            return None;
        };
        let listener = listener.value?;
        let is_outstation = matches!(station, Station::Outstation(_));
        if is_outstation != listener.kind.is_dnp3() {
            let (kind, profile) = (listener.kind.word(), &profile.name);
            let protocol = if is_outstation { "dnp3" } else { "modbus" };
            let what = format!(
                "'{}' is of kind = \"{kind}\", but profile '{profile}' of protocol = \
                 \"{protocol}\"; choose another listener",
                listener.name
            );
            section.fault("listener", what);
            return None;
        }
        let peer = section.word("peer", |text| parse(text, listener.identify));
        if peer.is_none() && !section.has("peer") && !may_be_anybody(&listener) {
            let example = match listener.identify {
                Identify::Address => "\"10.1.0.7\"",
                Identify::Packet => "\"866001\" or \"hex:0a0b\", which the device sends first",
                Identify::Certificate => "\"rtu-7\", the common name of its certificate",
            };
            section.fault("peer", format_args!("is missing; write peer = {example}"));
        }
        Some(Self {
            listener,
            peer: peer.map(|found| found.value),
            station,
        })
    }

    /// What stands for its address, if it is asked over the connection it makes.
    pub(super) fn connection(&self) -> Option<Connection> {
        let arrival = self.arrival()?;
        let listener = &self.listener.name;
        let peers = arrival.peers.iter().map(|peer| match peer {
            Peer::Network(network) => network.to_string(),
            Peer::Subject(subject) => subject.clone(),
            Peer::Packet(packet) => format!("packet {}", packet.escape_ascii()),
        });
        let peers = peers.collect::<Vec<_>>().join(" or ");
        let pair = arrival
            .pair
            .map_or(String::new(), |pair| format!(", {pair}"));
        Some(Connection {
            address: Address::of_guest(format!("listener {listener}, {peers}{pair}")),
            station: self.station,
        })
    }

    /// Where its connection is waited for, if it is asked over the connection it makes.
    pub fn arrival(&self) -> Option<Arrival> {
        let is_shared = match self.listener.kind {
            ListenerKind::Server { .. } => return None,
            ListenerKind::DialIn => true,
            ListenerKind::Dnp3DialIn { one_connection, .. } => one_connection,
        };
        let peers = match &self.peer {
            Some(peer) => vec![peer.clone()],
            None if self.may_be_anybody() => self.anybody().collect(),
            None => return None,
        };
        Some(Arrival {
            listener: self.listener.name.clone(),
            peers,
            pair: self.pair().filter(|_| !is_shared),
        })
    }

    /// Its link addresses, if it is an outstation.
    pub fn pair(&self) -> Option<LinkPair> {
        match self.station {
            Station::Unit(_) => None,
            Station::Outstation(pair) => Some(pair),
        }
    }

    fn may_be_anybody(&self) -> bool {
        may_be_anybody(&self.listener)
    }

    /// Whoever may connect to its listener.
    fn anybody(&self) -> impl Iterator<Item = Peer> {
        self.listener.allow.iter().copied().map(Peer::Network)
    }

    /// Whether the device writes its registers, rather than being polled.
    pub fn is_pushed(&self) -> bool {
        matches!(self.listener.kind, ListenerKind::Server { .. })
    }
}

/// Whether a device of `listener` need not have a peer: outstations say who they are by their link
/// addresses, and who writes by its unit.
fn may_be_anybody(listener: &Listener) -> bool {
    listener.kind != ListenerKind::DialIn && listener.identify == Identify::Address
}

fn parse(text: &str, identify: Identify) -> Result<Peer, String> {
    match identify {
        Identify::Address => {
            let network = text.parse().map(Peer::Network);
            network.map_err(|error: gridos_collect::modbus::NetworkError| error.to_string())
        }
        Identify::Certificate if text.is_empty() => Err("names nobody".to_owned()),
        Identify::Certificate => Ok(Peer::Subject(text.to_owned())),
        Identify::Packet => {
            let bytes = match text.strip_prefix("hex:") {
                Some(digits) => hex(digits).ok_or("is no hex:, followed by pairs of digits")?,
                None => text.as_bytes().to_vec(),
            };
            if bytes.is_empty() || bytes.len() > PACKET_BYTES_MAX {
                return Err(format!("must be 1 to {PACKET_BYTES_MAX} bytes"));
            }
            Ok(Peer::Packet(bytes))
        }
    }
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let pairs = digits.as_bytes().chunks(2).map(|pair| {
        let text = std::str::from_utf8(pair)
            .ok()
            .filter(|text| text.len() == 2)?;
        u8::from_str_radix(text, 16).ok()
    });
    is_hex.then(|| pairs.collect()).flatten()
}

/// A device of a listener, as [`check`] compares it with its neighbours.
type Claim<'a> = (Peer, &'a Device);

/// Reports devices of one listener that could not be told apart.
pub(super) fn check(devices: &[Device], faults: &FaultLog) {
    let mut claims: HashMap<(&str, Option<Station>), Vec<Claim<'_>>> = HashMap::new();
    for device in devices.iter().filter(|device| device.enabled) {
        let Some(guest) = &device.guest else { continue };
        // Who is polled over one connection may have many units; who writes is told by them, and
        // an outstation by its link addresses.
        let is_told = guest.listener.kind != ListenerKind::DialIn;
        let station = is_told.then_some(guest.station);
        let own = claims
            .entry((guest.listener.name.as_str(), station))
            .or_default();
        match &guest.peer {
            Some(peer) => own.push((peer.clone(), device)),
            None => own.extend(guest.anybody().map(|peer| (peer, device))),
        }
    }
    for ((listener, station), mut own) in claims {
        own.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut outer: Option<&Claim<'_>> = None;
        for claim in &own {
            let Some((peer, first)) = outer.filter(|(peer, _)| covers(peer, &claim.0)) else {
                outer = Some(claim);
                continue;
            };
            let is_same = *peer == claim.0;
            if std::ptr::eq(*first, claim.1) || (station.is_none() && is_same) {
                continue;
            }
            let device = claim.1;
            let also = station.map_or(String::new(), |station| format!(" and {station}"));
            let number = match station {
                Some(Station::Outstation(_)) => "outstation",
                Some(Station::Unit(_)) | None => "unit",
            };
            let what = format!(
                "device '{}': cannot be told from device '{}' at {}: at listener '{listener}', its \
                 peer{also} would be both; correct the peer or {number} of one",
                device.name, first.name, first.place
            );
            faults.add(&device.place, what);
        }
    }
}

/// Whether whoever is `inner` would also be taken for `outer`.
fn covers(outer: &Peer, inner: &Peer) -> bool {
    match (outer, inner) {
        (Peer::Network(outer), Peer::Network(inner)) => outer.overlaps(inner),
        (Peer::Packet(outer), Peer::Packet(inner)) => inner.starts_with(outer),
        (outer, inner) => outer == inner,
    }
}

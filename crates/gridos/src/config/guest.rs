//! `listener = "plc"`, `peer = "10.1.0.7"`: a device that connects by itself.

use std::collections::HashMap;
use std::sync::Arc;

use gridos_collect::modbus::Peer;

use super::address::Address;
use super::device::{Connection, Device};
use super::fault::FaultLog;
use super::listener::{Identify, Listener, ListenerKind, Listeners};
use super::section::Section;

/// By which listener a device comes, and how it is recognised there.
#[derive(Clone, Debug)]
pub struct Guest {
    /// The listener.
    pub listener: Arc<Listener>,
    /// Whose connection it is; `None`: anybody's whom the listener allows.
    pub peer: Option<Peer>,
    /// The unit id behind it, 0 to 255; default 1.
    pub unit: u8,
}

/// The most bytes of a registration packet.
const PACKET_BYTES_MAX: usize = 64;

impl Guest {
    /// The listener and the peer of a device, if it names a listener.
    pub(super) fn read(section: &Section<'_>, listeners: &Listeners, unit: u8) -> Option<Self> {
        let Some(listener) = section.word("listener", |text| listeners.find(text)) else {
            if section.has("peer") && !section.has("listener") {
                section.fault("peer", "says nothing without listener; write both");
            }
            return None;
        };
        let listener = listener.value?;
        let peer = section.word("peer", |text| parse(text, listener.identify));
        let may_be_anybody =
            listener.kind != ListenerKind::DialIn && listener.identify == Identify::Address;
        if peer.is_none() && !section.has("peer") && !may_be_anybody {
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
            unit,
        })
    }

    /// What stands for its address, if it is polled.
    pub(super) fn connection(&self) -> Option<Connection> {
        let peer = self.peer.as_ref().filter(|_| !self.is_pushed())?;
        let listener = &self.listener.name;
        let shown = match peer {
            Peer::Network(network) => network.to_string(),
            Peer::Subject(subject) => subject.clone(),
            Peer::Packet(packet) => format!("packet {}", packet.escape_ascii()),
        };
        Some(Connection {
            address: Address::of_guest(format!("listener {listener}, {shown}")),
            unit: self.unit,
        })
    }

    /// Whether the device writes its registers, rather than being polled.
    pub fn is_pushed(&self) -> bool {
        self.listener.kind != ListenerKind::DialIn
    }
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
    let mut claims: HashMap<(&str, Option<u8>), Vec<Claim<'_>>> = HashMap::new();
    for device in devices.iter().filter(|device| device.enabled) {
        let Some(guest) = &device.guest else { continue };
        // Who is polled over one connection may have many units; who writes is told by them.
        let unit = guest.is_pushed().then_some(guest.unit);
        let own = claims
            .entry((guest.listener.name.as_str(), unit))
            .or_default();
        match &guest.peer {
            Some(peer) => own.push((peer.clone(), device)),
            None => own.extend(
                guest
                    .listener
                    .allow
                    .iter()
                    .map(|n| (Peer::Network(*n), device)),
            ),
        }
    }
    for ((listener, unit), mut own) in claims {
        own.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut outer: Option<&Claim<'_>> = None;
        for claim in &own {
            let Some((peer, first)) = outer.filter(|(peer, _)| covers(peer, &claim.0)) else {
                outer = Some(claim);
                continue;
            };
            let is_same = *peer == claim.0;
            if std::ptr::eq(*first, claim.1) || (unit.is_none() && is_same) {
                continue;
            }
            let device = claim.1;
            let unit = unit.map_or(String::new(), |unit| format!(" and unit {unit}"));
            let what = format!(
                "device '{}': cannot be told from device '{}' at {}: at listener '{listener}', its \
                 peer{unit} would be both; correct the peer or unit of one",
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

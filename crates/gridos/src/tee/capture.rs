//! Captures of a network: what devices said to the engine that polled them, decoded by the candidate.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use super::dnp3::{self, Dnp3};
use super::heard::Heard;
use super::line::At;
use super::modbus::{self, Modbus};
use super::told::Told;
use crate::capture::{Arrival, Conversation, Conversations, FileError, packets};
use crate::config::{Fleet, FleetDevice, Reach};

/// The port of DNP3, for outstations that dial in and have no address of their own.
const DNP3_PORT: u16 = 20_000;

/// Where a device is in the captures, if it is not where the configuration has it.
pub(crate) type Places = BTreeMap<String, SocketAddr>;

/// What a capture had for the candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(super) packets: u64,
    pub(super) modbus: modbus::Seen,
    pub(super) dnp3: dnp3::Seen,
    /// Devices of the configuration that could be in it.
    pub(super) devices: usize,
    /// Those that could not: they have no address, and none was given.
    pub(super) without_address: usize,
}

/// Captures that cannot be replayed.
#[derive(Debug, thiserror::Error)]
enum NotReplayed {
    #[error("{} cannot be read", path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{} is no capture that can be read here: {error}", path.display())]
    File { path: PathBuf, error: FileError },
    #[error("--at {0}: the configuration has no enabled device of that name")]
    Device(String),
    #[error(
        "no device of the configuration can be in a capture: none has an IP address; say where it is with \
         --at DEVICE=ADDRESS:PORT"
    )]
    NoDevice,
}

/// Replays captures, one after the other.
pub(crate) fn replay(
    files: &[PathBuf],
    places: &Places,
    fleet: &Fleet,
    told: &mut Told,
) -> Result<Seen, Box<dyn Error>> {
    let mut way = Way::new(fleet, places, told)?;
    for (nth, path) in (1..).zip(files) {
        way.file(nth, path)?;
    }
    Ok(way.seen())
}

struct Way<'a> {
    ports: BTreeSet<u16>,
    modbus: Modbus,
    dnp3: Dnp3,
    heard: Heard<'a>,
    seen: Seen,
}

impl<'a> Way<'a> {
    fn new(fleet: &'a Fleet, places: &Places, told: &'a mut Told) -> Result<Self, NotReplayed> {
        let unknown = |name: &&String| fleet.directory.find_device(name).is_none();
        if let Some(name) = places.keys().find(unknown) {
            return Err(NotReplayed::Device(name.clone()));
        }
        let mut way = Self {
            ports: BTreeSet::new(),
            modbus: Modbus::new(),
            dnp3: Dnp3::new(),
            heard: Heard::new(fleet, told),
            seen: Seen::default(),
        };
        for device in &fleet.devices {
            let name = fleet.directory.device(device.index).name();
            let address = places.get(name).copied().or_else(|| own_address(device));
            way.add(fleet, device, address);
        }
        match way.seen.devices {
            0 => Err(NotReplayed::NoDevice),
            _ => Ok(way),
        }
    }

    fn add(&mut self, fleet: &Fleet, device: &FleetDevice, address: Option<SocketAddr>) {
        let dials_in = device
            .dnp3
            .as_ref()
            .is_some_and(|link| matches!(link.reach, Reach::DialIn(_)));
        let is_added = match address {
            Some(address) => {
                self.ports.insert(address.port());
                self.modbus.add(fleet, device, address)
                    || self.dnp3.add(fleet, device, Some(address))
            }
            None if dials_in => {
                self.ports.insert(DNP3_PORT);
                self.dnp3.add(fleet, device, None)
            }
            None => false,
        };
        match is_added {
            true => self.seen.devices += 1,
            false => self.seen.without_address += 1,
        }
    }

    fn file(&mut self, nth: u64, path: &Path) -> Result<(), Box<dyn Error>> {
        let read = fs::read(path).map_err(|source| NotReplayed::Read {
            path: path.to_owned(),
            source,
        })?;
        let packets = packets(&read).map_err(|error| NotReplayed::File {
            path: path.to_owned(),
            error,
        })?;
        let ports = self.ports.iter();
        let mut conversations: Vec<_> = ports.map(|port| Conversations::new(*port)).collect();
        let mut last = 0;
        for packet in &packets {
            self.seen.packets += 1;
            last = packet.number;
            self.heard.begin(At(nth, packet.number), packet.time);
            let mut found = conversations.iter_mut();
            if let Some((conversation, arrivals)) = found.find_map(|port| port.push(packet)) {
                self.arrivals(conversation, &arrivals);
                self.heard.check()?;
            }
        }
        self.heard.begin(At(nth, last + 1), None);
        for (conversation, arrivals) in conversations.iter_mut().flat_map(Conversations::finish) {
            self.arrivals(conversation, &arrivals);
        }
        self.dnp3.finish(&mut self.heard);
        Ok(self.heard.check()?)
    }

    fn arrivals(&mut self, conversation: Conversation, arrivals: &[Arrival]) {
        let Conversation { from, to, .. } = conversation;
        let is_modbus = self.modbus.has(from) || self.modbus.has(to);
        for arrival in arrivals {
            match (arrival, is_modbus) {
                (Arrival::Octets(octets), true) => {
                    self.modbus.push(from, to, octets, &mut self.heard);
                }
                (Arrival::Octets(octets), false) => {
                    self.dnp3.push(from, to, octets, &mut self.heard);
                }
                (Arrival::Begin | Arrival::Missing(_), true) => self.modbus.interrupt(from, to),
                (Arrival::Begin | Arrival::Missing(_), false) => {
                    self.dnp3.interrupt(from, to, &mut self.heard);
                }
            }
        }
    }

    fn seen(&self) -> Seen {
        Seen {
            modbus: self.modbus.seen,
            dnp3: self.dnp3.seen,
            ..self.seen
        }
    }
}

/// Where the configuration has it, if that is an IP address: what a name was, no capture tells.
fn own_address(device: &FleetDevice) -> Option<SocketAddr> {
    let modbus = device
        .modbus
        .as_ref()
        .map(|link| (&link.address, &link.reach));
    let dnp3 = device
        .dnp3
        .as_ref()
        .map(|link| (&link.address, &link.reach));
    let (address, reach) = modbus.or(dnp3)?;
    // What TLS protects cannot be read in a capture either, but a capture may be of behind it.
    if matches!(reach, Reach::DialIn(_)) {
        return None;
    }
    let ip: IpAddr = address.host().parse().ok()?;
    Some(SocketAddr::new(ip, address.port()))
}

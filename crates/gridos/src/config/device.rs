//! `[[device]]`: one device of the field.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use gridos_collect::dnp3::Dnp3Device;
use gridos_collect::modbus::{TLS_PORT, TlsClient};
use gridos_dnp3::link::Address as LinkAddress;

use super::address::{Address, PORT_DEFAULT};
use super::alarm::{LinkAlarm, PointAlarms};
use super::belonging::{self, Owner};
use super::dnp3::{LinkPair, Station};
use super::fault::Place;
use super::guest::Guest;
use super::listener::Listeners;
use super::modbus::TIMEOUTS;
use super::name::Name;
use super::names::Names;
use super::nearest::suggestion;
use super::profile::{Profile, Protocol};
use super::scan::PERIODS;
use super::section::Section;
use super::tls::{Tls, TlsFiles};

pub(super) const KEYS: &[&str] = &[
    "name",
    "profile",
    "address",
    "unit",
    "enabled",
    "timeout",
    "scan_factor",
    "listener",
    "peer",
    "tls",
    "master",
    "outstation",
    "area",
    "link_alarm",
    "point",
];

/// The keys of `[device.point.NAME]`.
pub(super) const OVERRIDE_KEYS: &[&str] = &["scale", "offset", "limits", "alarm"];

/// One device of the field.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its name.
    pub name: Name,
    /// Its profile.
    pub profile: Arc<Profile>,
    /// Where it is, unless its readings are pushed.
    pub connection: Option<Connection>,
    /// By which listener it comes, if it connects by itself.
    pub guest: Option<Guest>,
    /// How it is dialled over TLS, if it is.
    pub tls: Option<TlsClient>,
    /// Whether it takes part at all; default true.
    pub enabled: bool,
    /// Its own timeout instead of its profile's.
    pub timeout: Option<Duration>,
    /// Its scan periods are this much longer; 0.01 to 1000, default 1. None gets shorter than 10 ms.
    pub scan_factor: f64,
    /// Whose operators its alarms are for, unless all are of one area.
    pub area: Option<Name>,
    /// Its own alarm of a lost communication instead of its profile's.
    pub link_alarm: Option<LinkAlarm>,
    /// Its own scales, offsets and alarms instead of its profile's.
    pub overrides: Vec<Override>,
    /// Where it is configured.
    pub place: Place,
}

/// Where a device is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    /// Host and port.
    pub address: Address,
    /// Which of the devices behind it.
    pub station: Station,
}

/// What one point of one device has instead of its profile's.
#[derive(Clone, Debug, PartialEq)]
pub struct Override {
    /// The point.
    pub point: Name,
    /// Its own scale.
    pub scale: Option<f64>,
    /// Its own offset.
    pub offset: Option<f64>,
    /// Its own alarms, each in the place of the profile's of the same kind.
    pub(super) alarms: PointAlarms,
}

/// The profiles by name.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    sound: HashMap<Name, Arc<Profile>>,
    /// Profiles with faults: their devices are not blamed for naming them.
    faulty: HashSet<String>,
}

impl Profiles {
    /// Adds a profile; of two of one name, which is a fault, the first counts.
    pub(super) fn add(&mut self, profile: Arc<Profile>) {
        let name = profile.name.clone();
        self.sound.entry(name).or_insert(profile);
    }

    /// Remembers that a profile of that name is there, though it cannot be used.
    pub(super) fn add_faulty(&mut self, name: Option<&str>) {
        self.faulty.extend(name.map(str::to_owned));
    }

    /// The profile, `None` if it is faulty, or an error if there is none of that name.
    fn find(&self, text: &str) -> Result<Option<Arc<Profile>>, String> {
        let sound = Name::plain(text)
            .ok()
            .and_then(|name| self.sound.get(&name));
        if let Some(profile) = sound {
            return Ok(Some(Arc::clone(profile)));
        }
        if self.faulty.contains(text) {
            return Ok(None);
        }
        let mut names: Vec<&str> = self.sound.keys().map(Name::as_str).collect();
        names.extend(self.faulty.iter().map(String::as_str));
        names.sort_unstable();
        Err(format!("is no profile{}", suggestion(text, names)))
    }
}

/// What a device may name.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) profiles: &'a Profiles,
    pub(super) listeners: &'a Listeners,
    pub(super) tls: &'a TlsFiles<'a>,
    /// The engine's own link address towards outstations, unless they say otherwise.
    pub(super) master: LinkAddress,
}

impl Device {
    /// Reads one; `names` are those of the devices before it.
    pub(super) fn read(
        section: &mut Section<'_>,
        names: &mut Names,
        known: &Known<'_>,
    ) -> Option<Self> {
        let profiles = known.profiles;
        let name = section.word("name", Name::dotted);
        let name = section.demand("name", name, "name = \"feeder-07\"");
        if let Some(name) = &name {
            section.rename(format!("device '{}'", name.value));
            names.note(section, name);
        }
        let profile = section.word("profile", |text| profiles.find(text));
        let profile = section.demand("profile", profile, "profile = \"feeder\"");
        let has_tls = section.has("tls");
        let unit = section.whole("unit", 0..=u8::MAX);
        let enabled = section.flag("enabled").unwrap_or(true);
        let timeout = section.duration("timeout", &TIMEOUTS);
        let scan_factor = read_factor(section);
        let area = section.word("area", Name::dotted);
        let link_alarm = LinkAlarm::read(section);
        let own_tls = known.tls.read(section);
        let profile = profile.and_then(|found| found.value);
        let is_tls = has_tls || profile.as_ref().is_some_and(|p| p.tls.is_some());
        let port = default_port(profile.as_deref(), is_tls);
        let address = section.word("address", |text| Address::parse(text, port));
        let profile = profile?;
        let (owner, station) = match &profile.protocol {
            Protocol::Modbus(map) => {
                refuse_haste(section, map.scan_periods.iter().min(), scan_factor);
                let unit = unit.map_or(1, |found| found.value);
                (Owner::Modbus, Some(Station::Unit(unit)))
            }
            Protocol::Dnp3(_) => {
                let pair = LinkPair::read(section, known.master);
                (Owner::Dnp3, pair.map(Station::Outstation))
            }
            Protocol::Push(_) => (Owner::Push, None),
        };
        belonging::refuse_of_device(section, owner);
        let is_pushed = owner == Owner::Push;
        let guest = station.filter(|_| !is_pushed);
        let guest = guest.and_then(|s| Guest::read(section, known.listeners, s, &profile));
        let connection = if is_pushed {
            None
        } else if section.has("listener") {
            refuse_beside_listener(section, guest.as_ref());
            guest.as_ref().and_then(Guest::connection)
        } else {
            let address = section.demand("address", address, example_of(owner));
            address.zip(station).map(|(address, station)| Connection {
                address: address.value,
                station,
            })
        };
        let dialled = connection.as_ref().filter(|_| guest.is_none());
        let tls = own_tls.as_ref().or(profile.tls.as_ref()).zip(dialled);
        let tls = tls.and_then(|(tls, connection)| tls_client(section, tls, connection));
        let overrides = read_overrides(section, &profile);
        let name = name?;
        Some(Self {
            name: name.value,
            profile,
            connection,
            guest,
            tls,
            enabled,
            timeout: timeout.map(|found| found.value),
            scan_factor,
            area: area.map(|found| found.value),
            link_alarm,
            overrides,
            place: name.place,
        })
    }
}

/// The port of an address that names none.
fn default_port(profile: Option<&Profile>, is_tls: bool) -> u16 {
    let is_dnp3 = profile.is_some_and(|p| matches!(p.protocol, Protocol::Dnp3(_)));
    match (is_dnp3, is_tls) {
        (true, true) => Dnp3Device::TLS_PORT,
        (true, false) => Dnp3Device::PORT,
        (false, true) => TLS_PORT,
        (false, false) => PORT_DEFAULT,
    }
}

const fn example_of(owner: Owner) -> &'static str {
    match owner {
        Owner::Dnp3 => "address = \"10.0.0.7:20000\"",
        Owner::Modbus | Owner::Push => "address = \"10.0.0.7:502\"",
    }
}

/// A device that connects by itself has no address, and its listener has the certificates.
fn refuse_beside_listener(section: &Section<'_>, guest: Option<&Guest>) {
    for key in ["address", "tls"].iter().filter(|key| section.has(key)) {
        let what = "stands beside listener, by which the device connects itself; remove one";
        section.fault(key, what);
    }
    if guest.is_some_and(Guest::is_pushed) {
        for key in ["timeout", "scan_factor"]
            .iter()
            .filter(|key| section.has(key))
        {
            let what = "is only for devices that are polled; remove it";
            section.fault(key, what);
        }
    }
}

fn tls_client(section: &Section<'_>, tls: &Tls, connection: &Connection) -> Option<TlsClient> {
    let host = connection.address.host();
    let name = tls.server_name.as_ref().unwrap_or(&host);
    let client = tls.credentials.client(name);
    client
        .map_err(|error| {
            let key = if section.has("tls") { "tls" } else { "address" };
            section.fault(key, format_args!("server_name {name:?} {error}"));
        })
        .ok()
}

fn read_factor(section: &Section<'_>) -> f64 {
    let factor = section
        .number("scan_factor")
        .map_or(1.0, |found| found.value);
    if !(0.01..=1_000.0).contains(&factor) {
        section.fault("scan_factor", "is out of range; allowed are 0.01 to 1000");
        return 1.0;
    }
    factor
}

/// No device is read more often than a scan class could say.
fn refuse_haste(section: &Section<'_>, shortest: Option<&Duration>, factor: f64) {
    let Some(period) = shortest.map(|period| period.mul_f64(factor)) else {
        return;
    };
    let least = *PERIODS.start();
    if period < least {
        let what = format!("makes a scan period of {period:?}; the shortest is {least:?}");
        section.fault("scan_factor", what);
    }
}

fn read_overrides(device: &Section<'_>, profile: &Profile) -> Vec<Override> {
    let title = device.title();
    let Some(points) = device.table("point", &[], format!("{title} point")) else {
        return Vec::new();
    };
    let names = profile.point_names();
    let mut overrides = Vec::new();
    for key in points.names() {
        let Some(name) = names.iter().find(|name| **name == key.value) else {
            let near = suggestion(key.value, names.iter().copied());
            let what = format!("is no point of profile '{}'{near}", profile.name);
            points.fault(key.value, what);
            continue;
        };
        let title = format!("{title} point '{name}'");
        let Some(section) = points.table(key.value, OVERRIDE_KEYS, title) else {
            continue;
        };
        let Ok(point) = Name::plain(name) else {
            continue;
        };
        if profile.is_text(name) {
            for key in OVERRIDE_KEYS.iter().filter(|key| section.has(key)) {
                section.fault(key, "is of a point whose readings are texts; remove it");
            }
            continue;
        }
        let number = |key| section.number(key).map(|found| found.value);
        let (scale, offset) = (number("scale"), number("offset"));
        if scale == Some(0.0) {
            section.fault("scale", "is 0, which would make every reading the offset");
        }
        let refused = match &profile.protocol {
            Protocol::Modbus(map) => map.refuses_scale(name),
            Protocol::Dnp3(map) => map.refuses_scale(name),
            Protocol::Push(_) => Some("is only for devices that are asked; remove it"),
        };
        for key in ["scale", "offset"].iter().filter(|key| section.has(key)) {
            refused.iter().for_each(|what| section.fault(key, what));
        }
        let alarms = PointAlarms::read_own(&section, profile.states_of(name));
        if let Some(report) = profile.report_of(name) {
            alarms.refuse_blind(&section, report);
        }
        overrides.push(Override {
            point,
            scale,
            offset,
            alarms,
        });
    }
    overrides
}

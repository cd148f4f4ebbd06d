//! `[[device]]`: one device of the field.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::Limits;

use super::address::Address;
use super::fault::Place;
use super::limits;
use super::modbus::TIMEOUTS;
use super::name::Name;
use super::names::Names;
use super::nearest::suggestion;
use super::profile::{Profile, Protocol};
use super::section::Section;

pub(super) const KEYS: &[&str] = &[
    "name",
    "profile",
    "address",
    "unit",
    "enabled",
    "timeout",
    "scan_factor",
    "point",
];

/// The keys of `[device.point.NAME]`.
pub(super) const OVERRIDE_KEYS: &[&str] = &["scale", "offset", "limits"];

/// One device of the field.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its name.
    pub name: Name,
    /// Its profile.
    pub profile: Arc<Profile>,
    /// Where it is, if it is polled.
    pub connection: Option<Connection>,
    /// Whether it takes part at all; default true.
    pub enabled: bool,
    /// Its own timeout instead of its profile's.
    pub timeout: Option<Duration>,
    /// Its scan periods are this much longer; 0.01 to 1000, default 1.
    pub scan_factor: f64,
    /// Its own scales, offsets and limits instead of its profile's.
    pub overrides: Vec<Override>,
    /// Where it is configured.
    pub place: Place,
}

/// Where a device is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    /// Host and port.
    pub address: Address,
    /// The unit id behind it, 0 to 255; default 1.
    pub unit: u8,
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
    /// Its own limits, all of them.
    pub limits: Option<Limits>,
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

impl Device {
    /// Reads one; `names` are those of the devices before it.
    pub(super) fn read(
        section: &mut Section<'_>,
        names: &mut Names,
        profiles: &Profiles,
    ) -> Option<Self> {
        let name = section.word("name", Name::dotted);
        let name = section.demand("name", name, "name = \"feeder-07\"");
        if let Some(name) = &name {
            section.rename(format!("device '{}'", name.value));
            names.note(section, name);
        }
        let profile = section.word("profile", |text| profiles.find(text));
        let profile = section.demand("profile", profile, "profile = \"feeder\"");
        let address = section.word("address", str::parse::<Address>);
        let unit = section
            .whole("unit", 0..=u8::MAX)
            .map_or(1, |found| found.value);
        let enabled = section.flag("enabled").unwrap_or(true);
        let timeout = section.duration("timeout", &TIMEOUTS);
        let scan_factor = read_factor(section);
        let profile = profile?.value?;
        let connection = match &profile.protocol {
            Protocol::Modbus(_) => {
                let address = section.demand("address", address, "address = \"10.0.0.7:502\"");
                address.map(|found| Connection {
                    address: found.value,
                    unit,
                })
            }
            Protocol::Push(_) => {
                for key in ["address", "unit", "timeout", "scan_factor"] {
                    if section.has(key) {
                        let what = "is only for profiles of protocol = \"modbus\"; remove it";
                        section.fault(key, what);
                    }
                }
                None
            }
        };
        let overrides = read_overrides(section, &profile);
        let name = name?;
        Some(Self {
            name: name.value,
            profile,
            connection,
            enabled,
            timeout: timeout.map(|found| found.value),
            scan_factor,
            overrides,
            place: name.place,
        })
    }
}

fn read_factor(section: &Section<'_>) -> f64 {
    let factor = section
        .number("scan_factor")
        .map_or(1.0, |found| found.value);
    if !(0.01..=1_000.0).contains(&factor) {
        section.fault("scan_factor", "is out of range; allowed are 0.01 to 1000");
    }
    factor
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
        let number = |key| section.number(key).map(|found| found.value);
        let (scale, offset) = (number("scale"), number("offset"));
        if scale == Some(0.0) {
            section.fault("scale", "is 0, which would make every reading the offset");
        }
        if matches!(profile.protocol, Protocol::Push(_)) {
            for key in ["scale", "offset"].iter().filter(|key| section.has(key)) {
                section.fault(
                    key,
                    "is only for profiles of protocol = \"modbus\"; remove it",
                );
            }
        }
        overrides.push(Override {
            point,
            scale,
            offset,
            limits: limits::read(&section),
        });
    }
    overrides
}

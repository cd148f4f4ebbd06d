//! Points that alarms measure a deviation from: whether they are there, and have numbers.

use std::collections::HashMap;

use super::super::device::Device;
use super::super::fault::{FaultLog, Place};
use super::super::name::Name;
use super::super::names::Names;
use super::super::nearest::suggestion;
use super::super::profile::Profile;
use super::point::PointAlarms;

/// A point that an alarm of another one names.
#[derive(Clone, Debug)]
pub(in super::super) struct Named {
    /// Where it is named.
    place: Place,
    /// Whose alarm it is: the point.
    owner: Name,
    /// The point as it is written.
    name: String,
}

impl Named {
    /// The points that `alarms` of the point called `owner` name.
    pub(in super::super) fn of<'a>(
        owner: &'a Name,
        alarms: &'a PointAlarms,
    ) -> impl Iterator<Item = Self> + 'a {
        let named = alarms
            .entries()
            .iter()
            .filter_map(|entry| entry.reference());
        named.map(|(name, place)| Self {
            place: place.clone(),
            owner: owner.clone(),
            name: name.to_owned(),
        })
    }
}

/// Reports what is named and is not there, or has no numbers. `names` are those of all devices, also
/// of the faulty ones, for which nobody else is blamed.
pub(in super::super) fn check<'a>(
    devices: &'a [Device],
    names: &Names,
    profiles: impl IntoIterator<Item = &'a Profile>,
    faults: &FaultLog,
) {
    let by_name = devices.iter().map(|device| (device.name.as_str(), device));
    let by_name: HashMap<&str, &Device> = by_name.collect();
    let book = Book { by_name, names };
    let check = |title: &str, profile: &Profile, named: &Named| {
        if let Some(what) = book.fault(profile, named) {
            let owner = &named.owner;
            faults.add(
                &named.place,
                format!("{title} point '{owner}' alarm 'deviation' from: {what}"),
            );
        }
    };
    for profile in profiles {
        let title = format!("profile '{}'", profile.name);
        let references = profile.references.iter();
        references.for_each(|named| check(&title, profile, named));
    }
    for device in devices {
        let title = format!("device '{}'", device.name);
        for own in &device.overrides {
            let mut references = Named::of(&own.point, &own.alarms);
            references
                .by_ref()
                .for_each(|named| check(&title, &device.profile, &named));
        }
    }
}

/// All points there are, by the names of their devices.
struct Book<'a> {
    by_name: HashMap<&'a str, &'a Device>,
    names: &'a Names,
}

impl Book<'_> {
    /// What is wrong with a point that an alarm of a point of `profile` names.
    fn fault(&self, profile: &Profile, named: &Named) -> Option<String> {
        let name = named.name.as_str();
        let Some((device, point)) = name.rsplit_once('.') else {
            if named.owner.as_str() == name {
                return Some(format!("'{name}' is the point itself; name another one"));
            }
            return of_profile(profile, name);
        };
        let Some(other) = self.by_name.get(device) else {
            let is_faulty = Name::dotted(device).is_ok_and(|name| self.names.contains(&name));
            let names = self.by_name.keys().copied();
            let near = || suggestion(device, names);
            return (!is_faulty).then(|| format!("'{device}' is no device{}", near()));
        };
        if !other.enabled {
            return Some(format!(
                "device '{device}' is not enabled; enable it, or remove this"
            ));
        }
        of_profile(&other.profile, point)
    }
}

fn of_profile(profile: &Profile, point: &str) -> Option<String> {
    let points = profile.point_names();
    if !points.contains(&point) {
        let near = suggestion(point, points.iter().copied());
        return Some(format!(
            "'{point}' is no point of profile '{}'{near}",
            profile.name
        ));
    }
    let is_text = profile.is_text(point);
    is_text.then(|| format!("the readings of '{point}' are texts; name a point with numbers"))
}

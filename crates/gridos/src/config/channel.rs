//! Channels: what of the fleet one engine polls or another one, and never two at once.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use gridos_model::{DeviceId, DeviceIndex};

use super::address::Address;
use super::fleet::{Fleet, FleetDevice, Reach};
use super::load::Config;

/// All devices behind one address that the engine dials: gateways and RTUs often take one master
/// only, so they are given to one engine together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// The id of the first device by name, which tells it from others.
    pub id: DeviceId,
    /// Its profile: of what kind the channel is.
    pub profile: String,
    /// All its devices.
    pub devices: Vec<DeviceIndex>,
}

impl FleetDevice {
    /// Where the engine dials it; `None` if it comes by itself.
    fn dialled(&self) -> Option<&Address> {
        let modbus = self
            .modbus
            .as_ref()
            .map(|link| (&link.address, &link.reach));
        let dnp3 = self.dnp3.as_ref().map(|link| (&link.address, &link.reach));
        let (address, reach) = modbus.or(dnp3)?;
        (!matches!(reach, Reach::DialIn(_))).then_some(address)
    }
}

impl Fleet {
    /// The longest time that an answer of any device is waited for, by which others reckon when an engine that
    /// says nothing has stopped.
    pub fn answer_timeout_max(&self) -> Duration {
        let modbus = self.devices.iter().filter_map(|device| {
            let link = device.modbus.as_ref()?;
            Some(link.timeout)
        });
        let dnp3 = self.devices.iter().filter_map(|device| {
            let link = device.dnp3.as_ref()?;
            Some(link.treatment.config.response_timeout)
        });
        modbus.chain(dnp3).max().unwrap_or_default()
    }

    /// The devices that are in none of `channels`.
    pub fn unshared(&self, channels: &[Channel]) -> impl Iterator<Item = DeviceIndex> {
        let shared = channels.iter().flat_map(|channel| &channel.devices);
        let shared: HashSet<_> = shared.copied().collect();
        let devices = self.devices.iter().map(|device| device.index);
        devices.filter(move |device| !shared.contains(device))
    }

    /// The channels, by the names of their first devices; `config` is what the fleet was made of.
    pub fn channels(&self, config: &Config) -> Vec<Channel> {
        let profiles: BTreeMap<&str, &str> = config
            .devices
            .iter()
            .map(|device| (device.name.as_str(), device.profile.name.as_str()))
            .collect();
        let mut by_address: BTreeMap<(String, u16), Vec<&FleetDevice>> = BTreeMap::new();
        for device in &self.devices {
            if let Some(address) = device.dialled() {
                let key = (address.host(), address.port());
                by_address.entry(key).or_default().push(device);
            }
        }
        let name = |device: &&FleetDevice| self.directory.device(device.index).name();
        let channels = by_address.into_values().filter_map(|devices| {
            let first = devices.iter().copied().min_by_key(name)?;
            let entry = self.directory.device(first.index);
            let profile = profiles.get(entry.name()).copied().unwrap_or_default();
            Some(Channel {
                id: entry.id(),
                profile: profile.to_owned(),
                devices: devices.iter().map(|device| device.index).collect(),
            })
        });
        let mut channels: Vec<_> = channels.collect();
        channels.sort_by_key(|channel| channel.id);
        channels
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::NO_VARIABLES;
    use super::*;

    #[test]
    fn devices_behind_one_address_are_one_channel() {
        let text = r#"
            [[profile]]
            name = "meter"
            protocol = "modbus"
            point = [{ name = "a", holding = 0 }]
            [[profile]]
            name = "posted"
            protocol = "push"
            point = [{ name = "a" }]
            [[device]]
            name = "b"
            profile = "meter"
            address = "10.0.0.1"
            unit = 2
            [[device]]
            name = "a"
            profile = "meter"
            address = "10.0.0.1"
            unit = 1
            [[device]]
            name = "c"
            profile = "meter"
            address = "10.0.0.2"
            [[device]]
            name = "p"
            profile = "posted"
        "#;
        let config = Config::parse(text, "g.toml", NO_VARIABLES, &|path| std::fs::read(path));
        let config = config.unwrap_or_else(|faults| panic!("{faults}"));
        let fleet = Fleet::of(&config).unwrap();
        let index = |name: &str| fleet.directory.find_device(name).unwrap();
        let id = |name: &str| fleet.directory.device(index(name)).id();
        let mut expected = vec![
            Channel {
                id: id("a"),
                profile: "meter".to_owned(),
                devices: vec![index("b"), index("a")],
            },
            Channel {
                id: id("c"),
                profile: "meter".to_owned(),
                devices: vec![index("c")],
            },
        ];
        expected.sort_by_key(|channel| channel.id);
        assert_eq!(fleet.channels(&config), expected);
    }
}

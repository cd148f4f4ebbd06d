//! The outstations that are listened to and asked.

use std::sync::Arc;

use gridos_collect::dnp3::{Dnp3Device, Recent};
use gridos_model::Directory;

use super::listeners::Listeners;
use crate::config::{Dnp3Link, FleetDevice};

/// The outstations among `devices`; `recent` is what is known of each device's last events.
pub(super) fn of(
    devices: &[FleetDevice],
    recent: Vec<Recent>,
    directory: &Directory,
    listeners: &mut Listeners,
) -> Vec<Dnp3Device> {
    let known = devices.iter().zip(recent);
    let outstation = |(device, recent): (&FleetDevice, Recent)| {
        let link = device.dnp3.as_ref()?;
        Some(outstation(device, link, recent, directory, listeners))
    };
    known.filter_map(outstation).collect()
}

fn outstation(
    device: &FleetDevice,
    link: &Dnp3Link,
    recent: Recent,
    directory: &Directory,
    listeners: &mut Listeners,
) -> Dnp3Device {
    let treatment = &link.treatment;
    let entry = directory.device(device.index);
    Dnp3Device {
        device: device.index,
        host: link.address.host(),
        port: link.address.port(),
        master: link.pair.master,
        outstation: link.pair.outstation,
        config: Arc::clone(&treatment.config),
        keep_alive: treatment.keep_alive,
        fragment_max: treatment.fragment_max,
        map: Arc::clone(&link.map),
        whole: Arc::clone(entry.whole()),
        groups: entry.groups().to_vec(),
        via: listeners.via(&link.reach),
        connect_timeout: treatment.connect_timeout,
        reconnect_max: treatment.reconnect_max,
        recent,
    }
}

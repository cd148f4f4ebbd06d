//! Where devices connect by themselves: what is shown of it, and what is probably not meant.

use gridos_collect::modbus::{Confirm, Credentials, Network};
use gridos_modbus::Table;
use gridos_model::Timestamp;

use crate::config::{Config, Device, Identify, Listener, ListenerKind, Protocol};
use crate::engine::EXPIRES_SOON;

/// One line for each listener of `config`.
pub(super) fn lines(config: &Config) -> Vec<String> {
    let line = |listener: &Listener| {
        let devices = devices(config, listener).count();
        let what = match listener.kind {
            ListenerKind::Server { .. } => "write to it",
            ListenerKind::DialIn | ListenerKind::Dnp3DialIn { .. } => "dial in",
        };
        let tls = listener.tls.as_ref().map_or("", |_| ", TLS");
        let allow: Vec<String> = listener.allow.iter().map(Network::to_string).collect();
        format!(
            "'{}' at {}: {devices} devices {what}{tls}, from {}, at most {} connections",
            listener.name,
            listener.listen,
            allow.join(", "),
            listener.connections_max
        )
    };
    config.listeners.iter().map(|l| line(l)).collect()
}

/// What is allowed, but probably not meant, at `now`.
pub(super) fn warnings(config: &Config, now: Timestamp) -> Vec<String> {
    let mut warnings = Vec::new();
    for listener in &config.listeners {
        let name = &listener.name;
        let count = devices(config, listener).count();
        if count == 0 {
            warnings.push(format!("listener '{name}' has no enabled device"));
        }
        if listener.connections_max < count && listener.identify != Identify::Packet {
            warnings.push(format!(
                "listener '{name}' takes {} connections, but {count} devices may come; raise \
                 connections_max",
                listener.connections_max
            ));
        }
        let is_open = listener.allow.iter().any(Network::is_everybody);
        if is_open && listener.tls.is_none() {
            warnings.push(format!(
                "listener '{name}' lets in whoever reaches {}; narrow allow, or use tls",
                listener.listen
            ));
        }
        if let ListenerKind::Server { confirm, .. } = listener.kind
            && confirm == Confirm::Received
        {
            warnings.push(format!(
                "listener '{name}' acknowledges what a crash may lose: confirm = \"received\""
            ));
        }
        if let Some(tls) = &listener.tls {
            warnings.extend(expiry(&tls.credentials, &tls.certificate_file, now));
        }
        warnings.extend(devices(config, listener).find_map(never_written));
    }
    for profile in &config.profiles {
        if let Some(tls) = &profile.tls {
            warnings.extend(expiry(&tls.credentials, &tls.certificate_file, now));
        }
    }
    warnings.dedup();
    warnings
}

fn devices<'a>(config: &'a Config, listener: &'a Listener) -> impl Iterator<Item = &'a Device> {
    let is_own = |device: &&Device| {
        let guest = device.guest.as_ref();
        device.enabled && guest.is_some_and(|guest| guest.listener.name == listener.name)
    };
    config.devices.iter().filter(is_own)
}

fn expiry(credentials: &Credentials, file: &str, now: Timestamp) -> Option<String> {
    let expires = credentials.expires();
    if expires < now {
        let what = "so that no device will accept it";
        return Some(format!(
            "a certificate of '{file}' or its ca ended at {expires}, {what}; renew it"
        ));
    }
    let is_soon = expires < now.saturating_add(EXPIRES_SOON);
    is_soon.then(|| format!("a certificate of '{file}' or its ca ends at {expires}; renew it"))
}

/// Nobody can write a discrete input or an input register.
fn never_written(device: &Device) -> Option<String> {
    let guest = device.guest.as_ref().filter(|guest| guest.is_pushed())?;
    let Protocol::Modbus(map) = &device.profile.protocol else {
        return None;
    };
    let is_read_only = |table: Table| matches!(table, Table::DiscreteInput | Table::InputRegister);
    let mut points = map.plan.points().iter();
    let point = points.find(|point| is_read_only(point.table))?;
    Some(format!(
        "listener '{}': no device can write point '{}' of profile '{}', which is a {}; choose a \
         coil or a holding register",
        guest.listener.name, point.name, device.profile.name, point.table
    ))
}

//! Every key there is, by section: for the environment, and for the test of the reference.

use super::{
    access, alarm, alarms, device, device_csv, dnp3, engine, http, journal, log, membership,
    modbus, notify, point, profile, relay, store,
};
use super::{http_tls, listener, report, source_time, tls};

/// The keys of the whole file.
pub(super) const ROOT: &[&str] = &[
    "engine",
    "http",
    "access",
    "journal",
    "store",
    "modbus",
    "dnp3",
    "alarms",
    "log",
    "scan_class",
    "listener",
    "profile",
    "device",
    "devices",
    "notify",
    "fleet",
    "relay",
];

/// The sections of single values, which the environment can override.
pub(super) const SCALAR_SECTIONS: &[(&str, &[&str])] = &[
    ("engine", engine::KEYS),
    ("http", http::KEYS),
    ("access", access::KEYS),
    ("journal", journal::KEYS),
    ("store", store::KEYS),
    ("modbus", modbus::KEYS),
    ("dnp3", dnp3::KEYS),
    ("alarms", alarms::KEYS),
    ("log", log::KEYS),
    ("fleet", membership::KEYS),
    ("relay", relay::KEYS),
];

/// Every section with every key it may have, and the columns of the devices' file.
pub fn every_key() -> Vec<(&'static str, &'static [&'static str])> {
    let mut all = SCALAR_SECTIONS.to_vec();
    all.extend([
        ("profile", profile::KEYS),
        ("profile.point", point::KEYS),
        ("limits", alarm::LIMITS_KEYS),
        ("limits.deadbands", alarm::DEADBAND_KEYS),
        ("alarm", alarm::KEYS),
        ("alarm.count", alarm::COUNT_KEYS),
        ("alarm.priority", alarm::PRIORITY_KEYS),
        ("profile.link_alarm", alarm::LINK_KEYS),
        ("report", report::KEYS),
        ("profile.source_time", source_time::KEYS),
        ("profile.class_poll", dnp3::CLASS_POLL_KEYS),
        ("profile.reads", dnp3::READS_KEYS),
        ("profile.assign_class", dnp3::ASSIGN_KEYS),
        ("listener", listener::KEYS),
        ("tls", tls::KEYS),
        ("http.tls", http_tls::KEYS),
        ("access.oidc", access::OIDC_KEYS),
        ("access.certificate", access::CERTIFICATE_KEYS),
        ("device", device::KEYS),
        ("device.point", device::OVERRIDE_KEYS),
        ("devices", device_csv::KEYS),
        ("columns", device_csv::COLUMNS),
        ("notify", notify::KEYS),
    ]);
    all
}

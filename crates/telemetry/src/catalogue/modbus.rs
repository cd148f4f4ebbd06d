//! Modbus sessions.

use super::double;
use crate::{Metric, Unit};

pub(super) const MODBUS: &[Metric] = &[
    Metric::gauge(
        "gridos_modbus_connections",
        "Modbus connections open.",
        Unit::Count,
        |m, _| double(m.telemetry.modbus.connections.get()),
    ),
    Metric::counter(
        "gridos_modbus_connects_total",
        "Modbus connections made.",
        |m, _| m.telemetry.modbus.connects.get(),
    ),
    Metric::gauge(
        "gridos_modbus_devices_demoted",
        "Modbus devices that keep failing and are asked more rarely until they answer.",
        Unit::Count,
        |m, _| m.telemetry.devices.demoted() as f64,
    ),
    Metric::counter(
        "gridos_modbus_exceptions_total",
        "Modbus requests answered with an exception.",
        |m, _| m.telemetry.modbus.exceptions.get(),
    ),
    Metric::counter(
        "gridos_modbus_io_errors_total",
        "Modbus connections refused or broken.",
        |m, _| m.telemetry.modbus.io_errors.get(),
    ),
    Metric::counter(
        "gridos_modbus_overruns_total",
        "Modbus scans skipped because the one before had not ended.",
        |m, _| m.telemetry.modbus.overruns.get(),
    ),
    Metric::gauge(
        "gridos_modbus_points_refused",
        "Points that devices refuse to be read, so that only the points around them are read.",
        Unit::Count,
        |m, _| double(m.telemetry.devices.points_refused()),
    ),
    Metric::counter(
        "gridos_modbus_polls_total",
        "Modbus requests sent.",
        |m, _| m.telemetry.modbus.polls.get(),
    ),
    Metric::counter(
        "gridos_modbus_protocol_errors_total",
        "Modbus answers that break the protocol.",
        |m, _| m.telemetry.modbus.protocol_errors.get(),
    ),
    Metric::counter(
        "gridos_modbus_retries_total",
        "Modbus requests sent again because the device was busy.",
        |m, _| m.telemetry.modbus.retries.get(),
    ),
    Metric::counter(
        "gridos_modbus_timeouts_total",
        "Modbus requests without an answer in time.",
        |m, _| m.telemetry.modbus.timeouts.get(),
    ),
];

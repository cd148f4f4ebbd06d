//! What in a profile or a device is allowed, but probably not meant.

use std::time::Duration;

use gridos_modbus::Table;

use crate::config::{Device, Profile, Protocol};

/// The device's timeout, if it is longer than the period of its fastest scan class.
pub(super) fn timeout_beyond_period(device: &Device) -> Option<Duration> {
    let Protocol::Modbus(map) = &device.profile.protocol else {
        return None;
    };
    device.connection.as_ref()?;
    let fastest = map.scan_periods.iter().min()?.mul_f64(device.scan_factor);
    let timeout = device.timeout.unwrap_or(map.asking.timeout);
    (timeout > fastest).then_some(timeout)
}

/// `holding = 40013` is possible, but 40013 is more often what a manual calls register 13.
pub(super) fn manual_numbers(profile: &Profile) -> Option<String> {
    let Protocol::Modbus(map) = &profile.protocol else {
        return None;
    };
    let in_manuals = |table: Table| match table {
        Table::Coil => 0..=0,
        Table::DiscreteInput => 10_001..=19_999,
        Table::InputRegister => 30_001..=39_999,
        Table::HoldingRegister => 40_001..=49_999,
    };
    let points = map.plan.points();
    // SunSpec counts from 0 and begins at 40000; nobody else has exponents.
    if points.iter().any(|point| point.exponent.is_some()) {
        return None;
    }
    // A map with other addresses of the table beside these does not number them as manuals do.
    let is_numbered = |table: Table| {
        let mut own = points.iter().filter(|point| point.table == table);
        own.all(|point| in_manuals(table).contains(&point.address))
    };
    let mut points = points.iter();
    let point = points.find(|point| point.table != Table::Coil && is_numbered(point.table))?;
    Some(format!(
        "profile '{}' point '{}' is at address {}, counted from 0; if that is a number of a \
         manual, write register = \"{}\"",
        profile.name, point.name, point.address, point.address
    ))
}

/// The device's clock is read with one request; where there are more, the rest has another clock.
pub(super) fn engine_times(profile: &Profile) -> Option<String> {
    let Protocol::Modbus(map) = &profile.protocol else {
        return None;
    };
    let scan = map.clock.as_ref()?.scan;
    let of_scan = map
        .plan
        .requests()
        .iter()
        .filter(|request| request.scan() == scan);
    let without = of_scan.filter(|request| !request.has_clock()).count();
    (without > 0).then(|| {
        format!(
            "profile '{}': source_time is read with one request of its scan class; the values of \
             {without} more have the engine's time",
            profile.name
        )
    })
}

/// A value whose exponent another request reads may be decoded with the wrong one.
pub(super) fn exponents_apart(profile: &Profile) -> Option<String> {
    let Protocol::Modbus(map) = &profile.protocol else {
        return None;
    };
    let apart = map.plan.apart();
    let (first, more) = apart.split_first()?;
    let more = match more.len() {
        0 => String::new(),
        count => format!(" (and so for {count} more points)"),
    };
    Some(format!(
        "profile '{}' point '{}': its sf '{}' {}{more}; values read between a change of the \
         exponent and its next reading are wrong",
        profile.name, first.point.name, first.exponent.name, first.why
    ))
}

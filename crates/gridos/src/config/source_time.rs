//! `source_time = { … }`: the registers with the device's own time.

use std::time::Duration;

use gridos_modbus::{Clock, Kind, Order};

use super::name::Name;
use super::register;
use super::scan::ScanClasses;
use super::section::Section;

pub(super) const KEYS: &[&str] = &[
    "holding",
    "input",
    "register",
    "type",
    "order",
    "scan",
    "synchronised",
    "tolerance",
];

/// How far from the engine's clock a device is believed, unless said otherwise.
const TOLERANCE_DEFAULT: Duration = Duration::from_secs(60);

/// A clock whose scan class is still a name.
#[derive(Clone, Debug)]
pub(super) struct SourceTime {
    pub(super) clock: Clock,
    pub(super) scan: Name,
}

/// The clock under `source_time` in `profile`, if it is given and possible.
pub(super) fn read(
    profile: &Section<'_>,
    order: Order,
    scan: &Name,
    classes: &ScanClasses,
) -> Option<SourceTime> {
    let title = format!("{} source_time", profile.title());
    let section = profile.table("source_time", KEYS, title)?;
    let place = register::read_one_of(&section, &["holding", "input", "register"]);
    let kind = section.word("type", str::parse::<Kind>);
    let kind = section.demand("type", kind, "type = \"unix32\"");
    let own_order = section.word("order", str::parse::<Order>);
    let own_scan = classes.chosen(&section, "scan");
    let tolerances = Duration::from_millis(1)..=Duration::from_secs(366 * 86_400);
    let tolerance = section.duration("tolerance", &tolerances);
    let is_synchronised = section.flag("synchronised").unwrap_or(false);
    let (table, address) = place?;
    let clock = Clock {
        table,
        address,
        kind: kind?.value,
        order: own_order.map_or(order, |found| found.value),
        scan: 0,
        is_synchronised,
        tolerance: tolerance.map_or(TOLERANCE_DEFAULT, |found| found.value),
    };
    let scan = own_scan.map_or_else(|| scan.clone(), |found| found.value.name.clone());
    Some(SourceTime { clock, scan })
}

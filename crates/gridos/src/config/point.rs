//! `[[profile.point]]`: one point of a profile.

use gridos_alarm::Limits;
use gridos_modbus::{Kind, Order, Plan, RegisterPoint};

use super::limits;
use super::modbus::Asking;
use super::name::Name;
use super::names::Names;
use super::profile::Defaults;
use super::register;
use super::scan::ScanClasses;
use super::section::Section;
use super::source::Found;

pub(super) const KEYS: &[&str] = &[
    "name", "unit", "limits", "holding", "input", "coil", "discrete", "register", "type", "order",
    "scale", "offset", "scan",
];

/// The keys that only a point with a register may have.
const REGISTER_KEYS: &[&str] = &[
    "holding", "input", "coil", "discrete", "register", "type", "order", "scale", "offset", "scan",
];

/// What every point has, whatever its protocol.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) name: Found<Name>,
    pub(super) unit: String,
    pub(super) limits: Option<Limits>,
}

/// A Modbus point whose scan class is still a name.
#[derive(Clone, Debug)]
pub(super) struct ModbusPoint {
    pub(super) common: Common,
    pub(super) register: RegisterPoint,
    pub(super) scan: Name,
}

/// Reads what every point has; `section` is called after the point from then on, and `names` are
/// those of the points before it.
fn read_common(section: &mut Section<'_>, profile: &str, names: &mut Names) -> Option<Common> {
    let name = section.word("name", Name::plain);
    let name = section.demand("name", name, "name = \"current\"");
    if let Some(name) = &name {
        section.rename(format!("{profile} point '{}'", name.value));
        names.note(section, name);
    }
    let unit = section.word("unit", checked_unit);
    let limits = limits::read(section);
    Some(Common {
        name: name?,
        unit: unit.map_or_else(String::new, |found| found.value),
        limits,
    })
}

/// Reads a Modbus point.
pub(super) fn read_modbus(
    section: &mut Section<'_>,
    profile: &str,
    names: &mut Names,
    defaults: &Defaults,
    asking: &Asking,
    classes: &ScanClasses,
) -> Option<ModbusPoint> {
    let common = read_common(section, profile, names);
    let place = register::read(section);
    let kind = section
        .word("type", str::parse::<Kind>)
        .map(|found| found.value);
    let order = section.word("order", str::parse::<Order>);
    let scale = section.number("scale").map_or(1.0, |found| found.value);
    let offset = section.number("offset").map_or(0.0, |found| found.value);
    let scan = classes.chosen(section, "scan");
    let (common, (table, address)) = (common?, place?);
    let default = if table.is_bits() {
        Kind::Bool
    } else {
        Kind::U16
    };
    let register = RegisterPoint {
        name: common.name.value.as_str().to_owned(),
        unit: common.unit.clone(),
        table,
        address,
        kind: kind.unwrap_or(default),
        order: order.map_or(defaults.order, |found| found.value),
        scale,
        offset,
        scan: 0,
    };
    // Planned alone, so that a fault is found at the line of its point.
    if let Err(error) = Plan::new(vec![register.clone()], &asking.plan) {
        let text = error.to_string();
        let own = format!("point '{}' ", register.name);
        section.report(text.strip_prefix(&own).unwrap_or(&text));
        return None;
    }
    Some(ModbusPoint {
        common,
        register,
        scan: scan.map_or_else(|| defaults.scan.clone(), |found| found.value.name.clone()),
    })
}

/// Reads a point whose readings are pushed.
pub(super) fn read_push(
    section: &mut Section<'_>,
    profile: &str,
    names: &mut Names,
) -> Option<Common> {
    let common = read_common(section, profile, names);
    for key in REGISTER_KEYS.iter().filter(|key| section.has(key)) {
        section.fault(key, "is only for protocol = \"modbus\"; remove it");
    }
    common
}

fn checked_unit(text: &str) -> Result<String, String> {
    if text.chars().count() > UNIT_CHARS_MAX || text.contains(char::is_control) {
        return Err(format!(
            "is no unit; write up to {UNIT_CHARS_MAX} letters, such as \"kV\""
        ));
    }
    Ok(text.to_owned())
}

const UNIT_CHARS_MAX: usize = 16;

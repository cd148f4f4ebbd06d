//! `[[profile.point]]`: one point of a profile.

use gridos_modbus::{Kind, Order, Plan, RegisterPoint, Table};

use super::alarm::PointAlarms;
use super::belonging::{self, Owner};
use super::judgement::{self, Judgement, StateTexts};
use super::modbus::Asking;
use super::name::Name;
use super::names::Names;
use super::profile::Defaults;
use super::register;
use super::report;
use super::scan::{ScanClass, ScanClasses};
use super::section::Section;
use super::source::Found;
use super::text::{self, Type};

pub(super) const KEYS: &[&str] = &[
    "name",
    "unit",
    "limits",
    "alarm",
    "alarm_defaults",
    "holding",
    "input",
    "coil",
    "discrete",
    "register",
    "type",
    "order",
    "scale",
    "offset",
    "scan",
    "invalid",
    "states",
    "range",
    "raw",
    "clamp",
    "sf",
    "bits",
    "report",
    "registers",
    "binary",
    "double_bit",
    "binary_output",
    "counter",
    "frozen_counter",
    "analog",
    "frozen_analog",
    "analog_output",
    "octets",
];

/// The keys that are of a value, and so not of a register whose bits are points.
const VALUE_KEYS: &[&str] = &[
    "unit", "limits", "alarm", "scale", "offset", "invalid", "states", "range", "raw", "clamp",
    "sf",
];

/// A point whose readings are pushed.
#[derive(Clone, Debug)]
pub(super) struct PushPoint {
    pub(super) common: Common,
    pub(super) is_text: bool,
}

/// What every point has, whatever its protocol.
#[derive(Clone, Debug)]
pub(super) struct Common {
    pub(super) name: Found<Name>,
    pub(super) unit: String,
    pub(super) alarms: PointAlarms,
}

/// A Modbus point whose scan class is still a name.
#[derive(Clone, Debug)]
pub(super) struct ModbusPoint {
    pub(super) common: Common,
    pub(super) register: RegisterPoint,
    pub(super) states: Option<StateTexts>,
    pub(super) scan: Name,
}

/// Reads what every point has but for its alarms; `section` is called after the point from then on, and `names` are
/// those of the points before it.
fn read_common(section: &mut Section<'_>, profile: &str, names: &mut Names) -> Option<Common> {
    let name = section.word("name", Name::plain);
    let name = section.demand("name", name, "name = \"current\"");
    if let Some(name) = &name {
        section.rename(format!("{profile} point '{}'", name.value));
        names.note(section, name);
    }
    let unit = read_unit(section);
    Some(Common {
        name: name?,
        unit,
        alarms: PointAlarms::of_text(),
    })
}

/// Reads the unit, which every point may have; empty if there is none.
pub(super) fn read_unit(section: &Section<'_>) -> String {
    let unit = section.word("unit", checked_unit);
    unit.map_or_else(String::new, |found| found.value)
}

/// Reads a Modbus point; a register whose `bits` have names is a point per named bit.
pub(super) fn read_modbus(
    section: &mut Section<'_>,
    profile: &str,
    names: &mut Names,
    defaults: &Defaults,
    asking: &Asking,
    classes: &ScanClasses,
) -> Vec<ModbusPoint> {
    let common = read_common(section, profile, names);
    belonging::refuse_of_point(section, Owner::Modbus);
    let place = register::read(section);
    let typed = text::read_type(section);
    let order = section.word("order", str::parse::<Order>);
    let scale = section.number("scale").map_or(1.0, |found| found.value);
    let offset = section.number("offset").map_or(0.0, |found| found.value);
    let scan = classes.chosen(section, "scan");
    let bits = judgement::read_bits(section);
    let default = match place {
        Some((table, _)) if table.is_bits() => Kind::Bool,
        Some(_) | None => Kind::U16,
    };
    let kind = match typed {
        Some(Type::Number(kind)) => kind,
        Some(Type::Text) => {
            return read_text(section, common, place, order, scan, defaults, asking);
        }
        None => default,
    };
    if section.has("registers") {
        section.fault("registers", "is only for type = \"string\"; remove it");
    }
    let judgement = Judgement::read(section, kind);
    let alarms = PointAlarms::read(section, judgement.states.as_ref());
    let report = report::read(section, judgement.span.as_ref(), &alarms);
    let common = common.map(|common| Common { alarms, ..common });
    let (Some(common), Some((table, address))) = (common, place) else {
        return Vec::new();
    };
    let register = RegisterPoint {
        name: common.name.value.as_str().to_owned(),
        unit: common.unit.clone(),
        table,
        address,
        kind,
        order: order.map_or(defaults.order, |found| found.value),
        scale,
        offset,
        scan: 0,
        states: judgement.state_numbers(),
        invalid: judgement.invalid,
        span: judgement.span,
        exponent: judgement.exponent,
        report,
    };
    if !can_be_planned(section, &register, asking) {
        return Vec::new();
    }
    let point = ModbusPoint {
        common,
        register,
        states: judgement.states,
        scan: scan.map_or_else(|| defaults.scan.clone(), |found| found.value.name.clone()),
    };
    match bits {
        Some(bits) => expand(section, &point, &bits, names),
        None if section.has("bits") => Vec::new(),
        None => vec![point],
    }
}

/// The point of a text.
fn read_text(
    section: &Section<'_>,
    common: Option<Common>,
    place: Option<(Table, u16)>,
    order: Option<Found<Order>>,
    scan: Option<Found<&ScanClass>>,
    defaults: &Defaults,
    asking: &Asking,
) -> Vec<ModbusPoint> {
    let kind = text::read_kind(section);
    let (Some(common), Some((table, address)), Some(kind)) = (common, place, kind) else {
        return Vec::new();
    };
    let default = text::default_order(defaults.order);
    let name = common.name.value.as_str();
    let register = RegisterPoint {
        order: order.map_or(default, |found| found.value),
        ..RegisterPoint::new(name, table, address, kind)
    };
    if !can_be_planned(section, &register, asking) {
        return Vec::new();
    }
    let scan = scan.map_or_else(|| defaults.scan.clone(), |found| found.value.name.clone());
    vec![ModbusPoint {
        common: Common {
            // What a text cannot have was a fault above.
            unit: String::new(),
            ..common
        },
        register,
        states: None,
        scan,
    }]
}

/// Plans a point alone, so that a fault is found at the line of its point; where its exponent is,
/// only the whole map can tell.
fn can_be_planned(section: &Section<'_>, register: &RegisterPoint, asking: &Asking) -> bool {
    let alone = RegisterPoint {
        exponent: None,
        ..register.clone()
    };
    let planned = Plan::new(vec![alone], &asking.plan);
    if let Err(error) = &planned {
        let text = error.to_string();
        let own = format!("point '{}' ", register.name);
        section.report(text.strip_prefix(&own).unwrap_or(&text));
    }
    planned.is_ok()
}

/// The points of the named bits of the register of `whole`, called `NAME_BIT`.
fn expand(
    section: &Section<'_>,
    whole: &ModbusPoint,
    bits: &[Option<Name>],
    names: &mut Names,
) -> Vec<ModbusPoint> {
    for key in VALUE_KEYS.iter().filter(|key| section.has(key)) {
        let what = "cannot stand beside bits, each of which is a point of its own; remove it, or \
                    write a point with type = \"bit3\"";
        section.fault(key, what);
    }
    let register = &whole.register;
    if !matches!(register.kind, Kind::U16 | Kind::U32) {
        section.fault("type", "cannot have bits with names; use u16 or u32");
        return Vec::new();
    }
    let words = usize::from(register.kind.registers());
    if bits.len() > 16 * words || bits.iter().all(Option::is_none) {
        let what = format_args!("must name 1 to {} bits, from bit 0 on", 16 * words);
        section.fault("bits", what);
        return Vec::new();
    }
    let mut points = Vec::new();
    for (bit, name) in (0_u8..).zip(bits) {
        let Some(name) = name else { continue };
        let name = match Name::plain(&format!("{}_{name}", register.name)) {
            Ok(name) => name,
            Err(error) => {
                section.fault("bits", format_args!("the name of bit {bit} {error}"));
                continue;
            }
        };
        let name = Found::new(name, &whole.common.name.place);
        names.note_made_up(section, "bits", &name);
        // The least significant word is the last one, unless words are reversed.
        let is_high = bit >= 16;
        let is_second = words == 2 && is_high == register.order.words_reversed();
        let mut point = whole.clone();
        point.register.name = name.value.as_str().to_owned();
        point.register.address += u16::from(is_second);
        point.register.kind = Kind::Bit(bit % 16);
        point.common.name = name;
        points.push(point);
    }
    points
}

/// Reads a point whose readings are pushed.
pub(super) fn read_push(
    section: &mut Section<'_>,
    profile: &str,
    names: &mut Names,
) -> Option<PushPoint> {
    let common = read_common(section, profile, names);
    let is_text = text::is_pushed_text(section);
    belonging::refuse_of_point(section, Owner::Push);
    let alarms = match is_text {
        true => PointAlarms::of_text(),
        false => PointAlarms::read(section, None),
    };
    Some(PushPoint {
        common: Common { alarms, ..common? },
        is_text,
    })
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

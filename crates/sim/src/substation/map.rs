//! The register map of a feeder, as its documentation would print it.

use super::Measurements;
use super::feeder::PICK_UP_CURRENT;
use crate::modbus::Table;

/// One line of the register map.
#[derive(Clone, Copy, Debug)]
pub struct MapPoint {
    /// The point's name.
    pub name: &'static str,
    /// Its table.
    pub table: Table,
    /// Its first address on the wire, from 0.
    pub address: u16,
    /// Its kind as configuration spells it: `u16`, `f32`, `bit2`, …
    pub kind: &'static str,
    /// Its order of words and bytes: `abcd`, `cdab`, `badc` or `dcba`.
    pub order: &'static str,
    /// Value per raw unit.
    pub scale: f64,
    /// The engineering unit; empty if there is none.
    pub unit: &'static str,
    /// Where an operator would set its alarms.
    pub limits: Option<Limits>,
    /// Its value among the measurements.
    pub value: fn(&Measurements) -> f64,
}

/// Suggested alarm limits, in the unit of the point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// At or above: the second alarm.
    pub high_high: Option<f64>,
    /// At or above: the first alarm.
    pub high: Option<f64>,
    /// At or below: the first alarm.
    pub low: Option<f64>,
    /// At or below: the second alarm.
    pub low_low: Option<f64>,
    /// How far the value must come back before the alarm returns to normal.
    pub deadband: f64,
}

const CURRENT: Option<Limits> = above(380.0, 440.0, 8.0);
const VOLTAGE: Option<Limits> = Some(Limits {
    high_high: Some(22.0),
    high: Some(21.2),
    low: Some(18.8),
    low_low: Some(18.0),
    deadband: 0.1,
});
const FREQUENCY: Option<Limits> = Some(Limits {
    high_high: Some(50.5),
    high: Some(50.2),
    low: Some(49.8),
    low_low: Some(49.5),
    deadband: 0.02,
});
const TRIP: Option<Limits> = Some(Limits {
    high_high: None,
    high: Some(1.0),
    low: None,
    low_low: None,
    deadband: 0.0,
});

/// The register map of every [`Feeder`](super::Feeder): points in all four tables.
pub const MAP: &[MapPoint] = &[
    input("current_a", 0, "u16", 0.1, "A", CURRENT, |m| m.current[0]),
    input("current_b", 1, "u16", 0.1, "A", CURRENT, |m| m.current[1]),
    input("current_c", 2, "u16", 0.1, "A", CURRENT, |m| m.current[2]),
    input("current_n", 3, "u16", 0.1, "A", None, |m| m.current_n),
    input("voltage_ab", 4, "f32", 1.0, "kV", VOLTAGE, |m| m.voltage[0]),
    input("voltage_bc", 6, "f32", 1.0, "kV", VOLTAGE, |m| m.voltage[1]),
    input("voltage_ca", 8, "f32", 1.0, "kV", VOLTAGE, |m| m.voltage[2]),
    input("frequency", 10, "u16", 0.001, "Hz", FREQUENCY, |m| {
        m.frequency
    }),
    input("active_power", 11, "i32", 0.1, "kW", None, |m| {
        m.active_power
    }),
    input("reactive_power", 13, "i32", 0.1, "kvar", None, |m| {
        m.reactive_power
    }),
    input("power_factor", 15, "i16", 0.001, "", None, |m| {
        m.power_factor
    }),
    input("energy", 16, "u64", 0.001, "kWh", None, |m| m.energy),
    input(
        "oil_temperature",
        20,
        "i16",
        0.1,
        "°C",
        above(80.0, 90.0, 2.0),
        |m| m.oil_temperature,
    ),
    input(
        "winding_temperature",
        21,
        "i16",
        0.1,
        "°C",
        above(95.0, 105.0, 2.0),
        |m| m.winding_temperature,
    ),
    input("ambient_temperature", 22, "i16", 0.1, "°C", None, |m| {
        m.ambient_temperature
    }),
    input("tap_position", 23, "u16", 1.0, "", None, |m| m.tap_position),
    MapPoint {
        order: "cdab",
        ..input(
            "gas_pressure",
            24,
            "f32",
            1.0,
            "bar",
            below(5.8, 5.5, 0.05),
            |m| m.gas_pressure,
        )
    },
    input(
        "battery_voltage",
        26,
        "u16",
        0.1,
        "V",
        below(104.0, 100.0, 1.0),
        |m| m.battery_voltage,
    ),
    holding("pick_up_current", 0, "u16", "A", |_| PICK_UP_CURRENT),
    holding("rated_voltage", 1, "bcd16", "kV", |_| 20.0),
    holding("serial_number", 2, "bcd32", "", |m| m.serial_number),
    holding("picked_up", 10, "bit2", "", |m| f64::from(m.picked_up)),
    holding("tripped", 10, "bit3", "", |m| f64::from(m.tripped)),
    discrete("breaker_closed", 0, |m| f64::from(m.breaker_closed)),
    discrete("breaker_open", 1, |m| f64::from(!m.breaker_closed)),
    discrete("disconnector_closed", 2, |_| 1.0),
    discrete("earthing_switch_closed", 3, |_| 0.0),
    discrete("spring_charged", 4, |_| 1.0),
    MapPoint {
        limits: TRIP,
        ..discrete("protection_trip", 5, |m| f64::from(m.tripped))
    },
    discrete("local_control", 6, |_| 0.0),
    coil("autoreclose_enabled", 0, |_| 1.0),
    coil("protection_enabled", 1, |_| 1.0),
];

const fn above(high: f64, high_high: f64, deadband: f64) -> Option<Limits> {
    Some(Limits {
        high_high: Some(high_high),
        high: Some(high),
        low: None,
        low_low: None,
        deadband,
    })
}

const fn below(low: f64, low_low: f64, deadband: f64) -> Option<Limits> {
    Some(Limits {
        high_high: None,
        high: None,
        low: Some(low),
        low_low: Some(low_low),
        deadband,
    })
}

const fn input(
    name: &'static str,
    address: u16,
    kind: &'static str,
    scale: f64,
    unit: &'static str,
    limits: Option<Limits>,
    value: fn(&Measurements) -> f64,
) -> MapPoint {
    MapPoint {
        name,
        table: Table::InputRegister,
        address,
        kind,
        order: "abcd",
        scale,
        unit,
        limits,
        value,
    }
}

const fn holding(
    name: &'static str,
    address: u16,
    kind: &'static str,
    unit: &'static str,
    value: fn(&Measurements) -> f64,
) -> MapPoint {
    MapPoint {
        table: Table::HoldingRegister,
        ..input(name, address, kind, 1.0, unit, None, value)
    }
}

const fn discrete(name: &'static str, address: u16, value: fn(&Measurements) -> f64) -> MapPoint {
    MapPoint {
        table: Table::DiscreteInput,
        ..input(name, address, "bool", 1.0, "", None, value)
    }
}

const fn coil(name: &'static str, address: u16, value: fn(&Measurements) -> f64) -> MapPoint {
    MapPoint {
        table: Table::Coil,
        ..discrete(name, address, value)
    }
}

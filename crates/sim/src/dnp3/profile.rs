//! The points of a feeder bay, as its device profile would list them.

use gridos_dnp3::app::{Class, DoubleBit, Value};
use gridos_dnp3::outstation::{PointDefinition, PointKind};

use crate::substation::Measurements;

/// One line of the device profile.
#[derive(Clone, Copy, Debug)]
pub struct FeederPoint {
    /// The point's name.
    pub name: &'static str,
    /// Its kind.
    pub kind: PointKind,
    /// Its index within its kind.
    pub index: u16,
    /// The class of its events.
    pub class: Class,
    /// The engineering unit; empty if there is none.
    pub unit: &'static str,
    /// By how much its value changes before there is an event.
    pub deadband: f64,
    /// Its value among the measurements; for a double-bit 0 to 3, for a string its number.
    pub value: fn(&Measurements) -> f64,
}

/// The points of every simulated feeder: analogs with single floats and events with time.
pub const FEEDER_POINTS: &[FeederPoint] = &[
    binary(0, "protection_trip", Class::One, |m| f64::from(m.tripped)),
    binary(1, "protection_start", Class::One, |m| {
        f64::from(m.picked_up)
    }),
    binary(2, "spring_charged", Class::Two, |_| 1.0),
    binary(3, "local_control", Class::Two, |_| 0.0),
    FeederPoint {
        kind: PointKind::DoubleBitInput,
        ..binary(0, "breaker", Class::One, |m| {
            if m.breaker_closed { 2.0 } else { 1.0 }
        })
    },
    FeederPoint {
        kind: PointKind::DoubleBitInput,
        ..binary(1, "disconnector", Class::Two, |_| 2.0)
    },
    FeederPoint {
        kind: PointKind::BinaryOutput,
        ..binary(0, "autoreclose_enabled", Class::Two, |_| 1.0)
    },
    FeederPoint {
        kind: PointKind::Counter,
        ..analog(0, "energy", "kWh", 1.0, |m| m.energy)
    },
    analog(0, "current_a", "A", 2.0, |m| m.current[0]),
    analog(1, "current_b", "A", 2.0, |m| m.current[1]),
    analog(2, "current_c", "A", 2.0, |m| m.current[2]),
    analog(3, "current_n", "A", 2.0, |m| m.current_n),
    analog(4, "voltage_ab", "kV", 0.05, |m| m.voltage[0]),
    analog(5, "voltage_bc", "kV", 0.05, |m| m.voltage[1]),
    analog(6, "voltage_ca", "kV", 0.05, |m| m.voltage[2]),
    analog(7, "frequency", "Hz", 0.01, |m| m.frequency),
    analog(8, "active_power", "kW", 50.0, |m| m.active_power),
    analog(9, "reactive_power", "kvar", 50.0, |m| m.reactive_power),
    analog(10, "power_factor", "", 0.01, |m| m.power_factor),
    analog(11, "oil_temperature", "°C", 0.5, |m| m.oil_temperature),
    analog(12, "winding_temperature", "°C", 0.5, |m| {
        m.winding_temperature
    }),
    analog(13, "ambient_temperature", "°C", 0.5, |m| {
        m.ambient_temperature
    }),
    analog(14, "tap_position", "", 1.0, |m| m.tap_position),
    analog(15, "gas_pressure", "bar", 0.02, |m| m.gas_pressure),
    analog(16, "battery_voltage", "V", 0.2, |m| m.battery_voltage),
    FeederPoint {
        kind: PointKind::OctetString,
        ..analog(0, "serial_number", "", 1.0, |m| m.serial_number)
    },
];

const fn binary(
    index: u16,
    name: &'static str,
    class: Class,
    value: fn(&Measurements) -> f64,
) -> FeederPoint {
    FeederPoint {
        name,
        kind: PointKind::BinaryInput,
        index,
        class,
        unit: "",
        deadband: 0.5,
        value,
    }
}

const fn analog(
    index: u16,
    name: &'static str,
    unit: &'static str,
    deadband: f64,
    value: fn(&Measurements) -> f64,
) -> FeederPoint {
    FeederPoint {
        name,
        kind: PointKind::AnalogInput,
        index,
        class: Class::Three,
        unit,
        deadband,
        value,
    }
}

impl FeederPoint {
    /// For the outstation's table.
    pub fn definition(&self) -> PointDefinition {
        PointDefinition::new(self.kind, self.index, self.class)
    }

    /// Calls `take` with `number` as a value of the point.
    pub(crate) fn with_value<T>(&self, number: f64, take: impl FnOnce(Value<'_>) -> T) -> T {
        match self.kind {
            PointKind::BinaryInput | PointKind::BinaryOutput => take(Value::Binary(number != 0.0)),
            PointKind::DoubleBitInput => take(Value::DoubleBit(match number {
                1.0 => DoubleBit::Off,
                2.0 => DoubleBit::On,
                0.0 => DoubleBit::Intermediate,
                _ => DoubleBit::Indeterminate,
            })),
            PointKind::Counter | PointKind::FrozenCounter => take(Value::Uint32(count(number))),
            PointKind::AnalogInput | PointKind::FrozenAnalogInput | PointKind::AnalogOutput => {
                take(Value::Float64(number))
            }
            PointKind::OctetString => take(Value::Octets(format!("{number:08}").as_bytes())),
        }
    }
}

/// A counter of 32 bits begins again behind the highest number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the remainder is from 0 to 2^32"
)]
fn count(number: f64) -> u32 {
    number.rem_euclid(4_294_967_296.0).floor() as u32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gridos_dnp3::outstation::PointTable;

    use super::*;
    use crate::substation::Feeder;

    #[test]
    fn the_points_are_a_table_with_a_name_each() {
        let table = PointTable::new(FEEDER_POINTS.iter().map(FeederPoint::definition)).unwrap();
        assert_eq!(table.len(), FEEDER_POINTS.len());
        let mut names: Vec<_> = FEEDER_POINTS.iter().map(|point| point.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), FEEDER_POINTS.len());
    }

    #[test]
    fn measurements_become_values_of_their_kinds() {
        let now = Feeder::new(7).measure(Duration::from_secs(1_795_414_346));
        let told = |name: &str| {
            let point = FEEDER_POINTS
                .iter()
                .find(|point| point.name == name)
                .unwrap();
            point.with_value((point.value)(&now), |value| value.to_string())
        };
        assert_eq!(told("breaker"), "on");
        assert_eq!(told("protection_trip"), "off");
        assert_eq!(told("serial_number"), "'00000007'");
        assert_eq!(told("current_a"), now.current[0].to_string());
        assert_eq!(count(4_294_967_300.7), 4);
    }
}

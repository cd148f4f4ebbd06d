//! How large the Modbus devices of a scenario are, and how often they are read, if not as it has them.

use std::time::Duration;

use clap::ValueEnum as _;
use gridos_sim::substation::MAP;

use super::error::BenchError;
use super::plan::{COUNTED_POINTS, POSTED_POINTS, POSTING, Plan};
use crate::cli::{Bench, BenchPlant, Scenario};

/// As many as one Modbus answer holds.
const REGISTERS: u16 = 125;
const PERIOD: Duration = Duration::from_secs(1);
const SIZED: &str = "modbus-dense, modbus-wide and outage";
const PACED: &str = "modbus-wide and outage";
const TOLD: &str = "scenarios whose database stays";

/// What of it was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plant {
    /// Holding registers of each device.
    pub(super) points: Option<u16>,
    every: Option<Duration>,
}

impl Plant {
    /// All as the scenario has it.
    pub(super) const OF_SCENARIO: Self = Self {
        points: None,
        every: None,
    };

    /// Registers of a device that has nothing else.
    pub(super) fn registers(&self) -> u16 {
        self.points.unwrap_or(REGISTERS)
    }

    pub(super) fn feeder_points(&self) -> usize {
        self.points.map_or(MAP.len(), usize::from)
    }

    /// From one reading to the next of what is not read as fast as it answers.
    pub(super) fn period(&self) -> Duration {
        self.every.unwrap_or(PERIOD)
    }
}

/// Whether `scenario` has what the arguments want otherwise.
pub(super) fn fits(args: &Bench, scenario: Scenario) -> Result<(), BenchError> {
    let is_paced = matches!(scenario, Scenario::ModbusWide | Scenario::Outage);
    let is_sized = is_paced || scenario == Scenario::ModbusDense;
    let told = scenario != Scenario::Outage;
    let asked = [
        ("--devices", args.plant.devices.is_some(), is_sized, SIZED),
        ("--points", args.plant.points.is_some(), is_sized, SIZED),
        ("--every", args.plant.every.is_some(), is_paced, PACED),
        ("--history", args.history.is_some(), told, TOLD),
    ];
    let wrong = asked
        .into_iter()
        .find(|(_, is_asked, fits, _)| *is_asked && !fits);
    let Some((option, .., of)) = wrong else {
        return Ok(());
    };
    let value = scenario.to_possible_value();
    Err(BenchError::NotOfScenario {
        option,
        of,
        scenario: value.map_or_else(String::new, |value| value.get_name().to_owned()),
    })
}

impl Plan {
    /// The same with a plant of another size.
    pub(super) fn sized(self, plant: &BenchPlant) -> Self {
        let count = |now: usize| match now {
            0 => 0,
            now => plant.devices.unwrap_or(now),
        };
        Self {
            dense: count(self.dense),
            feeders: count(self.feeders),
            plant: Plant {
                points: plant.points,
                every: plant.every,
            },
            ..self
        }
    }

    /// Points of all devices.
    pub(super) fn points(&self) -> usize {
        let kinds = self.kinds().into_iter();
        kinds.map(|(_, devices, points)| devices * points).sum()
    }

    /// Names of `count` points that a chart can be made of: each of another device, as long as there are enough.
    pub(super) fn trends(&self, count: usize) -> Vec<String> {
        let kinds = self.kinds().into_iter();
        let Some((kind, devices, points)) = kinds.max_by_key(|(_, devices, _)| *devices) else {
            return Vec::new();
        };
        let all = (0..points).flat_map(|point| (0..devices).map(move |device| (device, point)));
        all.take(count)
            .map(|(device, point)| match kind {
                "feeder" if self.plant.points.is_none() => {
                    let name = MAP.get(point).map_or("", |point| point.name);
                    format!("{kind}-{device:05}.{name}")
                }
                "rtu" => format!("{kind}-{device:05}.n_{point}"),
                POSTING => format!("{kind}.f{point}"),
                _ => format!("{kind}-{device:05}.r{point}"),
            })
            .collect()
    }

    /// Room for the engine's queues and for each point, with much to spare: what it takes is measured.
    pub(super) fn memory_mib(&self) -> usize {
        4_096 + self.points() / 1_024
    }

    /// What each kind of device is called, how many there are, and points of each.
    fn kinds(&self) -> [(&'static str, usize, usize); 4] {
        [
            ("dense", self.dense, usize::from(self.plant.registers())),
            ("feeder", self.feeders, self.plant.feeder_points()),
            ("rtu", self.outstations, COUNTED_POINTS),
            (POSTING, self.posters.min(1), POSTED_POINTS),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(points: Option<u16>) -> Plan {
        let plant = BenchPlant {
            devices: Some(3),
            points,
            every: Some(Duration::from_millis(500)),
        };
        Plan::of(Scenario::ModbusWide, 1.0).sized(&plant)
    }

    #[test]
    fn what_is_asked_for_replaces_what_the_scenario_has() {
        let plan = wide(Some(200));
        assert_eq!((plan.dense, plan.feeders, plan.points()), (0, 3, 600));
        assert_eq!(plan.offered(), Some(1_200.0));
        let as_it_is = Plan::of(Scenario::ModbusWide, 1.0).sized(&BenchPlant::default());
        assert_eq!(as_it_is.points(), 10_000 * MAP.len());
        assert_eq!(as_it_is.offered(), Some(320_000.0));
    }

    #[test]
    fn a_chart_is_of_as_many_devices_as_it_can_be() {
        let names = wide(Some(2)).trends(4);
        assert_eq!(
            names,
            [
                "feeder-00000.r0",
                "feeder-00001.r0",
                "feeder-00002.r0",
                "feeder-00000.r1"
            ]
        );
        assert_eq!(wide(Some(2)).trends(100).len(), 6);
        assert_eq!(
            wide(None).trends(1),
            [format!("feeder-00000.{}", MAP[0].name)]
        );
        let posts = Plan::of(Scenario::Http, 1.0).trends(2);
        assert_eq!(posts, ["plant.f0", "plant.f1"]);
    }
}

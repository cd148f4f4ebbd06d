//! Fifty outstations of all kinds, and the wires to them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gridos_dnp3::app::{Class, Value};
use gridos_dnp3::outstation::{
    Every, Fate, Faults, Kept, Ledger, Outstation, OutstationCounters, PointDefinition, PointKind,
    Update,
};
use gridos_sim::dnp3::{Fleet, FleetConfig, Process, Unit};

use super::make::{MAKES, Make};
use super::scenario::{LineTrouble, StationTrouble};
use super::wire::Wire;
use crate::support::random::Random;

/// The outstations, which outlive the engine.
pub(super) struct Stations {
    /// Dropped, they stop.
    _fleets: Vec<Fleet>,
    wires: Vec<Wire>,
    all: Vec<Arc<Station>>,
}

/// One outstation, which counts its events.
pub(super) struct Station {
    pub(super) name: String,
    pub(super) make: &'static Make,
    unit: Arc<Unit>,
    /// Where the engine finds it; nowhere if it calls.
    address: Option<SocketAddr>,
    /// The time of each event, by its number: milliseconds since 1970.
    times: Mutex<Vec<u64>>,
}

/// The points of every outstation: event `n` is one of point `n % 6`, and its value is `n`. They are
/// of all kinds that hold numbers; only their events have a time.
pub(super) const POINTS: [(&str, PointDefinition); 6] = [
    ("analog = 0", analog(0, Class::One, 6, 8)),
    ("analog = 1", analog(1, Class::Two, 5, 7)),
    ("analog = 2", analog(2, Class::Three, 1, 3)),
    (
        "counter = 0",
        PointDefinition::new(PointKind::Counter, 0, Class::One),
    ),
    (
        "frozen_counter = 0",
        PointDefinition::new(PointKind::FrozenCounter, 0, Class::Two).with_static(1),
    ),
    (
        "analog_output = 0",
        PointDefinition::new(PointKind::AnalogOutput, 0, Class::Three),
    ),
];

const fn analog(index: u16, class: Class, present: u8, event: u8) -> PointDefinition {
    PointDefinition::new(PointKind::AnalogInput, index, class)
        .with_static(present)
        .with_event(event)
}

impl Stations {
    /// Starts them; those that call do so at `door`.
    pub(super) async fn start(door: SocketAddr, seed: u64) -> Self {
        let mut stations = Self {
            _fleets: Vec::new(),
            wires: Vec::new(),
            all: Vec::new(),
        };
        let mut address = 10;
        for make in &MAKES {
            for _ in 0..make.lines {
                let fleet = FleetConfig {
                    outstations: make.per_line,
                    per_line: make.per_line,
                    first_address: address,
                    outstation: make.outstation(),
                    process: Process::Still(POINTS.map(|(_, point)| point).into()),
                    ..FleetConfig::default()
                };
                stations
                    .add(make, fleet, door, seed.wrapping_add(address.into()))
                    .await;
                address += u16::try_from(make.per_line).unwrap();
            }
        }
        stations
    }

    async fn add(
        &mut self,
        make: &'static Make,
        mut config: FleetConfig,
        door: SocketAddr,
        seed: u64,
    ) {
        config.line.faults = make.noise;
        config.line.seed = seed;
        let (fleet, wire, address) = if make.calls {
            let wire = Wire::to(door).await;
            let pause = Duration::from_millis(200);
            (
                Fleet::call(wire.address(), pause, config).unwrap(),
                wire,
                None,
            )
        } else {
            let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let fleet = Fleet::listen(here, 0, config).await.unwrap();
            let wire = Wire::to(fleet.addresses().next().unwrap()).await;
            let address = wire.address();
            (fleet, wire, Some(address))
        };
        self.all.extend(fleet.units().iter().map(|unit| {
            Arc::new(Station {
                name: format!("{}-{}", make.name, unit.address().raw()),
                make,
                unit: Arc::clone(unit),
                address,
                times: Mutex::default(),
            })
        }));
        self.wires.push(wire);
        self._fleets.push(fleet);
    }

    pub(super) fn all(&self) -> &[Arc<Station>] {
        &self.all
    }

    pub(super) fn lines(&self) -> usize {
        self.wires.len()
    }

    /// Does to a line what is to be done, and mends it.
    pub(super) async fn trouble_line(&self, line: usize, what: LineTrouble) {
        match what {
            LineTrouble::Cut => self.wires[line].cut(),
            LineTrouble::CutAll => self.wires.iter().for_each(Wire::cut),
            LineTrouble::Stall(lasts) => {
                self.wires[line].stall(true);
                tokio::time::sleep(lasts).await;
                self.wires[line].stall(false);
            }
        }
    }

    /// The part of the engine's configuration that tells of them.
    pub(super) fn config(&self) -> String {
        let points: Vec<_> = (0..)
            .zip(POINTS)
            .map(|(n, (key, _))| format!("{{ name = \"p{n}\", {key} }}"))
            .collect();
        let points = points.join(", ");
        let profiles = MAKES.iter().map(|make| {
            let Make { name, profile, .. } = make;
            format!("[[profile]]\nname = \"{name}\"\nprotocol = \"dnp3\"\npoint = [{points}]\n{profile}\n")
        });
        let devices = self.all.iter().map(|station| {
            let place = match station.address {
                Some(address) => format!("address = \"{address}\""),
                None => "listener = \"door\"".to_owned(),
            };
            format!(
                "[[device]]\nname = \"{}\"\nprofile = \"{}\"\n{place}\noutstation = {}\n",
                station.name,
                station.make.name,
                station.unit.address().raw(),
            )
        });
        profiles.chain(devices).collect()
    }
}

impl Station {
    /// Makes events in bursts until `end`.
    pub(super) async fn work(&self, end: Instant, mut random: Random) {
        loop {
            let pause = random.millis(20..=self.make.pause_max_ms);
            if Instant::now() + pause > end {
                return;
            }
            tokio::time::sleep(pause).await;
            self.burst(1 + random.below(self.make.burst_max));
        }
    }

    fn burst(&self, events: u64) {
        let mut times = self.times.lock().unwrap();
        self.unit.with(|outstation, at| {
            for _ in 0..events {
                let number = outstation.ledger().produced();
                let (_, point) = POINTS[place_of(number)];
                let id = outstation.points().find(point.kind, point.index).unwrap();
                let value = value_of(point.kind, number);
                let update = Update::new(value, at.unix_ms).forced();
                assert_eq!(outstation.update(id, update, at), Ok(Some(number)));
                times.push(at.unix_ms);
            }
        });
    }

    /// Does to the outstation what is to be done, and mends it.
    pub(super) async fn trouble(&self, what: StationTrouble) {
        let (faults, lasts) = match what {
            StationTrouble::LoseConfirms(lasts) => (
                Faults {
                    lose_confirm: Every::TIME,
                    ..Faults::default()
                },
                lasts,
            ),
            StationTrouble::DelayConfirms { lasts, late } => (
                Faults {
                    confirm_delay: late,
                    ..Faults::default()
                },
                lasts,
            ),
            StationTrouble::RepeatConfirms(lasts) => (
                Faults {
                    repeat_confirm: Every::TIME,
                    ..Faults::default()
                },
                lasts,
            ),
            StationTrouble::Restart => {
                self.unit
                    .with(|outstation, at| outstation.restart(at, Kept::Events));
                return;
            }
        };
        self.unit
            .with(|outstation, _| outstation.set_faults(faults));
        tokio::time::sleep(lasts).await;
        self.recover();
    }

    /// Nothing is wrong with it any more.
    pub(super) fn recover(&self) {
        self.unit
            .with(|outstation, _| outstation.set_faults(Faults::default()));
    }

    /// How many events it still has.
    pub(super) fn buffered(&self) -> usize {
        self.unit.with(|outstation, _| outstation.buffered())
    }

    pub(super) fn ledger(&self) -> Ledger {
        self.unit.with(|outstation, _| outstation.ledger().clone())
    }

    pub(super) fn fate(&self, number: u64) -> Option<Fate> {
        self.unit.with(|outstation, _| outstation.fate(number))
    }

    pub(super) fn counters(&self) -> OutstationCounters {
        self.unit
            .with(|outstation: &mut Outstation, _| *outstation.counters())
    }

    /// When an event was made, in milliseconds since 1970.
    pub(super) fn time_of(&self, number: u64) -> u64 {
        self.times.lock().unwrap()[usize::try_from(number).unwrap()]
    }
}

fn value_of(kind: PointKind, number: u64) -> Value<'static> {
    let number = u32::try_from(number).unwrap();
    if matches!(kind, PointKind::Counter | PointKind::FrozenCounter) {
        Value::Uint32(number)
    } else {
        Value::Float64(number.into())
    }
}

/// The place among [`POINTS`] of the point that an event is of.
pub(super) fn place_of(number: u64) -> usize {
    usize::try_from(number).unwrap() % POINTS.len()
}

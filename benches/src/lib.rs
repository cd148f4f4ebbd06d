//! The fleet that all benches work on, made the same each time; and what runs of the whole engine say together.
//!
//! This crate must not know sockets: a bench measures one core at work, without system calls.

mod fragments;

use std::sync::Arc;
use std::time::Duration;

pub use fragments::{Master, READ_BYTES, fragments};

use gridos_alarm::{Condition, Defined, Definition, Judge, Limits, LimitsErrors, Now};
use gridos_modbus::{Kind, Plan, PlanErrors, PlanLimits, RegisterPoint, Table};
use gridos_model::{
    AlarmId, Batch, Directory, DirectoryBuilder, DirectoryError, Layout, Point, PointIndex,
    Quality, TimeQuality, Timestamp,
};

pub mod growth;

/// Registers, and so points, of one device: one full Modbus answer.
pub const POINTS: usize = 125;
/// Batches that one measured iteration passes through.
pub const BATCHES: usize = 256;

/// A number as a count of readings.
pub const fn readings(batches: usize) -> u64 {
    (batches * POINTS) as u64
}

/// A fleet of devices that each answer one request of 125 scaled 16-bit registers.
#[derive(Debug)]
pub struct Fleet {
    /// Devices and points.
    pub directory: Directory,
    /// The plan of every device.
    pub plan: Plan,
}

/// Why a fleet cannot be made: never, unless a bench asks for the impossible.
#[derive(Debug)]
pub enum FleetError {
    /// The plan is refused.
    Plan(PlanErrors),
    /// The directory is refused.
    Directory(DirectoryError),
    /// The limits are refused.
    Limits(LimitsErrors),
}

impl Fleet {
    /// A fleet of `devices` devices.
    pub fn new(devices: usize) -> Result<Self, FleetError> {
        let registers = (0..125).map(|address| RegisterPoint {
            scale: 0.1,
            ..RegisterPoint::new(
                &format!("p{address}"),
                Table::HoldingRegister,
                address,
                Kind::U16,
            )
        });
        let plan = Plan::new(registers.collect(), &PlanLimits::default());
        let plan = plan.map_err(FleetError::Plan)?;
        let mut builder = DirectoryBuilder::default();
        for device in 0..devices {
            let points = plan
                .points()
                .iter()
                .map(|p| Point::new(&p.name, "A"))
                .collect();
            let groups: Vec<_> = plan
                .requests()
                .iter()
                .map(|request| request.points())
                .collect();
            let name = format!("feeder-{device}");
            builder
                .add(&name, points, &groups)
                .map_err(FleetError::Directory)?;
        }
        Ok(Self {
            directory: builder.build(),
            plan,
        })
    }

    /// The layout of the `n`-th device's answer, going round.
    pub fn layout(&self, n: usize) -> &Arc<Layout> {
        let devices = self.directory.devices();
        devices[n % devices.len()].whole()
    }

    /// A judge with four limits on every point; the values of [`Fleet::words`] and
    /// [`Fleet::fill`] keep within them.
    pub fn judge(&self) -> Result<Judge, FleetError> {
        let devices = self.directory.devices().iter().map(|device| device.whole());
        let firsts: Vec<_> = devices.map(|layout| layout.first()).collect();
        let points = self.directory.point_count();
        Ok(Judge::new(points, &firsts, &self.alarms()?))
    }

    /// An alarm with the four limits of [`Fleet::judge`] for every point.
    pub fn alarms(&self) -> Result<Vec<Defined>, FleetError> {
        let limits = Limits::new(Some(9e3), Some(8e3), Some(-8e3), Some(-9e3), 10.0);
        let limits = limits.map_err(FleetError::Limits)?;
        let definition = Arc::new(Definition::new(Condition::Limit(limits)));
        let devices = self.directory.devices().iter().map(|device| device.whole());
        let points = devices.flat_map(|layout| {
            let points = (0..).take(layout.len());
            points.map(|offset| (layout.device_index(), layout.first().offset(offset)))
        });
        let defined = points.map(|(device, point)| Defined {
            id: AlarmId::from_raw(point.get() as u64),
            device,
            point: Some(point),
            reference: None,
            definition: Arc::clone(&definition),
        });
        Ok(defined.collect())
    }

    /// What the `n`-th device answers.
    pub fn words(n: u16) -> Vec<u16> {
        (0..125)
            .map(|p| n.wrapping_mul(31).wrapping_add(p * 97) % 4_000)
            .collect()
    }

    /// Makes `batch` the `n`-th device's sweep.
    pub fn fill(&self, batch: &mut Batch, n: usize) {
        let time = Timestamp::from_millis(i64::try_from(n).unwrap_or(0));
        batch.start_sweep(self.layout(n), time, TimeQuality::Synchronised, time);
        batch.extend((0..125).map(|p| f64::from(p) * 0.5 - 30.0));
    }

    /// Makes `batch` events of random points of the `n`-th device.
    pub fn fill_events(&self, batch: &mut Batch, n: usize, random: &mut Random) {
        let time = Timestamp::from_millis(i64::try_from(n).unwrap_or(0));
        batch.start_events(self.layout(n), time);
        for _ in 0..POINTS {
            let position = random.below(125);
            batch.push_event(position, time, f64::from(position), Quality::GOOD);
        }
    }

    /// Where the columns of a batch's layout begin.
    pub fn first(batch: &Batch) -> PointIndex {
        batch
            .layout()
            .map_or(PointIndex::new(0), |layout| layout.first())
    }
}

/// The instant at which all is judged: no alarm of the fleet has delays.
pub const NOW: Now = Now {
    wall: Timestamp::EPOCH,
    mono: Duration::ZERO,
};

/// A small generator (xorshift, Marsaglia 2003), the same numbers each time.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Default for Random {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Random {
    /// A number below `end`.
    pub fn below(&mut self, end: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(end)).unwrap_or(0)
    }
}

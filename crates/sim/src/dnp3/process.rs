//! What the outstations of a fleet measure.

use std::sync::Arc;
use std::time::Duration;

use gridos_dnp3::app::{Class, Value};
use gridos_dnp3::outstation::{
    Change, Moment, Outstation, PointDefinition, PointId, PointKind, PointTable, PointTableError,
    Update,
};

use super::Unit;
use super::profile::{FEEDER_POINTS, FeederPoint};
use super::unit::now;
use crate::substation::Feeder;

/// What the outstations of a fleet measure, and which points they have for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Process {
    /// Events that count, to be found again in a database.
    Numbers(Numbers),
    /// A feeder bay each, with the points of [`FEEDER_POINTS`], looked at this often.
    Feeders {
        /// How often values are taken; longer than 0.
        every: Duration,
    },
    /// Nothing by itself: the caller updates the points, which are these.
    Still(Vec<PointDefinition>),
}

/// Bursts of events of analog inputs: the value of each is its own number in the outstation's
/// ledger, from 0 on, and its time is that of the burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// How many analog inputs: event `n` is one of input `n % points`, of which the classes are 1,
    /// 2, 3, 1, 2 and so on.
    pub points: u16,
    /// The variation of events: 8 has doubles, which hold numbers up to 2^53 exactly; 7 has single
    /// floats, exact up to 2^24.
    pub event_variation: u8,
    /// How many events at once.
    pub burst: u32,
    /// How often; longer than 0. The bursts of the outstations of a fleet are spread over it.
    pub every: Duration,
    /// With how many events an outstation stops.
    pub events_max: u64,
}

impl Default for Numbers {
    /// 10 events a second at once, endlessly, of 3 points.
    fn default() -> Self {
        Self {
            points: 3,
            event_variation: 8,
            burst: 10,
            every: Duration::from_secs(1),
            events_max: u64::MAX,
        }
    }
}

/// The shortest time between bursts of different outstations.
const TICK: Duration = Duration::from_millis(5);

impl Process {
    /// The points it needs.
    pub(crate) fn points(&self) -> Result<PointTable, PointTableError> {
        match self {
            Self::Numbers(numbers) => PointTable::new((0..numbers.points).map(|index| {
                let class = match index % 3 {
                    0 => Class::One,
                    1 => Class::Two,
                    _ => Class::Three,
                };
                PointDefinition::new(PointKind::AnalogInput, index, class)
                    .with_static(6)
                    .with_event(numbers.event_variation)
            })),
            Self::Feeders { .. } => {
                PointTable::new(FEEDER_POINTS.iter().map(FeederPoint::definition))
            }
            Self::Still(points) => PointTable::new(points.iter().copied()),
        }
    }

    /// Goes on for ever, or as long as there is something to do.
    pub(crate) async fn run(self, units: Vec<Arc<Unit>>, seed: u64) {
        match self {
            Self::Numbers(numbers) => numbers.run(&units).await,
            Self::Feeders { every } => feed(&units, every, seed).await,
            Self::Still(_) => {}
        }
    }
}

impl Numbers {
    async fn run(&self, units: &[Arc<Unit>]) {
        let points = points(units);
        let mut rounds = Rounds::new(units.len(), self.every);
        loop {
            for unit in rounds.next().await.filter_map(|place| units.get(place)) {
                unit.with(|outstation, at| self.burst(outstation, &points, at));
            }
            let is_done = |unit: &Arc<Unit>| {
                unit.peek(|outstation| outstation.ledger().produced() >= self.events_max)
            };
            if self.events_max < u64::MAX && units.iter().all(is_done) {
                return;
            }
        }
    }

    fn burst(&self, outstation: &mut Outstation, points: &[PointId], at: Moment) {
        for _ in 0..self.burst {
            let number = outstation.ledger().produced();
            if number >= self.events_max {
                return;
            }
            let place = number % u64::try_from(points.len()).unwrap_or(1).max(1);
            let Some(point) = usize::try_from(place)
                .ok()
                .and_then(|place| points.get(place))
            else {
                return;
            };
            let update = Update::new(Value::Float64(number as f64), at.unix_ms).forced();
            let made = outstation.update(*point, update, at);
            debug_assert!(matches!(made, Ok(None)) || made == Ok(Some(number)));
        }
    }
}

/// The points of a unit, which all have the same.
fn points(units: &[Arc<Unit>]) -> Vec<PointId> {
    let of_unit = |unit: &Arc<Unit>| {
        unit.peek(|outstation| outstation.points().iter().map(|(id, _)| id).collect())
    };
    units.first().map(of_unit).unwrap_or_default()
}

/// Looks at the bays again and again.
async fn feed(units: &[Arc<Unit>], every: Duration, seed: u64) {
    let mut bays: Vec<_> = (0..)
        .zip(units)
        .map(|(n, unit)| Bay::new(seed, n, unit))
        .collect();
    let mut rounds = Rounds::new(units.len(), every);
    loop {
        for place in rounds.next().await {
            if let Some(bay) = bays.get_mut(place) {
                bay.measure();
            }
        }
    }
}

/// A feeder bay and the outstation that measures it.
struct Bay<'u> {
    unit: &'u Unit,
    feeder: Feeder,
    /// The points and what was last reported of them; nothing yet for what is not a number.
    reported: Vec<(PointId, &'static FeederPoint, f64)>,
}

impl<'u> Bay<'u> {
    fn new(seed: u64, n: u64, unit: &'u Unit) -> Self {
        let reported = unit.peek(|outstation| {
            let id = |point: &FeederPoint| outstation.points().find(point.kind, point.index);
            let points = FEEDER_POINTS.iter();
            points
                .filter_map(|point| Some((id(point)?, point, f64::NAN)))
                .collect()
        });
        let mut bay = Self {
            unit,
            feeder: Feeder::new(seed.wrapping_add(n)),
            reported,
        };
        bay.measure();
        bay
    }

    /// Brings all values up to date; those that left their deadband make an event.
    fn measure(&mut self) {
        let at = now();
        let measured = self.feeder.measure(Duration::from_millis(at.unix_ms));
        let mut has_events = false;
        self.unit.peek(|outstation| {
            for (id, point, reported) in &mut self.reported {
                let number = (point.value)(&measured);
                let is_first = reported.is_nan();
                let is_within = (number - *reported).abs() < point.deadband;
                let change = if is_first || is_within {
                    Change::Suppress
                } else {
                    Change::Detect
                };
                if !is_within {
                    *reported = number;
                }
                let made = point.with_value(number, |value| {
                    let update = Update::new(value, at.unix_ms);
                    outstation.update(*id, Update { change, ..update }, at)
                });
                has_events |= matches!(made, Ok(Some(_)));
            }
        });
        if has_events {
            self.unit.touch();
        }
    }
}

/// Deals out so many places again and again: each once in every period, and those of one moment
/// together.
struct Rounds {
    ticks: tokio::time::Interval,
    places: usize,
    groups: usize,
    group: usize,
}

impl Rounds {
    fn new(places: usize, every: Duration) -> Self {
        let every = every.max(TICK);
        let groups = (every.as_millis() / TICK.as_millis()).clamp(1, 10_000);
        let groups = usize::try_from(groups).unwrap_or(1).min(places).max(1);
        let tick = every / u32::try_from(groups).unwrap_or(1);
        Self {
            ticks: tokio::time::interval(tick),
            places,
            groups,
            group: 0,
        }
    }

    /// The places whose turn is next, at that time.
    async fn next(&mut self) -> impl Iterator<Item = usize> + use<> {
        self.ticks.tick().await;
        let group = self.group;
        self.group = (group + 1) % self.groups;
        (group..self.places).step_by(self.groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_place_has_its_turn_once_in_a_period() {
        let start = tokio::time::Instant::now();
        let mut rounds = Rounds::new(7, Duration::from_millis(20));
        let mut turns = Vec::new();
        for _ in 0..8 {
            turns.extend(rounds.next().await);
        }
        turns.sort_unstable();
        assert_eq!(turns, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
        assert_eq!(start.elapsed().as_millis(), 35);
        let mut few = Rounds::new(2, Duration::from_secs(1));
        assert!(few.next().await.eq([0]));
        assert!(few.next().await.eq([1]));
        assert_eq!(start.elapsed().as_millis(), 535);
    }
}

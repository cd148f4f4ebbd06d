//! One feeder bay.

use std::f64::consts::TAU;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::encode::{Image, image};
use super::incident::{Course, Incident, course};
use super::storm::{Blow, Storm};
use crate::modbus::{Device, Exception, Fault, Read};
use crate::noise::{angle, fraction, noise};

/// What a bay measures at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurements {
    /// Phase currents in A.
    pub current: [f64; 3],
    /// Neutral current in A.
    pub current_n: f64,
    /// Voltages between the phases in kV.
    pub voltage: [f64; 3],
    /// Frequency in Hz.
    pub frequency: f64,
    /// Active power in kW.
    pub active_power: f64,
    /// Reactive power in kvar.
    pub reactive_power: f64,
    /// Power factor.
    pub power_factor: f64,
    /// Energy delivered since 1970 in kWh: never falls.
    pub energy: f64,
    /// Top-oil temperature of the transformer in °C.
    pub oil_temperature: f64,
    /// Winding temperature of the transformer in °C.
    pub winding_temperature: f64,
    /// Temperature of the air in °C.
    pub ambient_temperature: f64,
    /// Gas pressure of the breaker in bar.
    pub gas_pressure: f64,
    /// Voltage of the station battery in V.
    pub battery_voltage: f64,
    /// Position of the tap changer, 1 to 17.
    pub tap_position: f64,
    /// Whether the breaker is closed.
    pub breaker_closed: bool,
    /// Whether the protection has tripped the breaker.
    pub tripped: bool,
    /// Whether the protection sees more than its pick-up current.
    pub picked_up: bool,
    /// The number on the plate, of eight decimal digits.
    pub serial_number: f64,
}

/// Current at which the feeder is fully loaded, in A.
const RATED_CURRENT: f64 = 400.0;
/// Voltage between the phases, in kV.
const RATED_VOLTAGE: f64 = 20.0;
/// Current above which the protection picks up, in A.
pub(crate) const PICK_UP_CURRENT: f64 = 420.0;
const DAY: f64 = 86_400.0;
/// How much later than the load the oil gets warm, in seconds.
const OIL_LAG: f64 = 3.0 * 3_600.0;
/// What the device shows changes this often, in milliseconds.
const REFRESH_MS: u64 = 100;

/// A simulated feeder bay: a load curve over the day, noise, and an incident now and then that
/// takes a value past its limits.
#[derive(Debug)]
pub struct Feeder {
    seed: u64,
    blow: Option<Blow>,
    image: Mutex<Option<(u64, Image)>>,
}

impl Feeder {
    /// The feeder of that seed: its curve, its noise and its incidents.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            blow: None,
            image: Mutex::new(None),
        }
    }

    /// The same as feeder number `n` of those that `storm` comes over.
    #[must_use]
    pub fn in_storm(self, storm: Storm, n: usize) -> Self {
        Self {
            blow: Some(storm.blow(n)),
            ..self
        }
    }

    /// What it measures `since_epoch` after 1970-01-01T00:00:00Z, in steps of 100 ms.
    pub fn measure(&self, since_epoch: Duration) -> Measurements {
        self.measure_step(step(since_epoch))
    }

    fn measure_step(&self, step: u64) -> Measurements {
        let now = Duration::from_millis(step.saturating_mul(REFRESH_MS)).as_secs_f64();
        let course = self.course(now);
        let jitter = |channel: u64| noise(self.seed ^ channel.rotate_left(48), step);
        let mut load = self.load(now) * (1.0 + 0.01 * jitter(1));
        let mut voltage = RATED_VOLTAGE * (1.02 - 0.03 * load);
        let mut heat = 0.0;
        match course.incident {
            Incident::Overload(peak) => load += (peak - load) * course.strength,
            Incident::Sag(depth) => voltage *= 1.0 - depth * course.strength,
            Incident::Heat(rise) => heat = rise * course.strength,
            Incident::Trip if course.strength > 0.0 => load = 0.0,
            Incident::Trip | Incident::None => {}
        }
        self.derive(now, load, voltage, heat, course, jitter)
    }

    fn course(&self, now: f64) -> Course {
        match self.blow.filter(|blow| blow.trips(now)) {
            None => course(self.seed, now),
            Some(blow) => Course {
                incident: Incident::Trip,
                strength: 1.0,
                counted: course(self.seed, blow.from).counted,
            },
        }
    }

    fn derive(
        &self,
        now: f64,
        load: f64,
        voltage: f64,
        heat: f64,
        course: Course,
        jitter: impl Fn(u64) -> f64,
    ) -> Measurements {
        let tripped = course.incident == Incident::Trip && course.strength > 0.0;
        let phase = |n: u64| {
            let unbalance = 0.02 * noise(self.seed, 100 + n);
            RATED_CURRENT * load * (1.0 + unbalance + 0.003 * jitter(10 + n))
        };
        let current = [phase(0), phase(1), phase(2)];
        let mean = (current[0] + current[1] + current[2]) / 3.0;
        let power_factor = 0.97 - 0.05 * load + 0.002 * jitter(20);
        let apparent = 3.0_f64.sqrt() * voltage * mean;
        let oil_temperature = 34.0 + 34.0 * self.load(now - OIL_LAG) + heat + 0.05 * jitter(21);
        Measurements {
            current,
            current_n: (current[0] - current[1]).abs() + (current[1] - current[2]).abs(),
            voltage: [30, 31, 32].map(|channel| voltage * (1.0 + 0.001 * jitter(channel))),
            frequency: 50.0 + 0.02 * (TAU * now / 137.0).sin() + 0.003 * jitter(22),
            active_power: apparent * power_factor,
            reactive_power: apparent * (1.0 - power_factor * power_factor).sqrt(),
            power_factor,
            energy: self.energy(course.counted),
            oil_temperature,
            winding_temperature: oil_temperature + 14.0 * load * load,
            ambient_temperature: 12.0 + 6.0 * (TAU * (now / DAY - 0.4)).sin(),
            gas_pressure: 6.3 + 0.1 * noise(self.seed, 200) + 0.005 * jitter(23),
            battery_voltage: 110.4 + 0.2 * jitter(24),
            tap_position: (9.0 + 8.0 * (self.load(now) - 0.5)).round(),
            breaker_closed: !tripped,
            tripped,
            picked_up: mean > PICK_UP_CURRENT,
            serial_number: (self.seed % 100_000_000) as f64,
        }
    }

    /// The load of an ordinary day as a fraction of the rated one: 0.2 to 0.9.
    fn load(&self, now: f64) -> f64 {
        let (size, day, half_day) = self.curve();
        let turn = TAU * now / DAY;
        size * (0.6 + 0.2 * (turn - day).sin() + 0.12 * (2.0 * turn - half_day).sin())
    }

    /// The integral of [`Feeder::load`] as energy at rated voltage, in kWh.
    fn energy(&self, now: f64) -> f64 {
        let (size, day, half_day) = self.curve();
        let turn = TAU * now / DAY;
        let hours = DAY / TAU / 3_600.0;
        let waves = 0.2 * (turn - day).cos() + 0.06 * (2.0 * turn - half_day).cos();
        let loaded_hours = size * (0.6 * now / 3_600.0 - hours * waves);
        3.0_f64.sqrt() * RATED_VOLTAGE * RATED_CURRENT * 0.94 * loaded_hours
    }

    /// Size and the two phase angles of the daily curve; most feeders peak in the evening.
    fn curve(&self) -> (f64, f64, f64) {
        let size = 0.75 + 0.2 * fraction(self.seed, 1);
        let day = TAU * 0.5 + 0.5 * noise(self.seed, 2);
        (size, day, angle(self.seed, 3))
    }

    /// Calls `read` with what the registers hold now.
    fn with_image<T>(&self, read: impl FnOnce(&Image) -> T) -> T {
        let step = step(since_epoch());
        let mut kept = self.image.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((at, image)) if *at == step => read(image),
            _ => {
                let fresh = image(&self.measure_step(step));
                read(&kept.insert((step, fresh)).1)
            }
        }
    }
}

impl Device for Feeder {
    fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception> {
        self.with_image(|image| image.registers(read, words))
    }

    fn bits(&self, read: Read, bits: &mut [bool]) -> Result<(), Exception> {
        self.with_image(|image| image.bits(read, bits))
    }

    fn fault(&self, _unit: u8) -> Option<Fault> {
        let blow = self.blow?;
        let is_cut_off = blow.cuts_off(since_epoch().as_secs_f64());
        is_cut_off.then_some(Fault::Silent)
    }
}

fn since_epoch() -> Duration {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_epoch.unwrap_or_default()
}

fn step(since_epoch: Duration) -> u64 {
    u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX) / REFRESH_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::substation::MAP;

    /// Some Monday, in seconds since the epoch.
    const MONDAY: u64 = 1_795_392_000;

    fn day(feeder: &Feeder, every: u64) -> impl Iterator<Item = Measurements> {
        let seconds = (0..86_400 / every).map(move |n| Duration::from_secs(MONDAY + n * every));
        seconds.map(|at| feeder.measure(at))
    }

    #[test]
    fn the_same_seed_and_time_give_the_same_measurements() {
        let at = Duration::from_millis(1_795_414_346_150);
        assert_eq!(Feeder::new(5).measure(at), Feeder::new(5).measure(at));
        assert_ne!(Feeder::new(5).measure(at), Feeder::new(6).measure(at));
        let same_step = at + Duration::from_millis(40);
        assert_eq!(
            Feeder::new(5).measure(at),
            Feeder::new(5).measure(same_step)
        );
    }

    #[test]
    fn energy_never_falls_and_power_explains_it() {
        for seed in 0..20 {
            let feeder = Feeder::new(seed);
            let mut last = 0.0;
            let mut first = None;
            let mut work = 0.0;
            for now in day(&feeder, 10) {
                assert!(now.energy >= last, "{} after {last}", now.energy);
                last = now.energy;
                first = first.or(Some(now.energy));
                work += now.active_power * 10.0 / 3_600.0;
            }
            let counted = last - first.unwrap();
            assert!((counted / work - 1.0).abs() < 0.05, "{counted} and {work}");
        }
    }

    #[test]
    fn limits_are_passed_now_and_then_but_not_always() {
        let feeders: Vec<_> = (0..20).map(Feeder::new).collect();
        for point in MAP {
            let Some(limits) = point.limits else { continue };
            let mut beyond = 0;
            let mut all = 0;
            for now in feeders.iter().flat_map(|feeder| day(feeder, 30)) {
                let value = (point.value)(&now);
                let is_beyond = limits.high.is_some_and(|limit| value >= limit)
                    || limits.low.is_some_and(|limit| value <= limit);
                beyond += u32::from(is_beyond);
                all += 1;
            }
            let share = f64::from(beyond) / f64::from(all);
            assert!(share < 0.05, "{} is beyond its limits: {share}", point.name);
            let moves = [
                "current_a",
                "voltage_ab",
                "oil_temperature",
                "protection_trip",
            ];
            assert!(beyond > 0 || !moves.contains(&point.name), "{}", point.name);
        }
    }

    #[test]
    fn an_open_breaker_carries_no_current() {
        let mut trips = 0;
        for seed in 0..20 {
            let feeder = Feeder::new(seed);
            for now in day(&feeder, 10).filter(|now| !now.breaker_closed) {
                trips += 1;
                assert!(now.tripped && now.current == [0.0; 3] && now.active_power == 0.0);
            }
        }
        assert!(trips > 0);
    }
}

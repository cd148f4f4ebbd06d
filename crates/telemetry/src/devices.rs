//! The board of devices: how each one does, for the API and `gridos status`.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use crate::label::label;
use crate::troubles::Troubles;
use crate::{Counter, Gauge, ScanStats, Trouble, Window};

label! {
    /// Whether a device answers.
    DeviceState {
        /// It was not asked yet.
        Unknown = "unknown",
        /// Its last answer was one.
        Up = "up",
        /// It does not answer, or answers nonsense.
        Down = "down",
    }
}

/// How each device does, by its place; places that are used no more are passed over.
#[derive(Debug)]
pub struct DeviceBoard {
    places: RwLock<Arc<[Place]>>,
}

#[derive(Clone, Debug)]
struct Place {
    stats: Arc<DeviceStats>,
    is_retired: bool,
}

/// What becomes of a place in another generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NextPlace {
    /// Its device goes on.
    Kept,
    /// Its device, of this name, begins anew.
    Begun(String),
    /// No device is there.
    Retired,
}

impl DeviceBoard {
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let places = names.into_iter().map(Place::begun).collect();
        Self {
            places: RwLock::new(places),
        }
    }

    /// The device at `index`, also one that is retired, or `None` past the end; a session keeps it.
    pub fn get(&self, index: usize) -> Option<Arc<DeviceStats>> {
        let places = self.places();
        places.get(index).map(|place| Arc::clone(&place.stats))
    }

    /// All devices that are there, in order.
    pub fn iter(&self) -> impl Iterator<Item = Arc<DeviceStats>> {
        let places = self.places();
        (0..places.len()).filter_map(move |at| {
            let place = places.get(at).filter(|place| !place.is_retired)?;
            Some(Arc::clone(&place.stats))
        })
    }

    /// How many devices are there.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no device.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Another generation has these places, those of before first.
    pub fn renew(&self, next: impl IntoIterator<Item = NextPlace>) {
        let before = self.places();
        let next = next.into_iter().enumerate().map(|(at, next)| {
            let before = before.get(at).cloned();
            match (next, before) {
                (NextPlace::Begun(name), _) => Place::begun(name),
                (NextPlace::Kept, Some(place)) => Place {
                    is_retired: false,
                    ..place
                },
                (_, Some(place)) => Place {
                    is_retired: true,
                    ..place
                },
                (_, None) => Place {
                    is_retired: true,
                    ..Place::begun(String::new())
                },
            }
        });
        let next = next.collect();
        *self.places.write().unwrap_or_else(PoisonError::into_inner) = next;
    }

    /// How many devices are demoted.
    pub fn demoted(&self) -> usize {
        self.iter().filter(|device| device.is_demoted()).count()
    }

    /// How many points all devices refuse to be read.
    pub fn points_refused(&self) -> u64 {
        self.iter().map(|device| device.points_refused.get()).sum()
    }

    /// How many devices are in `state`.
    pub fn count(&self, state: DeviceState) -> usize {
        self.iter().filter(|device| device.state() == state).count()
    }

    fn places(&self) -> Arc<[Place]> {
        Arc::clone(&self.places.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Place {
    fn begun(name: String) -> Self {
        Self {
            stats: Arc::new(DeviceStats::new(name)),
            is_retired: false,
        }
    }
}

/// How one device does; written by its one session.
#[derive(Debug, Default)]
pub struct DeviceStats {
    /// Readings decoded from its answers.
    pub readings: Counter,
    /// Requests sent to it.
    pub polls: Counter,
    /// Requests without a usable answer.
    pub failures: Counter,
    /// Scans skipped because the one before had not ended.
    pub overruns: Counter,
    /// Points that it refuses to be read.
    pub points_refused: Gauge,
    /// Values that came from it and that no point of the config is.
    pub unmapped: Counter,
    /// How far the times of its readings may be off at most: half of what passed between asking
    /// and having the answer.
    pub uncertainty: Window,
    name: Box<str>,
    /// Set once, by the session that polls it.
    scans: OnceLock<Box<[ScanStats]>>,
    is_demoted: AtomicBool,
    refused: Mutex<String>,
    unmapped_points: Mutex<String>,
    state: AtomicU8,
    /// Nanoseconds since 1970; 0 means never.
    last_answer: AtomicI64,
    troubles: Mutex<Troubles>,
}

impl DeviceStats {
    fn new(name: String) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// The device's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives it scan classes with these periods, in their order; only the first call counts.
    pub fn begin_scans(&self, periods: &[Duration]) -> &[ScanStats] {
        let scans = || {
            periods
                .iter()
                .map(|period| ScanStats::new(*period))
                .collect()
        };
        self.scans.get_or_init(scans)
    }

    /// Its scan classes; none if it is not polled.
    pub fn scans(&self) -> &[ScanStats] {
        self.scans.get().map_or(&[], |scans| scans)
    }

    /// Whether it kept failing, and is asked more rarely until it answers.
    pub fn is_demoted(&self) -> bool {
        self.is_demoted.load(Ordering::Acquire)
    }

    /// Notes whether it is demoted; returns whether that is new.
    pub fn set_demoted(&self, is_demoted: bool) -> bool {
        self.is_demoted() != is_demoted && {
            self.is_demoted.store(is_demoted, Ordering::Release);
            true
        }
    }

    /// The registers it refuses to be read, for people; empty if there is none.
    pub fn refused(&self) -> String {
        self.refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes the registers it refuses to be read, and how many points lie in them.
    pub fn set_refused(&self, registers: String, points: u64) {
        self.points_refused.set(points);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = registers;
    }

    /// The first points it has and the config does not, for people; empty if there is none.
    pub fn unmapped_points(&self) -> String {
        self.unmapped_points
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes which points it has and the config does not; returns whether these are the first.
    pub fn set_unmapped_points(&self, points: String) -> bool {
        let shown = self.unmapped_points.lock();
        let mut shown = shown.unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *shown, points).is_empty()
    }

    /// Whether it answers.
    pub fn state(&self) -> DeviceState {
        let position = usize::from(self.state.load(Ordering::Acquire));
        let state = DeviceState::ALL.get(position).copied();
        state.unwrap_or(DeviceState::Unknown)
    }

    /// When it last answered, in nanoseconds since 1970; `None` if never.
    pub fn last_answer(&self) -> Option<i64> {
        Some(self.last_answer.load(Ordering::Acquire)).filter(|nanos| *nanos != 0)
    }

    /// What last went wrong with it, also after it recovered.
    pub fn last_error(&self) -> Option<Trouble> {
        self.troubles().last().cloned()
    }

    /// The last things that went wrong with it, the newest first.
    pub fn last_errors(&self) -> Vec<Trouble> {
        self.troubles().newest_first().cloned().collect()
    }

    fn troubles(&self) -> MutexGuard<'_, Troubles> {
        self.troubles.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The share of its connection's time that its scan classes take together; above 1 they cannot
    /// keep their periods. `None` if it is not polled.
    pub fn load(&self, now: Instant) -> Option<f64> {
        let scans = self.scans();
        let sum = || scans.iter().map(|scan| scan.load(now)).sum();
        (!scans.is_empty()).then(sum)
    }

    /// Notes an answer at `now`, in nanoseconds since 1970: the device is up. Returns whether it
    /// was not before.
    pub fn answered(&self, now: i64) -> bool {
        self.last_answer.store(now, Ordering::Release);
        self.enter(DeviceState::Up)
    }

    /// Notes what went wrong: the device is down. Returns whether it was not before.
    pub fn failed(&self, error: &dyn Display) -> bool {
        self.note(error);
        self.enter(DeviceState::Down)
    }

    /// Notes an error that does not mean the device is down, such as one refused address.
    pub fn note(&self, error: &dyn Display) {
        self.troubles().note(&error.to_string(), SystemTime::now());
    }

    fn enter(&self, state: DeviceState) -> bool {
        // Most calls change nothing: look before writing.
        self.state() != state && {
            self.state.store(state as u8, Ordering::Release);
            true
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_goes_up_and_down_and_keeps_its_last_error() {
        let board = DeviceBoard::new(["a", "b"].map(str::to_owned));
        let device = board.get(1).unwrap();
        assert_eq!((device.name(), device.state()), ("b", DeviceState::Unknown));
        assert_eq!((device.last_answer(), device.last_error()), (None, None));
        assert!(device.answered(7));
        assert!(!device.answered(8));
        assert!(device.failed(&"timeout"));
        assert!(!device.failed(&"refused"));
        assert_eq!(device.state(), DeviceState::Down);
        assert!(device.answered(9));
        assert_eq!(device.last_answer(), Some(9));
        assert_eq!(device.last_error().unwrap().text, "refused");
        let texts: Vec<_> = device.last_errors().into_iter().map(|e| e.text).collect();
        assert_eq!(texts, ["refused", "timeout"]);
        let counts = [DeviceState::Unknown, DeviceState::Up, DeviceState::Down];
        assert_eq!(counts.map(|state| board.count(state)), [1, 1, 0]);
        assert!(board.get(2).is_none());
        assert!(device.set_demoted(true) && !device.set_demoted(true));
        device.set_refused("coil 7".to_owned(), 1);
        assert_eq!((board.demoted(), board.points_refused()), (1, 1));
        assert!(device.set_unmapped_points("analog 1".to_owned()));
        assert!(!device.set_unmapped_points("analog 1..2".to_owned()));
        assert_eq!(device.unmapped_points(), "analog 1..2");
        let second = Duration::from_secs(1);
        let now = Instant::now();
        assert_eq!(device.load(now), None);
        let scans = device.begin_scans(&[second, 2 * second]);
        assert_eq!(device.begin_scans(&[second]).len(), 2);
        scans
            .iter()
            .for_each(|scan| scan.used.record(second / 2, now));
        assert_eq!(device.load(now), Some(0.75));
    }

    #[test]
    fn another_generation_keeps_what_goes_on() {
        let board = DeviceBoard::new(["a", "b", "c"].map(str::to_owned));
        (0..3).for_each(|at| assert!(board.get(at).unwrap().answered(7)));
        let begun = |name: &str| NextPlace::Begun(name.to_owned());
        let next = [NextPlace::Kept, NextPlace::Retired, begun("c"), begun("d")];
        board.renew(next);
        assert_eq!((board.len(), board.count(DeviceState::Up)), (3, 1));
        let names: Vec<_> = board
            .iter()
            .map(|device| device.name().to_owned())
            .collect();
        assert_eq!(names, ["a", "c", "d"]);
        assert_eq!(board.get(1).unwrap().last_answer(), Some(7));
        assert_eq!(board.get(2).unwrap().last_answer(), None);
    }
}

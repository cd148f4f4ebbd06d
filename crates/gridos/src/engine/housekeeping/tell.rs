//! Telling: the same facts as gauges, in the log when they change, and as alarms of the engine.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_journal::room::{Autonomy, Grade, Rate, Rung, Standing, WhenFull};
use gridos_journal::{JournalError, Sacrifice};
use gridos_telemetry::Telemetry;

use super::disk::Looked;
use crate::size::show_bytes;

/// The alarm that the journal does not last long.
const AUTONOMY: &str = "journal_autonomy";
/// The alarm that it takes nothing more, or only by giving up what it has.
const FULL: &str = "journal_full";
/// The alarm that readings were given up; it stands until the engine ends.
const GIVEN_UP: &str = "journal_given_up";
/// What is given up is logged at most this often.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// Knows what was told last.
#[derive(Debug)]
pub(super) struct Teller {
    telemetry: Arc<Telemetry>,
    rung: Rung,
    grade: Grade,
    /// How long the room lasts, in words, and whether that was said since it is known.
    left: String,
    is_said: bool,
    refused: bool,
    /// What was given up and not logged yet, and when it was last logged.
    unlogged: Sacrifice,
    logged: Option<Instant>,
}

impl Teller {
    pub(super) fn new(telemetry: Arc<Telemetry>) -> Self {
        Self {
            telemetry,
            rung: Rung::Normal,
            grade: Grade::Ample,
            left: String::new(),
            is_said: false,
            refused: false,
            unlogged: Sacrifice::default(),
            logged: None,
        }
    }

    /// One line when the folder cannot be tidied, not one for each attempt.
    pub(super) fn on_disk<T>(&mut self, done: Result<T, JournalError>) -> Option<T> {
        match done {
            Ok(done) => {
                self.refused = false;
                Some(done)
            }
            Err(error) => {
                if !std::mem::replace(&mut self.refused, true) {
                    tracing::warn!(%error, "the journal cannot be looked after");
                }
                None
            }
        }
    }

    pub(super) fn on_look(&mut self, looked: &Looked, autonomy: Autonomy, rate: Option<Rate>) {
        let cells = &self.telemetry.journal;
        cells.bytes.set(looked.room.used);
        cells.segments.set(looked.segments);
        cells.room.set(looked.room.left());
        cells.growth.set(rate.map_or(0, |rate| rate.per_second()));
        match autonomy {
            Autonomy::Endless => cells.autonomy.set_endless(),
            Autonomy::Unknown | Autonomy::Lasts(_) => cells.autonomy.set(autonomy.time()),
        }
        let rate = rate.map_or(0, |rate| rate.per_second());
        self.left = format!(
            "the journal has {autonomy} left at the present rate ({} free, {} a second)",
            show_bytes(looked.room.left()),
            show_bytes(rate),
        );
        let is_known = autonomy != Autonomy::Unknown;
        if is_known && !std::mem::replace(&mut self.is_said, is_known) {
            tracing::info!("{}", self.left);
        }
    }

    pub(super) fn on_standing(&mut self, standing: &Standing, when_full: WhenFull) {
        self.telemetry.journal.rung.set(standing.rung as u64);
        self.on_grade(standing.grade);
        let before = std::mem::replace(&mut self.rung, standing.rung);
        if before == standing.rung {
            return;
        }
        let left = &self.left;
        match standing.rung {
            Rung::Full => self.on_full(when_full),
            Rung::Pressed => tracing::warn!(
                left,
                "room is short: what is stored is deleted before [journal] keep is over"
            ),
            Rung::Normal | Rung::Warn if before > Rung::Warn => {
                tracing::info!(left, "the journal has room again");
            }
            Rung::Normal | Rung::Warn => {}
        }
        if standing.rung != Rung::Full {
            self.telemetry.engine_alarms.clear(FULL);
        }
    }

    /// Adds what was given up.
    pub(super) fn on_given_up(&mut self, more: Sacrifice, now: Instant) {
        let cells = &self.telemetry.journal;
        if more.segments > 0 {
            cells.given_up_segments.add(more.segments);
            cells.given_up_readings.add(more.readings);
            let detail = format!(
                "the journal was full, and the oldest {} segments with {} readings were given up \
                 although they are not stored; they are counted as lost, with a gap and a row in the table \
                 quarantine, when the database takes what follows",
                cells.given_up_segments.get(),
                cells.given_up_readings.get(),
            );
            self.telemetry.engine_alarms.raise(GIVEN_UP, true, detail);
            self.unlogged.segments += more.segments;
            self.unlogged.readings += more.readings;
        }
        let is_due = |logged| now.saturating_duration_since(logged) >= LOG_EVERY;
        if self.unlogged.segments > 0 && self.logged.is_none_or(is_due) {
            let Sacrifice {
                segments, readings, ..
            } = std::mem::take(&mut self.unlogged);
            tracing::error!(
                segments,
                readings,
                "the journal is full: the oldest readings are given up, and lost"
            );
            self.logged = Some(now);
        }
    }

    fn on_grade(&mut self, grade: Grade) {
        let before = std::mem::replace(&mut self.grade, grade);
        let (alarms, left) = (&self.telemetry.engine_alarms, &self.left);
        match grade {
            Grade::Ample => alarms.clear(AUTONOMY),
            Grade::Warn | Grade::Critical => {
                let detail = format!(
                    "{left}; raise [journal] disk_limit, free the disk, or see to the database"
                );
                alarms.raise(AUTONOMY, grade == Grade::Critical, detail);
            }
        }
        match grade {
            _ if grade == before => {}
            Grade::Ample => tracing::info!("{left}"),
            Grade::Warn => tracing::warn!("{left}"),
            Grade::Critical => tracing::error!("{left}"),
        }
    }

    fn on_full(&self, when_full: WhenFull) {
        let detail = match when_full {
            WhenFull::Hold => {
                "the journal is full: nothing more is taken until the database has caught up; see to \
                 the database, or raise [journal] disk_limit or free the disk"
            }
            WhenFull::DropOldest => {
                "the journal is full: the oldest readings are given up for newer ones; see to the \
                 database, or raise [journal] disk_limit or free the disk"
            }
        };
        tracing::error!("{detail}");
        let alarms = &self.telemetry.engine_alarms;
        alarms.raise(FULL, true, detail.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use gridos_journal::room::Order;

    use super::*;

    fn standing(rung: Rung, grade: Grade) -> Standing {
        Standing {
            rung,
            grade,
            order: Order::Keep,
        }
    }

    #[test]
    fn each_rung_has_its_alarms_and_what_was_lost_stays_said() {
        let telemetry = Arc::new(Telemetry::new("1", []));
        let mut teller = Teller::new(Arc::clone(&telemetry));
        let standing_alarms = || {
            let alarms = telemetry.engine_alarms.list();
            let mut names: Vec<_> = alarms
                .iter()
                .map(|alarm| (alarm.name, alarm.is_critical))
                .collect();
            names.sort_unstable();
            names
        };
        let mut stand = |rung, grade| {
            teller.on_standing(&standing(rung, grade), WhenFull::DropOldest);
            standing_alarms()
        };
        assert_eq!(stand(Rung::Normal, Grade::Ample), []);
        assert_eq!(stand(Rung::Warn, Grade::Warn), [(AUTONOMY, false)]);
        assert_eq!(stand(Rung::Pressed, Grade::Critical), [(AUTONOMY, true)]);
        let full = stand(Rung::Full, Grade::Critical);
        assert_eq!(full, [(AUTONOMY, true), (FULL, true)]);
        assert_eq!(telemetry.journal.rung.get(), 3);
        let given_up = Sacrifice {
            segments: 2,
            bytes: 10,
            readings: 700,
        };
        teller.on_given_up(given_up, Instant::now());
        teller.on_standing(&standing(Rung::Normal, Grade::Ample), WhenFull::DropOldest);
        assert_eq!(standing_alarms(), [(GIVEN_UP, true)]);
        assert_eq!(telemetry.journal.given_up_readings.get(), 700);
        let detail = &telemetry.engine_alarms.list()[0].detail;
        assert!(detail.contains("2 segments with 700 readings"), "{detail}");
    }
}

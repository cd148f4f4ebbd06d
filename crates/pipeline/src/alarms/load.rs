//! The load of operators as the metrics show it, made of what is on the board.

use std::sync::Arc;
use std::time::Duration;

use gridos_alarm::kpi::{LoadMeter, Targets};
use gridos_alarm::{Case, Now};
use gridos_model::{AlarmAction, AlarmId, AlarmRecord, Timestamp};
use gridos_telemetry::Telemetry;

use super::board::AlarmBoard;
use super::book::AlarmBook;
use super::table::AlarmTable;

/// So many records are taken from the board at a time.
const RECORDS_AT_ONCE: usize = 1_024;
/// How often it is looked for what has stood for too long: that goes through all that stands.
const LOOK_FOR_STALE: Duration = Duration::from_secs(10);

const TARGETS: Targets = Targets::USUAL;

/// Follows the board, and keeps the metrics of the load of operators.
///
/// The load is metered by the monotonic clock, so that no step of the engine's clock makes a flood
/// or ends one.
#[derive(Debug)]
pub struct AlarmLoad {
    board: Arc<AlarmBoard>,
    book: Arc<AlarmBook>,
    telemetry: Arc<Telemetry>,
    meter: LoadMeter,
    /// The last record that is metered, and when the engine learned of it.
    last: (u64, Timestamp),
    looked_for_stale: Option<Duration>,
}

impl AlarmLoad {
    /// The load at `now`. Of what was annunciated before, it knows what the board still shows.
    pub fn new(
        board: Arc<AlarmBoard>,
        book: Arc<AlarmBook>,
        telemetry: Arc<Telemetry>,
        now: Now,
    ) -> Self {
        let areas = telemetry.alarms.areas.names().len();
        let mut load = Self {
            board,
            book,
            telemetry,
            meter: LoadMeter::new(TARGETS, areas),
            last: (0, now.wall.saturating_sub(TARGETS.window)),
            looked_for_stale: None,
        };
        load.catch_up(now);
        load
    }

    /// Meters what happened since it was last called.
    pub fn follow(&mut self, now: Now) {
        loop {
            let Some(records) = self.board.since(self.last.0, RECORDS_AT_ONCE) else {
                return self.catch_up(now);
            };
            if records.is_empty() {
                return;
            }
            records.iter().for_each(|record| self.take(record, now));
        }
    }

    /// Brings the metrics up to `now`.
    pub fn show(&mut self, now: Now) {
        let cells = &self.telemetry.alarms;
        let steady = steady(now);
        self.meter.on_time(steady);
        for (place, (rate, is_in_flood)) in self.meter.areas().enumerate() {
            cells.areas.set(place, rate, is_in_flood);
        }
        cells.chattering.set(self.meter.chattering(steady) as u64);
        let looked = self.looked_for_stale;
        if looked.is_none_or(|looked| now.mono.saturating_sub(looked) >= LOOK_FOR_STALE) {
            self.looked_for_stale = Some(now.mono);
            let stale = self.board.look(|table| stale(table, now.wall));
            cells.stale.set(stale as u64);
        }
    }

    fn take(&mut self, record: &AlarmRecord, now: Now) {
        self.last = (record.sequence, record.received);
        if record.is_annunciated {
            self.annunciated(steady(now), record.sequence, record.alarm);
        }
        if record.action == AlarmAction::Raised {
            self.meter.on_raised(steady(now), record.alarm);
        }
    }

    fn annunciated(&mut self, time: Timestamp, sequence: u64, alarm: AlarmId) {
        if let Some(entry) = self.book.find(alarm) {
            let place = self.telemetry.alarms.areas.place(&entry.area);
            self.meter.on_annunciated(time, place, sequence, alarm);
        }
    }

    /// Meters what the table shows of what was missed: of each alarm its last annunciation.
    fn catch_up(&mut self, now: Now) {
        let table = self.board.table();
        let (_, since) = self.last;
        let missed = table.cases.values().filter_map(|case| {
            let time = case.annunciated.filter(|time| *time > since)?;
            Some((time, case.sequence, case.alarm))
        });
        let mut missed: Vec<_> = missed.collect();
        missed.sort_unstable();
        for (time, sequence, alarm) in &missed {
            let age = now.wall.since(*time);
            self.annunciated(steady(now).saturating_sub(age), *sequence, *alarm);
        }
        let latest = missed.last().map_or(since, |(time, ..)| *time);
        self.last = (table.sequence, latest);
    }
}

/// The monotonic clock as a time.
fn steady(now: Now) -> Timestamp {
    Timestamp::EPOCH.saturating_add(now.mono)
}

fn stale(table: &AlarmTable, now: Timestamp) -> usize {
    let is_stale = |case: &&Arc<Case>| {
        let raised = case.raised.filter(|_| case.facts.is_active());
        let age = raised.map(|moment| now.since(moment.received));
        age.is_some_and(|age| age > TARGETS.stale_after) && !case.facts.is_hidden()
    };
    table.cases.values().filter(is_stale).count()
}

#[cfg(test)]
mod tests {
    use gridos_alarm::{Condition, Defined, Definition};
    use gridos_model::{
        AlarmFacts, AlarmFlags, AlarmKind, DirectoryBuilder, Level, Point, Priority, Quality,
    };

    use super::*;

    const DAY: i64 = 24 * 3_600;

    fn now(second: i64) -> Now {
        Now {
            wall: wall(second),
            mono: Duration::from_secs(second.unsigned_abs()),
        }
    }

    /// The engine starts at this second of its clock.
    fn wall(second: i64) -> Timestamp {
        Timestamp::from_millis((1_000_000 + second) * 1_000)
    }

    /// Twenty devices of the north and one of the south, with alarms of their links.
    struct Plant {
        board: Arc<AlarmBoard>,
        book: Arc<AlarmBook>,
        telemetry: Arc<Telemetry>,
        sequence: u64,
    }

    impl Plant {
        fn new() -> Self {
            let mut builder = DirectoryBuilder::default();
            for n in 0..=20 {
                let points = vec![Point::new("a", "")];
                builder.add(&format!("d{n}"), points, &[]).unwrap();
            }
            let directory = Arc::new(builder.build());
            let defined = (0..=20_u32).map(|n| {
                let alarm = Defined {
                    id: alarm(n),
                    device: directory.find_device(&format!("d{n}")).unwrap(),
                    point: None,
                    reference: None,
                    definition: Arc::new(Definition::new(Condition::Link)),
                };
                (alarm, Arc::from(if n == 20 { "south" } else { "north" }))
            });
            let areas = ["south", "north"].map(str::to_owned);
            Self {
                board: Arc::default(),
                book: Arc::new(AlarmBook::new(Arc::clone(&directory), defined)),
                telemetry: Arc::new(Telemetry::with_areas("0", [], areas)),
                sequence: 0,
            }
        }

        fn load(&self, second: i64) -> AlarmLoad {
            let (board, book) = (Arc::clone(&self.board), Arc::clone(&self.book));
            AlarmLoad::new(board, book, Arc::clone(&self.telemetry), now(second))
        }

        fn raise(&mut self, n: u32, second: i64) {
            self.happens(n, second, AlarmAction::Raised, Level::Abnormal);
        }

        fn happens(&mut self, n: u32, second: i64, action: AlarmAction, level: Level) {
            self.sequence += 1;
            self.board.show(&[AlarmRecord {
                sequence: self.sequence,
                alarm: alarm(n),
                occurrence: self.sequence,
                action,
                is_annunciated: action == AlarmAction::Raised,
                from: Level::Normal,
                time: wall(second),
                received: wall(second),
                value: f64::NAN,
                quality: Quality::GOOD,
                after: AlarmFacts {
                    level,
                    worst: level,
                    priority: Priority::Low,
                    flags: AlarmFlags::UNACKNOWLEDGED,
                    ..AlarmFacts::REST
                },
                note: None,
            }]);
        }

        /// Rate and flood of the south and the north.
        fn shown(&self) -> [(u64, u64); 2] {
            let areas = &self.telemetry.alarms.areas;
            [0, 1].map(|place| (areas.rate(place), areas.flood(place)))
        }
    }

    fn alarm(n: u32) -> AlarmId {
        AlarmId::of(&format!("d{n}"), AlarmKind::Link)
    }

    #[test]
    fn a_flood_of_one_area_is_shown_while_it_lasts() {
        let mut plant = Plant::new();
        let mut load = plant.load(0);
        let mut show = |plant: &Plant, second| {
            load.follow(now(second));
            load.show(now(second));
            plant.shown()
        };
        assert_eq!(show(&plant, 0), [(0, 0), (0, 0)]);
        (0..10).for_each(|n| plant.raise(n, 10));
        plant.raise(20, 10);
        assert_eq!(show(&plant, 10), [(1, 0), (10, 0)]);
        plant.raise(10, 11);
        assert_eq!(show(&plant, 11), [(1, 0), (11, 1)]);
        assert_eq!(show(&plant, 609), [(1, 0), (11, 1)]);
        assert_eq!(show(&plant, 612), [(0, 0), (0, 0)]);
    }

    #[test]
    fn a_start_begins_with_what_the_board_shows() {
        let mut plant = Plant::new();
        (0..11).for_each(|n| plant.raise(n, -300));
        plant.raise(20, -601);
        let mut load = plant.load(0);
        load.show(now(0));
        assert_eq!(plant.shown(), [(0, 0), (11, 1)]);
        load.show(now(301));
        assert_eq!(plant.shown(), [(0, 0), (0, 0)]);
    }

    /// More records than the board keeps: a flood is seen all the same, and nothing twice.
    #[test]
    fn what_it_missed_is_seen_on_the_table() {
        let mut plant = Plant::new();
        let mut load = plant.load(0);
        plant.raise(0, 1);
        load.follow(now(1));
        for turn in 0..9_000 {
            let action = [AlarmAction::Raised, AlarmAction::Acknowledged][usize::from(turn > 11)];
            plant.happens(1 + turn % 12, 2, action, Level::Abnormal);
        }
        load.follow(now(2));
        load.show(now(2));
        assert_eq!(plant.shown(), [(0, 0), (13, 1)]);
    }

    #[test]
    fn what_chatters_and_what_is_stale_is_counted() {
        let mut plant = Plant::new();
        let mut load = plant.load(0);
        for second in [1, 2, 3] {
            plant.raise(7, second);
            plant.happens(7, second, AlarmAction::Returned, Level::Normal);
        }
        plant.raise(8, 4);
        let mut counts = |second| {
            load.follow(now(second));
            load.show(now(second));
            let cells = &plant.telemetry.alarms;
            (cells.chattering.get(), cells.stale.get())
        };
        assert_eq!(counts(4), (1, 0));
        assert_eq!(counts(70), (0, 0));
        assert_eq!(counts(DAY + 5), (0, 1));
    }
}

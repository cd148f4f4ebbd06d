//! The plant of the small engine: readings in, judged by the real alarms and shown on the real
//! board.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use gridos_alarm::{
    Alarms, Command, Condition, Defined, Definition, Limits, Now, Outcome, Refusal,
};
use gridos_model::{AlarmId, Batch, Directory, Priority, Quality, Timestamp};
use gridos_pipeline::{AlarmBoard, AlarmBook, LiveView};

/// Cloning shares it.
#[derive(Clone)]
pub(crate) struct Plant {
    pub(crate) directory: Arc<Directory>,
    pub(crate) live: Arc<LiveView>,
    pub(crate) board: Arc<AlarmBoard>,
    pub(crate) book: Arc<AlarmBook>,
    alarms: Arc<Mutex<Alarms>>,
    /// Each thing that happens takes a second.
    second: Arc<Mutex<u64>>,
}

impl Plant {
    /// Both points of the first device have limits, and the first point of the second one has a
    /// limit that latches.
    pub(crate) fn new(directory: &Arc<Directory>) -> Self {
        let defined = [
            ("sub1.f1.ia", "north", definition(100.0, 200.0)),
            ("sub1.f1.ib", "north", definition(10.0, 20.0)),
            ("sub1.f2.v", "south", latching(5.0, 9.0)),
        ];
        let defined = defined.map(|(name, area, definition)| {
            let at = directory.find_point(name).unwrap();
            let defined = Defined {
                id: AlarmId::of_name(&format!("{name}:limit")).unwrap(),
                device: at.device,
                point: Some(at.index),
                reference: None,
                definition: Arc::new(definition),
            };
            (defined, Arc::from(area))
        });
        let alarms = defined.clone().map(|(alarm, _)| alarm);
        let reported = directory.find_point("sub1.f2.v").map(|at| at.index);
        let book = AlarmBook::new(Arc::clone(directory), defined).reported_by_exception(reported);
        let alarms = Alarms::new(Arc::clone(directory), &alarms);
        Self {
            live: Arc::new(LiveView::new(directory)),
            board: Arc::default(),
            book: Arc::new(book),
            alarms: Arc::new(Mutex::new(alarms)),
            second: Arc::default(),
            directory: Arc::clone(directory),
        }
    }

    /// A good reading of `point`.
    pub(crate) fn read(&self, point: &str, value: f64) {
        let at = self.directory.find_point(point).unwrap();
        let layout = self.directory.device(at.device).whole();
        let now = self.now();
        let mut batch = Batch::default();
        batch.start_events(layout, now.wall);
        batch.push_event(at.position, now.wall, value, Quality::GOOD);
        let readings = batch.readings().unwrap();
        self.live
            .publish(at.device.get(), layout.first(), &readings);
        let mut alarms = self.alarms.lock().unwrap();
        alarms.on_readings(layout.first(), &readings, now);
        self.show(&mut alarms);
    }

    /// Does what somebody commands, as the pipeline does.
    pub(crate) fn command(&self, command: &Command) -> Result<Outcome, Refusal> {
        let now = self.now();
        let mut alarms = self.alarms.lock().unwrap();
        let outcome = alarms.on_command(command, now)?;
        if let Some(current) = alarms.definition(command.alarm) {
            self.book.redefine(command.alarm, &current);
        }
        self.show(&mut alarms);
        Ok(outcome)
    }

    /// The present occurrence of an alarm that is not at rest.
    pub(crate) fn occurrence(&self, name: &str) -> u64 {
        let id = AlarmId::of_name(name).unwrap();
        self.board
            .look(|table| table.cases.get(&id).unwrap().occurrence)
    }

    fn show(&self, alarms: &mut Alarms) {
        self.board.show(alarms.records());
        alarms.clear_records();
    }

    fn now(&self) -> Now {
        let mut second = self.second.lock().unwrap();
        *second += 1;
        let mono = Duration::from_secs(*second);
        Now {
            wall: Timestamp::EPOCH.saturating_add(mono),
            mono,
        }
    }
}

fn definition(high: f64, high_high: f64) -> Definition {
    let limits = Limits::new(Some(high_high), Some(high), None, None, 1.0).unwrap();
    let mut definition = Definition::new(Condition::Limit(limits));
    definition.response = "Take load off.".to_owned();
    definition
}

fn latching(high: f64, high_high: f64) -> Definition {
    let mut definition = definition(high, high_high);
    definition.latches = true;
    definition.priority.inner = Priority::Medium;
    definition
}

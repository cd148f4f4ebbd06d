//! Alarms for tests.

use std::sync::Arc;

use gridos_alarm::{Alarms, Condition, Defined, Definition, Limits};
use gridos_model::{AlarmId, Directory, Priority};
use gridos_pipeline::{AlarmBoard, AlarmBook, LiveView, Views};

/// An alarm of `point` at a high limit, with a deadband of 1.
pub(crate) fn limit_alarm(directory: &Directory, point: &str, high: f64) -> Defined {
    let limits = Limits::new(None, Some(high), None, None, 1.0).unwrap();
    alarm(directory, point, Condition::Limit(limits))
}

/// An alarm of a point or a device.
pub(crate) fn alarm(directory: &Directory, owner: &str, condition: Condition) -> Defined {
    let at = directory.find_point(owner);
    let device = at
        .map(|at| at.device)
        .or_else(|| directory.find_device(owner));
    Defined {
        id: AlarmId::of(owner, condition.kind()),
        device: device.unwrap(),
        point: at.map(|at| at.index),
        reference: None,
        definition: Arc::new(Definition::new(condition)),
    }
}

/// The alarms `defined`, and the views of them.
pub(crate) fn alarms(directory: &Arc<Directory>, defined: Vec<Defined>) -> (Alarms, Views) {
    let listed = defined.iter().cloned();
    let listed = listed.map(|alarm| (alarm, Arc::from("north")));
    let views = Views {
        live: Arc::new(LiveView::new(directory)),
        alarms: Arc::new(AlarmBoard::default()),
        book: Arc::new(AlarmBook::new(Arc::clone(directory), listed)),
    };
    (Alarms::new(Arc::clone(directory), &defined), views)
}

/// How many alarms are active.
pub(crate) fn active(board: &AlarmBoard) -> usize {
    let counts = board.table().counts;
    let active = |priority| counts.active(priority);
    Priority::ALL.into_iter().map(active).sum()
}

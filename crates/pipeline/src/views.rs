//! What the pipeline publishes.

use std::sync::Arc;

use crate::{AlarmBoard, AlarmBook, LiveView};

/// What the pipeline publishes; shared with everybody who shows it.
#[derive(Clone, Debug)]
pub struct Views {
    /// The latest reading of every point.
    pub live: Arc<LiveView>,
    /// The alarms that are not at rest.
    pub alarms: Arc<AlarmBoard>,
    /// All alarms as they are defined.
    pub book: Arc<AlarmBook>,
}

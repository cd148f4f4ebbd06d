//! What the API shows and takes.

use std::sync::Arc;
use std::time::Instant;

use gridos_model::Directory;
use gridos_pipeline::{AlarmBoard, LiveView};
use gridos_ring::Intake;
use gridos_store::Store;
use gridos_telemetry::Telemetry;
use tokio::sync::Semaphore;

use crate::page::Page;
use crate::pulse::{Beat, Pulse};
use crate::{LimitsBook, PeriodBook, Readiness, Settings, StatesBook};

/// Which engine this is.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Its name among other engines.
    pub name: String,
    /// The version of the program.
    pub version: String,
    /// When the process started.
    pub started: Instant,
}

/// Everything the API is made over; the parts are shared with the rest of the engine.
#[derive(Clone)]
pub struct ApiState {
    /// Which engine this is.
    pub engine: Engine,
    /// Devices and points.
    pub directory: Arc<Directory>,
    /// What each device speaks, such as `modbus`; in the order of the directory.
    pub protocols: Arc<[&'static str]>,
    /// The latest reading of every point.
    pub live: Arc<LiveView>,
    /// Active alarms.
    pub alarms: Arc<AlarmBoard>,
    /// The points' limits, to show beside their values.
    pub limits: Arc<LimitsBook>,
    /// How often each point is read.
    pub periods: Arc<PeriodBook>,
    /// What the points' numbers mean, to show beside them.
    pub states: Arc<StatesBook>,
    /// The history.
    pub store: Arc<dyn Store>,
    /// The engine's numbers; devices in the order of the directory.
    pub telemetry: Arc<Telemetry>,
    /// The way in for readings that are posted.
    pub intake: Intake,
    /// Whether the engine can take readings.
    pub readiness: Readiness,
    /// Bounds of requests.
    pub settings: Settings,
}

/// The state with what the API itself keeps; one per router.
pub(crate) struct Api {
    pub(crate) state: ApiState,
    pub(crate) page: Page,
    /// Permits to post.
    pub(crate) posts: Semaphore,
    /// Permits to ask the store.
    pub(crate) questions: Semaphore,
    pulse: Pulse,
}

impl Api {
    pub(crate) fn new(state: ApiState) -> Self {
        Self {
            page: Page::new(),
            posts: Semaphore::new(state.settings.posts_max),
            questions: Semaphore::new(state.settings.questions_max.max(1)),
            pulse: Pulse::new(state.engine.started),
            state,
        }
    }

    /// Feels the pulse of the engine at `now`.
    pub(crate) fn beat(&self, now: Instant) -> Beat {
        let telemetry = &self.state.telemetry;
        // Durable before position: a frame that comes meanwhile only looks younger than it is.
        let durable = telemetry.journal.durable.get();
        let position = telemetry.journal.position.get();
        self.pulse
            .observe(now, telemetry.ledger.received.get(), position, durable)
    }
}

//! What the API shows and takes.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use gridos_model::Directory;
use gridos_pipeline::{AlarmBoard, AlarmBook, AlarmCommands, AuditLog, LiveView};
use gridos_ring::Intake;
use gridos_store::Store;
use gridos_telemetry::Telemetry;
use tokio::sync::Semaphore;

use crate::access::Policy;
use crate::latencies::Latencies;
use crate::limit::Limiter;
use crate::openapi::openapi;
use crate::page::Page;
use crate::post::Repeats;
use crate::pulse::{Beat, Pulse};
use crate::sse::Streams;
use crate::stream::Table;
use crate::tls::TlsServer;
use crate::{Access, ConfigDesk, PeriodBook, Readiness, Settings, StatesBook};

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

/// What another configuration replaces, while the engine goes on: one generation.
#[derive(Clone, Debug)]
pub struct Plant {
    /// Devices and points.
    pub directory: Arc<Directory>,
    /// What each device speaks, such as `modbus`; in the order of the directory's places.
    pub protocols: Arc<[&'static str]>,
    /// How often each point is read.
    pub periods: Arc<PeriodBook>,
    /// What the points' numbers mean, to show beside them.
    pub states: Arc<StatesBook>,
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
    /// The alarms that are not at rest.
    pub alarms: Arc<AlarmBoard>,
    /// All alarms as they are defined.
    pub book: Arc<AlarmBook>,
    /// The way in for what operators do about alarms.
    pub commands: AlarmCommands,
    /// The way in for what is recorded of clients.
    pub audit: AuditLog,
    /// Who may come in.
    pub access: Arc<Access>,
    /// Certificates, if it is HTTPS.
    pub tls: Option<Arc<TlsServer>>,
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
    /// The way to whoever keeps the configuration.
    pub config: ConfigDesk,
    /// Whether the engine can take readings.
    pub readiness: Readiness,
    /// Bounds of requests.
    pub settings: Settings,
}

/// What the description says; it is the same for every engine.
static POLICY: LazyLock<Arc<Policy>> = LazyLock::new(|| Arc::new(Policy::of(openapi())));

/// The state with what the API itself keeps, which is shared by all generations; one per router.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) state: ApiState,
    pub(crate) page: Arc<Page>,
    /// What each endpoint needs.
    pub(crate) policy: Arc<Policy>,
    /// Permits to post.
    pub(crate) posts: Arc<Semaphore>,
    /// How much each client posts.
    pub(crate) limiter: Arc<Limiter>,
    /// How many changes each client asks for.
    pub(crate) changes: Arc<Limiter>,
    /// What was answered to posts that may come again.
    pub(crate) repeats: Arc<Repeats>,
    /// Permits to read a command.
    pub(crate) orders: Arc<Semaphore>,
    /// Who follows anything.
    pub(crate) streams: Arc<Streams>,
    /// What is followed.
    pub(crate) table: Arc<Table>,
    /// Permits to ask the store.
    pub(crate) questions: Arc<Semaphore>,
    pub(crate) latencies: Arc<Latencies>,
    pulse: Arc<Pulse>,
}

impl Api {
    pub(crate) fn new(state: ApiState) -> Self {
        Self {
            page: Arc::new(Page::new()),
            policy: Arc::clone(&POLICY),
            posts: Arc::new(Semaphore::new(state.settings.posts_max)),
            limiter: Arc::new(Limiter::new(
                "readings",
                state.settings.readings_per_second_max,
            )),
            changes: Arc::new(Limiter::new(
                "changes",
                state.settings.changes_per_second_max,
            )),
            repeats: Arc::default(),
            orders: Arc::new(Semaphore::new(state.settings.orders_max)),
            streams: Arc::new(Streams::new(state.settings.streams_max)),
            questions: Arc::new(Semaphore::new(state.settings.questions_max.max(1))),
            table: Arc::default(),
            latencies: Arc::new(Latencies::new(state.engine.started)),
            pulse: Arc::new(Pulse::new(state.engine.started)),
            state,
        }
    }

    /// What is to be done every second, whether anybody asks or not.
    pub(crate) fn tick(&self, now: Instant) {
        self.beat(now);
        self.latencies.look(&self.state.telemetry.stages, now);
    }

    /// The same API over another generation.
    pub(crate) fn over(&self, plant: &Plant) -> Self {
        let Plant {
            directory,
            protocols,
            periods,
            states,
        } = plant.clone();
        let state = ApiState {
            directory,
            protocols,
            periods,
            states,
            ..self.state.clone()
        };
        Self {
            // Those of before end, and come again.
            streams: Arc::new(Streams::new(state.settings.streams_max)),
            table: Arc::default(),
            state,
            ..self.clone()
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

//! A small engine: two devices, a ring, and a pipeline that publishes and redeems.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use gridos_api::{
    Access, ApiState, ConfigDesk, Engine, PeriodBook, Readiness, Settings, StatesBook, router,
};
use gridos_model::{
    Batch, Directory, DirectoryBuilder, Point, PointIndex, Readings, TimeQuality, Timestamp,
};
use gridos_pipeline::{CommandQueue, Given, alarm_commands, audit_log};
use gridos_ring::{Consumer, Intake, Pool, Producer, ring};
use gridos_telemetry::Telemetry;
use serde_json::Value;
use tower::ServiceExt;

use crate::plant::Plant;
use crate::store::FakeStore;

/// Bytes of journal per batch, as the pipeline of the rig pretends.
pub(crate) const FRAME_BYTES: u64 = 100;

pub(crate) struct Rig {
    pub(crate) state: ApiState,
    pub(crate) store: Arc<FakeStore>,
    pub(crate) plant: Plant,
    pub(crate) commands: CommandQueue,
    pub(crate) pool: Pool,
    /// Wakes the pipeline.
    pub(crate) waker: Producer,
    pub(crate) consumer: Consumer,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::sized(8, 8)
    }

    /// A ready engine with a ring of `slots` and a pool of `batches`; nobody is polled.
    pub(crate) fn sized(slots: usize, batches: usize) -> Self {
        Self::of(directory(&[]), slots, batches)
    }

    /// A ready engine whose second device has a text as well.
    pub(crate) fn with_text() -> Self {
        let number = |name| Point::new(name, "A");
        let mut builder = DirectoryBuilder::default();
        let numbers = vec![number("ia"), number("ib")];
        builder.add("sub1.f1", numbers, &[]).unwrap();
        let mixed = vec![Point::new("v", "kV"), Point::text("serial")];
        builder.add("sub1.f2", mixed, &[]).unwrap();
        Self::of(builder.build(), 8, 8)
    }

    /// A ready engine with a device `wide` of `points` points beside the others.
    pub(crate) fn wide(points: usize) -> Self {
        let point = |name: &str| Point::new(name, "A");
        let mut builder = DirectoryBuilder::default();
        builder
            .add("sub1.f1", vec![point("ia"), point("ib")], &[])
            .unwrap();
        builder.add("sub1.f2", vec![point("v")], &[]).unwrap();
        let many = (0..points).map(|n| point(&format!("p{n}"))).collect();
        builder.add("wide", many, &[]).unwrap();
        Self::of(builder.build(), 8, 8)
    }

    /// A sweep of all points of `wide`.
    pub(crate) fn publish_wide(&self, value: f64) {
        let whole = self.state.directory.devices()[2].whole();
        let mut batch = Batch::default();
        let time = Timestamp::from_millis(1_500);
        batch.start_sweep(whole, time, TimeQuality::Synchronised, time);
        batch.extend((0..whole.len()).map(|_| value));
        let readings = batch.readings().unwrap();
        self.state.live.publish(2, whole.first(), &readings);
    }

    /// A ready engine that polls `sub1.f1` every two minutes.
    pub(crate) fn polled() -> Self {
        let mut rig = Self::of(directory(std::slice::from_ref(&(0..2))), 8, 8);
        let directory = &rig.state.directory;
        let periods = [0, 1].map(|index| (PointIndex::new(index), Duration::from_secs(120)));
        rig.state.periods = Arc::new(PeriodBook::new(directory, periods));
        rig
    }

    pub(crate) fn of(directory: Directory, slots: usize, batches: usize) -> Self {
        let directory = Arc::new(directory);
        let names = directory
            .devices()
            .iter()
            .map(|device| device.name().to_owned());
        let areas = ["north", "south"].map(str::to_owned);
        let telemetry = Arc::new(Telemetry::with_areas("1.2.3", names, areas));
        telemetry.store.connected.set(1);
        let (producer, consumer) = ring(slots);
        let pool = Pool::new(batches, 4);
        let plant = Plant::new(&directory);
        let (giving, commands) = alarm_commands(producer.clone(), Arc::clone(&telemetry));
        let (audit, _) = audit_log(producer.clone(), Arc::clone(&telemetry));
        let store = Arc::new(FakeStore::default());
        let readiness = Readiness::default();
        readiness.on_journal_open();
        readiness.on_pipeline_started();
        let ib = directory.find_point("sub1.f1.ib").unwrap().index;
        let states = [(0, "open".into()), (1, "closed".into())].into();
        let state = ApiState {
            engine: Engine {
                name: "north".to_owned(),
                version: "1.2.3".to_owned(),
                started: Instant::now(),
            },
            protocols: ["modbus", "dnp3"].into(),
            live: Arc::clone(&plant.live),
            alarms: Arc::clone(&plant.board),
            book: Arc::clone(&plant.book),
            commands: giving,
            audit,
            access: Arc::new(Access::off()),
            tls: None,
            periods: Arc::default(),
            states: Arc::new(StatesBook::new([(ib, states)])),
            store: Arc::clone(&store) as _,
            intake: Intake::new(pool.clone(), producer.clone(), Arc::clone(&telemetry)),
            telemetry,
            config: ConfigDesk::default(),
            readiness,
            settings: Settings::default(),
            directory,
        };
        Self {
            state,
            store,
            plant,
            commands,
            pool,
            waker: producer,
            consumer,
        }
    }

    pub(crate) fn router(&self) -> Router {
        router(self.state.clone())
    }

    /// Starts the pipeline; the rig keeps what is shared.
    pub(crate) fn run(self) -> Running {
        let Self {
            state,
            plant,
            mut commands,
            pool,
            mut consumer,
            ..
        } = self;
        let is_over = Arc::new(AtomicBool::new(false));
        let (over, own) = (Arc::clone(&is_over), state.clone());
        let done = plant.clone();
        let thread = std::thread::spawn(move || {
            let mut position = 0;
            while !over.load(Ordering::Acquire) {
                while let Some(Given { command, answer }) = commands.pop() {
                    answer.tell(done.command(&command).map_err(Into::into));
                }
                let Some(slot) = consumer.pop() else {
                    consumer.wait(Duration::from_millis(1));
                    continue;
                };
                let readings = slot.batch.readings().unwrap();
                let layout = slot.batch.layout().unwrap();
                let device = own.directory.find_device(layout.device()).unwrap();
                own.live.publish(device.get(), layout.first(), &readings);
                assert!(!matches!(readings, Readings::Sweep(_)));
                own.telemetry.ledger.journalled.add(readings.len() as u64);
                position += FRAME_BYTES;
                if let Some(receipt) = slot.receipt {
                    receipt.redeem(position);
                }
                pool.give(slot.batch);
            }
        });
        Running {
            state,
            plant,
            is_over,
            thread: Some(thread),
        }
    }
}

/// A rig whose pipeline runs until it is dropped.
pub(crate) struct Running {
    pub(crate) state: ApiState,
    pub(crate) plant: Plant,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn router(&self) -> Router {
        router(self.state.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_none_or(|ended| ended.is_ok()));
    }
}

/// Two devices, of which the first has its points read together as `groups` say.
fn directory(groups: &[Range<usize>]) -> Directory {
    let points = |names: &[(&str, &str)]| {
        names
            .iter()
            .map(|(name, unit)| Point::new(name, unit))
            .collect()
    };
    let mut builder = DirectoryBuilder::default();
    builder
        .add("sub1.f1", points(&[("ia", "A"), ("ib", "A")]), groups)
        .unwrap();
    builder.add("sub1.f2", points(&[("v", "kV")]), &[]).unwrap();
    builder.build()
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        let kind = &self.headers[header::CONTENT_TYPE];
        assert!(
            kind == "application/json" || kind == "application/problem+json",
            "{kind:?}"
        );
        serde_json::from_str(&self.text).unwrap()
    }

    /// The members that every problem has, checked; returns the detail.
    pub(crate) fn problem(&self, status: u16, kind: &str) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(
            self.headers[header::CONTENT_TYPE],
            "application/problem+json"
        );
        let body = self.json();
        assert_eq!(body["status"], status);
        assert_eq!(body["type"], format!("urn:gridos:problem:{kind}"));
        assert!(
            body["title"]
                .as_str()
                .is_some_and(|title| !title.is_empty())
        );
        body["detail"]
            .as_str()
            .filter(|detail| !detail.is_empty())
            .unwrap()
            .to_owned()
    }
}

pub(crate) async fn ask(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8(body.to_vec()).unwrap(),
    }
}

pub(crate) async fn get(router: &Router, path: &str) -> Answer {
    ask(router, Request::get(path).body(Body::empty()).unwrap()).await
}

pub(crate) async fn post(router: &Router, body: impl Into<Body>) -> Answer {
    let request = Request::post("/api/v1/scada/data")
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8");
    ask(router, request.body(body.into()).unwrap()).await
}

//! Health: whether the process lives, and whether it should be sent readings.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::body::json;
use crate::state::Api;

/// Readings that wait for the disk this long mean that the journal has stalled: a sync takes
/// milliseconds, and a disk that is merely slow moves on within a second.
const STALL_AFTER: Duration = Duration::from_secs(10);

/// How well one part of the engine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Grade {
    /// As it should be.
    Ok,
    /// Something is missing or was lost, but new readings are taken and kept.
    Degraded,
    /// Readings must go elsewhere for now.
    Unready,
    /// Only a restart helps.
    Dead,
}

/// One part of the engine.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Check {
    pub(crate) status: Grade,
    /// What is wrong and what follows; empty if nothing is.
    pub(crate) detail: String,
}

/// All parts that matter.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checks {
    pub(crate) journal: Check,
    pub(crate) pipeline: Check,
    pub(crate) intake: Check,
    pub(crate) database: Check,
    pub(crate) ledger: Check,
}

/// The health as a whole.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// The worst of the checks.
    pub(crate) status: Grade,
    pub(crate) live: bool,
    pub(crate) ready: bool,
    pub(crate) checks: Checks,
}

/// `GET /health`: 200 if live and ready.
#[utoipa::path(
    get,
    path = "/health",
    tag = "health",
    operation_id = "health",
    responses(
        (status = 200, body = Health, description = "Live and ready"),
        (status = 503, body = Health, description = "The checks say what is wrong"),
    ),
    security(()),
)]
pub(crate) async fn health(State(api): State<Arc<Api>>) -> Response {
    let health = Health::at(&api, Instant::now());
    answer(health.live && health.ready, &health)
}

/// `GET /health/live`: 200 unless only a restart helps.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    operation_id = "health_live",
    responses(
        (status = 200, body = Health, description = "Live"),
        (status = 503, body = Health, description = "Only a restart helps"),
    ),
    security(()),
)]
pub(crate) async fn live(State(api): State<Arc<Api>>) -> Response {
    let health = Health::at(&api, Instant::now());
    answer(health.live, &health)
}

/// `GET /health/ready`: 200 if readings may be sent here.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    operation_id = "health_ready",
    responses(
        (status = 200, body = Health, description = "Ready for readings"),
        (status = 503, body = Health, description = "Readings must go elsewhere for now"),
    ),
    security(()),
)]
pub(crate) async fn ready(State(api): State<Arc<Api>>) -> Response {
    let health = Health::at(&api, Instant::now());
    answer(health.ready, &health)
}

/// An unhealthy engine answers in the same shape as a healthy one, so that a probe's log shows
/// which check failed.
fn answer(good: bool, health: &Health) -> Response {
    let mut response = json(health);
    if !good {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        let second = HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, second);
    }
    response.into_response()
}

impl Health {
    pub(crate) fn at(api: &Api, now: Instant) -> Self {
        let waiting = api.beat(now).waiting_for_disk;
        let checks = Checks {
            journal: journal(api, waiting),
            pipeline: pipeline(api),
            intake: intake(api),
            database: database(api),
            ledger: ledger(api),
        };
        let all = [
            &checks.journal,
            &checks.pipeline,
            &checks.intake,
            &checks.database,
            &checks.ledger,
        ];
        let status = all
            .into_iter()
            .map(|check| check.status)
            .max()
            .unwrap_or(Grade::Ok);
        let live = status < Grade::Dead;
        Self {
            status,
            live,
            ready: status < Grade::Unready,
            checks,
        }
    }
}

impl Check {
    fn ok() -> Self {
        Self {
            status: Grade::Ok,
            detail: String::new(),
        }
    }

    fn new(status: Grade, detail: impl Into<String>) -> Self {
        Self {
            status,
            detail: detail.into(),
        }
    }
}

fn journal(api: &Api, waiting: Duration) -> Check {
    let readiness = &api.state.readiness;
    if !readiness.is_journal_open() {
        return Check::new(Grade::Unready, "the journal is not open yet");
    }
    if readiness.is_journal_stalled() {
        let detail = match api.state.telemetry.journal.full.get() {
            0 => "journal stalled: it cannot be written; check the disk and its space",
            _ => {
                "journal stalled: its budget or the disk is used up; it goes on when the database \
                 has caught up"
            }
        };
        return Check::new(Grade::Unready, detail);
    }
    if waiting >= STALL_AFTER {
        let seconds = waiting.as_secs();
        let detail = format!(
            "journal stalled: nothing became durable for {seconds} s although readings wait; \
             check the disk"
        );
        return Check::new(Grade::Unready, detail);
    }
    let alarms = api.state.telemetry.engine_alarms.list();
    if !alarms.is_empty() {
        let details: Vec<_> = alarms.into_iter().map(|alarm| alarm.detail).collect();
        return Check::new(Grade::Degraded, details.join("; "));
    }
    Check::ok()
}

fn pipeline(api: &Api) -> Check {
    let readiness = &api.state.readiness;
    if !readiness.is_live() {
        return Check::new(
            Grade::Dead,
            "the pipeline has ended; the engine must be restarted",
        );
    }
    if !readiness.is_pipeline_running() {
        return Check::new(Grade::Unready, "the pipeline does not run");
    }
    Check::ok()
}

fn intake(api: &Api) -> Check {
    if api.state.readiness.is_draining() {
        return Check::new(
            Grade::Unready,
            "draining: the engine is stopping and takes nothing",
        );
    }
    Check::ok()
}

/// A database that cannot be written makes no engine unready: the journal carries on, and traffic that
/// moved to another engine would find the same database away.
fn database(api: &Api) -> Check {
    let store = &api.state.telemetry.store;
    if store.connected.get() == 0 {
        let waiting = store.backlog_bytes.get().div_ceil(1 << 20);
        let trouble = store.trouble.get();
        let trouble = trouble
            .as_deref()
            .unwrap_or("the database has not answered yet");
        let detail = format!(
            "nothing can be stored: {trouble}; readings are kept in the journal meanwhile \
             ({waiting} MiB wait)"
        );
        return Check::new(Grade::Degraded, detail);
    }
    Check::ok()
}

/// What was lost stays said until the next start, and whoever asks for readings keeps being served:
/// another engine would not bring them back.
fn ledger(api: &Api) -> Check {
    let ledger = api.state.telemetry.ledger.snapshot();
    let (lost, quarantined) = (ledger.lost, ledger.quarantined);
    if lost == 0 && quarantined == 0 {
        return Check::ok();
    }
    let detail = format!(
        "since the start {lost} readings were lost because the journal was damaged, trimmed or \
         given up, and \
         {quarantined} could not be stored as readings; the database's table quarantine says which"
    );
    Check::new(Grade::Degraded, detail)
}

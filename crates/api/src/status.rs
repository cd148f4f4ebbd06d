//! `GET /api/v1/scada/status`: the engine at a glance.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use gridos_telemetry::{DeviceState, LedgerSnapshot, Refusal, Stage, StageName, Telemetry};
use serde::Serialize;

use crate::body::{Time, json, now};
use crate::health::{Checks, Grade, Health};
use crate::state::Api;

/// A reading in a producer's hands makes the ledger look short for some nanoseconds; a few looks
/// tell that from a loss.
const LEDGER_LOOKS: usize = 4;

#[derive(Serialize)]
struct Status<'a> {
    engine: &'a str,
    version: &'a str,
    time: Time,
    uptime_seconds: f64,
    status: Grade,
    live: bool,
    ready: bool,
    checks: Checks,
    devices: Devices,
    points: usize,
    readings_per_second: Option<f64>,
    ledger: Ledger,
    stages: BTreeMap<&'static str, Percentiles>,
    alarms: Alarms,
    journal: Journal,
    store: StoreStatus,
    ring: Ring,
}

#[derive(Serialize)]
struct Devices {
    total: usize,
    up: usize,
    down: usize,
    unknown: usize,
}

#[derive(Serialize)]
struct Ledger {
    received: u64,
    refused: u64,
    refused_by: BTreeMap<&'static str, u64>,
    carried_over: u64,
    offered: u64,
    in_ring: u64,
    journalled: u64,
    in_journal: u64,
    stored: u64,
    quarantined: u64,
    lost: u64,
    unaccounted: i64,
    balanced: bool,
}

/// The latency from the wire to the end of a stage over the life of the process; null without
/// any batch.
#[derive(Serialize)]
struct Percentiles {
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
}

#[derive(Serialize)]
struct Alarms {
    active: usize,
}

#[derive(Serialize)]
struct Journal {
    position: u64,
    durable: u64,
    bytes: u64,
    segments: u64,
}

#[derive(Serialize)]
struct StoreStatus {
    connected: bool,
    position: u64,
    backlog_bytes: u64,
    /// Why nothing can be stored; left out if nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

#[derive(Serialize)]
struct Ring {
    depth: u64,
    capacity: u64,
    full: u64,
}

pub(crate) async fn status(State(api): State<Arc<Api>>) -> Response {
    let at = Instant::now();
    let state = &api.state;
    let telemetry = &*state.telemetry;
    let health = Health::at(&api, at);
    let count = |device| telemetry.devices.count(device);
    json(&Status {
        engine: &state.engine.name,
        version: &state.engine.version,
        time: Time(now()),
        uptime_seconds: at
            .saturating_duration_since(state.engine.started)
            .as_secs_f64(),
        status: health.status,
        live: health.live,
        ready: health.ready,
        checks: health.checks,
        devices: Devices {
            total: telemetry.devices.len(),
            up: count(DeviceState::Up),
            down: count(DeviceState::Down),
            unknown: count(DeviceState::Unknown),
        },
        points: state.directory.point_count(),
        readings_per_second: api.beat(at).readings_per_second,
        ledger: ledger(telemetry),
        stages: StageName::ALL
            .iter()
            .map(|name| (name.label(), percentiles(telemetry.stages.get(*name))))
            .collect(),
        alarms: Alarms {
            active: state.alarms.len(),
        },
        journal: Journal {
            position: telemetry.journal.position.get(),
            durable: telemetry.journal.durable.get(),
            bytes: telemetry.journal.bytes.get(),
            segments: telemetry.journal.segments.get(),
        },
        store: StoreStatus {
            connected: telemetry.store.connected.get() != 0,
            position: telemetry.store.position.get(),
            backlog_bytes: telemetry.store.backlog_bytes.get(),
            trouble: telemetry.store.trouble.get(),
        },
        ring: Ring {
            depth: telemetry.ring.depth.get(),
            capacity: telemetry.ring.capacity.get(),
            full: telemetry.ring.full.get(),
        },
    })
}

fn ledger(telemetry: &Telemetry) -> Ledger {
    let mut looks = (0..LEDGER_LOOKS).map(|_| telemetry.ledger.snapshot());
    let balanced = looks.find(LedgerSnapshot::is_balanced);
    let at = balanced.unwrap_or_else(|| telemetry.ledger.snapshot());
    Ledger {
        received: at.received,
        refused: at.refused,
        refused_by: Refusal::ALL
            .iter()
            .map(|reason| (reason.label(), at.refused_for(*reason)))
            .collect(),
        carried_over: at.carried_over,
        offered: at.offered,
        in_ring: at.in_ring,
        journalled: at.journalled,
        in_journal: at.in_journal,
        stored: at.stored,
        quarantined: at.quarantined,
        lost: at.lost,
        unaccounted: i64::try_from(at.unaccounted).unwrap_or(i64::MAX),
        balanced: at.is_balanced(),
    }
}

fn percentiles(stage: &Stage) -> Percentiles {
    let ms = |quantile| stage.quantile(quantile).map(milliseconds);
    Percentiles {
        p50_ms: ms(0.5),
        p95_ms: ms(0.95),
        p99_ms: ms(0.99),
    }
}

fn milliseconds(duration: Duration) -> f64 {
    // Whole microseconds: what is finer is not measured.
    #[expect(clippy::cast_precision_loss, reason = "exact below 285 years")]
    let micros = duration.as_micros() as f64;
    micros / 1e3
}

//! `GET /api/v1/scada/status`: the engine at a glance.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use axum::response::Response;
use gridos_model::{Directory, Priority};
use gridos_telemetry::{
    DeviceState, LedgerSnapshot, Loss, Refusal, Stage, StageName, Telemetry, Vitals,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::alarms::Waiting;
use crate::body::{Time, json, now};
use crate::health::{Checks, Grade, Health};
use crate::latencies::{Latency, milliseconds};
use crate::state::{Api, ApiState};

/// A reading in a producer's hands makes the ledger look short for some nanoseconds; a few looks
/// tell that from a loss.
const LEDGER_LOOKS: usize = 4;

/// The rungs of the journal's ladder, as the gauge counts them.
const RUNGS: [&str; 4] = ["normal", "warn", "pressed", "full"];

/// The engine at a glance.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status<'a> {
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
    retired: Retired,
    readings_per_second: Option<f64>,
    ledger: Ledger,
    /// From the wire, over the last 10 s.
    latency: BTreeMap<&'static str, Latency>,
    stages: BTreeMap<&'static str, Percentiles>,
    alarms: Alarms<'a>,
    engine_alarms: Vec<EngineAlarm>,
    journal: Journal,
    store: StoreStatus,
    ring: Ring,
    /// Null where devices are not shared.
    fleet: Option<Fleet>,
}

/// The fleet that shares its devices, as this engine knows it. Counted are channels: all devices behind one
/// address.
#[derive(Serialize, ToSchema)]
struct Fleet {
    name: String,
    /// What this engine is called in it.
    member: String,
    /// Whether what members share can be read and written.
    reachable: bool,
    /// Whether that is away for longer than a lease, and the other members' promises let this engine go on.
    kept_by_peers: bool,
    channels: u64,
    /// Those that this engine has.
    held: u64,
    /// The canary's share, in percent.
    share_percent: f64,
    /// The version of the plan that says who has what.
    plan: u64,
    /// How often this engine gave up all at once, because its lease was over.
    fences: u64,
    members: Vec<Member>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FleetMember)]
struct Member {
    name: String,
    /// `stable` or `canary`.
    role: &'static str,
    capacity: u32,
    version: String,
    /// Those that the plan gives it.
    channels: usize,
    leaving: bool,
    /// How it did lately, as it said when it renewed its lease last; null if it does not say so.
    lately: Option<Lately>,
}

/// How a member did over some 20 s.
#[derive(Serialize, ToSchema)]
#[schema(as = FleetMemberLately)]
struct Lately {
    /// From the last byte on the wire to durable.
    durable: Latency,
    /// From when it was due to durable: late polls and the devices' own time are in it.
    due: Latency,
    /// From the last byte on the wire to stored: what a canary is judged by.
    stored: Latency,
    /// Scans that ended; with DNP3, requests.
    scans: u64,
    /// The share of these that brought all their readings, 0 to 1; null if there were none.
    answered_ratio: Option<f64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = DeviceCounts)]
struct Devices {
    total: usize,
    up: usize,
    down: usize,
    unknown: usize,
}

/// What reloads of the configuration left behind: places in memory of devices and points that are gone,
/// until the engine is started again.
#[derive(Serialize, ToSchema)]
#[schema(as = RetiredPlaces)]
struct Retired {
    devices: usize,
    points: usize,
}

#[derive(Serialize, ToSchema)]
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
    lost_by: BTreeMap<&'static str, u64>,
    unaccounted: i64,
    balanced: bool,
}

/// The latency from the wire to the end of a stage over the life of the process; null without
/// any batch.
#[derive(Serialize, ToSchema)]
struct Percentiles {
    p50_ms: Option<f64>,
    p95_ms: Option<f64>,
    p99_ms: Option<f64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AlarmCounts)]
struct Alarms<'a> {
    /// Those that are not hidden.
    active: usize,
    /// The last record that the counts know of.
    sequence: u64,
    /// For how many the horn sounds.
    sounding: usize,
    /// The highest priority that waits for somebody to acknowledge; null if nothing waits.
    highest_unacknowledged: Option<&'static str>,
    /// Of those that are not hidden.
    priorities: BTreeMap<&'static str, Waiting>,
    /// Areas whose operators are told more than they can follow.
    flood: Vec<&'a str>,
}

#[derive(Serialize, ToSchema)]
struct Journal {
    position: u64,
    durable: u64,
    bytes: u64,
    segments: u64,
    /// `normal`, `warn`, `pressed` (the safety window shrinks) or `full`.
    rung: &'static str,
    room_bytes: u64,
    growth_bytes_per_second: u64,
    /// How long the room lasts at that rate; null if it is not known, or for ever.
    autonomy_seconds: Option<f64>,
    /// Null if it cannot be told.
    oldest_unstored_seconds: Option<f64>,
    given_up: GivenUp,
}

/// What was deleted from the full journal although it was not stored, since the start.
#[derive(Serialize, ToSchema)]
struct GivenUp {
    segments: u64,
    readings: u64,
}

/// An alarm of the engine itself: those of points are at `/api/v1/alarms`.
#[derive(Serialize, ToSchema)]
struct EngineAlarm {
    alarm: &'static str,
    severity: &'static str,
    since: Time,
    detail: String,
}

#[derive(Serialize, ToSchema)]
struct StoreStatus {
    connected: bool,
    position: u64,
    backlog_bytes: u64,
    /// Until everything is stored; null if the backlog does not shrink.
    drain_seconds: Option<f64>,
    /// Why nothing can be stored; left out if nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct Ring {
    depth: u64,
    capacity: u64,
    full: u64,
}

/// How the engine fares.
#[utoipa::path(
    get,
    path = "/api/v1/scada/status",
    tag = "engine",
    operation_id = "status",
    responses(
        (status = 200, body = Status, description = "The engine at a glance"),
    ),
    security(("token" = ["viewer"])),
)]
pub(crate) async fn status(State(api): State<Arc<Api>>) -> Response {
    json(&Status::now(&api, Instant::now()))
}

impl<'a> Status<'a> {
    /// The engine of `api` at `at`.
    pub(crate) fn now(api: &'a Api, at: Instant) -> Self {
        let state = &api.state;
        let telemetry = &*state.telemetry;
        let health = Health::at(api, at);
        let beat = api.beat(at);
        let age = at.saturating_duration_since(state.engine.started);
        Self {
            engine: &state.engine.name,
            version: &state.engine.version,
            time: Time(now()),
            uptime_seconds: age.as_secs_f64(),
            status: health.status,
            live: health.live,
            ready: health.ready,
            checks: health.checks,
            devices: Devices::of(telemetry),
            points: state.directory.present_points(),
            retired: Retired::of(&state.directory),
            readings_per_second: beat.readings_per_second,
            ledger: ledger(telemetry),
            latency: api.latencies.look(&telemetry.stages, at),
            stages: StageName::ALL
                .iter()
                .map(|name| (name.label(), percentiles(telemetry.stages.get(*name))))
                .collect(),
            alarms: Alarms::of(state),
            engine_alarms: engine_alarms(telemetry),
            journal: journal(telemetry),
            store: StoreStatus {
                connected: telemetry.store.connected.get() != 0,
                position: telemetry.store.position.get(),
                backlog_bytes: telemetry.store.backlog_bytes.get(),
                drain_seconds: telemetry.store.drain.known(),
                trouble: telemetry.store.trouble.get(),
            },
            ring: Ring {
                depth: telemetry.ring.depth.get(),
                capacity: telemetry.ring.capacity.get(),
                full: telemetry.ring.full.get(),
            },
            fleet: Fleet::of(telemetry),
        }
    }
}

impl Retired {
    fn of(directory: &Directory) -> Self {
        let (devices, points) = (directory.device_count(), directory.present_points());
        Self {
            devices: directory.devices().len().saturating_sub(devices),
            points: directory.point_count().saturating_sub(points),
        }
    }
}

impl Fleet {
    fn of(telemetry: &Telemetry) -> Option<Self> {
        let (cells, roll) = (&telemetry.fleet, telemetry.fleet.roll());
        if roll.name.is_empty() {
            return None;
        }
        let member = |member: &gridos_telemetry::FleetMember| Member {
            name: (*member.name).to_owned(),
            role: member.role,
            capacity: member.capacity,
            version: member.version.clone(),
            channels: member.channels,
            leaving: member.leaving,
            lately: member.vitals.map(Lately::of),
        };
        Some(Self {
            name: roll.name.clone(),
            member: roll.member.clone(),
            reachable: cells.reachable.get() != 0,
            kept_by_peers: cells.kept_by_peers.get() != 0,
            channels: cells.channels.get(),
            held: cells.held.get(),
            share_percent: f64::from(roll.share_ppm) / 10_000.0,
            plan: roll.plan,
            fences: cells.fences.get(),
            members: roll.members.iter().map(member).collect(),
        })
    }
}

impl Lately {
    fn of(vitals: Vitals) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a share, for people")]
        let answered = vitals.answered as f64 / vitals.scans as f64;
        Self {
            durable: vitals.durable.into(),
            due: vitals.due.into(),
            stored: vitals.stored.into(),
            scans: vitals.scans,
            answered_ratio: (vitals.scans > 0).then_some(answered),
        }
    }
}

impl Devices {
    fn of(telemetry: &Telemetry) -> Self {
        let count = |device| telemetry.devices.count(device);
        Self {
            total: telemetry.devices.len(),
            up: count(DeviceState::Up),
            down: count(DeviceState::Down),
            unknown: count(DeviceState::Unknown),
        }
    }
}

impl<'a> Alarms<'a> {
    fn of(state: &'a ApiState) -> Self {
        let table = state.alarms.table();
        let counts = &table.counts;
        let areas = &state.telemetry.alarms.areas;
        let in_flood = areas.names().enumerate();
        Self {
            active: Priority::ALL
                .map(|one| counts.active(one))
                .into_iter()
                .sum(),
            sequence: table.sequence,
            sounding: counts.sounding(),
            highest_unacknowledged: counts.highest_unacknowledged().map(Priority::name),
            priorities: Waiting::by_priority(counts),
            flood: in_flood
                .filter(|(place, _)| areas.flood(*place) != 0)
                .map(|(_, name)| name)
                .collect(),
        }
    }
}

fn journal(telemetry: &Telemetry) -> Journal {
    let cells = &telemetry.journal;
    let rung = usize::try_from(cells.rung.get()).ok();
    let rung = rung.and_then(|rung| RUNGS.get(rung));
    Journal {
        position: cells.position.get(),
        durable: cells.durable.get(),
        bytes: cells.bytes.get(),
        segments: cells.segments.get(),
        rung: rung.copied().unwrap_or("normal"),
        room_bytes: cells.room.get(),
        growth_bytes_per_second: cells.growth.get(),
        autonomy_seconds: cells.autonomy.known(),
        oldest_unstored_seconds: cells.unstored_age.known(),
        given_up: GivenUp {
            segments: cells.given_up_segments.get(),
            readings: cells.given_up_readings.get(),
        },
    }
}

fn engine_alarms(telemetry: &Telemetry) -> Vec<EngineAlarm> {
    let alarms = telemetry.engine_alarms.list().into_iter();
    let shown = alarms.map(|alarm| EngineAlarm {
        alarm: alarm.name,
        severity: if alarm.is_critical {
            "critical"
        } else {
            "warning"
        },
        since: Time(alarm.since.into()),
        detail: alarm.detail,
    });
    shown.collect()
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
        lost_by: Loss::ALL
            .iter()
            .map(|reason| (reason.label(), at.lost_for(*reason)))
            .collect(),
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

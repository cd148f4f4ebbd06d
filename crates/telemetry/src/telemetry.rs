//! All cells of one engine.

use crossbeam_utils::CachePadded;

use crate::render::Exposition;
use crate::{
    AlarmCells, AreaCells, ConfigCells, DeviceBoard, Dnp3Cells, EngineAlarms, FleetCells,
    HttpCells, JournalCells, Ledger, ListenerCells, ModbusCells, NotifyCells, PoolCells, Pressure,
    Protocols, RelayCells, RingCells, RoleCell, ScanCells, Stages, StoreCells, Trail,
};

/// Every number one engine keeps about itself; shared as `Arc<Telemetry>`.
///
/// Cells that different threads write lie on different cache lines.
#[derive(Debug)]
pub struct Telemetry {
    /// Where every reading is.
    pub ledger: Ledger,
    /// Latency from the wire to each stage.
    pub stages: Stages,
    /// How long before the wire each batch was due that is not stored yet.
    pub trail: Trail,
    /// By which protocol the readings of each layout come.
    pub protocols: Protocols,
    /// What there was to be scanned, and what became of it.
    pub scans: CachePadded<ScanCells>,
    /// How long the engine was at its limit.
    pub pressure: CachePadded<Pressure>,
    /// What the engine is while a new version is tried.
    pub role: RoleCell,
    /// Modbus sessions.
    pub modbus: CachePadded<ModbusCells>,
    /// DNP3 sessions.
    pub dnp3: CachePadded<Dnp3Cells>,
    /// Listeners.
    pub listeners: CachePadded<ListenerCells>,
    /// The journal.
    pub journal: CachePadded<JournalCells>,
    /// The database writer.
    pub store: CachePadded<StoreCells>,
    /// Alarms.
    pub alarms: CachePadded<AlarmCells>,
    /// Notifications.
    pub notify: CachePadded<NotifyCells>,
    /// What is wrong with the engine itself.
    pub engine_alarms: EngineAlarms,
    /// Reloads of the configuration.
    pub config: CachePadded<ConfigCells>,
    /// The fleet that shares its devices.
    pub fleet: FleetCells,
    /// Shipping the journal to writers on other machines.
    pub relay: RelayCells,
    /// The HTTP server.
    pub http: CachePadded<HttpCells>,
    /// The ring.
    pub ring: CachePadded<RingCells>,
    /// The pool of batches.
    pub pool: CachePadded<PoolCells>,
    /// How each device does.
    pub devices: DeviceBoard,
    exposition: Exposition,
}

impl Telemetry {
    /// Cells at 0 for an engine of `version` with `devices`, in the order of their indices.
    pub fn new(version: &str, devices: impl IntoIterator<Item = String>) -> Self {
        Self::with_areas(version, devices, [])
    }

    /// The same of an engine whose alarms belong to the operators' `areas`.
    pub fn with_areas(
        version: &str,
        devices: impl IntoIterator<Item = String>,
        areas: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut alarms = AlarmCells::default();
        alarms.areas = AreaCells::new(areas);
        let exposition = Exposition::new(version, &alarms.areas);
        Self {
            ledger: Ledger::default(),
            stages: Stages::default(),
            trail: Trail::default(),
            protocols: Protocols::default(),
            scans: CachePadded::default(),
            pressure: CachePadded::default(),
            role: RoleCell::default(),
            modbus: CachePadded::default(),
            dnp3: CachePadded::default(),
            listeners: CachePadded::default(),
            journal: CachePadded::default(),
            store: CachePadded::default(),
            alarms: CachePadded::new(alarms),
            notify: CachePadded::default(),
            engine_alarms: EngineAlarms::default(),
            config: CachePadded::default(),
            fleet: FleetCells::default(),
            relay: RelayCells::default(),
            http: CachePadded::default(),
            ring: CachePadded::default(),
            pool: CachePadded::default(),
            devices: DeviceBoard::new(devices),
            exposition,
        }
    }

    /// Every series of the [`catalogue`](crate::catalogue) in the Prometheus text format, version
    /// 0.0.4, in the order of the names.
    ///
    /// Allocates, and looks at every device: not for a thread on the way of readings.
    pub fn render(&self) -> String {
        self.exposition.render(self)
    }
}

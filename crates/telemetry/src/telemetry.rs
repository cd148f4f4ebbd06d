//! All cells of one engine.

use crossbeam_utils::CachePadded;

use crate::render::Exposition;
use crate::{
    AlarmCells, DeviceBoard, Dnp3Cells, HttpCells, JournalCells, Ledger, ListenerCells,
    ModbusCells, PoolCells, RingCells, Stages, StoreCells,
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
        Self {
            ledger: Ledger::default(),
            stages: Stages::default(),
            modbus: CachePadded::default(),
            dnp3: CachePadded::default(),
            listeners: CachePadded::default(),
            journal: CachePadded::default(),
            store: CachePadded::default(),
            alarms: CachePadded::default(),
            http: CachePadded::default(),
            ring: CachePadded::default(),
            pool: CachePadded::default(),
            devices: DeviceBoard::new(devices),
            exposition: Exposition::new(version),
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

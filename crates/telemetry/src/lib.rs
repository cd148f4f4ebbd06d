//! Every number the engine keeps about itself, and the Prometheus text that shows them.
//!
//! This crate must not know who measures: it stands on the lowest floor, offers cells to count
//! in, and names, describes and shows each series exactly once, in the [`catalogue`]. Counting is
//! one atomic add; nothing on the way of a reading takes a lock or allocates.

mod buckets;
mod catalogue;
mod cells;
mod counter;
mod devices;
mod dnp3;
mod histogram;
mod label;
mod ledger;
mod metric;
mod note;
mod render;
mod scan;
mod stage;
mod telemetry;

pub use buckets::{BUCKET_BOUNDS, Buckets};
pub use catalogue::catalogue;
pub use cells::{
    AlarmCells, HttpCells, JournalCells, ListenerCells, ModbusCells, PoolCells, RingCells,
    StoreCells,
};
pub use counter::{Counter, Gauge};
pub use devices::{DeviceBoard, DeviceState, DeviceStats, LastError};
pub use dnp3::{
    ConfirmSide, ConfirmWithheld, DeadLetterFate, Dnp3Cells, FragmentFate, FrameFault, LossReason,
};
pub use histogram::Histogram;
pub use label::{ListenerAnswer, PeerRefusal, Refusal, StageName, StatusClass};
pub use ledger::{Ledger, LedgerSnapshot};
pub use metric::{Kind, Label, Metric, Unit};
pub use note::Note;
pub use scan::{ScanStats, Summary, Window};
pub use stage::{Stage, StageRecorder, Stages};
pub use telemetry::Telemetry;

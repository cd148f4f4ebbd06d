//! Every number the engine keeps about itself, and the Prometheus text that shows them.
//!
//! This crate must not know who measures: it stands on the lowest floor, offers cells to count
//! in, and names, describes and shows each series exactly once, in the [`catalogue`]. Counting is
//! one atomic add; nothing on the way of a reading takes a lock or allocates.

mod alarms;
mod areas;
mod buckets;
mod catalogue;
mod cells;
mod counter;
mod devices;
mod dnp3;
mod engine_alarm;
mod fleet;
mod hdr_log;
mod histogram;
mod label;
mod lately;
mod ledger;
mod metric;
mod note;
mod notify;
mod objective;
mod pressure;
mod protocols;
mod relay;
mod render;
mod role;
mod scan;
mod scans;
mod seconds;
mod spell;
mod stage;
mod telemetry;
mod trail;
mod troubles;
mod vitals;

pub use alarms::{ALARM_ACTIONS, ALARM_PRIORITIES, AlarmCells};
pub use areas::AreaCells;
pub use buckets::{BUCKET_BOUNDS, Buckets};
pub use catalogue::catalogue;
pub use cells::{
    ConfigCells, HttpCells, JournalCells, ListenerCells, ModbusCells, PoolCells, RingCells,
    StoreCells, UpkeepCells,
};
pub use counter::{Counter, Gauge};
pub use devices::{DeviceBoard, DeviceState, DeviceStats, NextPlace};
pub use dnp3::{
    ConfirmSide, ConfirmWithheld, DeadLetterFate, Dnp3Cells, FragmentFate, FrameFault, LossReason,
};
pub use engine_alarm::{EngineAlarm, EngineAlarms};
pub use fleet::{FleetCells, FleetMember, FleetRoll};
pub use hdr_log::{Interval, write_hdr_log};
pub use histogram::Histogram;
pub use label::{
    CommandOutcome, DueName, HttpMethod, HttpRefusal, ListenerAnswer, Loss, NotifyOutcome,
    PeerRefusal, Protocol, Refusal, ReloadOutcome, Role, ScanOutcome, StageName, StatusClass,
    StoreFault,
};
pub use lately::{Lately, Percentiles};
pub use ledger::{Ledger, LedgerSnapshot};
pub use metric::{Kind, Label, Metric, Unit, Values};
pub use note::Note;
pub use notify::NotifyCells;
pub use objective::OBJECTIVES;
pub use pressure::Pressure;
pub use protocols::{KnownProtocols, Protocols};
pub use relay::RelayCells;
pub use role::RoleCell;
pub use scan::{ScanStats, Summary, Window};
pub use scans::ScanCells;
pub use seconds::Seconds;
pub use spell::Spell;
pub use stage::{DueStages, Stage, StageRecorder, Stages};
pub use telemetry::Telemetry;
pub use trail::{Mark, Trail};
pub use troubles::Trouble;
pub use vitals::{Vitals, VitalsWindow};

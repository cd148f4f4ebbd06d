//! What alarms are counted in.

use crate::{AreaCells, CommandOutcome, Counter, Gauge};

/// What can happen to an alarm, in the order of the numbers it is recorded by.
pub const ALARM_ACTIONS: &[&str] = &[
    "raised",
    "escalated",
    "eased",
    "returned",
    "re_annunciated",
    "acknowledged",
    "reset",
    "silenced",
    "shelved",
    "unshelved",
    "suppressed",
    "unsuppressed",
    "out_of_service",
    "in_service",
    "redefined",
    "retired",
    "handed_over",
    "taken_over",
];

/// How urgent an alarm can be, the least urgent first.
pub const ALARM_PRIORITIES: &[&str] = &["low", "medium", "high", "urgent"];

/// What alarms are counted in.
#[derive(Debug, Default)]
pub struct AlarmCells {
    records: [Counter; ALARM_ACTIONS.len()],
    /// Annunciations: what an operator was told of.
    pub annunciations: Counter,
    /// Records that the journal did not take, because it could not be written for too long.
    pub unrecorded: Counter,
    /// Snapshots for the next start that could not be written.
    pub snapshot_errors: Counter,
    commands: [Counter; CommandOutcome::ALL.len()],
    active: [Gauge; ALARM_PRIORITIES.len()],
    unacknowledged: [Gauge; ALARM_PRIORITIES.len()],
    /// Alarms on the shelf.
    pub shelved: Gauge,
    /// Alarms suppressed by design.
    pub suppressed: Gauge,
    /// Alarms out of service, or switched off by their definition.
    pub out_of_service: Gauge,
    /// Alarms that chatter.
    pub chattering: Gauge,
    /// Alarms that have stood for too long and are not hidden.
    pub stale: Gauge,
    /// The load of the operators of each area.
    pub areas: AreaCells,
}

impl AlarmCells {
    /// Counts what happened to an alarm: the `action`th of [`ALARM_ACTIONS`].
    pub fn recorded(&self, action: usize) {
        if let Some(records) = self.records.get(action) {
            records.increment();
        }
    }

    /// How often the `action`th of [`ALARM_ACTIONS`] happened to an alarm.
    pub fn records(&self, action: usize) -> u64 {
        self.records.get(action).map_or(0, Counter::get)
    }

    /// How much happened to alarms in all.
    pub fn records_in_all(&self) -> u64 {
        self.records.iter().map(Counter::get).sum()
    }

    /// How many alarms are active and not hidden, of all priorities.
    pub fn active_in_all(&self) -> u64 {
        self.active.iter().map(Gauge::get).sum()
    }

    /// Counts a command that led to `outcome`.
    pub fn commanded(&self, outcome: CommandOutcome) {
        self.commands[outcome as usize].increment();
    }

    /// How many commands led to `outcome`.
    pub fn commands(&self, outcome: CommandOutcome) -> u64 {
        self.commands[outcome as usize].get()
    }

    /// How many alarms of the `priority`th of [`ALARM_PRIORITIES`] are active, and how many wait to
    /// be acknowledged; neither are hidden.
    pub fn set_standing(&self, priority: usize, active: u64, unacknowledged: u64) {
        if let Some(cell) = self.active.get(priority) {
            cell.set(active);
        }
        if let Some(cell) = self.unacknowledged.get(priority) {
            cell.set(unacknowledged);
        }
    }

    /// How many alarms of the `priority`th of [`ALARM_PRIORITIES`] are active and not hidden.
    pub fn active(&self, priority: usize) -> u64 {
        self.active.get(priority).map_or(0, Gauge::get)
    }

    /// How many of them wait to be acknowledged, active or returned, and are not hidden.
    pub fn unacknowledged(&self, priority: usize) -> u64 {
        self.unacknowledged.get(priority).map_or(0, Gauge::get)
    }
}

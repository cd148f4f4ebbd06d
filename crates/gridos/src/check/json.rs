//! The report for machines.

use serde_json::{Map, Value, json};

use super::Report;

impl Report {
    /// What [`std::fmt::Display`] tells people.
    pub fn as_json(&self) -> Value {
        let bounds = &self.bounds;
        let memory = bounds.memory();
        let memory = memory.iter();
        let memory = memory.map(|term| json!({ "what": term.what, "bytes": term.bytes }));
        let kinds = self.alarms.kinds.iter();
        let kinds: Map<String, Value> = kinds
            .map(|(kind, count)| (kind.to_string(), json!(count)))
            .collect();
        let priorities = self.alarms.priorities.iter();
        let priorities: Map<String, Value> = priorities
            .map(|(priority, count)| (priority.to_string(), json!(count)))
            .collect();
        json!({
            "devices": bounds.devices,
            "devices_disabled": self.devices_disabled,
            "points": bounds.points,
            "outstations": bounds.outstations,
            "connections": bounds.connections,
            "listeners": self.listeners,
            "alarms": {
                "enabled": self.alarms.enabled(),
                "disabled": self.alarms.disabled,
                "kinds": kinds,
                "priorities": priorities,
            },
            "requests_per_second": bounds.requests_per_second,
            "readings_per_second": bounds.readings_per_second,
            "ring_batches": bounds.ring_batches,
            "pool_batches": bounds.pool_batches,
            "batch_readings": bounds.batch_readings,
            "memory": {
                "bytes": bounds.memory_bytes(),
                "limit": self.memory_limit,
                "terms": memory.collect::<Vec<_>>(),
            },
            "file_descriptors": bounds.file_descriptors(),
            "journal": {
                "bytes_per_day": self.journal_bytes_a_day(),
                "limit": self.journal_limit,
                "autonomy_hours": self.autonomy_hours(),
            },
            "store": {
                "bytes_per_day": self.store_bytes_a_day(),
                "keep_seconds": self.upkeep.keep.map(|keep| keep.as_secs()),
                "size_limit": self.upkeep.size_limit,
            },
            "warnings": self.warnings,
        })
    }
}

//! What somebody did, as JSON.

use gridos_model::AuditRecord;
use serde_json::{Value, json};

use super::time;

pub(super) fn record(record: &AuditRecord) -> Value {
    let deed = &record.deed;
    json!({
        "sequence": record.sequence,
        "time": time(record.time),
        "principal": deed.principal,
        "kind": deed.kind,
        "address": deed.address,
        "action": deed.action,
        "target": deed.target,
        "outcome": deed.outcome.name(),
        "status": deed.status,
        "detail": deed.detail,
    })
}

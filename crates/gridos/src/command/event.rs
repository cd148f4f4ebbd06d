//! What long-running commands tell in JSON, a line each: that they serve, and how they ended.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::Outcome;
use crate::engine::{Engine, Summary};
use crate::output;

/// The engine runs.
pub(crate) fn started(engine: &Engine, scheme: &str) -> Value {
    let listening = engine.listening().iter();
    let listeners: Vec<Value> = listening
        .map(|(name, at)| json!({ "name": name.as_str(), "address": at.to_string() }))
        .collect();
    json!({
        "event": "started",
        "version": env!("CARGO_PKG_VERSION"),
        "address": engine.address().to_string(),
        "url": format!("{scheme}://{}", engine.address()),
        "devices": engine.devices(),
        "points": engine.points(),
        "listeners": listeners,
    })
}

/// The engine has drained.
pub(crate) fn ended(summary: &Summary) -> Value {
    let mut value = summary.as_json();
    value["event"] = json!("ended");
    value
}

/// Simulated devices are there, at these addresses in their order; several may be behind one.
pub(crate) fn serving(what: &str, count: usize, addresses: &[SocketAddr]) -> Value {
    json!({
        "event": "serving",
        "what": what,
        "count": count,
        "first": addresses.first(),
        "last": addresses.last(),
        "addresses": addresses,
    })
}

/// Shows an event; whoever started the command may not read on, and it goes on all the same.
pub(crate) fn tell(event: &Value) {
    let _: Outcome = output::json(event);
}

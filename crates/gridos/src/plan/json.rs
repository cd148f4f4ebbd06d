//! The plan for machines.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ConnectionLoad, DevicePlan, OutstationPlan, PlanReport, RequestPlan};

impl PlanReport {
    /// What [`std::fmt::Display`] tells people, and of each request all its points.
    pub fn as_json(&self) -> Value {
        json!({
            "round_trip_seconds": self.round_trip.as_secs_f64(),
            "devices": self.devices.iter().map(device).collect::<Vec<_>>(),
            "outstations": self.outstations.iter().map(outstation).collect::<Vec<_>>(),
            "connections": self.connections.iter().map(connection).collect::<Vec<_>>(),
        })
    }
}

fn device(plan: &DevicePlan) -> Value {
    let loads = plan.loads.iter();
    let loads =
        loads.map(|(period, load)| json!({ "period_seconds": seconds(*period), "load": load }));
    json!({
        "device": plan.device,
        "profile": plan.profile,
        "address": plan.address,
        "unit": plan.unit,
        "alike": plan.alike,
        "requests": plan.requests.iter().map(request).collect::<Vec<_>>(),
        "apart": plan.apart,
        "loads": loads.collect::<Vec<_>>(),
    })
}

fn request(plan: &RequestPlan) -> Value {
    json!({
        "table": plan.table.to_string(),
        "start": plan.addresses.start,
        "count": plan.addresses.end - plan.addresses.start,
        "unused": plan.unused,
        "points": plan.points,
        "period_seconds": seconds(plan.period),
    })
}

fn outstation(plan: &OutstationPlan) -> Value {
    let (points, groups) = plan.points;
    let requests = plan.requests.iter().map(|request| {
        let octets = request.octets.iter();
        let octets: Vec<String> = octets.map(|octet| format!("{octet:02X}")).collect();
        json!({ "when": request.when, "what": request.what, "octets": octets.join(" ") })
    });
    json!({
        "device": plan.device,
        "profile": plan.profile,
        "place": plan.place,
        "alike": plan.alike,
        "points": points,
        "groups": groups,
        "requests": requests.collect::<Vec<_>>(),
        "confirm": plan.confirm,
    })
}

fn connection(load: &ConnectionLoad) -> Value {
    json!({
        "address": load.address,
        "units": load.units,
        "connections": load.connections,
        "load": load.load,
    })
}

fn seconds(period: Duration) -> f64 {
    period.as_secs_f64()
}

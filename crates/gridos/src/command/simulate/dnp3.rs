//! `gridos simulate dnp3`.

use std::net::SocketAddr;
use std::time::Duration;

use gridos_dnp3::outstation::{Attribute, EventCapacities, OutstationConfig};
use gridos_sim::dnp3::{Fleet, FleetConfig, LineConfig, Numbers, Process, Report};
use serde_json::{Value, json};

use super::{CannotListen, FILES_BASE, FILES_PER_DEVICE};
use crate::cli::SimulateDnp3;
use crate::command::{Outcome, asked_to_end, block_on, event};
use crate::{files, output};

/// How often feeders are looked at.
const LOOK: Duration = Duration::from_millis(250);
/// For how long events are kept that nobody reads.
const KEPT: Duration = Duration::from_secs(60);
const CAPACITY_MIN: usize = 1_000;
const CAPACITY_MAX: usize = 100_000;

pub(crate) fn run(args: &SimulateDnp3) -> Outcome {
    crate::log::start("info");
    let lines = if args.one_port { 1 } else { args.outstations };
    files::allow(lines * FILES_PER_DEVICE + FILES_BASE)?;
    block_on(async {
        let fleet = Fleet::listen(args.address, args.port_base, config(args)).await;
        let fleet = fleet.map_err(|source| CannotListen {
            address: format!("{}, ports from {}", args.address, args.port_base),
            source,
        })?;
        match args.json {
            true => event::tell(&serving(&fleet)),
            // Whoever started it may not read on; the outstations are there all the same.
            false => drop(output::line(begun(&fleet))),
        }
        asked_to_end(None).await?;
        let report = fleet.stop().await;
        match args.json {
            true => event::tell(&as_json(&report)),
            false => drop(output::line(ended(&report))),
        }
        Ok(())
    })?
}

fn config(args: &SimulateDnp3) -> FleetConfig {
    let default = FleetConfig::default();
    let process = match args.events_per_second {
        None => Process::Feeders { every: LOOK },
        Some(rate) => Process::Numbers(Numbers {
            burst: args.burst,
            every: Duration::from_secs_f64(f64::from(args.burst) / rate),
            ..Numbers::default()
        }),
    };
    FleetConfig {
        outstations: args.outstations,
        per_line: if args.one_port { args.outstations } else { 1 },
        first_address: args.first_address,
        outstation: OutstationConfig {
            capacities: EventCapacities::all(capacity(args)),
            attributes: Attribute::of_device("GridOS", "Simulated outstation", "SIM-1"),
            ..default.outstation
        },
        line: LineConfig {
            seed: args.seed,
            ..default.line
        },
        process,
        ..default
    }
}

/// Room for the events of a while, as a device that is made for its rate would have.
fn capacity(args: &SimulateDnp3) -> usize {
    let rate = args.events_per_second.unwrap_or(0.0);
    let events = Duration::try_from_secs_f64(rate * KEPT.as_secs_f64());
    let events = events.map_or(u64::MAX, |events| events.as_secs());
    let events = usize::try_from(events).unwrap_or(usize::MAX);
    events.clamp(CAPACITY_MIN, CAPACITY_MAX)
}

fn begun(fleet: &Fleet) -> String {
    let count = fleet.units().len();
    let mut units = fleet.units().iter().map(|unit| unit.address());
    let at = match (fleet.addresses().next(), fleet.addresses().last()) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(first), _) => first.to_string(),
        (None, _) => String::new(),
    };
    let link = match (units.next(), units.next_back()) {
        (Some(first), Some(last)) => format!("link addresses {first} to {last}"),
        (Some(only), None) => format!("link address {only}"),
        (None, _) => String::new(),
    };
    let noun = if count == 1 {
        "outstation"
    } else {
        "outstations"
    };
    format!("{count} {noun} at {at}; {link}, of the master 1; Ctrl-C ends")
}

fn serving(fleet: &Fleet) -> Value {
    let addresses: Vec<SocketAddr> = fleet.addresses().collect();
    event::serving("dnp3", fleet.units().len(), &addresses)
}

fn as_json(report: &Report) -> Value {
    json!({
        "event": "ended",
        "events_made": report.produced(),
        "events_confirmed": report.confirmed(),
        "events_lost": report.overflowed(),
        "events_unread": report.buffered(),
    })
}

fn ended(report: &Report) -> String {
    format!(
        "events: {} made, {} confirmed, {} lost to full buffers, {} not read yet",
        report.produced(),
        report.confirmed(),
        report.overflowed(),
        report.buffered()
    )
}

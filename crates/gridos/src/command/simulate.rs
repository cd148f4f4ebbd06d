//! `gridos simulate`: Modbus and SunSpec here, DNP3 below.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use gridos_sim::modbus::{Counting, Fleet, Server};
use gridos_sim::substation::{Feeder, Storm};
use gridos_sim::sunspec::Inverter;

use super::{Outcome, event};
use crate::cli::{SimulateModbus, SimulateSunspec};
use crate::files;
use crate::output;

pub(crate) mod dnp3;

/// A listener and one connection per device.
const FILES_PER_DEVICE: usize = 2;
const FILES_BASE: usize = 64;

pub(crate) fn run(args: &SimulateModbus) -> Outcome {
    crate::log::start("info");
    files::allow(args.devices * FILES_PER_DEVICE + FILES_BASE)?;
    super::block_on(async {
        let fleet = match args.registers {
            Some(registers) => {
                Fleet::serve(args.address, args.port_base, counting(args, registers)).await
            }
            None => Fleet::serve(args.address, args.port_base, feeders(args)).await,
        };
        let fleet = fleet.map_err(|source| CannotListen {
            address: format!("{}, ports from {}", args.address, args.port_base),
            source,
        })?;
        let addresses: Vec<SocketAddr> = fleet.addresses().collect();
        if let [first, .., last] | [first @ last] = addresses.as_slice() {
            let count = args.devices;
            if args.json {
                event::tell(&event::serving("modbus", count, &addresses));
            } else {
                // Whoever started it may not read on; the devices are there all the same.
                let _ = output::line(format_args!(
                    "{count} devices at {first} to {last}; Ctrl-C ends"
                ));
            }
        }
        super::asked_to_end(None).await?;
        fleet.stop().await;
        Ok(())
    })?
}

pub(crate) fn run_sunspec(args: &SimulateSunspec) -> Outcome {
    crate::log::start("info");
    super::block_on(async {
        let address = SocketAddr::new(args.address, args.port);
        let server = Server::bind(address, Arc::new(Inverter::new(args.seed))).await;
        let server = server.map_err(|source| CannotListen {
            address: address.to_string(),
            source,
        })?;
        let address = server.local_addr();
        if args.json {
            event::tell(&event::serving("sunspec", 1, &[address]));
        } else {
            let _ = output::line(format_args!("an inverter at {address}; Ctrl-C ends"));
        }
        super::asked_to_end(None).await?;
        server.stop().await;
        Ok(())
    })?
}

/// Devices of so many registers; they do not begin with the same number.
fn counting(args: &SimulateModbus, registers: u16) -> impl Iterator<Item = Counting> {
    let seeds = args.seed..;
    seeds
        .take(args.devices)
        .map(move |seed| Counting::new(registers, u16::try_from(seed % 65_536).unwrap_or(0)))
}

/// As [`Fleet::start`] has them, and with the storm that was asked for.
fn feeders(args: &SimulateModbus) -> impl Iterator<Item = Feeder> {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let storm = args.storm_after.map(|after| Storm {
        begins: since_epoch.unwrap_or_default() + after,
        lasts: args.storm_for,
    });
    let seed = args.seed;
    (0..args.devices).map(move |n| {
        let feeder = Feeder::new(seed.wrapping_add(n as u64));
        match storm {
            Some(storm) => feeder.in_storm(storm, n),
            None => feeder,
        }
    })
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address}; choose another port")]
struct CannotListen {
    address: String,
    source: std::io::Error,
}

//! `gridos simulate`: Modbus and SunSpec here, DNP3 below.

use std::net::SocketAddr;
use std::sync::Arc;

use gridos_sim::modbus::{Fleet, Server};
use gridos_sim::sunspec::Inverter;

use super::Outcome;
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
        let fleet = Fleet::start(args.address, args.port_base, args.devices, args.seed).await;
        let fleet = fleet.map_err(|source| CannotListen {
            address: format!("{}, ports from {}", args.address, args.port_base),
            source,
        })?;
        if let (Some(first), Some(last)) = (fleet.addresses().next(), fleet.addresses().last()) {
            let count = args.devices;
            // Whoever started it may not read on; the devices are there all the same.
            let _ = output::line(format_args!(
                "{count} devices at {first} to {last}; Ctrl-C ends"
            ));
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
        let _ = output::line(format_args!("an inverter at {address}; Ctrl-C ends"));
        super::asked_to_end(None).await?;
        server.stop().await;
        Ok(())
    })?
}

#[derive(Debug, thiserror::Error)]
#[error("cannot listen at {address}; choose another port")]
struct CannotListen {
    address: String,
    source: std::io::Error,
}

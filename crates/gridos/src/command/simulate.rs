//! `gridos simulate modbus`.

use gridos_sim::modbus::Fleet;

use super::Outcome;
use crate::cli::SimulateModbus;
use crate::files;

/// A listener and one connection per device.
const FILES_PER_DEVICE: usize = 2;
const FILES_BASE: usize = 64;

pub(crate) fn run(args: &SimulateModbus) -> Outcome {
    crate::log::start("info");
    files::allow(args.devices * FILES_PER_DEVICE + FILES_BASE)?;
    super::block_on(async {
        let fleet = Fleet::start(args.address, args.port_base, args.devices, args.seed).await;
        let fleet = fleet.map_err(CannotListen)?;
        if let (Some(first), Some(last)) = (fleet.addresses().next(), fleet.addresses().last()) {
            println!("{} devices at {first} to {last}; Ctrl-C ends", args.devices);
        }
        super::asked_to_end(None).await?;
        fleet.stop().await;
        Ok(())
    })
}

#[derive(Debug, thiserror::Error)]
#[error("the devices cannot listen; choose another --port-base")]
struct CannotListen(#[source] std::io::Error);

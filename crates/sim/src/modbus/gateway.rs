//! Several units behind one address.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::device::{Device, Exception, Fault, Read};

/// A gateway to units; an unknown one is answered with exception 11.
#[derive(Default)]
pub struct Gateway {
    units: BTreeMap<u8, Arc<dyn Device>>,
}

impl Gateway {
    /// Adds `device` as `unit`, in place of an earlier one.
    #[must_use]
    pub fn with(mut self, unit: u8, device: Arc<dyn Device>) -> Self {
        self.units.insert(unit, device);
        self
    }

    fn unit(&self, unit: u8) -> Result<&dyn Device, Exception> {
        let device = self.units.get(&unit).ok_or(Exception::GatewayTarget)?;
        Ok(&**device)
    }
}

impl Device for Gateway {
    fn registers(&self, read: Read, words: &mut [u16]) -> Result<(), Exception> {
        self.unit(read.unit)?.registers(read, words)
    }

    fn bits(&self, read: Read, bits: &mut [bool]) -> Result<(), Exception> {
        self.unit(read.unit)?.bits(read, bits)
    }

    fn fault(&self, unit: u8) -> Option<Fault> {
        self.unit(unit).ok()?.fault(unit)
    }
}

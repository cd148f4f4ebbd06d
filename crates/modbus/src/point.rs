//! A point as the register map describes it.

use crate::{Kind, Order, Table};

/// Where one point lies in a device and how its registers become a value.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterPoint {
    /// The name within the device.
    pub name: String,
    /// The engineering unit; empty if there is none.
    pub unit: String,
    /// The table it lies in.
    pub table: Table,
    /// Its first address as sent on the wire, from 0 (documents that count from 40001 or 1 name
    /// the next higher number).
    pub address: u16,
    /// What its bits mean.
    pub kind: Kind,
    /// The order of its words and bytes.
    pub order: Order,
    /// Multiplies the raw number; finite, not 0.
    pub scale: f64,
    /// Is added after scaling; finite.
    pub offset: f64,
    /// Which of the device's scan classes reads it, from 0.
    pub scan: usize,
}

impl RegisterPoint {
    /// A point in the default order, unscaled, without unit, in scan class 0.
    pub fn new(name: &str, table: Table, address: u16, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            unit: String::new(),
            table,
            address,
            kind,
            order: Order::ABCD,
            scale: 1.0,
            offset: 0.0,
            scan: 0,
        }
    }

    /// The address behind its last one: up to 65,536, or more if the point does not fit.
    pub fn end(&self) -> u32 {
        u32::from(self.address) + u32::from(self.kind.registers())
    }
}

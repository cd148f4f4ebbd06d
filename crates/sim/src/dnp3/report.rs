//! What became of the events of a fleet.

use gridos_dnp3::link::Address;
use gridos_dnp3::outstation::{Ledger, OutstationCounters};

use super::Unit;

/// What became of the events of a fleet, at one moment for each outstation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// In the order of the fleet.
    pub outstations: Vec<OutstationReport>,
}

/// What became of the events of one outstation.
///
/// `ledger.produced()` is the sum of `buffered` and of the sizes of the sets `confirmed`,
/// `overflowed` and `forgotten` of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutstationReport {
    /// Its link address.
    pub address: Address,
    /// Which of the fleet's lines it is on, from 0.
    pub line: usize,
    /// How many connections it has had.
    pub connections: u64,
    /// Events that are still to be confirmed.
    pub buffered: u64,
    /// All events by number.
    pub ledger: Ledger,
    /// What it has seen and done.
    pub counters: OutstationCounters,
}

impl Report {
    /// How many events were made.
    pub fn produced(&self) -> u64 {
        self.sum(|outstation| outstation.ledger.produced())
    }

    /// How many a master confirmed.
    pub fn confirmed(&self) -> u64 {
        self.sum(|outstation| outstation.ledger.confirmed().len())
    }

    /// How many full buffers dropped.
    pub fn overflowed(&self) -> u64 {
        self.sum(|outstation| outstation.ledger.overflowed().len())
    }

    /// How many restarts dropped.
    pub fn forgotten(&self) -> u64 {
        self.sum(|outstation| outstation.ledger.forgotten().len())
    }

    /// How many are still to be confirmed.
    pub fn buffered(&self) -> u64 {
        self.sum(|outstation| outstation.buffered)
    }

    fn sum(&self, count: impl Fn(&OutstationReport) -> u64) -> u64 {
        self.outstations.iter().map(count).sum()
    }
}

impl OutstationReport {
    pub(crate) fn of(unit: &Unit) -> Self {
        unit.peek(|outstation| Self {
            address: unit.address(),
            line: unit.line(),
            connections: unit.connections(),
            buffered: u64::try_from(outstation.buffered()).unwrap_or(u64::MAX),
            ledger: outstation.ledger().clone(),
            counters: *outstation.counters(),
        })
    }
}

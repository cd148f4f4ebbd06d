//! How many scans there were to be, what became of them, and how long they took.

use crate::{Counter, Histogram, Protocol, ScanOutcome};

/// The scans of all devices by protocol; with DNP3, their requests.
///
/// Each is expected once and ends once, so what is expected is the sum of all outcomes and of what
/// is under way.
#[derive(Debug, Default)]
pub struct ScanCells {
    expected: [Counter; Protocol::ALL.len()],
    ended: [[Counter; ScanOutcome::ALL.len()]; Protocol::ALL.len()],
    lateness: [Histogram; Protocol::ALL.len()],
    round_trip: [Histogram; Protocol::ALL.len()],
}

impl ScanCells {
    /// Counts `scans` that were due.
    pub fn expect(&self, protocol: Protocol, scans: u64) {
        self.expected[protocol as usize].add(scans);
    }

    /// Counts `scans` that ended with `outcome`.
    pub fn end(&self, protocol: Protocol, outcome: ScanOutcome, scans: u64) {
        self.ended[protocol as usize][outcome as usize].add(scans);
    }

    /// How long after its time each scan began, or was passed over.
    pub fn lateness(&self, protocol: Protocol) -> &Histogram {
        &self.lateness[protocol as usize]
    }

    /// From sending each request to the last byte of its answer, or until it was given up.
    pub fn round_trip(&self, protocol: Protocol) -> &Histogram {
        &self.round_trip[protocol as usize]
    }

    /// Scans that were due.
    pub fn expected(&self, protocol: Protocol) -> u64 {
        self.expected[protocol as usize].get()
    }

    /// Scans that ended with `outcome`.
    pub fn ended(&self, protocol: Protocol, outcome: ScanOutcome) -> u64 {
        self.ended[protocol as usize][outcome as usize].get()
    }
}

//! How far a request may reach.

use std::ops::Range;
use std::time::Duration;

use crate::{Forbidden, Table};

/// Registers one request may read at most (V1.1b3, 6.3 and 6.4).
const REGISTERS_MAX: u16 = 125;
/// Bits one request may read at most (V1.1b3, 6.1 and 6.2).
const BITS_MAX: u16 = 2_000;

/// How points are gathered into requests.
///
/// Reading a gap costs two bytes per register, another request costs a round trip; but many
/// devices answer exception 2 if a request touches an address they do not have, and then 0 is
/// the right gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanLimits {
    /// Registers nobody asked for that a request may read between two points.
    pub max_gap_registers: u16,
    /// Bits nobody asked for that a request may read between two points.
    pub max_gap_bits: u16,
    /// Registers per request, 1 to 125; below 4 no 64-bit point can be read.
    pub max_registers: u16,
    /// Bits per request, 1 to 2,000.
    pub max_bits: u16,
    /// Addresses that no request may touch, not even in a gap.
    pub forbidden: Vec<Forbidden>,
}

/// Bits of a byte on a serial line (*MODBUS over Serial Line V1.02*, 2.5.1).
const LINE_BITS_PER_BYTE: u32 = 11;

impl PlanLimits {
    /// Weighs a gap against a second request: a register costs two bytes of line time, a request
    /// costs a `round_trip`. Gaps are read up to where both cost the same, on a line of `baud`
    /// bits a second, and never beyond what a request can hold.
    #[must_use]
    pub fn weighing(self, round_trip: Duration, baud: u32) -> Self {
        let bytes = round_trip.as_nanos() * u128::from(baud / LINE_BITS_PER_BYTE) / 1_000_000_000;
        let most = |gap: u128, most: u16| u16::try_from(gap).map_or(most, |gap| gap.min(most));
        Self {
            max_gap_registers: most(bytes / 2, REGISTERS_MAX - 1),
            max_gap_bits: most(bytes * 8, BITS_MAX - 1),
            ..self
        }
    }

    /// The range that a request for these addresses of `table` must not touch, if it would.
    pub(crate) fn forbids(&self, table: Table, addresses: &Range<u32>) -> Option<&Forbidden> {
        let touched = |range: &&Forbidden| range.touches(table, addresses);
        self.forbidden.iter().find(touched)
    }

    pub(crate) fn gap(&self, bits: bool) -> u16 {
        if bits {
            self.max_gap_bits
        } else {
            self.max_gap_registers
        }
    }

    pub(crate) fn count(&self, bits: bool) -> u16 {
        if bits {
            self.max_bits
        } else {
            self.max_registers
        }
    }

    pub(crate) fn are_valid(&self) -> bool {
        (1..=REGISTERS_MAX).contains(&self.max_registers) && (1..=BITS_MAX).contains(&self.max_bits)
    }
}

impl Default for PlanLimits {
    /// Gaps of up to 8 registers or 64 bits, requests as long as the protocol allows.
    fn default() -> Self {
        Self {
            max_gap_registers: 8,
            max_gap_bits: 64,
            max_registers: REGISTERS_MAX,
            max_bits: BITS_MAX,
            forbidden: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_worth_a_round_trip() {
        let weigh = |millis, baud| {
            let limits = PlanLimits::default().weighing(Duration::from_millis(millis), baud);
            (limits.max_gap_registers, limits.max_gap_bits)
        };
        // 9600 baud are 872 bytes a second: in 50 ms 43 bytes, 21 registers or 344 bits.
        assert_eq!(weigh(50, 9_600), (21, 344));
        assert_eq!(weigh(0, 9_600), (0, 0));
        assert_eq!(weigh(1, 9_600), (0, 0));
        assert_eq!(weigh(20, 100_000_000), (124, 1_999));
        let most = PlanLimits::default().weighing(Duration::MAX, u32::MAX);
        assert_eq!(most.max_gap_registers, 124);
    }
}

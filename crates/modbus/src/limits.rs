//! How far a request may reach.

/// Registers one request may read at most (V1.1b3, 6.3 and 6.4).
const REGISTERS_MAX: u16 = 125;
/// Bits one request may read at most (V1.1b3, 6.1 and 6.2).
const BITS_MAX: u16 = 2_000;

/// How points are gathered into requests.
///
/// Reading a gap costs two bytes per register, another request costs a round trip; but many
/// devices answer exception 2 if a request touches an address they do not have, and then 0 is
/// the right gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimits {
    /// Registers nobody asked for that a request may read between two points.
    pub max_gap_registers: u16,
    /// Bits nobody asked for that a request may read between two points.
    pub max_gap_bits: u16,
    /// Registers per request, 1 to 125; below 4 no 64-bit point can be read.
    pub max_registers: u16,
    /// Bits per request, 1 to 2,000.
    pub max_bits: u16,
}

impl PlanLimits {
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
        }
    }
}

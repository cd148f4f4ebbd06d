//! What can be wrong with a register map.

use std::fmt;

use crate::{Forbidden, Kind, Table};

/// What is wrong with one point or with the limits of a register map.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// A limit beyond what the protocol allows.
    #[error(
        "max_registers is {max_registers} (allowed: 1 to 125), max_bits is {max_bits} (allowed: 1 to 2,000)"
    )]
    Limits {
        /// The limit of registers.
        max_registers: u16,
        /// The limit of bits.
        max_bits: u16,
    },
    /// A kind of registers in a table of bits, or the reverse, or a bit beyond 15.
    #[error("point '{point}' cannot be of kind {kind} in the table {table}; {hint}", hint = hint(*.table))]
    Kind {
        /// The point's name.
        point: String,
        /// Its kind.
        kind: Kind,
        /// Its table.
        table: Table,
    },
    /// The value reaches past address 65,535.
    #[error("point '{point}' at address {address} of kind {kind} reaches past address 65535")]
    PastEnd {
        /// The point's name.
        point: String,
        /// Its address.
        address: u16,
        /// Its kind.
        kind: Kind,
    },
    /// The value is longer than a request may be.
    #[error("point '{point}' of kind {kind} is longer than a request; max_registers is {limit}")]
    TooWide {
        /// The point's name.
        point: String,
        /// Its kind.
        kind: Kind,
        /// The limit of registers.
        limit: u16,
    },
    /// The point lies where nothing may be read.
    #[error("point '{point}' lies in the forbidden range {range}; remove one of them")]
    Forbidden {
        /// The point's name.
        point: String,
        /// The range.
        range: Forbidden,
    },
    /// The scale is 0 or not finite, or the offset is not finite.
    #[error(
        "point '{point}' has scale {scale} and offset {offset}; both must be finite and scale not 0"
    )]
    Scaling {
        /// The point's name.
        point: String,
        /// Its scale.
        scale: f64,
        /// Its offset.
        offset: f64,
    },
    /// Two things that a value is made or judged by do not go together.
    #[error("point '{point}' {what}")]
    Judgement {
        /// The point's name.
        point: String,
        /// What does not go together, and what to do.
        what: &'static str,
    },
    /// The point that should hold the exponent is none that can.
    #[error(
        "point '{point}' takes its power of ten from '{exponent}', which is no unscaled whole number in a register of the same map"
    )]
    Exponent {
        /// The point's name.
        point: String,
        /// The name of the point with the exponent.
        exponent: String,
    },
    /// The clock's registers cannot be read as one, or not together with any point of its scan
    /// class.
    #[error("the source time at address {address} of {table} {what}")]
    Clock {
        /// Its table.
        table: Table,
        /// Its address.
        address: u16,
        /// What is wrong, and what to do.
        what: &'static str,
    },
}

/// Everything that is wrong with a register map, one line each.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanErrors(pub Vec<PlanError>);

impl std::error::Error for PlanErrors {}

impl fmt::Display for PlanErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, error) in self.0.iter().enumerate() {
            let separator = if line == 0 { "" } else { "\n" };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

fn hint(table: Table) -> &'static str {
    if table.is_bits() {
        "use bool"
    } else {
        "use bit0 to bit15 or a kind of registers, of a text 1 to 125"
    }
}

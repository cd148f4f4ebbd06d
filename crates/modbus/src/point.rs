//! A point as the register map describes it.

use crate::{Kind, Order, Report, Span, Table};

/// Where one point lies in a device and how its registers become a value, or a text.
///
/// In this order: a code in `invalid` is no value; the raw number is judged by `states`,
/// multiplied by ten to the power of `exponent`, scaled by `scale` and `offset` or by the `raw` range
/// of `span`, and judged by `span`. A text has none of these, and neither unit nor report: it is
/// told when it changes.
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
    /// The bits by which the device says that it has no value, unsigned: the value is then NaN.
    pub invalid: Vec<u64>,
    /// The raw numbers there are; all others are flagged out of range. Empty: any.
    pub states: Vec<i64>,
    /// The range outside which a value is flagged.
    pub span: Option<Span>,
    /// The name of the point of the same map that holds the power of ten to multiply with.
    pub exponent: Option<String>,
    /// When a value is worth telling; `None`: with every answer.
    pub report: Option<Report>,
}

impl RegisterPoint {
    /// A point in the default order, unscaled, without unit, in scan class 0, with nothing to
    /// judge its values by.
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
            invalid: Vec::new(),
            states: Vec::new(),
            span: None,
            exponent: None,
            report: None,
        }
    }

    /// The address behind its last one: up to 65,536, or more if the point does not fit.
    pub fn end(&self) -> u32 {
        u32::from(self.address) + u32::from(self.kind.registers())
    }

    /// Whether its number is its value but for scale and offset.
    pub(crate) fn is_plain(&self) -> bool {
        self.invalid.is_empty()
            && self.states.is_empty()
            && self.span.is_none()
            && self.exponent.is_none()
    }
}

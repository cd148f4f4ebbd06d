//! The planner: which requests read all points of a device.

use std::fmt;
use std::sync::Arc;

use crate::decode::Decoder;
use crate::{Kind, PlanLimits, RegisterPoint, Request, Table};

/// The requests that together read every point of a device exactly once.
///
/// The points are sorted by scan class, table and address, whatever the limits, so the same map
/// always gives the same layout. The points of each request are contiguous.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    points: Vec<RegisterPoint>,
    requests: Vec<Arc<Request>>,
}

impl Plan {
    /// Plans the reading of `points` within `limits`.
    ///
    /// # Errors
    /// Everything that is wrong with the map, not just the first.
    pub fn new(mut points: Vec<RegisterPoint>, limits: &PlanLimits) -> Result<Self, PlanErrors> {
        let mut errors = Vec::new();
        if !limits.are_valid() {
            errors.push(PlanError::Limits {
                max_registers: limits.max_registers,
                max_bits: limits.max_bits,
            });
        }
        errors.extend(points.iter().filter_map(|point| check(point, limits).err()));
        if !errors.is_empty() {
            return Err(PlanErrors(errors));
        }
        points.sort_by_key(|point| (point.scan, point.table, point.address));
        let requests = gather(&points, limits).into_iter().map(Arc::new).collect();
        Ok(Self { points, requests })
    }

    /// The points, in the order of the device's columns.
    pub fn points(&self) -> &[RegisterPoint] {
        &self.points
    }

    /// The requests; their ranges of points follow one another without a gap. They decode without
    /// the points, and are shared by all devices of one map.
    pub fn requests(&self) -> &[Arc<Request>] {
        &self.requests
    }
}

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
        "use bit0 to bit15 or a kind of registers"
    }
}

fn check(point: &RegisterPoint, limits: &PlanLimits) -> Result<(), PlanError> {
    let (name, kind, table) = (|| point.name.clone(), point.kind, point.table);
    if !kind.fits(table) {
        return Err(PlanError::Kind {
            point: name(),
            kind,
            table,
        });
    }
    if point.end() > 1 << 16 {
        return Err(PlanError::PastEnd {
            point: name(),
            address: point.address,
            kind,
        });
    }
    let limit = limits.count(table.is_bits());
    if kind.registers() > limit {
        return Err(PlanError::TooWide {
            point: name(),
            kind,
            limit,
        });
    }
    let (scale, offset) = (point.scale, point.offset);
    if !scale.is_finite() || scale == 0.0 || !offset.is_finite() {
        return Err(PlanError::Scaling {
            point: name(),
            scale,
            offset,
        });
    }
    Ok(())
}

/// One pass over the sorted points: a point joins the request before it or opens the next.
fn gather(points: &[RegisterPoint], limits: &PlanLimits) -> Vec<Request> {
    let mut requests = Vec::new();
    let mut first = 0;
    let mut end = 0;
    for (position, point) in points.iter().enumerate() {
        let head = &points[first];
        if position > first && joins(head, end, point, limits) {
            end = end.max(point.end());
            continue;
        }
        if position > first {
            requests.push(request(points, first, position, end));
        }
        (first, end) = (position, point.end());
    }
    if first < points.len() {
        requests.push(request(points, first, points.len(), end));
    }
    requests
}

/// Whether `point` may be read with the request that starts with `head` and reaches up to `end`.
fn joins(head: &RegisterPoint, end: u32, point: &RegisterPoint, limits: &PlanLimits) -> bool {
    let bits = head.table.is_bits();
    let reach = end.max(point.end()) - u32::from(head.address);
    head.scan == point.scan
        && head.table == point.table
        && u32::from(point.address) <= end + u32::from(limits.gap(bits))
        && reach <= u32::from(limits.count(bits))
}

fn request(points: &[RegisterPoint], first: usize, behind: usize, end: u32) -> Request {
    let own = &points[first..behind];
    let head = &points[first];
    let count = end.saturating_sub(u32::from(head.address));
    let decoder = Decoder::new(own, head.address);
    Request::new(
        head,
        u16::try_from(count).unwrap_or(u16::MAX),
        first..behind,
        decoder,
    )
}

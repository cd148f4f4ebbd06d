//! Whether the points of a register map can be read and make sense.

use crate::{Clock, Kind, PlanError, PlanLimits, RegisterPoint};

/// What is wrong with `point` by itself.
pub(crate) fn point(point: &RegisterPoint, limits: &PlanLimits) -> Result<(), PlanError> {
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
    let addresses = u32::from(point.address)..point.end();
    if let Some(range) = limits.forbids(table, &addresses) {
        return Err(PlanError::Forbidden {
            point: name(),
            range: *range,
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
    match judgement(point) {
        Some(what) => Err(PlanError::Judgement {
            point: name(),
            what,
        }),
        None => Ok(()),
    }
}

/// What does not go together in how the value of `point` is made and judged.
fn judgement(point: &RegisterPoint) -> Option<&'static str> {
    let is_scaled = point.scale != 1.0 || point.offset != 0.0;
    if point.kind.is_text() {
        return of_text(point, is_scaled);
    }
    let is_bit = matches!(point.kind, Kind::Bool | Kind::Bit(_));
    let is_enumerated = !point.states.is_empty();
    let span = point.span.as_ref();
    let is_mapped = span.is_some_and(|span| span.raw.is_some());
    let what = if span.is_some_and(|span| !span.is_valid()) {
        "has a range or raw range whose ends are equal, not finite or the wrong way round"
    } else if is_mapped && (is_scaled || point.exponent.is_some()) {
        "has a raw range beside a scale, offset or exponent; remove one of them"
    } else if is_bit && (span.is_some() || point.exponent.is_some() || !point.invalid.is_empty()) {
        "is a single bit, which has no range, exponent or invalid codes; remove them"
    } else if is_enumerated && (is_scaled || span.is_some() || point.exponent.is_some()) {
        "has states, which are raw numbers; remove scale, offset, range and exponent"
    } else if is_enumerated && !point.kind.is_integer() {
        "has states, but its kind is no whole number; use a kind such as u16"
    } else if point.kind.is_time() && point.exponent.is_some() {
        "is a time, which has no exponent; remove it"
    } else if point.report.as_ref().is_some_and(|r| !r.is_valid()) {
        "has a report whose deadband is negative or not finite, or whose period is 0"
    } else {
        return None;
    };
    Some(what)
}

/// What does not go together with a text.
fn of_text(point: &RegisterPoint, is_scaled: bool) -> Option<&'static str> {
    let is_judged = !point.is_plain() || point.report.is_some();
    if is_scaled || is_judged || !point.unit.is_empty() {
        Some(
            "is a text, which has no unit, scale, offset, invalid codes, states, range, exponent or \
             report; remove them",
        )
    } else if point.order.words_reversed() {
        Some("is a text, whose registers are in their own order; use abcd or badc")
    } else {
        None
    }
}

/// Whether the exponents that `points` name are points that can hold one.
pub(crate) fn exponents(points: &[RegisterPoint]) -> impl Iterator<Item = PlanError> {
    points.iter().filter_map(|point| {
        let exponent = point.exponent.as_ref()?;
        let holder = points.iter().find(|holder| holder.name == *exponent);
        let holds = |holder: &RegisterPoint| {
            let is_bit = matches!(holder.kind, Kind::Bool | Kind::Bit(_));
            let is_scaled = holder.scale != 1.0 || holder.offset != 0.0;
            let is_mapped = holder.span.is_some() || holder.exponent.is_some();
            holder.kind.is_integer() && !is_bit && !is_scaled && !is_mapped
        };
        (!holder.is_some_and(holds)).then(|| PlanError::Exponent {
            point: point.name.clone(),
            exponent: exponent.clone(),
        })
    })
}

/// What is wrong with `clock` by itself.
pub(crate) fn clock(clock: &Clock, limits: &PlanLimits) -> Option<PlanError> {
    let what = if clock.table.is_bits() {
        "lies in a table of bits; use holding or input registers"
    } else if !clock.kind.is_time() {
        "is of no kind of time; use unix32, unix64, unix64ms or cp56"
    } else if clock.end() > 1 << 16 {
        "reaches past address 65535"
    } else if clock.kind.registers() > limits.max_registers {
        "is longer than a request; raise max_registers"
    } else if limits
        .forbids(clock.table, &(clock.address.into()..clock.end()))
        .is_some()
    {
        "lies in a forbidden range; remove one of them"
    } else {
        return None;
    };
    Some(clock_error(clock, what))
}

/// A fault of `clock`.
pub(crate) fn clock_error(clock: &Clock, what: &'static str) -> PlanError {
    PlanError::Clock {
        table: clock.table,
        address: clock.address,
        what,
    }
}

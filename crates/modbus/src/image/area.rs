//! The registers and coils that one device has written.

use crate::{Addresses, Plan, Request, Table};

#[derive(Debug)]
pub(super) struct Area {
    pub(super) table: Table,
    pub(super) start: u16,
    /// A coil is 0 or 1.
    pub(super) values: Box<[u16]>,
    pub(super) is_known: Box<[bool]>,
}

impl Area {
    pub(super) fn end(&self) -> u32 {
        u32::from(self.start) + u32::try_from(self.values.len()).unwrap_or(u32::MAX)
    }
}

/// The ranges of tables that can be written and that `plan` asks for, merged where they touch.
pub(super) fn areas(plan: &Plan) -> Vec<Area> {
    let mut spans: Vec<(Table, u32, u32)> = plan
        .requests()
        .iter()
        .filter(|request| matches!(request.table(), Table::Coil | Table::HoldingRegister))
        .map(|request| {
            (
                request.table(),
                request.start().into(),
                request_end(request),
            )
        })
        .collect();
    spans.sort_unstable();
    spans.dedup_by(|next, before| {
        let touches = next.0 == before.0 && next.1 <= before.2;
        if touches {
            before.2 = before.2.max(next.2);
        }
        touches
    });
    let area = |(table, start, end): (Table, u32, u32)| {
        let count = usize::try_from(end - start).unwrap_or(0);
        Area {
            table,
            start: u16::try_from(start).unwrap_or(u16::MAX),
            values: vec![0; count].into(),
            is_known: vec![false; count].into(),
        }
    };
    spans.into_iter().map(area).collect()
}

pub(super) fn request_end(request: &Request) -> u32 {
    u32::from(request.start()) + u32::from(request.count())
}

/// The addresses of `addresses` that lie in `table` from `start` up to `end`.
pub(super) fn overlap(
    addresses: Addresses,
    table: Table,
    start: u16,
    end: u32,
) -> Option<(u32, u32)> {
    let (from, until) = (
        addresses.start().max(start).into(),
        addresses.end().min(end),
    );
    (addresses.table() == table && from < until).then_some((from, until))
}

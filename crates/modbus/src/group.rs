//! Which registers one request reads together.

use std::ops::Range;

use crate::{PlanLimits, Table};

/// Registers that must be read: those of a point, or of the clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item {
    pub(crate) scan: usize,
    pub(crate) table: Table,
    pub(crate) address: u16,
    pub(crate) end: u32,
    /// The position of its point, or `None` for the clock.
    pub(crate) point: Option<usize>,
}

/// The groups of `items`, which are sorted by scan class, table and address, that one request each
/// reads. Two items whose places are in `bonds` are in one group, over any gap, if `limits` allow a
/// request that long.
pub(crate) fn gather(
    items: &[Item],
    bonds: &[(usize, usize)],
    limits: &PlanLimits,
) -> Vec<Vec<Item>> {
    let mut groups: Vec<Vec<Item>> = Vec::new();
    let mut end = 0;
    // One pass: a unit joins the group before it or opens the next.
    for unit in units(items, bonds, limits) {
        let Some(own) = items.get(unit).filter(|own| !own.is_empty()) else {
            continue;
        };
        let own_end = end_of(own);
        match groups.last_mut() {
            Some(group)
                if u32::from(own[0].address) <= end + gap(&own[0], limits)
                    && fits(&group[0], &own[0], end.max(own_end), limits) =>
            {
                group.extend(own);
                end = end.max(own_end);
            }
            _ => {
                groups.push(own.to_vec());
                end = own_end;
            }
        }
    }
    groups
}

/// The runs of items that must not be taken apart, most of them single items; in order and without
/// a gap. Where not all bonds can hold, the shorter ones do.
fn units(items: &[Item], bonds: &[(usize, usize)], limits: &PlanLimits) -> Vec<Range<usize>> {
    let mut units: Vec<Range<usize>> = (0..items.len()).map(|at| at..at + 1).collect();
    let ordered = |(a, b): &(usize, usize)| (*a.min(b), *a.max(b));
    let mut bonds: Vec<(usize, usize)> = bonds.iter().map(ordered).collect();
    bonds.sort_by_key(|(first, last)| (last - first, *first));
    for (first, last) in bonds {
        let from = units.partition_point(|unit| unit.end <= first);
        let until = units.partition_point(|unit| unit.start <= last);
        let (Some(start), Some(end)) = (
            units.get(from).map(|unit| unit.start),
            until
                .checked_sub(1)
                .and_then(|at| units.get(at))
                .map(|unit| unit.end),
        ) else {
            continue;
        };
        let Some(own) = items.get(start..end).filter(|own| !own.is_empty()) else {
            continue;
        };
        if fits(&own[0], &own[own.len() - 1], end_of(own), limits) {
            units.splice(from..until, std::iter::once(start..end));
        }
    }
    units
}

/// Whether one request may read from `head` up to `end`, with `last` as its last item.
fn fits(head: &Item, last: &Item, end: u32, limits: &PlanLimits) -> bool {
    let whole = u32::from(head.address)..end;
    let reach = whole.end - whole.start;
    head.scan == last.scan
        && head.table == last.table
        && reach <= u32::from(limits.count(head.table.is_bits()))
        && limits.forbids(head.table, &whole).is_none()
}

fn gap(item: &Item, limits: &PlanLimits) -> u32 {
    limits.gap(item.table.is_bits()).into()
}

fn end_of(items: &[Item]) -> u32 {
    items.iter().map(|item| item.end).max().unwrap_or_default()
}

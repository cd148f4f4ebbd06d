//! The planner: which requests read all points of a device.

use std::sync::Arc;

use crate::decode::Decoder;
use crate::exponent::Told;
use crate::text::TextPlace;
use crate::{Clock, Memory, PlanError, PlanErrors, PlanLimits, RegisterPoint, Request, Table};
use crate::{Report, check};

/// The requests that together read every point of a device exactly once.
///
/// The points are sorted by scan class, table and address, whatever the limits, so the same map
/// always gives the same layout; only points with a report stand behind the others of their
/// request, and texts behind these. The points of each request are contiguous.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    points: Vec<RegisterPoint>,
    requests: Vec<Arc<Request>>,
    exponents: usize,
}

/// Registers that must be read: those of a point, or of the clock.
#[derive(Clone, Copy)]
struct Item {
    scan: usize,
    table: Table,
    address: u16,
    end: u32,
    /// The position of its point, or `None` for the clock.
    point: Option<usize>,
}

impl Plan {
    /// Plans the reading of `points` within `limits`.
    ///
    /// # Errors
    /// Everything that is wrong with the map, not just the first.
    pub fn new(points: Vec<RegisterPoint>, limits: &PlanLimits) -> Result<Self, PlanErrors> {
        Self::with_clock(points, None, limits)
    }

    /// Plans the reading of `points` within `limits`, together with the device's own `clock`.
    ///
    /// The clock is read with one request of its scan class, and only that one's values have its
    /// time: another request has another moment.
    ///
    /// # Errors
    /// Everything that is wrong with the map, not just the first.
    pub fn with_clock(
        mut points: Vec<RegisterPoint>,
        clock: Option<Clock>,
        limits: &PlanLimits,
    ) -> Result<Self, PlanErrors> {
        let mut errors = Vec::new();
        if !limits.are_valid() {
            errors.push(PlanError::Limits {
                max_registers: limits.max_registers,
                max_bits: limits.max_bits,
            });
        }
        errors.extend(points.iter().filter_map(|p| check::point(p, limits).err()));
        errors.extend(check::exponents(&points));
        errors.extend(clock.as_ref().and_then(|c| check::clock(c, limits)));
        if !errors.is_empty() {
            return Err(PlanErrors(errors));
        }
        points.sort_by_key(|point| (point.scan, point.table, point.address));
        let groups = gather(&items(&points, clock.as_ref()), limits);
        if let Some(clock) = &clock
            && groups
                .iter()
                .any(|group| group.iter().all(|item| item.point.is_none()))
        {
            let what = "lies too far from every point of its scan class to be read with one; \
                        raise max_gap_registers, or choose the scan class of its neighbours";
            return Err(PlanErrors(vec![check::clock_error(clock, what)]));
        }
        Ok(Self::of(&points, &groups, clock.as_ref()))
    }

    /// The plan whose requests read one of `groups` each.
    fn of(points: &[RegisterPoint], groups: &[Vec<Item>], clock: Option<&Clock>) -> Self {
        let mut holders: Vec<&str> = points
            .iter()
            .filter_map(|p| p.exponent.as_deref())
            .collect();
        holders.sort_unstable();
        holders.dedup();
        let mut plan = Self {
            points: Vec::with_capacity(points.len()),
            requests: Vec::with_capacity(groups.len()),
            exponents: holders.len(),
        };
        let (mut reported, mut texts) = (0, 0);
        for group in groups {
            let mut request = plan.request(points, group, clock, &holders);
            (request.first_reported, request.first_text) = (reported, texts);
            reported += request.reports.len();
            texts += request.texts.len();
            plan.requests.push(Arc::new(request));
        }
        plan
    }

    /// Adds the points of `group`, those with a report behind the others and texts last, and returns
    /// their request, as if it were the first one.
    fn request(
        &mut self,
        points: &[RegisterPoint],
        group: &[Item],
        clock: Option<&Clock>,
        holders: &[&str],
    ) -> Request {
        let first = self.points.len();
        let own = || group.iter().filter_map(|item| points.get(item.point?));
        let is_swept = |p: &&RegisterPoint| p.report.is_none() && !p.kind.is_text();
        self.points.extend(own().filter(is_swept).cloned());
        let behind_swept = self.points.len();
        self.points
            .extend(own().filter(|p| p.report.is_some()).cloned());
        let behind_reported = self.points.len();
        self.points
            .extend(own().filter(|p| p.kind.is_text()).cloned());
        let (numbers, texts) = self.points[first..].split_at(behind_reported - first);
        let (swept, reported) = numbers.split_at(behind_swept - first);
        let head = &group[0];
        let end = group.iter().map(|item| item.end).max().unwrap_or_default();
        let place_of = |name: &str| holders.binary_search(&name).ok();
        let told = self.points[first..]
            .iter()
            .enumerate()
            .filter_map(|(position, point)| {
                Some(Told {
                    place: place_of(&point.name)?,
                    position: first + position,
                    at: point.address - head.address,
                    kind: point.kind,
                    order: point.order,
                })
            });
        let reports = reported.iter().filter_map(|point| point.report.clone());
        let has_clock = group.iter().any(|item| item.point.is_none());
        Request {
            table: head.table,
            start: head.address,
            count: u16::try_from(end.saturating_sub(head.address.into())).unwrap_or(u16::MAX),
            scan: head.scan,
            points: first..self.points.len(),
            swept: swept.len(),
            sweep: Decoder::new(swept, head.address, place_of),
            reported: Decoder::new(reported, head.address, place_of),
            reports: reports.collect::<Vec<Report>>().into(),
            first_reported: 0,
            texts: texts
                .iter()
                .map(|point| TextPlace::new(point, head.address))
                .collect(),
            first_text: 0,
            told: told.collect(),
            exponents: holders.len(),
            clock: clock.filter(|_| has_clock).cloned(),
        }
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

    /// What has to be remembered of one device of this plan: nothing yet.
    pub fn memory(&self) -> Memory {
        let reported = self.requests.iter().map(|request| request.reports.len());
        let texts = self.requests.iter().map(|request| request.texts.len());
        Memory::new(self.exponents, reported.sum(), texts.sum())
    }
}

/// The registers to read, in the order of scan class, table and address.
fn items(points: &[RegisterPoint], clock: Option<&Clock>) -> Vec<Item> {
    let of_point = |(position, point): (usize, &RegisterPoint)| Item {
        scan: point.scan,
        table: point.table,
        address: point.address,
        end: point.end(),
        point: Some(position),
    };
    let mut items: Vec<Item> = points.iter().enumerate().map(of_point).collect();
    items.extend(clock.map(|clock| Item {
        scan: clock.scan,
        table: clock.table,
        address: clock.address,
        end: clock.end(),
        point: None,
    }));
    items.sort_by_key(|item| (item.scan, item.table, item.address));
    items
}

/// One pass over the sorted items: an item joins the group before it or opens the next.
fn gather(items: &[Item], limits: &PlanLimits) -> Vec<Vec<Item>> {
    let mut groups: Vec<Vec<Item>> = Vec::new();
    let mut end = 0;
    for item in items {
        match groups.last_mut() {
            Some(group) if joins(&group[0], end, item, limits) => {
                group.push(*item);
                end = end.max(item.end);
            }
            _ => {
                groups.push(vec![*item]);
                end = item.end;
            }
        }
    }
    groups
}

/// Whether `item` may be read with the group that starts with `head` and reaches up to `end`.
fn joins(head: &Item, end: u32, item: &Item, limits: &PlanLimits) -> bool {
    let bits = head.table.is_bits();
    let whole = u32::from(head.address)..end.max(item.end);
    let reach = whole.end - whole.start;
    head.scan == item.scan
        && head.table == item.table
        && u32::from(item.address) <= end + u32::from(limits.gap(bits))
        && reach <= u32::from(limits.count(bits))
        && limits.forbids(head.table, &whole).is_none()
}

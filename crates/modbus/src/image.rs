//! What one connection has written so far, and which values that completes.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_model::{Batch, Layout, Quality, Readings, TimeQuality, Timestamp};

use crate::{Addresses, Answer, Plan, RegisterPoint, Request, Stamp, Table, Written, text_bytes};

/// The registers and coils that one device has written over one connection.
///
/// A value of several registers that is written part by part is complete when each of its
/// registers was written since the value was last complete, all of them within a given time:
/// parts that belong to different moments never make a value.
#[derive(Debug)]
pub struct Image {
    plan: Arc<Plan>,
    whole: Arc<Layout>,
    /// Ranges that requests of the plan cover; sorted, apart from one another.
    areas: Vec<Area>,
    /// Points with an exponent, and the points that hold it.
    exponents: Vec<(usize, usize)>,
    /// Points of which a part was written; sorted by position.
    waiting: Vec<Waiting>,
    parts_within: Duration,
    scratch: Scratch,
}

/// A value that a write has completed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Completed {
    /// The position of its point in the plan, and so in the device's whole layout.
    pub position: u32,
    /// The value.
    pub value: f64,
    /// What is known against it.
    pub quality: Quality,
    /// When it was true, if the write held the device's clock as well.
    pub stamp: Option<Stamp>,
}

/// A text that a write has completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedText {
    /// The position of its point in the plan, and so in the device's whole layout.
    pub position: u32,
    /// Its bytes, without the zeros and spaces at the end.
    pub text: Vec<u8>,
    /// When it was true, if the write held the device's clock as well.
    pub stamp: Option<Stamp>,
}

/// What a write would change: nothing has changed until [`Staged::keep`].
#[derive(Debug)]
pub struct Staged<'a> {
    image: &'a mut Image,
    written: Written<'a>,
    unmapped: usize,
    forgotten: usize,
}

#[derive(Debug)]
struct Area {
    table: Table,
    start: u16,
    /// A coil is 0 or 1.
    values: Box<[u16]>,
    is_known: Box<[bool]>,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    position: usize,
    /// Bit `n` stands for the register `n` of the point.
    parts: u128,
    since: Instant,
}

/// Memory of one staging that the next one uses again.
#[derive(Debug, Default)]
struct Scratch {
    words: Vec<u16>,
    bits: Vec<bool>,
    decoded: Batch,
    completed: Vec<Completed>,
    texts: Vec<CompletedText>,
    /// Per point that the write touches, its position and the parts it then waits with, if any.
    touched: Vec<(usize, Option<Waiting>)>,
    is_mapped: Vec<bool>,
}

impl Image {
    /// An empty image of a device with the requests of `plan` and all its points in `whole`.
    ///
    /// Parts of a value must come within `parts_within` of its first part.
    pub fn new(plan: Arc<Plan>, whole: Arc<Layout>, parts_within: Duration) -> Self {
        Self {
            areas: areas(&plan),
            exponents: exponents(&plan),
            plan,
            whole,
            waiting: Vec::new(),
            parts_within,
            scratch: Scratch::default(),
        }
    }

    /// Bytes of memory an image of `plan` holds on to, without its points' waiting parts.
    pub fn bytes_of(plan: &Plan) -> usize {
        let of = |area: &Area| area.values.len() * (size_of::<u16>() + size_of::<bool>());
        areas(plan).iter().map(of).sum()
    }

    /// Judges what `written` would complete at `now`, which is `received` by the engine's clock;
    /// `None` if no point and no clock of the device covers any of it.
    pub fn stage<'a>(
        &'a mut self,
        written: Written<'a>,
        now: Instant,
        received: Timestamp,
    ) -> Option<Staged<'a>> {
        let plan = Arc::clone(&self.plan);
        let addresses = written.addresses();
        self.scratch.completed.clear();
        self.scratch.texts.clear();
        self.scratch.touched.clear();
        self.scratch.is_mapped.clear();
        self.scratch
            .is_mapped
            .resize(addresses.count().into(), false);
        let mut forgotten = 0;
        for request in plan.requests() {
            if overlap(
                addresses,
                request.table(),
                request.start(),
                request_end(request),
            )
            .is_some()
            {
                let stamp = self.overlay(request, &written, received);
                forgotten += self.stage_request(request, &written, stamp, now);
            }
        }
        let mapped = self.scratch.is_mapped.iter().filter(|mapped| **mapped);
        let mapped = mapped.count();
        (mapped > 0).then_some(Staged {
            unmapped: usize::from(addresses.count()) - mapped,
            image: self,
            written,
            forgotten,
        })
    }

    /// Whether all of `addresses` was written before or is part of `written`, and can be read back.
    pub fn can_read(&self, addresses: Addresses, written: Option<&Written<'_>>) -> bool {
        let fresh = written.map(Written::addresses);
        let fresh = fresh.filter(|fresh| fresh.table() == addresses.table());
        let is_fresh = |address: u32| {
            fresh.is_some_and(|f| (u32::from(f.start())..f.end()).contains(&address))
        };
        self.area(addresses).is_some_and(|(area, first)| {
            let known = area.is_known.iter().skip(first);
            (u32::from(addresses.start())..addresses.end())
                .zip(known)
                .all(|(address, known)| *known || is_fresh(address))
        })
    }

    /// The values of `addresses` in order; 0 where [`Image::can_read`] does not hold.
    pub fn values(&self, addresses: Addresses) -> impl Iterator<Item = u16> {
        let found = self.area(addresses);
        let values = found.map_or(&[][..], |(area, first)| &area.values[first..]);
        let count = usize::from(addresses.count());
        let padding = count.saturating_sub(values.len());
        let known = values.iter().copied().take(count);
        known.chain(std::iter::repeat_n(0, padding))
    }

    /// The area that holds all of `addresses`, and where it begins there.
    fn area(&self, addresses: Addresses) -> Option<(&Area, usize)> {
        let holds = |area: &&Area| {
            area.table == addresses.table()
                && area.start <= addresses.start()
                && addresses.end() <= area.end()
        };
        let area = self.areas.iter().find(holds)?;
        Some((area, usize::from(addresses.start() - area.start)))
    }

    /// Stages the points of one overlaid request; returns how many parts are too old to be used.
    fn stage_request(
        &mut self,
        request: &Request,
        written: &Written<'_>,
        stamp: Option<Stamp>,
        now: Instant,
    ) -> usize {
        let addresses = written.addresses();
        let mut forgotten = 0;
        // Taken out, since points look up their exponents in the image meanwhile.
        let mut scratch = std::mem::take(&mut self.scratch);
        let (values, qualities) = match scratch.decoded.readings() {
            Some(Readings::Sweep(sweep)) => (sweep.values, sweep.qualities),
            Some(Readings::Events(_) | Readings::Texts(_)) | None => (&[][..], &[][..]),
        };
        for (nth, position) in request.points().enumerate() {
            let point = &self.plan.points()[position];
            let (start, end) = (u32::from(point.address), point.end());
            let Some((from, until)) = overlap(addresses, point.table, point.address, end) else {
                continue;
            };
            mark(&mut scratch.is_mapped, addresses, from..until);
            let before = find(&self.waiting, position);
            let fresh = before.filter(|old| now.duration_since(old.since) <= self.parts_within);
            forgotten += usize::from(before.is_some() && fresh.is_none());
            let parts = parts(from - start, until - start) | fresh.map_or(0, |old| old.parts);
            if parts == self::parts(0, end - start) && point.kind.is_text() {
                let at = usize::from(point.address - request.start());
                let words = scratch
                    .words
                    .get(at..at + usize::from(point.kind.registers()));
                scratch.texts.push(CompletedText {
                    position: u32::try_from(position).unwrap_or(u32::MAX),
                    text: text_bytes(words.unwrap_or_default(), point.order),
                    stamp,
                });
                scratch.touched.push((position, None));
            } else if parts == self::parts(0, end - start) {
                let decoded = values
                    .get(nth)
                    .filter(|_| self.has_exponent(position, written));
                let (value, quality) = match decoded {
                    Some(value) => (*value, qualities.get(nth).copied().unwrap_or_default()),
                    None => (f64::NAN, Quality::DEVICE_ERROR),
                };
                scratch.completed.push(Completed {
                    position: u32::try_from(position).unwrap_or(u32::MAX),
                    value,
                    quality,
                    stamp,
                });
                scratch.touched.push((position, None));
            } else {
                let since = fresh.map_or(now, |old| old.since);
                let waits = Waiting {
                    position,
                    parts,
                    since,
                };
                scratch.touched.push((position, Some(waits)));
            }
        }
        self.scratch = scratch;
        forgotten
    }

    /// Whether the power of ten that the point at `position` is multiplied with was written, or
    /// there is none: without it the registers mean nothing.
    fn has_exponent(&self, position: usize, written: &Written<'_>) -> bool {
        let found = self
            .exponents
            .binary_search_by_key(&position, |(point, _)| *point);
        let Some(holder) = found.ok().and_then(|at| self.exponents.get(at)) else {
            return true;
        };
        let holder = self.plan.points().get(holder.1);
        let addresses = holder.and_then(|holder| {
            Addresses::new(holder.table, holder.address, holder.kind.registers()).ok()
        });
        addresses.is_some_and(|addresses| self.can_read(addresses, Some(written)))
    }

    /// Decodes `request` from what was written before with `written` over it; gives the time of
    /// the device, if all of its clock is in `written`.
    fn overlay(
        &mut self,
        request: &Request,
        written: &Written<'_>,
        received: Timestamp,
    ) -> Option<Stamp> {
        let Scratch {
            words,
            bits,
            decoded,
            ..
        } = &mut self.scratch;
        let (start, end) = (u32::from(request.start()), request_end(request));
        words.clear();
        let holds = |area: &&Area| {
            area.table == request.table() && u32::from(area.start) <= start && end <= area.end()
        };
        if let Some(area) = self.areas.iter().find(holds) {
            let first = usize::from(request.start() - area.start);
            let values = area.values.get(first..first + usize::from(request.count()));
            words.extend_from_slice(values.unwrap_or_default());
        }
        for (address, value) in (u32::from(written.addresses().start())..).zip(written.values()) {
            let at = address.checked_sub(start).map(usize::try_from);
            if let Some(Ok(at)) = at
                && let Some(word) = words.get_mut(at)
            {
                *word = value;
            }
        }
        let epoch = Timestamp::EPOCH;
        decoded.start_sweep(&self.whole, epoch, TimeQuality::None, epoch);
        // The length is that of the request, so that decoding cannot fail.
        let _ = if request.table().is_bits() {
            bits.clear();
            bits.extend(words.iter().map(|word| *word != 0));
            request.decode_bits(bits, decoded)
        } else {
            request.decode_registers(words, decoded)
        };
        let addresses = written.addresses();
        let clock = request.clock.as_ref()?;
        let (from, until) = overlap(addresses, clock.table, clock.address, clock.end())?;
        mark(&mut self.scratch.is_mapped, addresses, from..until);
        let is_whole = from == u32::from(clock.address) && until == clock.end();
        is_whole.then(|| request.stamp(Answer::registers(&self.scratch.words), received))
    }

    fn keep(&mut self, written: &Written<'_>) {
        let addresses = written.addresses();
        for area in &mut self.areas {
            if overlap(addresses, area.table, area.start, area.end()).is_none() {
                continue;
            }
            for (address, value) in (u32::from(addresses.start())..).zip(written.values()) {
                let at = address.checked_sub(area.start.into()).map(usize::try_from);
                if let Some(Ok(at)) = at
                    && let Some(kept) = area.values.get_mut(at)
                {
                    *kept = value;
                    area.is_known[at] = true;
                }
            }
        }
        for (position, waits) in &self.scratch.touched {
            let at = self.waiting.binary_search_by_key(position, |w| w.position);
            match (at, waits) {
                (Ok(at), Some(waits)) => self.waiting[at] = *waits,
                (Ok(at), None) => drop(self.waiting.remove(at)),
                (Err(at), Some(waits)) => self.waiting.insert(at, *waits),
                (Err(_), None) => {}
            }
        }
    }
}

impl Staged<'_> {
    /// The values that the write completes, each point once, in the order of the plan.
    pub fn completed(&self) -> &[Completed] {
        &self.image.scratch.completed
    }

    /// The texts that the write completes, each point once, in the order of the plan.
    pub fn texts(&self) -> &[CompletedText] {
        &self.image.scratch.texts
    }

    /// Registers or coils of the write that no point covers.
    pub fn unmapped(&self) -> usize {
        self.unmapped
    }

    /// Values of which an earlier part is too old, and is forgotten.
    pub fn forgotten(&self) -> usize {
        self.forgotten
    }

    /// The write is taken: later ones and reads see it.
    pub fn keep(self) {
        self.image.keep(&self.written);
    }
}

impl Area {
    fn end(&self) -> u32 {
        u32::from(self.start) + u32::try_from(self.values.len()).unwrap_or(u32::MAX)
    }
}

/// The ranges of tables that can be written and that `plan` asks for, merged where they touch.
fn areas(plan: &Plan) -> Vec<Area> {
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

/// Per point with an exponent, ascending, the position of the point that holds it.
fn exponents(plan: &Plan) -> Vec<(usize, usize)> {
    let points = plan.points();
    let holder = |name: &str| points.iter().position(|point| point.name == name);
    let pair =
        |(at, point): (usize, &RegisterPoint)| Some((at, holder(point.exponent.as_deref()?)?));
    points.iter().enumerate().filter_map(pair).collect()
}

/// Notes that points cover the addresses of `range`, which lies in `addresses`.
fn mark(is_mapped: &mut [bool], addresses: Addresses, range: Range<u32>) {
    for address in range {
        let at = usize::try_from(address - u32::from(addresses.start()));
        if let Some(mapped) = at.ok().and_then(|at| is_mapped.get_mut(at)) {
            *mapped = true;
        }
    }
}

fn request_end(request: &Request) -> u32 {
    u32::from(request.start()) + u32::from(request.count())
}

fn find(waiting: &[Waiting], position: usize) -> Option<Waiting> {
    let at = waiting.binary_search_by_key(&position, |waiting| waiting.position);
    at.ok().and_then(|at| waiting.get(at)).copied()
}

/// The addresses of `addresses` that lie in `table` from `start` up to `end`.
fn overlap(addresses: Addresses, table: Table, start: u16, end: u32) -> Option<(u32, u32)> {
    let (from, until) = (
        addresses.start().max(start).into(),
        addresses.end().min(end),
    );
    (addresses.table() == table && from < until).then_some((from, until))
}

/// The bits from `from` up to `until`.
fn parts(from: u32, until: u32) -> u128 {
    let below = |bit: u32| 1_u128.checked_shl(bit).map_or(u128::MAX, |one| one - 1);
    below(until) & !below(from)
}

//! What one connection has written so far, and which values that completes.

mod area;

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gridos_model::{Batch, Layout, Quality, Readings, TimeQuality, Timestamp};

use self::area::{Area, areas, overlap, request_end};
use crate::exponent::Exponents;
use crate::{Addresses, Answer, Plan, RegisterPoint, Request, Stamp, Written, text_bytes};

/// The registers and coils that one device has written over one connection.
///
/// A value of several registers that is written part by part is complete when each of its
/// registers was written since the value was last complete, all of them within a given time:
/// parts that belong to different moments never make a value.
///
/// A value with an exponent is complete without it, since devices write exponents rarely, and is
/// decoded with the one that was last written. If the exponent is then written within the same time
/// and is another one, the value is completed once more, with the new one.
#[derive(Debug)]
pub struct Image {
    plan: Arc<Plan>,
    whole: Arc<Layout>,
    /// Ranges that requests of the plan cover; sorted, apart from one another.
    areas: Vec<Area>,
    /// Points with an exponent, in their order.
    bonds: Vec<Bond>,
    /// How many exponents the map has.
    exponents: usize,
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
    now: Instant,
}

/// A point with an exponent.
#[derive(Clone, Copy, Debug)]
struct Bond {
    position: usize,
    /// The exponent's place among those of the map.
    place: usize,
    /// When the value was last complete.
    completed: Option<Instant>,
}

/// One write, as it is judged.
struct Judged<'a> {
    written: &'a Written<'a>,
    now: Instant,
    received: Timestamp,
    /// The exponents as they are with what is written.
    exponents: Exponents,
    /// The positions of values that were complete just now, ascending, whose exponent is another
    /// one with what is written.
    restated: Vec<usize>,
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
            bonds: bonds(&plan),
            exponents: plan.exponents(),
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
        let exponents = self.told(Some(&written));
        let judged = Judged {
            restated: self.restated(&exponents, now),
            exponents,
            written: &written,
            now,
            received,
        };
        for request in plan.requests() {
            let end = request_end(request);
            let touches = overlap(addresses, request.table(), request.start(), end).is_some();
            let restates = || {
                judged
                    .restated
                    .iter()
                    .any(|at| request.points().contains(at))
            };
            if touches || restates() {
                let stamp = self.overlay(request, &judged);
                forgotten += self.stage_request(request, &judged, stamp);
            }
        }
        let mapped = self.scratch.is_mapped.iter().filter(|mapped| **mapped);
        let mapped = mapped.count();
        (mapped > 0).then_some(Staged {
            unmapped: usize::from(addresses.count()) - mapped,
            image: self,
            written,
            forgotten,
            now,
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
        judged: &Judged<'_>,
        stamp: Option<Stamp>,
    ) -> usize {
        let (addresses, now) = (judged.written.addresses(), judged.now);
        let mut forgotten = 0;
        let scratch = &mut self.scratch;
        let (values, qualities) = match scratch.decoded.readings() {
            Some(Readings::Sweep(sweep)) => (sweep.values, sweep.qualities),
            Some(Readings::Events(_) | Readings::Texts(_)) | None => (&[][..], &[][..]),
        };
        for (nth, position) in request.points().enumerate() {
            let point = &self.plan.points()[position];
            let (start, end) = (u32::from(point.address), point.end());
            let completed = || Completed {
                position: u32::try_from(position).unwrap_or(u32::MAX),
                value: values.get(nth).copied().unwrap_or(f64::NAN),
                quality: qualities.get(nth).copied().unwrap_or_default(),
                stamp,
            };
            let Some((from, until)) = overlap(addresses, point.table, point.address, end) else {
                if judged.restated.binary_search(&position).is_ok() {
                    scratch.completed.push(completed());
                }
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
                scratch.completed.push(completed());
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
        forgotten
    }

    /// The exponents that were written, `written` included; all others are not known: without
    /// them the registers mean nothing.
    fn told(&self, written: Option<&Written<'_>>) -> Exponents {
        let mut exponents = Exponents::unknown(self.exponents);
        let mut words = Vec::new();
        for request in self.plan.requests().iter().filter(|r| !r.told.is_empty()) {
            self.words(request, written, &mut words);
            for told in &request.told {
                let (start, count) = (request.start() + told.at, told.kind.registers());
                let addresses = Addresses::new(request.table(), start, count);
                if addresses.is_ok_and(|addresses| self.can_read(addresses, written)) {
                    told.learn(&words, &mut exponents);
                }
            }
        }
        exponents
    }

    /// The positions of values that were completed just now and whose exponent `exponents` change.
    fn restated(&self, exponents: &Exponents, now: Instant) -> Vec<usize> {
        if self.bonds.is_empty() {
            return Vec::new();
        }
        let before = self.told(None);
        let is_restated = |bond: &&Bond| {
            let age = bond.completed.map(|at| now.duration_since(at));
            age.is_some_and(|age| age <= self.parts_within)
                && before.get(bond.place) != exponents.get(bond.place)
        };
        let restated = self.bonds.iter().filter(is_restated);
        restated.map(|bond| bond.position).collect()
    }

    /// The words or bits of `request` as they were written, `written` over them; 0 where nothing was.
    fn words(&self, request: &Request, written: Option<&Written<'_>>, words: &mut Vec<u16>) {
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
        let own = written.filter(|written| written.addresses().table() == request.table());
        let Some(written) = own else { return };
        for (address, value) in (u32::from(written.addresses().start())..).zip(written.values()) {
            let at = address.checked_sub(start).map(usize::try_from);
            if let Some(Ok(at)) = at
                && let Some(word) = words.get_mut(at)
            {
                *word = value;
            }
        }
    }

    /// Decodes `request` from what was written before with `written` over it; gives the time of
    /// the device, if all of its clock is in `written`.
    fn overlay(&mut self, request: &Request, judged: &Judged<'_>) -> Option<Stamp> {
        let mut scratch = std::mem::take(&mut self.scratch);
        self.words(request, Some(judged.written), &mut scratch.words);
        self.scratch = scratch;
        let Scratch {
            words,
            bits,
            decoded,
            ..
        } = &mut self.scratch;
        let epoch = Timestamp::EPOCH;
        decoded.start_sweep(&self.whole, epoch, TimeQuality::None, epoch);
        // The length is that of the request, so that decoding cannot fail.
        let _ = if request.table().is_bits() {
            bits.clear();
            bits.extend(words.iter().map(|word| *word != 0));
            request.decode_bits(bits, decoded)
        } else {
            request.decode(Answer::registers(words), &judged.exponents, decoded)
        };
        let addresses = judged.written.addresses();
        let clock = request.clock.as_ref()?;
        let (from, until) = overlap(addresses, clock.table, clock.address, clock.end())?;
        mark(&mut self.scratch.is_mapped, addresses, from..until);
        let is_whole = from == u32::from(clock.address) && until == clock.end();
        is_whole.then(|| request.stamp(Answer::registers(&self.scratch.words), judged.received))
    }

    fn keep(&mut self, written: &Written<'_>, now: Instant) {
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
            let bond = self
                .bonds
                .binary_search_by_key(position, |bond| bond.position);
            if let (Ok(at), None) = (bond, waits) {
                self.bonds[at].completed = Some(now);
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
        self.image.keep(&self.written, self.now);
    }
}

/// The points with an exponent, ascending.
fn bonds(plan: &Plan) -> Vec<Bond> {
    let holders = plan.holders();
    let bond = |(position, point): (usize, &RegisterPoint)| {
        let place = holders.binary_search(&point.exponent.as_deref()?).ok()?;
        Some(Bond {
            position,
            place,
            completed: None,
        })
    };
    plan.points().iter().enumerate().filter_map(bond).collect()
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

fn find(waiting: &[Waiting], position: usize) -> Option<Waiting> {
    let at = waiting.binary_search_by_key(&position, |waiting| waiting.position);
    at.ok().and_then(|at| waiting.get(at)).copied()
}

/// The bits from `from` up to `until`.
fn parts(from: u32, until: u32) -> u128 {
    let below = |bit: u32| 1_u128.checked_shl(bit).map_or(u128::MAX, |one| one - 1);
    below(until) & !below(from)
}

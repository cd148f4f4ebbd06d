//! Registers become numbers.

use gridos_model::{Batch, Quality};

use crate::{Kind, Order, RegisterPoint};

/// How all points of one request are decoded: neighbours of one kind and order in one loop.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    runs: Box<[Run]>,
    places: Box<[Place]>,
}

/// Points of one kind and order, one after the other.
#[derive(Clone, Copy, Debug)]
struct Run {
    kind: Kind,
    order: Order,
    /// The position behind the last one.
    end: usize,
}

/// Where a point lies in the answer, and its scaling.
#[derive(Clone, Copy, Debug)]
struct Place {
    scale: f64,
    offset: f64,
    at: u16,
}

/// The bits are no value: neither 0 nor any other number may stand for them.
const NO_VALUE: (f64, Quality) = (f64::NAN, Quality::DEVICE_ERROR);

/// The largest magnitude up to which a double tells all integers apart.
const EXACT_MAX: u64 = 1 << f64::MANTISSA_DIGITS;

impl Decoder {
    /// The decoder of `points` from an answer that starts at the address `start`.
    pub(crate) fn new(points: &[RegisterPoint], start: u16) -> Self {
        let place = |point: &RegisterPoint| Place {
            scale: point.scale,
            offset: point.offset,
            at: point.address - start,
        };
        let alike = |a: &RegisterPoint, b: &RegisterPoint| (a.kind, a.order) == (b.kind, b.order);
        let mut end = 0;
        let run = |run: &[RegisterPoint]| {
            end += run.len();
            Run {
                kind: run[0].kind,
                order: run[0].order,
                end,
            }
        };
        Self {
            runs: points.chunk_by(alike).map(run).collect(),
            places: points.iter().map(place).collect(),
        }
    }

    /// Pushes the values among `words`; those that would lie past their end are none.
    pub(crate) fn registers(&self, words: &[u16], batch: &mut Batch) {
        let mut first = 0;
        for run in &self.runs {
            run.decode(&self.places[first..run.end], words, batch);
            first = run.end;
        }
    }

    /// Pushes the values among `bits`; those that would lie past their end are none.
    pub(crate) fn bits(&self, bits: &[bool], batch: &mut Batch) {
        for place in &self.places {
            let (value, quality) = match bits.get(usize::from(place.at)) {
                Some(bit) => (place.scaled(f64::from(*bit)), Quality::GOOD),
                None => NO_VALUE,
            };
            batch.push(value, quality);
        }
    }
}

impl Place {
    /// An unscaled value passes as it is: adding 0 would already turn -0 into 0.
    #[inline]
    fn scaled(&self, raw: f64) -> f64 {
        if self.scale == 1.0 && self.offset == 0.0 {
            raw
        } else {
            raw * self.scale + self.offset
        }
    }
}

impl Run {
    fn decode(self, places: &[Place], words: &[u16], batch: &mut Batch) {
        let run = Loop {
            order: self.order,
            places,
            words,
            batch,
        };
        match self.kind {
            Kind::Bool => run.push(|_, _| None),
            Kind::Bit(bit) => run.push(|w, o| Some(f64::from((one(w, o)? >> bit) & 1))),
            Kind::U16 => run.push(|w, o| Some(f64::from(one(w, o)?))),
            Kind::I16 => run.push(|w, o| Some(f64::from(one(w, o)?.cast_signed()))),
            Kind::U32 => run.push(|w, o| Some(f64::from(two(w, o)?))),
            Kind::I32 => run.push(|w, o| Some(f64::from(two(w, o)?.cast_signed()))),
            Kind::F32 => run.push(|w, o| Some(f64::from(f32::from_bits(two(w, o)?)))),
            Kind::F64 => run.push(|w, o| Some(f64::from_bits(four(w, o)?))),
            Kind::U64 => run.push_judged(|w, o| {
                let value = four(w, o)?;
                Some((value as f64, exactness(value)))
            }),
            Kind::I64 => run.push_judged(|w, o| {
                let value = four(w, o)?.cast_signed();
                Some((value as f64, exactness(value.unsigned_abs())))
            }),
            Kind::Bcd16 => run.push(|w, o| Some(f64::from(decimal(one(w, o)?.into())?))),
            Kind::Bcd32 => run.push(|w, o| Some(f64::from(decimal(two(w, o)?)?))),
        }
    }
}

/// One run on its way into a batch; each kind gets a loop of its own.
struct Loop<'a> {
    order: Order,
    places: &'a [Place],
    words: &'a [u16],
    batch: &'a mut Batch,
}

impl Loop<'_> {
    /// Pushes what `raw` makes of the words at each place, good if it is a value at all.
    fn push(self, raw: impl Fn(&[u16], Order) -> Option<f64>) {
        self.push_judged(|words, order| Some((raw(words, order)?, Quality::GOOD)));
    }

    /// The same with a quality for each value.
    fn push_judged(self, raw: impl Fn(&[u16], Order) -> Option<(f64, Quality)>) {
        for place in self.places {
            let words = self.words.get(usize::from(place.at)..).unwrap_or_default();
            let (value, quality) = match raw(words, self.order) {
                Some((raw, quality)) => (place.scaled(raw), quality),
                None => NO_VALUE,
            };
            self.batch.push(value, quality);
        }
    }
}

#[inline]
fn one(words: &[u16], order: Order) -> Option<u16> {
    let word = *words.first()?;
    Some(if order.bytes_reversed() {
        word.swap_bytes()
    } else {
        word
    })
}

#[inline]
fn two(words: &[u16], order: Order) -> Option<u32> {
    let first = one(words, order)?;
    let second = one(words.get(1..)?, order)?;
    let (high, low) = if order.words_reversed() {
        (second, first)
    } else {
        (first, second)
    };
    Some(u32::from(high) << 16 | u32::from(low))
}

#[inline]
fn four(words: &[u16], order: Order) -> Option<u64> {
    let first = two(words, order)?;
    let second = two(words.get(2..)?, order)?;
    let (high, low) = if order.words_reversed() {
        (second, first)
    } else {
        (first, second)
    };
    Some(u64::from(high) << 32 | u64::from(low))
}

fn exactness(magnitude: u64) -> Quality {
    if magnitude <= EXACT_MAX {
        Quality::GOOD
    } else {
        Quality::IMPRECISE
    }
}

/// The number whose decimal digits are the nibbles of `bcd`, or `None` if one is no digit.
fn decimal(bcd: u32) -> Option<u32> {
    (0..8).rev().try_fold(0, |number, nibble| {
        let digit = (bcd >> (4 * nibble)) & 0xf;
        (digit < 10).then_some(number * 10 + digit)
    })
}

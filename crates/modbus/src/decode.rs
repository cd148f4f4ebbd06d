//! Registers become values: neighbours of one kind and order in one loop.

use std::ops::Range;

use gridos_model::{Batch, Quality};

use crate::answer::Data;
use crate::exponent::{Exponents, Source};
use crate::{Answer, Kind, Order, RegisterPoint, Span};

/// How points of one request are decoded.
#[derive(Clone, Debug)]
pub(crate) struct Decoder {
    runs: Box<[Run]>,
    places: Places,
    /// What the values of points that are not plain are judged by, in their order.
    judges: Box<[Judge]>,
}

/// Points of one kind and order, one after the other, all of them plain or none.
#[derive(Clone, Copy, Debug)]
struct Run {
    kind: Kind,
    order: Order,
    is_plain: bool,
    /// Whether each begins where the one before ends, and they are plain and many enough to be worth
    /// a run of their own.
    is_dense: bool,
    /// The position behind the last one.
    end: usize,
}

/// Fewer neighbours without a gap than this are no dense run: to start a run takes as long as to
/// look for a few points one by one.
const DENSE_MIN: usize = 8;

/// Where points lie in the answer, and their scaling: in columns, so that several are scaled at once.
#[derive(Clone, Debug)]
struct Places {
    at: Box<[u16]>,
    scale: Box<[f64]>,
    offset: Box<[f64]>,
}

/// Where a point lies in the answer, and its scaling.
#[derive(Clone, Copy, Debug)]
struct Place {
    scale: f64,
    /// −0 where nothing is scaled: the one number that changes no other when it is added.
    offset: f64,
    at: u16,
}

/// What the value of a point is judged by.
#[derive(Clone, Debug)]
struct Judge {
    invalid: Box<[u64]>,
    states: Box<[i64]>,
    span: Option<Span>,
    exponent: Option<Source>,
}

/// Where decoded values go.
pub(crate) trait Sink {
    fn push(&mut self, value: f64, quality: Quality);

    /// Pushes all of `readings`.
    #[inline]
    fn push_all(&mut self, readings: impl Iterator<Item = (f64, Quality)> + Clone) {
        for (value, quality) in readings {
            self.push(value, quality);
        }
    }
}

impl Sink for Batch {
    #[inline]
    fn push(&mut self, value: f64, quality: Quality) {
        Self::push(self, value, quality);
    }

    #[inline]
    fn push_all(&mut self, readings: impl Iterator<Item = (f64, Quality)> + Clone) {
        Self::push_all(self, readings);
    }
}

impl Sink for Vec<(f64, Quality)> {
    #[inline]
    fn push(&mut self, value: f64, quality: Quality) {
        Self::push(self, (value, quality));
    }
}

/// A sink that takes no value for the points that the device refuses, whose positions in the plan
/// are `refused`, ascending.
pub(crate) struct Masked<'a, S> {
    sink: &'a mut S,
    refused: &'a [usize],
    /// The position of the next value in the plan.
    position: usize,
}

impl<'a, S: Sink> Masked<'a, S> {
    /// A way into `sink` for values from `position` on.
    pub(crate) fn new(sink: &'a mut S, refused: &'a [usize], position: usize) -> Self {
        Self {
            sink,
            refused,
            position,
        }
    }
}

impl<S: Sink> Sink for Masked<'_, S> {
    #[inline]
    fn push(&mut self, value: f64, quality: Quality) {
        let is_refused =
            !self.refused.is_empty() && self.refused.binary_search(&self.position).is_ok();
        self.position += 1;
        let (value, quality) = if is_refused {
            NO_VALUE
        } else {
            (value, quality)
        };
        self.sink.push(value, quality);
    }
}

/// The bits are no value: neither 0 nor any other number may stand for them.
const NO_VALUE: (f64, Quality) = (f64::NAN, Quality::DEVICE_ERROR);

impl Decoder {
    /// The decoder of `points` from an answer that starts at the address `start`; `source_of`
    /// gives where the exponent of a name is found.
    pub(crate) fn new(
        points: &[RegisterPoint],
        start: u16,
        source_of: impl Fn(&str) -> Option<Source>,
    ) -> Self {
        let judge = |point: &RegisterPoint| Judge {
            invalid: point.invalid.as_slice().into(),
            states: point.states.as_slice().into(),
            span: point.span,
            exponent: point.exponent.as_deref().and_then(&source_of),
        };
        let judged = points.iter().filter(|point| !point.is_plain());
        Self {
            runs: Run::all_of(points).into(),
            places: Places::of(points, start),
            judges: judged.map(judge).collect(),
        }
    }

    /// Pushes the values of `answer`, whose length was checked.
    pub(crate) fn decode(&self, answer: Answer<'_>, exponents: &Exponents, sink: &mut impl Sink) {
        match answer.data {
            Data::Registers(words) => self.registers(words, exponents, sink),
            Data::Bits(bits) => self.bits(|at| bits.get(at).copied(), sink),
            Data::Packed(bits) => self.bits(|at| bits.get(at), sink),
        }
    }

    /// Pushes the values among `words`; those that would lie past their end are none.
    fn registers(&self, words: &[u16], exponents: &Exponents, sink: &mut impl Sink) {
        let mut first = 0;
        let mut judges = self.judges.iter();
        for run in &self.runs {
            let places = first..run.end;
            if run.is_plain {
                run.decode(&self.places, places, words, sink);
            } else {
                for (place, judge) in self.places.iter(places).zip(&mut judges) {
                    let (value, quality) = judge.value(run, &place, words, exponents);
                    sink.push(value, quality);
                }
            }
            first = run.end;
        }
    }

    /// Pushes the values that `bit` gives; those that would lie past the last one are none.
    fn bits(&self, bit: impl Fn(usize) -> Option<bool>, sink: &mut impl Sink) {
        let mut first = 0;
        let mut judges = self.judges.iter();
        for run in &self.runs {
            for place in self.places.iter(first..run.end) {
                let judge = if run.is_plain { None } else { judges.next() };
                let (value, quality) = match bit(usize::from(place.at)) {
                    Some(bit) => {
                        let raw = f64::from(bit);
                        let quality = judge.map_or(Quality::GOOD, |judge| judge.state(raw));
                        (place.scaled(raw), quality)
                    }
                    None => NO_VALUE,
                };
                sink.push(value, quality);
            }
            first = run.end;
        }
    }
}

impl Places {
    /// Those of `points` in an answer that starts at the address `start`.
    fn of(points: &[RegisterPoint], start: u16) -> Self {
        let place = |point: &RegisterPoint| Place::new(point, start);
        Self {
            at: points.iter().map(|point| place(point).at).collect(),
            scale: points.iter().map(|point| place(point).scale).collect(),
            offset: points.iter().map(|point| place(point).offset).collect(),
        }
    }

    #[inline]
    fn iter(&self, range: Range<usize>) -> impl Iterator<Item = Place> + Clone {
        let at = &self.at[range.clone()];
        let scale = &self.scale[range.clone()];
        let offset = &self.offset[range];
        let columns = at.iter().zip(scale).zip(offset);
        columns.map(|((&at, &scale), &offset)| Place { scale, offset, at })
    }
}

impl Place {
    fn new(point: &RegisterPoint, start: u16) -> Self {
        let is_scaled = point.scale != 1.0 || point.offset != 0.0;
        Self {
            scale: point.scale,
            offset: if is_scaled { point.offset } else { -0.0 },
            at: point.address - start,
        }
    }

    /// An unscaled value passes as it is: adding 0 would already turn -0 into 0.
    #[inline]
    fn scaled(&self, raw: f64) -> f64 {
        if self.scale == 1.0 && self.offset == 0.0 {
            raw
        } else {
            self.scaled_number(raw)
        }
    }

    /// The same without a branch, for all but signalling NaN, which it makes quiet.
    #[inline]
    fn scaled_number(&self, raw: f64) -> f64 {
        raw * self.scale + self.offset
    }

    #[inline]
    fn own<'a>(&self, words: &'a [u16]) -> &'a [u16] {
        words.get(usize::from(self.at)..).unwrap_or_default()
    }
}

impl Judge {
    fn value(
        &self,
        run: &Run,
        place: &Place,
        words: &[u16],
        exponents: &Exponents,
    ) -> (f64, Quality) {
        let own = place.own(words);
        let is_code = |bits| self.invalid.contains(&bits);
        let is_invalid =
            !self.invalid.is_empty() && run.kind.bits(own, run.order).is_some_and(is_code);
        let number = run.kind.number(own, run.order).filter(|_| !is_invalid);
        let Some((raw, quality)) = number else {
            return NO_VALUE;
        };
        let mut quality = quality | self.state(raw);
        let shifted = match self.exponent {
            Some(source) => {
                if exponents.is_doubtful(source) {
                    quality |= Quality::EXPONENT_APART;
                }
                exponents.apply(source.place, raw)
            }
            None => Some(raw),
        };
        let Some(raw) = shifted else {
            return NO_VALUE;
        };
        match &self.span {
            Some(span) => {
                let (value, outside) = span.judge(raw, |raw| place.scaled(raw));
                (value, quality | outside)
            }
            None => (place.scaled(raw), quality),
        }
    }

    /// What is known against `raw` if only some numbers are states.
    fn state(&self, raw: f64) -> Quality {
        let is_state = |state: &i64| *state as f64 == raw;
        if self.states.is_empty() || self.states.iter().any(is_state) {
            Quality::GOOD
        } else {
            Quality::OUT_OF_RANGE
        }
    }
}

impl Run {
    /// The runs of `points`, as long as they can be.
    fn all_of(points: &[RegisterPoint]) -> Vec<Self> {
        let like = |point: &RegisterPoint| (point.kind, point.order, point.is_plain());
        let are_neighbours = |a: &RegisterPoint, b: &RegisterPoint| {
            like(a) == like(b) && a.end() == b.address.into()
        };
        let mut runs: Vec<Self> = Vec::new();
        let mut end = 0;
        for points in points.chunk_by(are_neighbours) {
            end += points.len();
            let (kind, order, is_plain) = like(&points[0]);
            let run = Self {
                kind,
                order,
                is_plain,
                is_dense: is_plain && points.len() >= DENSE_MIN,
                end,
            };
            match runs.last_mut() {
                Some(last) if last.is_joined_by(&run) => last.end = end,
                _ => runs.push(run),
            }
        }
        runs
    }

    /// Whether `next` differs in nothing but its place.
    fn is_joined_by(&self, next: &Self) -> bool {
        let like = |run: &Self| (run.kind, run.order, run.is_plain, run.is_dense);
        !self.is_dense && like(self) == like(next)
    }

    /// Each kind gets a loop of its own: its meaning is looked up once, not for every value.
    fn decode(self, places: &Places, range: Range<usize>, words: &[u16], sink: &mut impl Sink) {
        let run = Loop {
            run: self,
            places,
            range,
            words,
            sink,
        };
        match self.kind {
            Kind::Bit(bit) => run.push::<1>(|w, o| Kind::Bit(bit).number(w, o)),
            Kind::U16 => run.push::<1>(|w, o| Kind::U16.number(w, o)),
            Kind::I16 => run.push::<1>(|w, o| Kind::I16.number(w, o)),
            Kind::U32 => run.push::<2>(|w, o| Kind::U32.number(w, o)),
            Kind::I32 => run.push::<2>(|w, o| Kind::I32.number(w, o)),
            Kind::F32 => run.push::<2>(|w, o| Kind::F32.number(w, o)),
            // The bits of a double pass as they are, even those of a signalling NaN.
            Kind::F64 => run.push_each(|w, o| Kind::F64.number(w, o), Place::scaled),
            Kind::U64 => run.push::<4>(|w, o| Kind::U64.number(w, o)),
            Kind::I64 => run.push::<4>(|w, o| Kind::I64.number(w, o)),
            Kind::Bool | Kind::U8Low | Kind::U8High | Kind::I8Low | Kind::I8High => {
                run.rare(self.kind)
            }
            Kind::F16 | Kind::Bcd16 | Kind::Bcd32 | Kind::Bcd48 | Kind::Bcd64 => {
                run.rare(self.kind)
            }
            Kind::Unix32 | Kind::Unix64 | Kind::Unix64Ms | Kind::Cp56 => run.rare(self.kind),
            // The plan gives no text to a decoder of numbers.
            Kind::Text(_) => run.rare(self.kind),
        }
    }
}

/// One run on its way into a sink.
struct Loop<'a, S> {
    run: Run,
    places: &'a Places,
    /// Its places among all.
    range: Range<usize>,
    words: &'a [u16],
    sink: &'a mut S,
}

impl<'a, S: Sink> Loop<'a, S> {
    /// One loop for all kinds that are too rare to have their own.
    fn rare(self, kind: Kind) {
        self.push_each(|words, order| kind.number(words, order), Place::scaled);
    }

    /// Pushes what `number` makes of the `N` words of each place; a signalling NaN becomes quiet.
    #[inline(always)]
    fn push<const N: usize>(self, number: impl Fn(&[u16], Order) -> Option<(f64, Quality)>) {
        match self.dense() {
            Some(words) => self.push_dense::<N>(words, number),
            None => self.push_each(number, Place::scaled_number),
        }
    }

    /// The words of a dense run by the value.
    #[inline(always)]
    fn dense<const N: usize>(&self) -> Option<&'a [[u16; N]]> {
        let first = self.places.iter(self.range.clone()).next();
        let own = first.filter(|_| self.run.is_dense)?.own(self.words);
        Some(own.get(..N * self.range.len())?.as_chunks().0)
    }

    /// Each order has a loop of its own as well: nothing is looked up for a value.
    #[inline(always)]
    fn push_dense<const N: usize>(
        self,
        words: &[[u16; N]],
        number: impl Fn(&[u16], Order) -> Option<(f64, Quality)>,
    ) {
        match self.run.order {
            Order::ABCD => self.push_ordered(words, |words| number(words, Order::ABCD)),
            Order::CDAB => self.push_ordered(words, |words| number(words, Order::CDAB)),
            Order::BADC => self.push_ordered(words, |words| number(words, Order::BADC)),
            Order::DCBA => self.push_ordered(words, |words| number(words, Order::DCBA)),
        }
    }

    /// Pushes what `number` makes of all of `words`, without a branch, so that the compiler takes
    /// several at once.
    #[inline(always)]
    fn push_ordered<const N: usize>(
        self,
        words: &[[u16; N]],
        number: impl Fn(&[u16; N]) -> Option<(f64, Quality)>,
    ) {
        let read = |(words, place): (&[u16; N], Place)| match number(words) {
            Some((raw, quality)) => (place.scaled_number(raw), quality),
            None => NO_VALUE,
        };
        let places = self.places.iter(self.range);
        self.sink.push_all(words.iter().zip(places).map(read));
    }

    /// Pushes what `number` and then `scaled` make of the words at each place.
    #[inline(always)]
    fn push_each(
        self,
        number: impl Fn(&[u16], Order) -> Option<(f64, Quality)>,
        scaled: impl Fn(&Place, f64) -> f64,
    ) {
        let read = |place: Place| match number(place.own(self.words), self.run.order) {
            Some((raw, quality)) => (scaled(&place, raw), quality),
            None => NO_VALUE,
        };
        self.sink.push_all(self.places.iter(self.range).map(read));
    }
}

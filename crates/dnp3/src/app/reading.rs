//! The points behind a header as numbers, all at once: the way of the most events.

use crate::app::bytes::take;
use crate::app::layout::{Format, TimeField};
use crate::app::{CommonTime, Flags, Layout, Number, ObjectHeader, Prefix, Timestamp, Width};

/// The value of one point as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Its index within its [`super::Kind`].
    pub index: u16,
    /// The value, exactly; a bit is 0 or 1, a double-bit 0 to 3. Floats may be infinite or not a
    /// number.
    pub value: f64,
    /// The flags; [`Flags::ONLINE`] if the object has none. For command events, the status.
    pub flags: Flags,
    /// Milliseconds since 1970-01-01 00:00 UTC; `None` if the object does not say, or counts from
    /// a common time that the fragment does not have. What it is worth is the same for all points
    /// behind a header: [`ObjectHeader::time_quality`].
    pub time: Option<u64>,
}

impl ObjectHeader<'_> {
    /// Calls `take_reading` for the points behind this header, in order, and says whether it could:
    /// not if [`ObjectHeader::kind`] is none or the values are octets.
    ///
    /// `common` is the common time before this header in its fragment. How objects lie is looked up
    /// once, and each way has a loop of its own.
    #[inline]
    pub fn for_each_reading(&self, common: CommonTime, take_reading: impl FnMut(Reading)) -> bool {
        let (Some(_), Some(description)) = (self.kind(), self.carried()) else {
            return false;
        };
        match (description.layout(), description.format()) {
            (Layout::Bits, _) => self.bit_readings::<1>(take_reading),
            (Layout::BitPairs, _) => self.bit_readings::<2>(take_reading),
            (_, Some(format)) => self.field_readings(format, common, take_reading),
            (_, None) => return false,
        }
        true
    }

    #[inline]
    fn bit_readings<const WIDTH: u32>(&self, mut take_reading: impl FnMut(Reading)) {
        let start = self.first_index().unwrap_or(0);
        let count = self.count().and_then(|count| usize::try_from(count).ok());
        let values = self.octets.iter().flat_map(|octet| {
            (0..8 / WIDTH).map(move |place| octet >> (place * WIDTH) & ((1 << WIDTH) - 1))
        });
        for (index, value) in (start..=u16::MAX).zip(values).take(count.unwrap_or(0)) {
            take_reading(Reading {
                index,
                value: f64::from(value),
                flags: Flags::ONLINE,
                time: None,
            });
        }
    }

    fn field_readings(
        &self,
        format: Format,
        common: CommonTime,
        take_reading: impl FnMut(Reading),
    ) {
        let way = Way {
            octets: self.octets,
            first_index: self.first_index().unwrap_or(0),
            common,
            shape: Shape {
                prefix: self.qualifier.prefix(),
                has_flags: format.has_flags,
                time: format.time,
            },
        };
        match format.number {
            Number::Binary => way.walk::<0>(take_reading, |flags, []| f64::from(flags >> 7)),
            Number::DoubleBit => way.walk::<0>(take_reading, |flags, []| f64::from(flags >> 6)),
            Number::Uint16 => way.walk(take_reading, |_, octets| u16::from_le_bytes(octets).into()),
            Number::Uint32 => way.walk(take_reading, |_, octets| u32::from_le_bytes(octets).into()),
            Number::Int16 => way.walk(take_reading, |_, octets| i16::from_le_bytes(octets).into()),
            Number::Int32 => way.walk(take_reading, |_, octets| i32::from_le_bytes(octets).into()),
            Number::Float32 => {
                way.walk(take_reading, |_, octets| f32::from_le_bytes(octets).into());
            }
            Number::Float64 => way.walk(take_reading, |_, octets| f64::from_le_bytes(octets)),
        }
    }
}

/// Objects on their way to readings.
struct Way<'a> {
    octets: &'a [u8],
    first_index: u16,
    common: CommonTime,
    shape: Shape,
}

/// What stands around the values.
#[derive(Clone, Copy)]
struct Shape {
    prefix: Prefix,
    has_flags: bool,
    time: TimeField,
}

impl Way<'_> {
    /// The objects with values of `N` octets, which `number` makes of the flags and the octets.
    ///
    /// The usual shapes get loops of their own, in which they are constants.
    #[inline(always)]
    fn walk<const N: usize>(
        self,
        take_reading: impl FnMut(Reading),
        number: impl Fn(u8, [u8; N]) -> f64,
    ) {
        let shape = self.shape;
        match (shape.prefix, shape.has_flags, shape.time) {
            (Prefix::Index(Width::Two), true, TimeField::Absolute) => {
                self.run(Shape::TIMED_EVENT, take_reading, number);
            }
            (Prefix::Index(Width::Two), true, TimeField::None) => {
                self.run(Shape::EVENT, take_reading, number);
            }
            (Prefix::None, true, TimeField::None) => {
                self.run(Shape::STATIC, take_reading, number);
            }
            _ => self.run(shape, take_reading, number),
        }
    }

    #[inline(always)]
    fn run<const N: usize>(
        self,
        shape: Shape,
        mut take_reading: impl FnMut(Reading),
        number: impl Fn(u8, [u8; N]) -> f64,
    ) {
        let around = shape.prefix.bytes() + usize::from(shape.has_flags) + shape.time.bytes();
        let mut next_index = self.first_index;
        for object in self.octets.chunks_exact(around + N) {
            let reading = shape.read(object, next_index, self.common, &number);
            next_index = next_index.wrapping_add(1);
            if let Some(reading) = reading {
                take_reading(reading);
            }
        }
    }
}

impl Shape {
    /// Events with an index of two octets and an absolute time.
    const TIMED_EVENT: Self = Self {
        prefix: Prefix::Index(Width::Two),
        has_flags: true,
        time: TimeField::Absolute,
    };
    /// Events with an index of two octets and no time.
    const EVENT: Self = Self {
        prefix: Prefix::Index(Width::Two),
        has_flags: true,
        time: TimeField::None,
    };
    /// Static objects one after the other.
    const STATIC: Self = Self {
        prefix: Prefix::None,
        has_flags: true,
        time: TimeField::None,
    };

    #[inline(always)]
    fn read<const N: usize>(
        self,
        mut object: &[u8],
        next_index: u16,
        common: CommonTime,
        number: impl Fn(u8, [u8; N]) -> f64,
    ) -> Option<Reading> {
        let octets = &mut object;
        let index = match self.prefix {
            Prefix::Index(Width::One) => u16::from(u8::from_le_bytes(take(octets)?)),
            Prefix::Index(Width::Two) => u16::from_le_bytes(take(octets)?),
            Prefix::Index(Width::Four) => u16::try_from(u32::from_le_bytes(take(octets)?)).ok()?,
            Prefix::None | Prefix::Size(_) => next_index,
        };
        let flags = if self.has_flags {
            Flags::new(u8::from_le_bytes(take(octets)?))
        } else {
            Flags::ONLINE
        };
        let value = number(flags.raw(), take(octets)?);
        let time = match self.time {
            TimeField::None => None,
            TimeField::Absolute => Some(Timestamp::from_octets(take(octets)?).milliseconds()),
            TimeField::Relative => {
                let after = common.after(u16::from_le_bytes(take(octets)?));
                after.map(|time| time.milliseconds)
            }
        };
        Some(Reading {
            index,
            value,
            flags,
            time,
        })
    }
}

//! A point becomes an object: the reverse of [`crate::app::point`].

use crate::app::layout::{Format, TimeField};
use crate::app::{
    AnalogFlags, CommonTime, DoubleBit, FlagSet, Flags, Number, Point, PointTime, Timestamp, Value,
};

/// Why a point is no object of a variation. The caller's mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// The value is of another kind.
    Value,
    /// The object has a time and the point has none, or one that it cannot hold.
    Time,
}

/// Appends the object of `point`; relative times count from `common`.
///
/// An analog value that the object cannot hold becomes the nearest that it can, and is flagged
/// OVER_RANGE; a counter loses its upper bits, as a counter of the object's width would have.
pub(crate) fn object(
    point: &Point<'_>,
    format: Format,
    set: FlagSet,
    common: CommonTime,
    out: &mut Vec<u8>,
) -> Result<(), Unfit> {
    let encoded = Encoded::new(point.value, format.number).ok_or(Unfit::Value)?;
    let time = time(point.time, format.time, common).ok_or(Unfit::Time)?;
    if format.has_flags {
        out.push(encoded.flags(point.flags, set));
    }
    put(encoded.octets, format.number.bytes(), out);
    put(time, format.time.bytes(), out);
    Ok(())
}

/// Appends the first `count` of the octets; to copy all of them first takes no call.
fn put<const N: usize>(octets: [u8; N], count: usize, out: &mut Vec<u8>) {
    let end = out.len() + count.min(N);
    out.extend_from_slice(&octets);
    out.truncate(end);
}

/// Packs bits into octets, from the least significant on.
#[derive(Debug, Default)]
pub(crate) struct Packer {
    /// How many bits of the last octet are in use.
    used: u32,
}

impl Packer {
    /// Appends the one or two bits of a value.
    pub(crate) fn push(
        &mut self,
        value: Value<'_>,
        bits: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), Unfit> {
        let state = match (value, bits) {
            (Value::Binary(bit), 1) => u8::from(bit),
            (Value::DoubleBit(state), 2) => state.bits(),
            _ => return Err(Unfit::Value),
        };
        if self.used == 0 {
            out.push(0);
        }
        if let Some(last) = out.last_mut() {
            *last |= state << self.used;
        }
        self.used = (self.used + bits) % 8;
        Ok(())
    }
}

/// A value on its way into an object.
struct Encoded {
    /// The octets of the number, as many as it has.
    octets: [u8; 8],
    /// The state bits, in the place where the flag octet has them.
    state: Option<(u8, u8)>,
    is_over_range: bool,
}

impl Encoded {
    fn new(value: Value<'_>, number: Number) -> Option<Self> {
        match (value, number) {
            (Value::Binary(bit), Number::Binary) => Some(Self::state(u8::from(bit) << 7, 0x80)),
            (Value::DoubleBit(state), Number::DoubleBit) => {
                Some(Self::state(DoubleBit::bits(state) << 6, 0xc0))
            }
            (Value::Uint16(value), Number::Uint16 | Number::Uint32) => {
                Some(Self::number(u32::from(value).to_le_bytes(), false))
            }
            (Value::Uint32(value), Number::Uint16 | Number::Uint32) => {
                Some(Self::number(value.to_le_bytes(), false))
            }
            (Value::Float32(value), Number::Float32) => {
                Some(Self::number(value.to_le_bytes(), false))
            }
            (
                Value::Int16(_) | Value::Int32(_) | Value::Float32(_) | Value::Float64(_),
                Number::Int16 | Number::Int32 | Number::Float32 | Number::Float64,
            ) => Some(Self::analog(value.number()?, number)),
            _ => None,
        }
    }

    fn analog(value: f64, number: Number) -> Self {
        match number {
            Number::Int16 => {
                let (nearest, is_over_range) = integer(value, f64::from(i16::MIN), i16::MAX.into());
                Self::number(nearest.to_le_bytes(), is_over_range)
            }
            Number::Int32 => {
                let (nearest, is_over_range) = integer(value, i32::MIN.into(), i32::MAX.into());
                Self::number(nearest.to_le_bytes(), is_over_range)
            }
            Number::Float32 => {
                let (nearest, is_over_range) = single(value);
                Self::number(nearest.to_le_bytes(), is_over_range)
            }
            Number::Float64
            | Number::Binary
            | Number::DoubleBit
            | Number::Uint16
            | Number::Uint32 => Self::number(value.to_le_bytes(), false),
        }
    }

    fn number<const N: usize>(number: [u8; N], is_over_range: bool) -> Self {
        let mut octets = [0; 8];
        for (octet, of_number) in octets.iter_mut().zip(number) {
            *octet = of_number;
        }
        Self {
            octets,
            state: None,
            is_over_range,
        }
    }

    fn state(bits: u8, mask: u8) -> Self {
        Self {
            octets: [0; 8],
            state: Some((bits, mask)),
            is_over_range: false,
        }
    }

    fn flags(&self, flags: Flags, set: FlagSet) -> u8 {
        let (bits, mask) = self.state.unwrap_or((0, 0));
        let over_range = if self.is_over_range && set == FlagSet::Analog {
            AnalogFlags::OVER_RANGE.bits()
        } else {
            0
        };
        flags.raw() & !mask | bits | over_range
    }
}

/// The integer nearest to `value` within the bounds, and whether `value` lies outside; what is
/// not a number becomes 0, and lies outside.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the bounds are those of an integer type that i32 contains"
)]
fn integer(value: f64, min: f64, max: f64) -> (i32, bool) {
    let is_inside = value.round() >= min && value.round() <= max;
    (value.round().clamp(min, max) as i32, !is_inside)
}

/// The single float nearest to `value`, and whether it is finite where `value` is not.
#[expect(
    clippy::cast_possible_truncation,
    reason = "finite values are clamped to the bounds of f32; precision is what the variation costs"
)]
fn single(value: f64) -> (f32, bool) {
    if !value.is_finite() {
        return (value as f32, false);
    }
    let (min, max) = (f64::from(f32::MIN), f64::from(f32::MAX));
    (value.clamp(min, max) as f32, value < min || value > max)
}

/// The octets of the time, as many as the object has.
fn time(time: Option<PointTime>, field: TimeField, common: CommonTime) -> Option<[u8; 6]> {
    match field {
        TimeField::None => Some([0; 6]),
        TimeField::Absolute => Timestamp::new(time?.milliseconds).map(Timestamp::to_octets),
        TimeField::Relative => {
            let after = relative(time?, common)?;
            let [low, high] = after.to_le_bytes();
            Some([low, high, 0, 0, 0, 0])
        }
    }
}

/// How long `time` is after the common time of a clock as good; `None` if it cannot be said.
pub(crate) fn relative(time: PointTime, common: CommonTime) -> Option<u16> {
    let base = common.base()?;
    let after = time.milliseconds.checked_sub(base.milliseconds)?;
    u16::try_from(after)
        .ok()
        .filter(|_| base.is_synchronised == time.is_synchronised)
}

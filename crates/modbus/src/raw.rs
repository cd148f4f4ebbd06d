//! Words become bits, and bits a number: the meaning of each [`Kind`].

use gridos_model::Quality;

use crate::{Kind, Order, calendar};

/// The largest magnitude up to which a double tells all integers apart.
const EXACT_MAX: u64 = 1 << f64::MANTISSA_DIGITS;

/// 2⁻²⁴: the step of half-precision numbers that are too small to have an exponent.
const HALF_STEP: f32 = 1.0 / 16_777_216.0;

impl Kind {
    /// The number that `words` mean in `order`, before any scaling, with what is known against it;
    /// words behind the first [`Kind::registers`] do not count.
    ///
    /// `None` if there are too few words or their bits are no value of this kind, and always for
    /// [`Kind::Bool`], which is not made of words, and [`Kind::Text`], which is no number.
    // Inlined with a known kind, every loop of a decoder is only what its kind needs.
    #[inline(always)]
    pub fn number(self, words: &[u16], order: Order) -> Option<(f64, Quality)> {
        let good = match self {
            Self::Bool | Self::Text(_) => return None,
            Self::Bit(bit) => f64::from((one(words, order)? >> bit) & 1),
            Self::U8Low => f64::from(bytes(words, order)?.1),
            Self::U8High => f64::from(bytes(words, order)?.0),
            Self::I8Low => f64::from(bytes(words, order)?.1.cast_signed()),
            Self::I8High => f64::from(bytes(words, order)?.0.cast_signed()),
            Self::U16 => f64::from(one(words, order)?),
            Self::I16 => f64::from(one(words, order)?.cast_signed()),
            Self::U32 | Self::Unix32 => f64::from(two(words, order)?),
            Self::I32 => f64::from(two(words, order)?.cast_signed()),
            Self::F16 => half(one(words, order)?),
            Self::F32 => f64::from(f32::from_bits(two(words, order)?)),
            Self::F64 => f64::from_bits(four(words, order)?),
            Self::U64 | Self::Unix64 => return Some(whole(four(words, order)?)),
            Self::I64 => {
                let value = four(words, order)?.cast_signed();
                return Some((value as f64, exactness(value.unsigned_abs())));
            }
            Self::Unix64Ms => {
                let (millis, quality) = whole(four(words, order)?);
                return Some((millis / 1_000.0, quality));
            }
            Self::Bcd16 => return decimal(one(words, order)?.into(), 4).map(whole),
            Self::Bcd32 => return decimal(two(words, order)?.into(), 8).map(whole),
            Self::Bcd48 => return decimal(three(words, order)?, 12).map(whole),
            Self::Bcd64 => return decimal(four(words, order)?, 16).map(whole),
            // Milliseconds of 128 years are far below 2⁵³.
            Self::Cp56 => calendar::millis(four(words, order)?)? as f64 / 1_000.0,
        };
        Some((good, Quality::GOOD))
    }

    /// The bits that `words` hold for a value of this kind in `order`, unsigned; `None` if there
    /// are too few words.
    pub(crate) fn bits(self, words: &[u16], order: Order) -> Option<u64> {
        if matches!(self, Self::U8Low | Self::I8Low) {
            return Some(bytes(words, order)?.1.into());
        }
        if matches!(self, Self::U8High | Self::I8High) {
            return Some(bytes(words, order)?.0.into());
        }
        if self.is_text() {
            return None;
        }
        match self.registers() {
            1 => one(words, order).map(u64::from),
            2 => two(words, order).map(u64::from),
            3 => three(words, order),
            _ => four(words, order),
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

/// The more and the less significant byte of a register.
#[inline]
fn bytes(words: &[u16], order: Order) -> Option<(u8, u8)> {
    let [high, low] = one(words, order)?.to_be_bytes();
    Some((high, low))
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
fn three(words: &[u16], order: Order) -> Option<u64> {
    let first = u64::from(one(words, order)?);
    let second = u64::from(one(words.get(1..)?, order)?);
    let third = u64::from(one(words.get(2..)?, order)?);
    let (high, low) = if order.words_reversed() {
        (third, first)
    } else {
        (first, third)
    };
    Some(high << 32 | second << 16 | low)
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

#[inline]
fn whole(value: u64) -> (f64, Quality) {
    (value as f64, exactness(value))
}

#[inline]
fn exactness(magnitude: u64) -> Quality {
    if magnitude <= EXACT_MAX {
        Quality::GOOD
    } else {
        Quality::IMPRECISE
    }
}

/// A half-precision number; every one of them is exact in single precision.
fn half(bits: u16) -> f64 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let fraction = bits & 0x3ff;
    let magnitude = match exponent {
        0 => f32::from(fraction) * HALF_STEP,
        0x1f => f32::from_bits(0xff << 23 | u32::from(fraction) << 13),
        // The bias is 15 there and 127 here.
        _ => f32::from_bits((exponent + 112) << 23 | u32::from(fraction) << 13),
    };
    f64::from(f32::from_bits(magnitude.to_bits() | sign))
}

/// The number whose decimal digits are the lowest `digits` nibbles of `bcd`, or `None` if one is no
/// digit.
#[inline]
fn decimal(bcd: u64, digits: u32) -> Option<u64> {
    (0..digits).rev().try_fold(0, |number, nibble| {
        let digit = (bcd >> (4 * nibble)) & 0xf;
        (digit < 10).then_some(number * 10 + digit)
    })
}

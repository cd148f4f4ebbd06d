//! Why a reading is probably not meant.

use std::fmt;

use crate::{Kind, Order};

/// The rule by which a reading of registers is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// A floating-point number that is none, or infinite.
    NotFinite,
    /// A floating-point number that is not 0 and smaller than 10⁻⁶ or larger than 10¹²: what
    /// integers and texts look like if they are taken for one.
    Magnitude,
    /// An integer beyond ±2³¹, or of 64 bits beyond ±2⁵³.
    Range,
    /// An integer whose lower half is 0 and whose upper half is not: a smaller one in another
    /// order of words looks like that.
    Shifted,
    /// An integer that is smaller without its bytes swapped. Few devices swap them.
    Swapped,
}

const FLOAT_MIN: f64 = 1e-6;
const FLOAT_MAX: f64 = 1e12;
const HALF: f64 = 65_536.0;
const WORD_32_MAX: f64 = 2_147_483_648.0;
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

impl Doubt {
    /// What is to be said against `value`, which is `plain` in the same order of words without
    /// swapped bytes.
    pub(super) fn of(kind: Kind, order: Order, value: f64, plain: Option<f64>) -> Option<Self> {
        let size = value.abs();
        if !value.is_finite() {
            return Some(Self::NotFinite);
        }
        if matches!(kind, Kind::F32 | Kind::F64) {
            let is_usual = size == 0.0 || (FLOAT_MIN..=FLOAT_MAX).contains(&size);
            return (!is_usual).then_some(Self::Magnitude);
        }
        let (range, half) = match kind.registers() {
            1 => (HALF, 0.0),
            2 => (WORD_32_MAX, HALF),
            _ => (EXACT_MAX, HALF * HALF),
        };
        if size >= range {
            Some(Self::Range)
        } else if half > 0.0 && size > 0.0 && size % half == 0.0 {
            Some(Self::Shifted)
        } else if order.bytes_reversed() && plain.is_some_and(|plain| plain.abs() < size) {
            Some(Self::Swapped)
        } else {
            None
        }
    }
}

impl fmt::Display for Doubt {
    /// In a few words, to stand behind the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFinite => "not a number",
            Self::Magnitude => "too small or too large to be measured",
            Self::Range => "too large for an integer",
            Self::Shifted => "lower half 0: another order?",
            Self::Swapped => "smaller without swapped bytes",
        })
    }
}

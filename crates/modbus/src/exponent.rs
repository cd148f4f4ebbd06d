//! Powers of ten that the device itself tells (SunSpec calls them scale factors).

use crate::{Kind, Order};

/// The largest power of ten, either way (*SunSpec Information Model Specification*: −10 to 10).
const EXPONENT_MAX: i8 = 10;

/// 10⁰ to 10¹⁰, all of them exact.
const POWERS: [f64; 11] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];

/// The exponents of one device as its last answers told them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exponents(Box<[Known]>);

/// What is known of one exponent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Known {
    exponent: Option<i8>,
    /// How many more decodings must tell the same until it counts as settled again.
    unsettled: u8,
}

/// Where a point finds its exponent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    /// Its place among the exponents of the map.
    pub(crate) place: usize,
    /// Whether another request reads it, and so at another moment.
    pub(crate) is_apart: bool,
}

impl Exponents {
    /// `count` exponents that are not known yet.
    pub(crate) fn unknown(count: usize) -> Self {
        Self(vec![Known::default(); count].into())
    }

    /// The exponent at `place`, if it is known.
    pub(crate) fn get(&self, place: usize) -> Option<i8> {
        self.0.get(place)?.exponent
    }

    /// Whether the last answer that told the exponent of `source` told another one than before, and
    /// came of another request than the value: then the device may have changed it in between.
    pub(crate) fn is_doubtful(&self, source: Source) -> bool {
        let known = self.0.get(source.place);
        source.is_apart && known.is_some_and(|known| known.unsettled > 0)
    }

    /// `raw` times ten to the power of the exponent at `place`, or `None` if that is not known.
    ///
    /// Negative powers divide, so that 2301 with −1 is the double next to 230.1.
    pub(crate) fn apply(&self, place: usize, raw: f64) -> Option<f64> {
        let exponent = self.get(place)?;
        let power = *POWERS.get(usize::from(exponent.unsigned_abs()))?;
        Some(if exponent < 0 {
            raw / power
        } else {
            raw * power
        })
    }
}

/// Where an answer tells an exponent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    /// Its place among the exponents of the map.
    pub(crate) place: usize,
    /// The position of its point in the plan.
    pub(crate) position: usize,
    /// The position of its first register in the answer.
    pub(crate) at: u16,
    pub(crate) kind: Kind,
    pub(crate) order: Order,
    /// How often one answer is decoded: what is told by exception is decoded for itself.
    pub(crate) decodings: u8,
}

impl Told {
    /// Notes what `words` tell; what is no power of ten makes the exponent unknown.
    pub(crate) fn learn(&self, words: &[u16], exponents: &mut Exponents) {
        let own = words.get(usize::from(self.at)..).unwrap_or_default();
        let number = self.kind.number(own, self.order);
        let exponent = (-EXPONENT_MAX..=EXPONENT_MAX)
            .find(|exponent| number.is_some_and(|(number, _)| number == f64::from(*exponent)));
        if let Some(known) = exponents.0.get_mut(self.place) {
            let is_other = exponent.zip(known.exponent).is_some_and(|(a, b)| a != b);
            *known = Known {
                exponent,
                unsettled: if is_other {
                    self.decodings
                } else {
                    known.unsettled.saturating_sub(1)
                },
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(kind: Kind, words: &[u16]) -> Exponents {
        let mut exponents = Exponents::unknown(1);
        let told = Told {
            place: 0,
            position: 0,
            at: 0,
            kind,
            order: Order::ABCD,
            decodings: 1,
        };
        told.learn(words, &mut exponents);
        exponents
    }

    #[test]
    fn powers_are_those_of_the_written_number() {
        for (exponent, word) in [(-10_i16, 0xfff6), (-1, 0xffff), (0, 0), (3, 3), (10, 10)] {
            let exponents = told(Kind::I16, &[word]);
            let written: f64 = format!("2301e{exponent}").parse().unwrap();
            assert_eq!(exponents.apply(0, 2_301.0), Some(written), "{exponent}");
        }
    }

    #[test]
    fn what_is_no_power_is_not_known() {
        assert_eq!(told(Kind::I16, &[0x8000]).apply(0, 1.0), None);
        assert_eq!(told(Kind::I16, &[11]).apply(0, 1.0), None);
        assert_eq!(told(Kind::I16, &[]).apply(0, 1.0), None);
        assert_eq!(told(Kind::Bcd16, &[0x000a]).apply(0, 1.0), None);
        assert_eq!(Exponents::default().apply(0, 1.0), None);
    }
}

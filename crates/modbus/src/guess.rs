//! What registers of an unknown map may mean.
//!
//! Any bits can be read as any kind; [`readings`] says which readings are believable and by which
//! rule ([`Doubt`]) the others are not, and [`find`] ranks those that give an expected value.

mod doubt;
mod find;
mod text;

pub use doubt::Doubt;
pub use find::{Match, find};
pub use text::{Text, texts};

use crate::{Kind, Order};

/// One way to read registers as a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// How many registers behind the beginning of the block it starts.
    pub at: usize,
    /// What its bits are taken for.
    pub kind: Kind,
    /// In which order they are taken.
    pub order: Order,
    /// The number, unscaled.
    pub value: f64,
    /// Why it is probably not meant so; `None` if it is believable.
    pub doubt: Option<Doubt>,
}

/// The kinds that are tried, the plainer first. Of readings that give the same number only the
/// first is kept.
const KINDS: [Kind; 10] = [
    Kind::U16,
    Kind::I16,
    Kind::F32,
    Kind::U32,
    Kind::I32,
    Kind::F64,
    Kind::U64,
    Kind::I64,
    Kind::Bcd16,
    Kind::Bcd32,
];

/// The readings of the registers that start `at` so many behind the beginning of `words`: those
/// that are possible at all, without those that give the same number as a plainer one of the same
/// length.
pub fn readings(words: &[u16], at: usize) -> Vec<Reading> {
    let mut found: Vec<Reading> = Vec::new();
    for kind in KINDS {
        for order in orders(kind) {
            let Some(value) = read(words, at, kind, *order) else {
                continue;
            };
            let is_same = |other: &Reading| {
                other.kind.registers() == kind.registers()
                    && (other.value == value || other.value.is_nan() && value.is_nan())
            };
            if !found.iter().any(is_same) {
                let plain = read(words, at, kind, Order::new(order.words_reversed(), false));
                found.push(Reading {
                    at,
                    kind,
                    order: *order,
                    value,
                    doubt: Doubt::of(kind, *order, value, plain),
                });
            }
        }
    }
    found
}

/// The orders that make a difference to `kind`.
fn orders(kind: Kind) -> &'static [Order] {
    if kind.registers() == 1 {
        &[Order::ABCD, Order::BADC]
    } else {
        &Order::ALL
    }
}

/// What the decoder of the engine makes of the registers from `at` on.
fn read(words: &[u16], at: usize, kind: Kind, order: Order) -> Option<f64> {
    let (value, _) = kind.number(words.get(at..)?, order)?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn believable(words: &[u16]) -> Vec<(Kind, Order, f64)> {
        let readings = readings(words, 0).into_iter();
        readings
            .filter(|reading| reading.doubt.is_none())
            .map(|reading| (reading.kind, reading.order, reading.value))
            .collect()
    }

    #[test]
    fn a_float_is_told_from_what_it_is_not() {
        assert_eq!(
            believable(&[0x4366, 0x199a]),
            [
                (Kind::U16, Order::ABCD, 17_254.0),
                (Kind::F32, Order::ABCD, f64::from(230.1_f32)),
                (Kind::U32, Order::ABCD, f64::from(0x4366_199a)),
                (Kind::U32, Order::CDAB, f64::from(0x199a_4366)),
                (Kind::Bcd16, Order::ABCD, 4_366.0),
            ]
        );
    }

    #[test]
    fn a_small_counter_is_believed_in_one_order_of_words() {
        let wide: Vec<_> = believable(&[1_000, 0])
            .into_iter()
            .filter(|(kind, ..)| kind.registers() == 2)
            .collect();
        assert_eq!(wide, [(Kind::U32, Order::CDAB, 1_000.0)]);
    }

    #[test]
    fn where_no_register_is_there_is_no_reading() {
        assert!(readings(&[], 0).is_empty());
        assert!(readings(&[1, 2], usize::MAX).is_empty());
        assert!(
            readings(&[1, 2], 1)
                .iter()
                .all(|one| one.kind.registers() == 1)
        );
    }
}

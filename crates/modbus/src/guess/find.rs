//! Which reading gives an expected value.

use super::{Doubt, readings};
use crate::{Kind, Order};

/// A reading that, times a power of ten, gives the expected value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// How many registers behind the beginning of the block it starts.
    pub at: usize,
    /// What its bits are taken for.
    pub kind: Kind,
    /// In which order they are taken.
    pub order: Order,
    /// The exponent of the scale: −6 to 6.
    pub exponent: i8,
    /// The scale, `10^exponent`.
    pub scale: f64,
    /// The scaled value.
    pub value: f64,
    /// What is to be said against the reading itself.
    pub doubt: Option<Doubt>,
    cost: f64,
}

impl Match {
    /// How unlikely it is, from 0 on: by this, matches of several blocks are ranked.
    pub fn cost(&self) -> f64 {
        self.cost
    }
}

/// The scales, the plainer first.
const SCALES: [(i8, f64); 13] = [
    (0, 1.0),
    (-1, 0.1),
    (-2, 0.01),
    (-3, 0.001),
    (1, 10.0),
    (2, 100.0),
    (3, 1e3),
    (-4, 1e-4),
    (-5, 1e-5),
    (-6, 1e-6),
    (4, 1e4),
    (5, 1e5),
    (6, 1e6),
];

/// How uncommon a kind is for a measured value; of others 0.5.
const KIND_COSTS: [(Kind, f64); 8] = [
    (Kind::F32, 0.0),
    (Kind::U16, 0.1),
    (Kind::I16, 0.1),
    (Kind::U32, 0.2),
    (Kind::I32, 0.2),
    (Kind::F64, 0.2),
    (Kind::Bcd16, 1.0),
    (Kind::Bcd32, 1.0),
];

/// All readings of `words` that come, with some scale, within `tolerance` (a part of the expected
/// value, such as 0.01; of 1 if 0 is expected) of `expected`, the likeliest first.
///
/// Likelier is what comes nearer to the value, needs fewer decimal places, is in the more common
/// order, and is believable by itself; no single one of these decides alone. Nothing is found if
/// `expected` or `tolerance` is not finite.
pub fn find(words: &[u16], expected: f64, tolerance: f64) -> Vec<Match> {
    let reach = match expected.abs() {
        0.0 => tolerance,
        size => size * tolerance,
    };
    let mut found: Vec<Match> = (0..words.len())
        .flat_map(|at| readings(words, at))
        .flat_map(|reading| SCALES.map(|(exponent, scale)| (reading, exponent, scale)))
        .filter_map(|(reading, exponent, scale)| {
            let value = reading.value * scale;
            let error = (value - expected).abs();
            // The 0 of a bare register is 0 with any scale.
            let is_new = exponent == 0 || reading.value != 0.0;
            (error <= reach && is_new).then_some(Match {
                at: reading.at,
                kind: reading.kind,
                order: reading.order,
                exponent,
                scale,
                value,
                doubt: reading.doubt,
                cost: 0.0,
            })
        })
        .collect();
    for one in &mut found {
        one.cost = cost(one, expected, reach);
    }
    found.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    found
}

/// How unlikely a match is, from 0 on.
fn cost(found: &Match, expected: f64, reach: f64) -> f64 {
    let distance = distance((found.value - expected).abs(), reach);
    let order = match (found.order.words_reversed(), found.order.bytes_reversed()) {
        (false, false) => 0.0,
        (true, false) => 0.3,
        (true, true) => 0.8,
        (false, true) => 1.2,
    };
    let kind = KIND_COSTS.iter().find(|(kind, _)| *kind == found.kind);
    let kind = kind.map_or(0.5, |(_, cost)| *cost);
    let doubt = if found.doubt.is_some() { 3.0 } else { 0.0 };
    2.0 * distance + 0.3 * f64::from(found.exponent.abs()) + order + kind + doubt
}

/// How far off a value within `reach` is, from 1 at its edge to 0: each digit more that agrees
/// counts the same, so that 230.1 beats 230.01 where 230.1 is expected.
fn distance(error: f64, reach: f64) -> f64 {
    if error <= 0.0 || reach <= 0.0 {
        return 0.0;
    }
    (1.0 - (reach / error).log10() / DIGITS).clamp(0.0, 1.0)
}

/// More digits than these behind the edge of what is looked for tell nothing.
const DIGITS: f64 = 5.0;

#[cfg(test)]
mod tests {
    use super::*;

    fn best(words: &[u16], expected: f64) -> (usize, Kind, Order, i8) {
        let found = find(words, expected, 0.01);
        let best = found.first().unwrap();
        (best.at, best.kind, best.order, best.exponent)
    }

    #[test]
    fn the_voltage_is_found_among_other_values() {
        let float = [7, 0x199a, 0x4366, 500, 1];
        assert_eq!(best(&float, 230.1), (1, Kind::F32, Order::CDAB, 0));
        assert_eq!(best(&[4, 2_301, 9], 230.1), (1, Kind::U16, Order::ABCD, -1));
        assert_eq!(best(&[0xfd08], -76.0), (0, Kind::I16, Order::ABCD, -1));
        assert_eq!(best(&[0x0023, 0x0100], 2_301.0).1, Kind::Bcd32);
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        assert!(find(&[1, 2, 3], 230.1, 0.01).is_empty());
        assert!(find(&[], 0.0, 1.0).is_empty());
        assert!(find(&[230], f64::NAN, 0.01).is_empty());
        assert!(find(&[230], 230.0, f64::NAN).is_empty());
    }

    #[test]
    fn a_zero_is_found_once_per_place() {
        assert_eq!(find(&[0], 0.0, 0.01).len(), 1);
    }
}

//! The load of operators, by area.

use crate::Gauge;

/// So many areas are told apart at most.
const AREAS_MAX: usize = 64;

/// The area that stands for all beyond those.
const REST: &str = "other";

/// The load of the operators of each area. Which areas there are is known when the process starts,
/// and no series comes later.
#[derive(Debug, Default)]
pub struct AreaCells {
    names: Vec<Box<str>>,
    cells: Vec<AreaCell>,
}

#[derive(Debug, Default)]
struct AreaCell {
    rate: Gauge,
    flood: Gauge,
}

impl AreaCells {
    /// Cells of the areas `names`; of more than 64 areas the last ones share one, called `other`.
    pub(crate) fn new(names: impl IntoIterator<Item = String>) -> Self {
        let names = names.into_iter().map(String::into_boxed_str);
        let mut names: Vec<_> = names.collect();
        if names.len() > AREAS_MAX {
            names.truncate(AREAS_MAX - 1);
            names.retain(|name| **name != *REST);
            names.push(REST.into());
        }
        Self {
            cells: names.iter().map(|_| AreaCell::default()).collect(),
            names,
        }
    }

    /// The areas that are told apart.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// The place of an area among those that are told apart; that of the rest if it is none.
    pub fn place(&self, area: &str) -> usize {
        let place = self.names.iter().position(|name| **name == *area);
        place.unwrap_or(self.names.len().saturating_sub(1))
    }

    /// How many annunciations the area at `place` had lately, and whether it is in flood.
    pub fn set(&self, place: usize, rate: u64, is_in_flood: bool) {
        if let Some(cell) = self.cells.get(place) {
            cell.rate.set(rate);
            cell.flood.set(u64::from(is_in_flood));
        }
    }

    /// How many annunciations the area at `place` had lately.
    pub fn rate(&self, place: usize) -> u64 {
        self.cells.get(place).map_or(0, |cell| cell.rate.get())
    }

    /// 1 while the area at `place` is in flood, else 0.
    pub fn flood(&self, place: usize) -> u64 {
        self.cells.get(place).map_or(0, |cell| cell.flood.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_a_few_areas_has_cells_and_of_many_the_last_share_some() {
        let areas = |count: usize| AreaCells::new((0..count).map(|n| format!("a{n}")));
        let few = areas(64);
        assert_eq!((few.names().len(), few.place("a63")), (64, 63));
        let many = areas(65);
        assert_eq!(many.names().len(), 64);
        let places = ["a0", "a62", "a63", "a64", "other"].map(|area| many.place(area));
        assert_eq!(places, [0, 62, 63, 63, 63]);
        many.set(63, 7, true);
        assert_eq!((many.rate(63), many.flood(63), many.rate(62)), (7, 1, 0));
        // Nobody has an area.
        let none = areas(0);
        none.set(none.place("x"), 1, true);
        assert_eq!(none.rate(0), 0);
    }
}

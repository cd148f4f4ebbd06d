//! What a READ asked for and was not told yet.

use std::collections::VecDeque;
use std::ops::Range;

use crate::app::{Iin, Sequence, Variation};

/// A response under way: everything but its events, which the buffer remembers itself.
#[derive(Clone, Debug)]
pub(super) struct Series {
    /// The number of its next fragment.
    pub(super) sequence: Sequence,
    /// Whether that is its first one.
    pub(super) is_first: bool,
    /// What was wrong with the request.
    pub(super) iin: Iin,
    /// Present values.
    pub(super) runs: VecDeque<Run>,
    /// Whether the time of the clock is wanted.
    pub(super) wants_time: bool,
    /// Attributes: variations and objects.
    pub(super) attributes: VecDeque<(Variation, Vec<u8>)>,
}

/// Present values of points at following places of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) places: Range<usize>,
    /// The variation asked for; 0 leaves the choice to the point.
    pub(super) number: u8,
}

impl Series {
    pub(super) fn new(sequence: Sequence) -> Self {
        Self {
            sequence,
            is_first: true,
            iin: Iin::empty(),
            runs: VecDeque::new(),
            wants_time: false,
            attributes: VecDeque::new(),
        }
    }
}

/// Selects present values, none of them twice: so a request of many headers cannot ask for more
/// than all of them.
#[derive(Debug)]
pub(super) struct Selector {
    is_selected: Vec<bool>,
    runs: VecDeque<Run>,
}

impl Selector {
    /// Nothing of a table of `points` points.
    pub(super) fn new(points: usize) -> Self {
        Self {
            is_selected: vec![false; points],
            runs: VecDeque::new(),
        }
    }

    /// Selects points by place.
    pub(super) fn select(&mut self, places: Range<usize>, number: u8) {
        for place in places {
            let Some(is_selected) = self.is_selected.get_mut(place) else {
                return;
            };
            if std::mem::replace(is_selected, true) {
                continue;
            }
            match self.runs.back_mut() {
                Some(run) if run.places.end == place && run.number == number => {
                    run.places.end = place + 1;
                }
                _ => self.runs.push_back(Run {
                    places: place..place + 1,
                    number,
                }),
            }
        }
    }

    pub(super) fn into_runs(self) -> VecDeque<Run> {
        self.runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_selected_twice() {
        let mut selector = Selector::new(10);
        for _ in 0..100 {
            selector.select(2..4, 1);
            selector.select(0..6, 0);
        }
        selector.select(6..99, 0);
        let run = |places, number| Run { places, number };
        let runs = [run(2..4, 1), run(0..2, 0), run(4..10, 0)];
        assert_eq!(selector.into_runs(), runs);
    }
}

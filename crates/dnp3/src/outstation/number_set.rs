//! Sets of event numbers.

use std::ops::RangeInclusive;

/// A set of numbers that mostly follow each other: it takes memory for its gaps, not its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberSet {
    /// Ascending, apart from each other by one number or more.
    ranges: Vec<(u64, u64)>,
}

impl NumberSet {
    /// Adds `number`.
    pub fn insert(&mut self, number: u64) {
        // The range behind which `number` belongs, and which it may be in or continue.
        let place = self.ranges.partition_point(|(first, _)| *first <= number);
        let continues = |(_, last): &(u64, u64)| number <= last.saturating_add(1);
        let before = place
            .checked_sub(1)
            .filter(|before| self.ranges.get(*before).is_some_and(continues));
        let joins_next = number.checked_add(1).is_some_and(|next| {
            self.ranges
                .get(place)
                .is_some_and(|(first, _)| *first == next)
        });
        match (before, joins_next) {
            (Some(before), true) => {
                let (_, last) = self.ranges.remove(place);
                self.set_last(before, last);
            }
            (Some(before), false) => self.set_last(before, number),
            (None, true) => {
                if let Some(range) = self.ranges.get_mut(place) {
                    range.0 = number;
                }
            }
            (None, false) => self.ranges.insert(place, (number, number)),
        }
    }

    /// Whether `number` is in it.
    pub fn contains(&self, number: u64) -> bool {
        let place = self.ranges.partition_point(|(first, _)| *first <= number);
        place
            .checked_sub(1)
            .and_then(|before| self.ranges.get(before))
            .is_some_and(|(_, last)| number <= *last)
    }

    /// How many numbers.
    pub fn len(&self) -> u64 {
        let counts = self.ranges.iter().map(|(first, last)| last - first + 1);
        counts.sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The numbers as ranges, ascending, as few as they are.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = RangeInclusive<u64>> + '_ {
        self.ranges.iter().map(|(first, last)| *first..=*last)
    }

    /// The numbers, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.ranges().flatten()
    }

    fn set_last(&mut self, place: usize, number: u64) {
        if let Some((_, last)) = self.ranges.get_mut(place) {
            *last = number.max(*last);
        }
    }
}

impl FromIterator<u64> for NumberSet {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let mut set = Self::default();
        numbers.into_iter().for_each(|number| set.insert(number));
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbours_join() {
        let set: NumberSet = [3, 5, 4, 9, 0, 1, u64::MAX].into_iter().collect();
        let ranges: Vec<_> = set.ranges().collect();
        assert_eq!(ranges, [0..=1, 3..=5, 9..=9, u64::MAX..=u64::MAX]);
        assert_eq!(set.len(), 7);
    }

    proptest! {
        #[test]
        fn it_is_a_set(numbers in prop::collection::vec(0..40u64, 0..60)) {
            let set: NumberSet = numbers.iter().copied().collect();
            let expected: BTreeSet<u64> = numbers.into_iter().collect();
            prop_assert!(set.iter().eq(expected.iter().copied()));
            prop_assert_eq!(set.len(), expected.len() as u64);
            for number in 0..41 {
                prop_assert_eq!(set.contains(number), expected.contains(&number));
            }
            let ends: Vec<_> = set.ranges().collect();
            prop_assert!(ends.windows(2).all(|pair| pair[0].end() + 1 < *pair[1].start()));
        }
    }
}

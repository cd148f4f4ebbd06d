//! Runs of events that can only be told apart by their order.

/// The length of the longest beginning of `run` that is also the end of `taken` (by the automaton
/// of Knuth, Morris and Pratt, so linear in both).
pub(super) fn longest_prefix<T: PartialEq>(run: &[T], taken: &[T]) -> usize {
    let mut borders = vec![0; run.len()];
    let mut matched = 0;
    for (place, item) in run.iter().enumerate().skip(1) {
        matched = step(run, &borders, matched, item);
        if let Some(border) = borders.get_mut(place) {
            *border = matched;
        }
    }
    let start = taken.len().saturating_sub(run.len());
    let taken = taken.get(start..).unwrap_or_default();
    taken
        .iter()
        .fold(0, |matched, item| step(run, &borders, matched, item))
}

/// How much of the beginning of `run` is matched after one more item.
fn step<T: PartialEq>(run: &[T], borders: &[usize], mut matched: usize, item: &T) -> usize {
    loop {
        if run.get(matched) == Some(item) {
            return matched + 1;
        }
        let Some(border) = matched.checked_sub(1).and_then(|last| borders.get(last)) else {
            return 0;
        };
        matched = *border;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_counts() {
        for (run, taken, expected) in [
            ("", "", 0),
            ("ab", "", 0),
            ("", "ab", 0),
            ("abc", "xab", 2),
            ("abc", "abc", 3),
            ("abab", "abab", 4),
            ("abab", "xxab", 2),
            ("aa", "aaa", 2),
            ("ab", "ba", 1),
            ("abc", "abx", 0),
        ] {
            let found = longest_prefix(run.as_bytes(), taken.as_bytes());
            assert_eq!(found, expected, "{run} after {taken}");
        }
    }

    proptest! {
        #[test]
        fn it_is_what_looking_everywhere_finds(
            run in prop::collection::vec(0_u8..3, 0..12),
            taken in prop::collection::vec(0_u8..3, 0..12),
        ) {
            let expected = (0..=run.len())
                .rev()
                .find(|length| taken.ends_with(&run[..*length]));
            prop_assert_eq!(Some(longest_prefix(&run, &taken)), expected);
        }
    }
}

//! "Did you mean …": the nearest of the allowed words.

/// The candidate most like `word`, if one is like it at all.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).clamp(1, 3);
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let distances = candidates.iter().map(|one| (distance(word, one), *one));
    let nearest = distances.min().filter(|(distance, _)| *distance <= allowed);
    match nearest {
        Some((1, candidate)) => Some(candidate),
        _ => part(word, &candidates).or(nearest.map(|(_, candidate)| candidate)),
    }
}

/// The only candidate that ends with the word (`confirm_timeout`), or the one that the word continues
/// (`binary_input` is `binary`, and not `binary_output`).
fn part<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let is_end = |one: &&&str| {
        let rest = one.strip_suffix(word);
        rest.is_some_and(|rest| rest.ends_with('_'))
    };
    let mut ended = candidates.iter().filter(is_end);
    if let (Some(only), None) = (ended.next(), ended.next()) {
        return Some(only);
    }
    let is_begun = |one: &&&str| {
        let rest = word.strip_prefix(**one);
        rest.is_some_and(|rest| rest.starts_with('_'))
    };
    let begun = candidates.iter().filter(is_begun);
    begun.max_by_key(|one| one.len()).copied()
}

/// `; did you mean 'x'?`, or `; allowed are …`, or nothing if there is nothing to choose from.
pub(super) fn suggestion<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str> + Clone,
) -> String {
    if let Some(near) = nearest(word, candidates.clone()) {
        return format!("; did you mean '{near}'?");
    }
    let shown: Vec<&str> = candidates.clone().into_iter().take(CHOICES_SHOWN).collect();
    let more = candidates.into_iter().nth(CHOICES_SHOWN).map(|_| ", …");
    match shown.as_slice() {
        [] => String::new(),
        [only] => format!("; allowed is {only}"),
        _ => format!("; allowed are {}{}", shown.join(", "), more.unwrap_or("")),
    }
}

/// Single-letter changes, with a swap of two neighbours as one (optimal string alignment), case
/// ignored; words longer than any key are not compared.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    if left.len().abs_diff(right.len()) > 3 || left.len() > WORD_MAX {
        return usize::MAX;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let changed = above[column] + usize::from(letter != other);
            let mut best = changed.min(above[column + 1] + 1).min(current[column] + 1);
            let swapped =
                row > 0 && column > 0 && left[row - 1] == *other && right[column - 1] == *letter;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            current.push(best);
        }
        before = std::mem::replace(&mut above, current);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

const CHOICES_SHOWN: usize = 12;
const WORD_MAX: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_recognised() {
        let keys = ["listen", "body_limit", "unit"];
        for word in ["lisen", "litsen", "LISTEN", "listenn"] {
            assert_eq!(nearest(word, keys), Some("listen"), "{word}");
        }
        assert_eq!(nearest("untis", keys), None);
        assert_eq!(nearest("", keys), None);
    }

    #[test]
    fn a_part_of_a_word_is_recognised() {
        let keys = [
            "binary",
            "binary_output",
            "confirm",
            "a_confirm_timeout",
            "a_poll",
            "b_poll",
        ];
        for (word, key) in [
            ("binary_input", Some("binary")),
            ("binary_output_status", Some("binary_output")),
            ("binary_outpu", Some("binary_output")),
            ("confirm_timeout", Some("a_confirm_timeout")),
            ("poll", None),
        ] {
            assert_eq!(nearest(word, keys), key, "{word}");
        }
    }

    #[test]
    fn otherwise_the_choices_are_named() {
        assert_eq!(suggestion("x", []), "");
        assert_eq!(suggestion("x", ["abc", "def"]), "; allowed are abc, def");
    }
}

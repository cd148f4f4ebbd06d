//! Octets as people write them.

/// A text that is no octets in hex.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ParseHexError {
    #[error(
        "'{found}' at character {at} is no hex digit; write for example 05 64 05 c9, or name a file"
    )]
    Digit { found: char, at: usize },
    #[error("the octet at character {at} has {digits} digits; write two for each, such as 05")]
    Odd { at: usize, digits: usize },
}

/// Reads pairs of hex digits. Spaces, line ends, colons, commas, semicolons, dashes and `0x` may
/// stand between them.
pub(super) fn parse(text: &str) -> Result<Vec<u8>, ParseHexError> {
    let mut octets = Vec::new();
    let mut word = String::new();
    let mut begins = 1;
    for (place, letter) in text.chars().chain([' ']).enumerate() {
        if letter.is_whitespace() || ":,;-_[]{}\u{feff}".contains(letter) {
            octets.extend(of_word(&word, begins)?);
            word.clear();
            begins = place + 2;
        } else {
            word.push(letter);
        }
    }
    Ok(octets)
}

/// The octets of digits that stand together, `0x` before them or before each pair.
fn of_word(word: &str, begins: usize) -> Result<Vec<u8>, ParseHexError> {
    let mut digits = Vec::new();
    for (place, letter) in word.char_indices() {
        match letter.to_digit(16) {
            Some(digit) => digits.push(u8::try_from(digit).unwrap_or(0)),
            None if matches!(letter, 'x' | 'X') && digits.last() == Some(&0) => {
                digits.pop();
            }
            None => {
                let (found, at) = (letter, begins + place);
                return Err(ParseHexError::Digit { found, at });
            }
        }
    }
    let (pairs, odd) = digits.as_chunks::<2>();
    match (odd, pairs) {
        ([], _) => Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect()),
        // A single digit by itself is one octet, as some tools write them.
        ([digit], []) if word.len() <= 3 => Ok(vec![*digit]),
        _ => Err(ParseHexError::Odd {
            at: begins,
            digits: digits.len(),
        }),
    }
}

/// Whether a word rather is the name of a file than hex.
pub(super) fn is_path(word: &str) -> bool {
    word.contains(['/', '.'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_hex_in_many_ways() {
        let octets = vec![0x05, 0x64, 0x05, 0xc9];
        for text in [
            "05 64 05 C9",
            "056405c9",
            "05:64:05:c9",
            "0x05, 0x64, 0x05, 0xC9",
            "0x056405c9",
            "0x5 0x64 5 c9",
            "  05-64\n05\tc9\r\n",
            "[05][64][05][c9]",
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&octets), "{text}");
        }
        assert_eq!(parse(""), Ok(vec![]));
    }

    #[test]
    fn mistakes_have_their_places() {
        let (found, at) = ('g', 5);
        assert_eq!(parse("05 6g"), Err(ParseHexError::Digit { found, at }));
        let (at, digits) = (4, 3);
        assert_eq!(parse("05 123"), Err(ParseHexError::Odd { at, digits }));
        assert!(parse("xx").is_err() && parse("äöü").is_err());
    }
}

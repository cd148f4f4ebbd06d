//! Texts in registers: serial numbers and type names that vendors put between the values.

/// A text of at least four letters, two in each register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// How many registers behind the beginning of the block it starts.
    pub at: usize,
    /// How many registers it takes, with its padding.
    pub registers: usize,
    /// Whether the second byte of each register comes first.
    pub swapped: bool,
    /// The text without its padding.
    pub text: String,
}

const REGISTERS_MIN: usize = 2;

/// The longest texts among `words`: printable ASCII, padded with zeros or spaces, with letters
/// in it.
pub fn texts(words: &[u16]) -> Vec<Text> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let rest = &words[at..];
        let text = [false, true]
            .into_iter()
            .filter_map(|swapped| text(rest, at, swapped))
            .max_by_key(|text| (text.registers, !text.swapped));
        at += text.as_ref().map_or(1, |text| text.registers);
        found.extend(text);
    }
    found
}

fn text(words: &[u16], at: usize, swapped: bool) -> Option<Text> {
    let pairs = words.iter().map(|word| {
        if swapped {
            word.to_le_bytes()
        } else {
            word.to_be_bytes()
        }
    });
    let mut bytes = Vec::new();
    let mut registers = 0;
    let mut ended = false;
    for [first, second] in pairs {
        let is_padding = first == 0 && second == 0;
        let is_last = is_printable(first) && second == 0;
        let is_inside = is_printable(first) && is_printable(second);
        let goes_on = (is_padding && registers > 0) || (!ended && (is_last || is_inside));
        if !goes_on {
            break;
        }
        ended |= is_padding || is_last;
        registers += 1;
        bytes.extend([first, second].into_iter().filter(|byte| *byte != 0));
    }
    let text: String = bytes.iter().copied().map(char::from).collect();
    let text = text.trim_end().to_owned();
    let letters = text.bytes().filter(u8::is_ascii_alphanumeric).count();
    let is_text = registers >= REGISTERS_MIN
        && text.len() > 2 * (REGISTERS_MIN - 1)
        && letters * 2 > text.len();
    is_text.then_some(Text {
        at,
        registers,
        swapped,
        text,
    })
}

fn is_printable(byte: u8) -> bool {
    byte == b' ' || byte.is_ascii_graphic()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<u16> {
        let bytes = text.as_bytes();
        let pair = |pair: &[u8]| u16::from_be_bytes([pair[0], *pair.get(1).unwrap_or(&0)]);
        bytes.chunks(2).map(pair).collect()
    }

    #[test]
    fn a_text_among_values_is_found_with_its_padding() {
        let mut block = vec![1, 2];
        block.extend(words("SMA-7x3"));
        block.extend([0, 0, 7]);
        assert_eq!(
            texts(&block),
            [Text {
                at: 2,
                registers: 6,
                swapped: false,
                text: "SMA-7x3".to_owned()
            }]
        );
    }

    #[test]
    fn swapped_bytes_are_put_right_only_if_they_must_be() {
        let swapped: Vec<_> = words("SunSpec").into_iter().map(u16::swap_bytes).collect();
        let found = texts(&swapped);
        assert_eq!(
            (found[0].swapped, found[0].text.as_str()),
            (true, "SunSpec")
        );
        assert!(!texts(&words("SunSpecs"))[0].swapped);
    }

    #[test]
    fn numbers_are_no_text() {
        assert!(texts(&[0x4366, 0x199a, 0, 0, 300, 0x2020, 0x2020, 0x4100]).is_empty());
    }
}

//! Texts: readings whose value is no number, such as a serial number or a firmware version.

use crate::{LayoutId, Quality, Timestamp};

/// The longest text, in bytes of UTF-8. Whatever a field protocol can hold in one text, at most 255
/// bytes, fits even if every byte of it has to be escaped.
pub const TEXT_BYTES_MAX: usize = 1_024;

/// The most bytes all texts of one batch may have together: far below what a record of the
/// journal can hold.
pub const TEXTS_BYTES_MAX: usize = 1 << 20;

/// Texts of points of one layout, each with its own time, in the order of arrival.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Texts<'a> {
    /// The layout that `points` are positions in.
    pub layout: LayoutId,
    /// When the engine had the last byte.
    pub received: Timestamp,
    /// Per text, the position of its point in the layout.
    pub points: &'a [u32],
    /// Per text, when it was true; its quality says how far that may be trusted.
    pub times: &'a [Timestamp],
    /// The texts; one that is empty and of bad quality is none.
    pub texts: TextColumn<'a>,
    /// One quality per text, or empty if all are good.
    pub qualities: &'a [Quality],
}

/// A column of texts: all bytes one behind the other, and where each text ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TextColumn<'a> {
    bytes: &'a str,
    ends: &'a [u32],
}

impl<'a> TextColumn<'a> {
    /// The column of texts that end at `ends` in `bytes`; `None` if the ends are not in order, do
    /// not end with the bytes, lie within a character, or a text is longer than
    /// [`TEXT_BYTES_MAX`].
    pub fn new(bytes: &'a str, ends: &'a [u32]) -> Option<Self> {
        let mut start = 0;
        for end in ends {
            let end = usize::try_from(*end).ok()?;
            if bytes.get(start..end)?.len() > TEXT_BYTES_MAX {
                return None;
            }
            start = end;
        }
        (start == bytes.len()).then_some(Self { bytes, ends })
    }

    /// What a batch has filled, which cannot be wrong.
    pub(crate) fn of_batch(bytes: &'a str, ends: &'a [u32]) -> Self {
        Self { bytes, ends }
    }

    /// All texts one behind the other.
    pub fn bytes(&self) -> &'a str {
        self.bytes
    }

    /// Where each text ends in [`TextColumn::bytes`].
    pub fn ends(&self) -> &'a [u32] {
        self.ends
    }

    /// The texts in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'a str> {
        let bytes = self.bytes;
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let end = *end as usize;
            let text = bytes.get(start..end).unwrap_or_default();
            start = end;
            text
        })
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no text.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// Appends what `bytes` say to `out`, at most [`TEXT_BYTES_MAX`] bytes; returns what is to be known
/// of it.
///
/// UTF-8 without control characters but tab and the ends of lines is appended as it is. Anything
/// else is escaped, so that nothing is lost or taken for what it is not: `\xff` for each byte that
/// is no UTF-8 or of a control character, `\\` for a backslash, and the quality is
/// [`Quality::TEXT_ESCAPED`]. What goes beyond the most is cut off, never within a character or
/// an escape, and the quality is [`Quality::TEXT_CUT`].
pub(crate) fn append(bytes: &[u8], out: &mut String) -> Quality {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(is_escaped) => {
            let kept = text.floor_char_boundary(TEXT_BYTES_MAX);
            out.push_str(&text[..kept]);
            if kept < text.len() {
                Quality::TEXT_CUT
            } else {
                Quality::GOOD
            }
        }
        Ok(_) | Err(_) => Quality::TEXT_ESCAPED | append_escaped(bytes, out),
    }
}

fn append_escaped(bytes: &[u8], out: &mut String) -> Quality {
    let end = out.len() + TEXT_BYTES_MAX;
    let mut push = |piece: &str| {
        let fits = out.len() + piece.len() <= end;
        if fits {
            out.push_str(piece);
        }
        fits
    };
    let mut buffer = [0; 4];
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            let letter_text: &str = letter.encode_utf8(&mut buffer);
            let fits = match letter {
                '\\' => push("\\\\"),
                _ if is_escaped(letter) => letter_text.bytes().all(|byte| push(&escape(byte))),
                _ => push(letter_text),
            };
            if !fits {
                return Quality::TEXT_CUT;
            }
        }
        if !chunk.invalid().iter().all(|byte| push(&escape(*byte))) {
            return Quality::TEXT_CUT;
        }
    }
    Quality::GOOD
}

fn escape(byte: u8) -> String {
    format!("\\x{byte:02x}")
}

fn is_escaped(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn appended(bytes: &[u8]) -> (String, Quality) {
        let mut out = "before".to_owned();
        let quality = append(bytes, &mut out);
        (out.split_off("before".len()), quality)
    }

    fn taken(bytes: &[u8], text: &str, quality: Quality) {
        assert_eq!(appended(bytes), (text.to_owned(), quality));
    }

    #[test]
    fn plain_text_is_kept_as_it_is() {
        taken(b"", "", Quality::GOOD);
        taken(b"SN-0042", "SN-0042", Quality::GOOD);
        taken(
            "Größe\tµ\r\n\\n".as_bytes(),
            "Größe\tµ\r\n\\n",
            Quality::GOOD,
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_escaped_and_flagged() {
        taken(b"A\xff\xe4B", "A\\xff\\xe4B", Quality::TEXT_ESCAPED);
        taken(b"\0A\0B", "\\x00A\\x00B", Quality::TEXT_ESCAPED);
        taken(b"C:\\\x07", "C:\\\\\\x07", Quality::TEXT_ESCAPED);
        taken("\u{85}".as_bytes(), "\\xc2\\x85", Quality::TEXT_ESCAPED);
        // What any field protocol holds fits even like this.
        let (text, quality) = appended(&[0xff; 255]);
        assert_eq!((text.len(), quality), (1_020, Quality::TEXT_ESCAPED));
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters_and_flagged() {
        let (text, quality) = appended("ab€".repeat(400).as_bytes());
        assert_eq!((text.len(), quality), (1_022, Quality::TEXT_CUT));
        assert!(text.ends_with("€ab"));
        taken(&[b'x'; 1_024], &"x".repeat(1_024), Quality::GOOD);
        let (text, quality) = appended(&[0xff; 300]);
        let both = Quality::TEXT_ESCAPED | Quality::TEXT_CUT;
        assert_eq!((text.len(), quality), (1_024, both));
    }

    #[test]
    fn a_column_is_checked_before_it_is_one() {
        let texts = |bytes: &str, ends: &[u32]| {
            TextColumn::new(bytes, ends)
                .map(|column| column.iter().map(str::to_owned).collect::<Vec<_>>())
        };
        assert_eq!(texts("", &[]), Some(vec![]));
        assert_eq!(
            texts("abµ", &[2, 2, 4]),
            Some(vec!["ab".to_owned(), String::new(), "µ".to_owned()])
        );
        for ends in [&[2][..], &[], &[3, 4], &[4, 2], &[5], &[u32::MAX]] {
            assert_eq!(texts("abµ", ends), None, "{ends:?}");
        }
        let long = "x".repeat(TEXT_BYTES_MAX + 1);
        assert_eq!(texts(&long, &[1_025]), None);
        assert!(texts(&long, &[1, 1_025]).is_some());
    }

    /// Undoes the escapes.
    fn unescaped(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, behind @ ..] = rest {
            rest = behind;
            match (first, behind) {
                (b'\\', [b'\\', behind @ ..]) => {
                    bytes.push(b'\\');
                    rest = behind;
                }
                (b'\\', [b'x', high, low, behind @ ..]) => {
                    let digits = String::from_utf8(vec![*high, *low]).unwrap();
                    bytes.push(u8::from_str_radix(&digits, 16).unwrap());
                    rest = behind;
                }
                _ => bytes.push(*first),
            }
        }
        bytes
    }

    proptest! {
        #[test]
        fn no_byte_is_lost(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            let (text, quality) = appended(&bytes);
            prop_assert!(text.len() <= TEXT_BYTES_MAX && !text.contains(is_escaped));
            if quality.is_good() {
                prop_assert_eq!(text.as_bytes(), &bytes);
            } else {
                prop_assert_eq!(quality, Quality::TEXT_ESCAPED);
                prop_assert_eq!(unescaped(&text), bytes);
            }
        }
    }
}

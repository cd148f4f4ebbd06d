//! Texts in registers, and which of them are news.

use gridos_model::Quality;

use crate::{Order, RegisterPoint};

/// The bytes of a text in `words`, two of each, without the zeros and spaces at its end.
///
/// The first letter is the more significant byte of a register, or the less significant one if
/// `order` reverses bytes; registers are always in their own order.
pub fn text_bytes(words: &[u16], order: Order) -> Vec<u8> {
    let pairs = words.iter().map(|word| {
        if order.bytes_reversed() {
            word.to_le_bytes()
        } else {
            word.to_be_bytes()
        }
    });
    let mut bytes: Vec<u8> = pairs.flatten().collect();
    let end = bytes.iter().rposition(|byte| !matches!(byte, 0 | b' '));
    bytes.truncate(end.map_or(0, |last| last + 1));
    bytes
}

/// Where a text lies in the answer of its request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextPlace {
    at: u16,
    registers: u16,
    pub(crate) order: Order,
}

/// What was last told of a text.
#[derive(Clone, Debug)]
pub(crate) struct ToldText {
    words: Box<[u16]>,
    quality: Quality,
}

impl TextPlace {
    /// The place of `point` in an answer that starts at the address `start`.
    pub(crate) fn new(point: &RegisterPoint, start: u16) -> Self {
        Self {
            at: point.address - start,
            registers: point.kind.registers(),
            order: point.order,
        }
    }

    /// Its registers among those of the answer; none if the answer ends before.
    pub(crate) fn own<'a>(&self, words: &'a [u16]) -> &'a [u16] {
        let start = usize::from(self.at);
        let own = words.get(start..start + usize::from(self.registers));
        own.unwrap_or_default()
    }
}

impl ToldText {
    pub(crate) fn new(words: &[u16], quality: Quality) -> Self {
        Self {
            words: words.into(),
            quality,
        }
    }

    /// Whether `words` in `order`, with `quality`, say the same: how the rest of the registers is
    /// filled does not matter.
    pub(crate) fn is_same(&self, words: &[u16], order: Order, quality: Quality) -> bool {
        self.quality == quality
            && (*self.words == *words || text_bytes(&self.words, order) == text_bytes(words, order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_says_which_byte_of_a_register_is_the_first_letter() {
        let words = [0x5375, 0x6e53, 0x2000];
        assert_eq!(text_bytes(&words, Order::ABCD), b"SunS");
        assert_eq!(text_bytes(&words, Order::BADC), b"uSSn");
        assert_eq!(text_bytes(&[0x4100], Order::BADC), b"\0A");
    }

    #[test]
    fn only_the_end_is_trimmed() {
        assert_eq!(
            text_bytes(&[0x2041, 0x0042, 0x0020, 0], Order::ABCD),
            b" A\0B"
        );
        assert_eq!(text_bytes(&[0, 0x2020], Order::ABCD), b"");
        assert_eq!(text_bytes(&[], Order::ABCD), b"");
    }

    #[test]
    fn another_filling_is_no_news() {
        let told = ToldText::new(&[0x4142, 0], Quality::GOOD);
        let same = |words: &[u16], quality| told.is_same(words, Order::ABCD, quality);
        assert!(same(&[0x4142, 0], Quality::GOOD) && same(&[0x4142, 0x2020], Quality::GOOD));
        assert!(!same(&[0x4142, 0x4300], Quality::GOOD));
        assert!(!same(&[0x4142, 0], Quality::CLOCK_UNSYNCHRONISED));
    }
}

//! What a device says of itself.

use crate::app::Variation;

/// A device attribute (group 0), a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    number: u8,
    text: Box<str>,
}

/// The type of a text (IEEE 1815-2012, Annex A, group 0).
const TEXT: u8 = 1;
/// The type of a list of attributes.
const LIST: u8 = 254;

impl Attribute {
    /// READ of this one means all of them.
    pub(super) const ALL: u8 = 254;
    /// The list of those that there are.
    pub(super) const LIST: u8 = 255;
    /// The octets of a text at most: so that it has room in the smallest fragment.
    pub const BYTES_MAX: usize = 200;
    /// The manufacturer.
    pub const VENDOR: u8 = 252;
    /// The name and model of the product.
    pub const MODEL: u8 = 250;
    /// The serial number.
    pub const SERIAL: u8 = 248;

    /// The attribute `number` (1 to 253); `None` for others, or if the text is longer than
    /// [`Attribute::BYTES_MAX`].
    pub fn new(number: u8, text: &str) -> Option<Self> {
        let is_good = (1..Self::ALL).contains(&number) && text.len() <= Self::BYTES_MAX;
        is_good.then(|| Self {
            number,
            text: text.into(),
        })
    }

    /// Manufacturer, model and serial number, those that are not too long.
    pub fn of_device(vendor: &str, model: &str, serial: &str) -> Vec<Self> {
        let all = [
            (Self::SERIAL, serial),
            (Self::MODEL, model),
            (Self::VENDOR, vendor),
        ];
        let attributes = all
            .into_iter()
            .map(|(number, text)| Self::new(number, text));
        attributes.flatten().collect()
    }

    /// Which attribute it is.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// What it says.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its variation and its object.
    pub(super) fn object(&self) -> (Variation, Vec<u8>) {
        let text = self.text.as_bytes();
        let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
        let object = [&[TEXT, length], text].concat();
        (Variation::new(0, self.number), object)
    }

    /// The object that lists `attributes`, none of which can be written.
    pub(super) fn list(attributes: &[Self]) -> (Variation, Vec<u8>) {
        let numbers = attributes
            .iter()
            .flat_map(|attribute| [attribute.number, 0]);
        let pairs: Vec<u8> = numbers.take(Self::BYTES_MAX).collect();
        let length = u8::try_from(pairs.len()).unwrap_or(u8::MAX);
        let object = [&[LIST, length][..], &pairs].concat();
        (Variation::new(0, Self::LIST), object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_a_type_and_a_length() {
        let vendor = Attribute::new(Attribute::VENDOR, "GridOS").unwrap();
        let object = (Variation::new(0, 252), b"\x01\x06GridOS".to_vec());
        assert_eq!(vendor.object(), object);
        let list = Attribute::list(&Attribute::of_device("v", "m", "s"));
        assert_eq!(
            list,
            (Variation::new(0, 255), vec![254, 6, 248, 0, 250, 0, 252, 0])
        );
    }

    #[test]
    fn what_has_no_room_is_no_attribute() {
        assert_eq!(Attribute::new(252, &"x".repeat(201)), None);
        assert!(Attribute::new(252, &"x".repeat(200)).is_some());
        for number in [0, 254, 255] {
            assert_eq!(Attribute::new(number, "x"), None);
        }
    }
}

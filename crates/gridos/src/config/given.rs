//! One value of a section: of the file, of a variable, or of a row.

use toml::de::DeValue;

/// A value as it was given: typed by TOML, or a bare word to be read as what is expected.
#[derive(Clone, Copy, Debug)]
pub(super) enum Given<'a> {
    Typed(&'a DeValue<'a>),
    Word(&'a str),
}

impl<'a> Given<'a> {
    /// The whole number it is, in any of TOML's spellings.
    pub(super) fn whole(self) -> Option<i128> {
        match self {
            Self::Typed(DeValue::Integer(number)) => {
                i128::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
            }
            Self::Word(word) => word.parse().ok(),
            Self::Typed(_) => None,
        }
    }

    /// The finite decimal number it is.
    pub(super) fn number(self) -> Option<f64> {
        let number: Option<f64> = match self {
            Self::Typed(DeValue::Float(number)) => number.as_str().replace('_', "").parse().ok(),
            Self::Typed(DeValue::Integer(number)) if number.radix() == 10 => {
                number.as_str().replace('_', "").parse().ok()
            }
            Self::Word(word) => word.parse().ok(),
            Self::Typed(_) => None,
        };
        number.filter(|number| number.is_finite())
    }

    /// The text it is.
    pub(super) fn text(self) -> Option<&'a str> {
        match self {
            Self::Typed(DeValue::String(text)) => Some(text),
            Self::Word(text) => Some(text),
            Self::Typed(_) => None,
        }
    }
}

/// What TOML calls the value, in words of people.
pub(super) fn kind_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

//! Names of devices, points and everything else that is named.

use std::fmt;

/// The most bytes a name may have: full names `device.point` stay short enough for a screen.
pub const NAME_BYTES_MAX: usize = 64;

/// A checked name: letters, digits, `_` and `-`, 1 to [`NAME_BYTES_MAX`] bytes; a device's may
/// hold single dots inside (`substation-7.feeder-2`), a point's may not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name(Box<str>);

/// Why a text is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing, or too much.
    #[error("has {0} bytes; allowed are 1 to {NAME_BYTES_MAX}")]
    Length(usize),
    /// A letter that is not allowed.
    #[error("has the letter {0:?}; allowed are A-Z, a-z, 0-9, '_' and '-'")]
    Letter(char),
    /// A dot where none may be.
    #[error("has a dot; only a device's name may have dots, single ones inside")]
    Dot,
}

impl Name {
    /// A name of a point, profile, scan class or engine.
    pub fn plain(text: &str) -> Result<Self, NameError> {
        match text.contains('.') {
            true => Err(NameError::Dot),
            false => Self::dotted(text),
        }
    }

    /// A name of a device.
    pub fn dotted(text: &str) -> Result<Self, NameError> {
        if text.is_empty() || text.len() > NAME_BYTES_MAX {
            return Err(NameError::Length(text.len()));
        }
        let allowed = |letter: &char| letter.is_ascii_alphanumeric() || "_-.".contains(*letter);
        if let Some(letter) = text.chars().find(|letter| !allowed(letter)) {
            return Err(NameError::Letter(letter));
        }
        if text.split('.').any(str::is_empty) {
            return Err(NameError::Dot);
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_for_devices() {
        assert_eq!(Name::dotted("sub-7.f_2").unwrap().as_str(), "sub-7.f_2");
        assert_eq!(Name::plain("sub-7.f_2"), Err(NameError::Dot));
        for text in [".", ".a", "a.", "a..b"] {
            assert_eq!(Name::dotted(text), Err(NameError::Dot), "{text}");
        }
    }

    #[test]
    fn letters_and_lengths_are_bounded() {
        assert_eq!(Name::plain(""), Err(NameError::Length(0)));
        assert_eq!(Name::plain(&"a".repeat(65)), Err(NameError::Length(65)));
        assert_eq!(Name::plain("I a"), Err(NameError::Letter(' ')));
        assert_eq!(Name::plain("µ"), Err(NameError::Letter('µ')));
    }
}

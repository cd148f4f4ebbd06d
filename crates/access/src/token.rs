//! Tokens of machines.
//!
//! ```text
//! gridos_ ddd…d (64 hexadecimal digits: 256 random bits) cccccccc (8 digits: a checksum of the 64)
//! ```
//! Only the SHA-256 of a token is kept: with so many random bits nothing slower is needed. By prefix
//! and checksum scanners for leaked secrets find tokens and little else, and what is mistyped is told from
//! what is unknown. A scanner's rule is `gridos_[0-9a-f]{72}`.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::random::{self, RandomError, hex};

const PREFIX: &str = "gridos_";
const SECRET_DIGITS: usize = 64;

/// A whole token; it prints as `***`.
#[derive(Clone)]
pub struct Token(String);

/// What is kept of a token.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenDigest([u8; 32]);

/// A text is no token of GridOS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It does not begin as one.
    #[error("it is no token of GridOS; those begin with {PREFIX}")]
    Foreign,
    /// It is cut off, or mistyped.
    #[error("the token is mistyped or cut off")]
    Mistyped,
}

impl Token {
    /// A new one, which nobody can guess.
    ///
    /// # Errors
    /// If the operating system gives no random numbers.
    pub fn random() -> Result<Self, RandomError> {
        let digits = hex(&random::secret()?);
        Ok(Self(format!("{PREFIX}{digits}{}", checksum(&digits))))
    }

    /// The token that `text` is.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let rest = text.strip_prefix(PREFIX).ok_or(TokenError::Foreign)?;
        let (digits, check) = rest
            .split_at_checked(SECRET_DIGITS)
            .ok_or(TokenError::Mistyped)?;
        let is_whole = random::octets(digits).is_some() && checksum(digits) == check;
        match is_whole {
            true => Ok(Self(text.to_owned())),
            false => Err(TokenError::Mistyped),
        }
    }

    /// What is kept of it.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of_text(&self.0)
    }

    /// The text, for the one who asked for the token; never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Not secret, and of the digits alone.
fn checksum(digits: &str) -> String {
    let sum: [u8; 32] = Sha256::digest(digits).into();
    hex(&sum[..4])
}

impl TokenDigest {
    /// The digest that 64 hexadecimal digits stand for.
    pub(crate) fn of_hex(digits: &str) -> Option<Self> {
        random::octets(digits).map(Self)
    }

    /// What can be kept of any secret with enough random bits.
    pub(crate) fn of_text(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }

    pub(crate) fn to_hex(self) -> String {
        hex(&self.0)
    }

    /// Whether both are the same, found out in the same time whatever they are.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_reads_back_and_one_wrong_digit_is_seen() {
        let token = Token::random().unwrap();
        let text = token.expose();
        assert_eq!(text.len(), 7 + 72);
        assert_eq!(Token::parse(text).unwrap().digest(), token.digest());
        for at in 7..text.len() {
            let mut wrong = text.to_owned().into_bytes();
            wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert_eq!(Token::parse(&wrong).unwrap_err(), TokenError::Mistyped);
            assert!(matches!(
                Token::parse(&text[..at]),
                Err(TokenError::Mistyped)
            ));
        }
        assert_eq!(Token::parse("eyJhbGciOi").unwrap_err(), TokenError::Foreign);
    }

    #[test]
    fn a_token_is_not_printed() {
        let token = Token::random().unwrap();
        assert_eq!(format!("{token:?} {:?}", token.digest()), "*** ***");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(gridos_)?\\PC{0,90}") {
            let _ = Token::parse(&text);
        }
    }
}

//! Passwords, kept as argon2id makes them.
//!
//! The costs are those that OWASP's *Password Storage Cheat Sheet* asks for at least: 19 MiB, two
//! passes, one lane; a try costs some 20 to 50 ms of one core.

use std::fmt;

use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::random;

/// NIST SP 800-63B-4, 3.1.1.2: no password is shorter, and length counts, not signs of all kinds.
const CHARS_MIN: usize = 12;
/// A longer one would only cost time.
const BYTES_MAX: usize = 256;
/// What a hash in a file may ask of this machine: the file is checked before it is believed.
const MEMORY_KIB_MAX: u32 = 256 << 10;
const PASSES_MAX: u32 = 16;
const LANES_MAX: u32 = 4;

/// A password as it was typed; it prints as `***`.
#[derive(Clone)]
pub struct Password(String);

/// What is kept of a password, as a text in the PHC format; it prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

/// Why a password or its hash cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// It is easily guessed.
    #[error("a password must have at least {CHARS_MIN} characters; a sentence does well")]
    TooShort,
    /// It is longer than anybody needs.
    #[error("a password may have {BYTES_MAX} bytes at most")]
    TooLong,
    /// It is the name.
    #[error("the password must not be made of the name")]
    LikeName,
    /// The text in the file is no hash of argon2id, or asks too much.
    #[error("the password's hash is none of argon2id, or costs too much to check")]
    BadHash,
    /// The machine gives no memory or no random numbers.
    #[error("the password cannot be hashed: {0}")]
    NoMeans(String),
}

impl Password {
    /// Takes `text` as it is.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether the user called `name` may choose it.
    ///
    /// # Errors
    /// If it would be guessed too easily.
    pub fn check(&self, name: &str) -> Result<(), PasswordError> {
        if self.0.len() > BYTES_MAX {
            return Err(PasswordError::TooLong);
        }
        if self.0.chars().count() < CHARS_MIN {
            return Err(PasswordError::TooShort);
        }
        let rest = self.0.to_lowercase().replace(&name.to_lowercase(), "");
        match rest.chars().count() < CHARS_MIN / 2 {
            true => Err(PasswordError::LikeName),
            false => Ok(()),
        }
    }

    /// What is to be kept of it; takes a good part of a tenth of a second.
    ///
    /// # Errors
    /// If the machine gives no memory or no random numbers.
    pub fn hash(&self) -> Result<PasswordHash, PasswordError> {
        let no_means = |why: &dyn fmt::Display| PasswordError::NoMeans(why.to_string());
        let salt = random::secret().map_err(|why| no_means(&why))?;
        let hashed = hasher().hash_password_with_salt(self.0.as_bytes(), &salt[..16]);
        let hashed: phc::PasswordHash = hashed.map_err(|why| no_means(&why))?;
        Ok(PasswordHash(hashed.to_string()))
    }

    /// Whether it is the one of `hash`; takes as long as [`Self::hash`]. Where there is no such user
    /// give `None`: it takes the same time, so that names cannot be found out.
    pub fn is_of(&self, hash: Option<&PasswordHash>) -> bool {
        if self.0.len() > BYTES_MAX {
            return false;
        }
        let (text, is_somebody) = match hash {
            Some(hash) => (hash.0.as_str(), true),
            None => (NOBODY, false),
        };
        let Ok(hash) = phc::PasswordHash::new(text) else {
            return false;
        };
        let is_right = hasher().verify_password(self.0.as_bytes(), &hash).is_ok();
        is_right && is_somebody
    }
}

/// A hash with the present costs, of a password that was forgotten.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$\
                      AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl PasswordHash {
    /// The hash that `text` is, if this machine can afford to check it.
    ///
    /// # Errors
    /// If it is none, or asks for more.
    pub fn parse(text: &str) -> Result<Self, PasswordError> {
        let hash = phc::PasswordHash::new(text).map_err(|_| PasswordError::BadHash)?;
        let params = Params::try_from(&hash).map_err(|_| PasswordError::BadHash)?;
        let is_ours = hash.algorithm == Algorithm::Argon2id.ident()
            && hash.hash.is_some()
            && params.m_cost() <= MEMORY_KIB_MAX
            && params.t_cost() <= PASSES_MAX
            && params.p_cost() <= LANES_MAX;
        match is_ours {
            true => Ok(Self(text.to_owned())),
            false => Err(PasswordError::BadHash),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::default())
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_other() {
        let password = Password::new("correct horse battery");
        let hash = password.hash().unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let read = PasswordHash::parse(hash.as_str()).unwrap();
        assert!(password.is_of(Some(&read)));
        assert!(!Password::new("correct horse batterz").is_of(Some(&read)));
        assert!(!password.is_of(None));
        assert_ne!(password.hash().unwrap(), hash, "salted");
        assert_eq!(format!("{password:?} {hash:?}"), "*** ***");
    }

    #[test]
    fn nobody_costs_as_much_as_somebody() {
        let nobody = PasswordHash::parse(NOBODY).unwrap();
        let somebody = Password::new("x").hash().unwrap();
        let costs = |hash: &PasswordHash| {
            let text = hash.as_str();
            text[..text.rfind("p=").unwrap() + 3].to_owned()
        };
        assert_eq!(costs(&nobody), costs(&somebody));
    }

    #[test]
    fn weak_passwords_and_costly_hashes_are_refused() {
        let check = |text: &str| Password::new(text).check("anna");
        assert_eq!(check("short"), Err(PasswordError::TooShort));
        assert_eq!(check("annaANNAanna12"), Err(PasswordError::LikeName));
        assert_eq!(check(&"x".repeat(257)), Err(PasswordError::TooLong));
        assert_eq!(check("twelve chars"), Ok(()));
        for text in [
            "",
            "plain",
            "$argon2id$v=19$m=4194304,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2d$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA",
            "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(
                PasswordHash::parse(text),
                Err(PasswordError::BadHash),
                "{text}"
            );
        }
    }
}

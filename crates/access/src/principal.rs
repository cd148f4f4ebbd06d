//! Who asks.

use crate::Role;

/// The longest name.
pub const NAME_BYTES_MAX: usize = 64;

/// Who asks, known for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name by which it is recorded.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// How it is known.
    pub kind: PrincipalKind,
}

/// How somebody is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PrincipalKind {
    /// Not at all: nobody is asked, and everybody may do everything.
    Open,
    /// By a password.
    User,
    /// By a token of this engine.
    Token,
    /// By a token of an identity provider.
    Oidc,
    /// By the certificate of a client.
    Certificate,
}

impl PrincipalKind {
    /// As it is recorded.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::User => "user",
            Self::Token => "token",
            Self::Oidc => "oidc",
            Self::Certificate => "certificate",
        }
    }
}

impl Principal {
    /// Whoever asks an engine that asks nobody.
    pub fn open() -> Self {
        Self {
            name: String::new(),
            role: Role::Admin,
            kind: PrincipalKind::Open,
        }
    }

    /// Whether it is known who asks.
    pub fn is_known(&self) -> bool {
        self.kind != PrincipalKind::Open
    }
}

/// A text is no name of a user or token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no name; a name has 1 to {NAME_BYTES_MAX} letters (a-z, A-Z), digits, or any of . _ - @, \
     and begins with a letter or digit"
)]
pub struct NameError;

/// Whether `name` can be the name of a user or token.
///
/// # Errors
/// If it cannot: such names could not be told apart in logs, or would break a line of them.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
    let begins_well = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    match begins_well && name.len() <= NAME_BYTES_MAX && name.bytes().all(is_plain) {
        true => Ok(()),
        false => Err(NameError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        let longest = "a".repeat(NAME_BYTES_MAX);
        for name in ["a", "anna", "anna@example.org", "gw-7.north_2", &longest] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
        let longer = "a".repeat(NAME_BYTES_MAX + 1);
        for name in ["", "-a", ".a", "a b", "a\n", "a\"", "ä", &longer] {
            assert_eq!(check_name(name), Err(NameError), "{name}");
        }
    }
}

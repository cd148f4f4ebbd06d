//! The book of users and tokens: one JSON object a line.
//!
//! ```text
//! {"user":"anna","role":"operator","password":"$argon2id$v=19$…","created":"2026-03-01T08:00:00Z"}
//! {"token":"gateway-7","role":"ingest","sha256":"5f…","created":"…","expires":"…","revoked":"…"}
//! ```
//! A token without `expires` does not expire. Revoked tokens stay, so that their names still tell whose
//! deeds the audit log shows.

use std::collections::HashMap;
use std::fmt;

use gridos_model::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{PasswordHash, Principal, PrincipalKind, Role, TokenDigest, check_name};

/// So many users and tokens there are at most.
const ENTRIES_MAX: usize = 100_000;

/// Users and tokens, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book {
    entries: Vec<Entry>,
    users: HashMap<String, usize>,
    tokens: HashMap<TokenDigest, usize>,
}

/// A line of the book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A user.
    User(UserEntry),
    /// A token.
    Token(TokenEntry),
}

/// Somebody with a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserEntry {
    /// The name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What is kept of the password.
    pub password: PasswordHash,
    /// When the entry was made.
    pub created: Timestamp,
}

/// A token of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenEntry {
    /// The name.
    pub name: String,
    /// What the machine may do.
    pub role: Role,
    /// What is kept of the token.
    pub digest: TokenDigest,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is no longer valid.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// What is wrong with a book, or what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookError {
    /// A line cannot be read. What stands in it is not shown: it may be a secret.
    #[error("line {line}: {what}")]
    Line {
        /// From 1.
        line: usize,
        /// Why not.
        what: String,
    },
    /// There are too many.
    #[error("there are more than {ENTRIES_MAX} users and tokens")]
    TooMany,
    /// The name is taken.
    #[error("there is {kind} '{name}' already; choose another name")]
    Taken {
        /// A user or a token.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// Nothing has the name.
    #[error("there is no {kind} '{name}'; see `gridos {kind} list`")]
    Unknown {
        /// A user or a token.
        kind: &'static str,
        /// The name.
        name: String,
    },
}

/// A line as it is written.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    role: Option<Role>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    created: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
}

impl Book {
    /// The book that `text` is.
    ///
    /// # Errors
    /// The first line that cannot be read, or names somebody twice.
    pub fn parse(text: &str) -> Result<Self, BookError> {
        let mut book = Self::default();
        for (line, text) in (1..).zip(text.lines()) {
            if text.trim().is_empty() {
                continue;
            }
            let wrong = |what: String| BookError::Line { line, what };
            let entry = Entry::parse(text).map_err(wrong)?;
            book.add(entry).map_err(|error| wrong(error.to_string()))?;
        }
        Ok(book)
    }

    /// All of them, in the order of the file.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All users.
    pub fn users(&self) -> impl Iterator<Item = &UserEntry> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::User(user) => Some(user),
            Entry::Token(_) => None,
        })
    }

    /// All tokens.
    pub fn tokens(&self) -> impl Iterator<Item = &TokenEntry> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Token(token) => Some(token),
            Entry::User(_) => None,
        })
    }

    /// The user called `name`.
    pub fn user(&self, name: &str) -> Option<&UserEntry> {
        match self.entries.get(*self.users.get(name)?)? {
            Entry::User(user) => Some(user),
            Entry::Token(_) => None,
        }
    }

    /// The token of that digest, be it valid or not. The digest is of 256 random bits: how long the
    /// search takes tells nothing of use.
    pub fn token(&self, digest: &TokenDigest) -> Option<&TokenEntry> {
        match self.entries.get(*self.tokens.get(digest)?)? {
            Entry::Token(token) if token.digest.matches(digest) => Some(token),
            Entry::Token(_) | Entry::User(_) => None,
        }
    }

    /// Adds a user or token.
    ///
    /// # Errors
    /// If there is one of that name, or there are too many.
    pub fn add(&mut self, entry: Entry) -> Result<(), BookError> {
        if self.entries.len() >= ENTRIES_MAX {
            return Err(BookError::TooMany);
        }
        let place = self.entries.len();
        match &entry {
            Entry::User(user) => {
                if self.users.contains_key(&user.name) {
                    return Err(taken("user", &user.name));
                }
                self.users.insert(user.name.clone(), place);
            }
            Entry::Token(token) => {
                let is_taken = self.tokens().any(|other| other.name == token.name);
                if is_taken || self.tokens.contains_key(&token.digest) {
                    return Err(taken("token", &token.name));
                }
                self.tokens.insert(token.digest, place);
            }
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Takes the user called `name` out.
    ///
    /// # Errors
    /// If there is none.
    pub fn remove_user(&mut self, name: &str) -> Result<(), BookError> {
        let is_it = |entry: &Entry| matches!(entry, Entry::User(user) if user.name == name);
        let place = self.entries.iter().position(is_it);
        let place = place.ok_or_else(|| unknown("user", name))?;
        self.entries.remove(place);
        self.index();
        Ok(())
    }

    /// Gives the user called `name` another password.
    ///
    /// # Errors
    /// If there is none.
    pub fn set_password(&mut self, name: &str, password: PasswordHash) -> Result<(), BookError> {
        let place = self.users.get(name).copied();
        match place.and_then(|place| self.entries.get_mut(place)) {
            Some(Entry::User(user)) => {
                user.password = password;
                Ok(())
            }
            Some(Entry::Token(_)) | None => Err(unknown("user", name)),
        }
    }

    /// Revokes the token called `name` at `now`; one that is revoked already stays as it is.
    ///
    /// # Errors
    /// If there is none.
    pub fn revoke(&mut self, name: &str, now: Timestamp) -> Result<(), BookError> {
        let found = self.entries.iter_mut().find_map(|entry| match entry {
            Entry::Token(token) if token.name == name => Some(token),
            Entry::Token(_) | Entry::User(_) => None,
        });
        let token = found.ok_or_else(|| unknown("token", name))?;
        token.revoked.get_or_insert(now);
        Ok(())
    }

    fn index(&mut self) {
        self.users.clear();
        self.tokens.clear();
        for (place, entry) in self.entries.iter().enumerate() {
            match entry {
                Entry::User(user) => drop(self.users.insert(user.name.clone(), place)),
                Entry::Token(token) => drop(self.tokens.insert(token.digest, place)),
            }
        }
    }
}

impl fmt::Display for Book {
    /// The text of the file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in &self.entries {
            let line = serde_json::to_string(&entry.line()).map_err(|_| fmt::Error)?;
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

impl UserEntry {
    /// Who it is.
    pub fn principal(&self) -> Principal {
        Principal {
            name: self.name.clone(),
            role: self.role,
            kind: PrincipalKind::User,
        }
    }

    /// What a session is bound to: it changes with the password and the role.
    pub fn credential(&self) -> String {
        let text = format!("{} {}", self.role, self.password.as_str());
        TokenDigest::of_text(&text).to_hex()
    }
}

impl TokenEntry {
    /// Whose it is.
    pub fn principal(&self) -> Principal {
        Principal {
            name: self.name.clone(),
            role: self.role,
            kind: PrincipalKind::Token,
        }
    }

    /// Whether it is neither revoked nor expired at `now`.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && self.expires.is_none_or(|expires| now < expires)
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self, String> {
        let line: Line = serde_json::from_str(text).map_err(|error| {
            // What the library says may quote what stands there.
            let column = error.column();
            format!("is no user and no token (at column {column}); write it by `gridos user` and `gridos token`")
        })?;
        let time = |text: &str| text.parse::<Timestamp>().map_err(|error| error.to_string());
        let role = line.role.ok_or("has no role")?;
        let created = time(&line.created)?;
        let maybe = |text: Option<String>| text.as_deref().map(time).transpose();
        match (line.user, line.token, line.password, line.sha256) {
            (Some(name), None, Some(password), None) => {
                check_name(&name).map_err(|error| format!("the user's name {error}"))?;
                Ok(Self::User(UserEntry {
                    name,
                    role,
                    password: PasswordHash::parse(&password).map_err(|error| error.to_string())?,
                    created,
                }))
            }
            (None, Some(name), None, Some(digest)) => {
                check_name(&name).map_err(|error| format!("the token's name {error}"))?;
                let digest = TokenDigest::of_hex(&digest).ok_or("the token's sha256 is none")?;
                Ok(Self::Token(TokenEntry {
                    name,
                    role,
                    digest,
                    created,
                    expires: maybe(line.expires)?,
                    revoked: maybe(line.revoked)?,
                }))
            }
            _ => Err("must have `user` and `password`, or `token` and `sha256`".to_owned()),
        }
    }

    fn line(&self) -> Line {
        let text = |time: Timestamp| time.to_string();
        match self {
            Self::User(user) => Line {
                user: Some(user.name.clone()),
                role: Some(user.role),
                password: Some(user.password.as_str().to_owned()),
                created: text(user.created),
                ..Line::default()
            },
            Self::Token(token) => Line {
                token: Some(token.name.clone()),
                role: Some(token.role),
                sha256: Some(token.digest.to_hex()),
                created: text(token.created),
                expires: token.expires.map(text),
                revoked: token.revoked.map(text),
                ..Line::default()
            },
        }
    }
}

fn taken(kind: &'static str, name: &str) -> BookError {
    let kind = match kind {
        "user" => "a user",
        _ => "a token",
    };
    let name = name.to_owned();
    BookError::Taken { kind, name }
}

fn unknown(kind: &'static str, name: &str) -> BookError {
    let name = name.to_owned();
    BookError::Unknown { kind, name }
}

#[cfg(test)]
mod tests;

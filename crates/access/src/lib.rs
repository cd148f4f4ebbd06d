//! Who may do what: roles, users with passwords, tokens of machines, sessions of browsers, bearer
//! tokens of an identity provider, and patience with those who guess.
//!
//! Time is an argument everywhere, and nothing here listens or asks anybody: the book of users and
//! tokens is the only file. This crate must not know HTTP, sockets and runtimes.

mod book;
mod file;
pub mod oidc;
mod password;
mod principal;
mod random;
mod role;
mod session;
mod throttle;
mod token;

pub use book::{Book, BookError, Entry, TokenEntry, UserEntry};
pub use file::{BookFile, BookFileError};
pub use password::{Password, PasswordError, PasswordHash};
pub use principal::{NAME_BYTES_MAX, NameError, Principal, PrincipalKind, check_name};
pub use random::{RandomError, is_same};
pub use role::Role;
pub use session::{Opened, Session, SessionId, Sessions, SessionsOptions};
pub use throttle::{Throttle, ThrottleOptions};
pub use token::{Token, TokenDigest, TokenError};

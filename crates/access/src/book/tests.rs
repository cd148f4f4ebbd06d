//! What is written is read, and shows no secret.

use proptest::prelude::*;

use super::*;
use crate::{Password, Token};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn user(name: &str) -> Entry {
    Entry::User(UserEntry {
        name: name.to_owned(),
        role: Role::Operator,
        password: Password::new("correct horse battery").hash().unwrap(),
        created: at(1),
    })
}

fn token(name: &str, expires: Option<Timestamp>) -> (Token, Entry) {
    let token = Token::random().unwrap();
    let entry = Entry::Token(TokenEntry {
        name: name.to_owned(),
        role: Role::Ingest,
        digest: token.digest(),
        created: at(1),
        expires,
        revoked: None,
    });
    (token, entry)
}

#[test]
fn a_book_reads_back_and_shows_no_secret() {
    let mut book = Book::default();
    let (secret, entry) = token("gateway-7", Some(at(100)));
    book.add(user("anna")).unwrap();
    book.add(entry).unwrap();
    book.add(user("bert")).unwrap();
    book.remove_user("anna").unwrap();
    book.revoke("gateway-7", at(50)).unwrap();
    let text = book.to_string();
    assert!(!text.contains(secret.expose()));
    let read = Book::parse(&text).unwrap();
    assert_eq!(read, book);
    assert!(read.user("anna").is_none() && read.user("bert").is_some());
    let entry = read.token(&secret.digest()).unwrap();
    assert_eq!(
        (entry.revoked, entry.is_valid(at(2))),
        (Some(at(50)), false)
    );
    assert!(!format!("{read:?}").contains("$argon2id"));
}

#[test]
fn a_token_is_valid_until_it_expires_or_is_revoked() {
    let (secret, entry) = token("gateway-7", Some(at(100)));
    let mut book = Book::default();
    book.add(entry).unwrap();
    let is_valid = |book: &Book, now| book.token(&secret.digest()).unwrap().is_valid(at(now));
    assert_eq!([99, 100].map(|now| is_valid(&book, now)), [true, false]);
    book.revoke("gateway-7", at(10)).unwrap();
    book.revoke("gateway-7", at(20)).unwrap();
    assert!(!is_valid(&book, 99));
    assert_eq!(book.tokens().next().unwrap().revoked, Some(at(10)));
}

#[test]
fn a_name_is_given_once_and_must_be_there() {
    let mut book = Book::default();
    book.add(user("anna")).unwrap();
    let refused = book.add(user("anna")).unwrap_err().to_string();
    assert_eq!(
        refused,
        "there is a user 'anna' already; choose another name"
    );
    let (_, entry) = token("anna", None);
    book.add(entry).unwrap();
    let (_, entry) = token("anna", None);
    assert!(book.add(entry).is_err());
    assert!(book.remove_user("bert").is_err());
    assert!(book.revoke("bert", at(1)).is_err());
}

#[test]
fn a_new_password_ends_what_was_opened_with_the_old_one() {
    let mut book = Book::default();
    book.add(user("anna")).unwrap();
    let before = book.user("anna").unwrap().credential();
    let other = Password::new("another horse battery").hash().unwrap();
    book.set_password("anna", other).unwrap();
    assert_ne!(book.user("anna").unwrap().credential(), before);
}

#[test]
fn what_is_wrong_is_told_by_line_and_not_shown() {
    let created = r#""created":"2026-01-01T00:00:00Z""#;
    for (line, why) in [
        ("{".to_owned(), "line 2: is no user and no token"),
        (
            format!(r#"{{"user":"a b","role":"viewer","password":"hunter2",{created}}}"#),
            "name",
        ),
        (
            format!(r#"{{"user":"a","role":"viewer","password":"hunter2",{created}}}"#),
            "argon2id",
        ),
        (
            format!(r#"{{"user":"a","role":"root","password":"hunter2",{created}}}"#),
            "no user",
        ),
        (
            format!(r#"{{"user":"a","role":"viewer","token":"a",{created}}}"#),
            "must have",
        ),
        (
            format!(r#"{{"token":"a","role":"viewer","sha256":"12",{created}}}"#),
            "sha256",
        ),
        (
            format!(r#"{{"token":"a","role":"viewer","secret":"hunter2",{created}}}"#),
            "no user",
        ),
    ] {
        let told = Book::parse(&format!("\n{line}\n")).unwrap_err().to_string();
        assert!(told.starts_with("line 2: ") && told.contains(why), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = Book::parse(&text);
    }
}

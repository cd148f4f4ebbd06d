//! The file of users and tokens on a real disk.

#![cfg(test)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use gridos_access::{BookFile, BookFileError, Entry, Role, Token, TokenEntry};
use gridos_model::Timestamp;

fn token(name: &str) -> Entry {
    Entry::Token(TokenEntry {
        name: name.to_owned(),
        role: Role::Ingest,
        digest: Token::random().unwrap().digest(),
        created: Timestamp::EPOCH,
        expires: None,
        revoked: None,
    })
}

#[test]
fn a_file_is_made_for_its_owner_alone_and_refused_if_others_may_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users.jsonl");
    let file = BookFile::new(&path);
    assert!(file.read().unwrap().is_none());
    file.change(|book| book.add(token("a"))).unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(file.read().unwrap().unwrap().tokens().count(), 1);
    for open in [0o640, 0o604, 0o620] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        let error = file.read().unwrap_err();
        assert!(matches!(error, BookFileError::TooOpen { .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
        assert!(file.change(|book| book.add(token("b"))).is_err());
    }
}

#[test]
fn users_may_come_before_the_folder_of_the_data() {
    let dir = tempfile::tempdir().unwrap();
    let file = BookFile::new(dir.path().join("data").join("users.jsonl"));
    file.change(|_| Ok(())).unwrap();
    assert!(file.read().unwrap().is_some());
}

#[test]
fn a_refused_change_leaves_the_file_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let file = BookFile::new(folder.path().join("users.jsonl"));
    file.change(|book| book.add(token("a"))).unwrap();
    let before = file.text().unwrap();
    assert!(file.change(|book| book.add(token("a"))).is_err());
    assert!(file.change(|book| book.remove_user("anna")).is_err());
    assert_eq!(file.text().unwrap(), before);
}

#[test]
fn all_who_change_at_once_are_heard() {
    let folder = tempfile::tempdir().unwrap();
    let file = BookFile::new(folder.path().join("users.jsonl"));
    std::thread::scope(|scope| {
        for nth in 0..8 {
            let file = &file;
            scope.spawn(move || {
                for each in 0..5 {
                    let entry = token(&format!("t{nth}-{each}"));
                    file.change(|book| book.add(entry)).unwrap();
                }
            });
        }
    });
    assert_eq!(file.read().unwrap().unwrap().tokens().count(), 40);
}

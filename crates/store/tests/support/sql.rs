//! What a user's SQL answers in an SQLite file.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// Rows of columns joined by `|`, NULL as nothing.
pub(crate) fn rows(path: &Path, sql: &str) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let mut rows = statement.query([]).unwrap();
    let mut found = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let text = |column| match row.get_ref(column).unwrap() {
            ValueRef::Null => String::new(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
            ValueRef::Blob(_) => panic!("a blob"),
        };
        found.push((0..columns).map(text).collect::<Vec<_>>().join("|"));
    }
    found
}

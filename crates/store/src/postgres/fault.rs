//! What the driver says, in our words.

use std::error::Error as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::DbError;
use tokio_rustls::rustls;

use super::tls;
use crate::StoreError;

/// What is done about an error of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Away,
    Busy,
    ReadOnly,
    Full,
    Forbidden,
    Schema,
    Content,
    Refused,
}

/// SQLSTATEs, or their first letters (PostgreSQL documentation, appendix A), and what is done about
/// them: the first line that fits. What fits none is refused, and tried again for ever.
const KINDS: &[(&str, Kind)] = &[
    // Connection exceptions.
    ("08", Kind::Away),
    // A binary value that its column does not take, a row with another number of columns: all rows
    // are so, because the table is another than ours.
    ("22P03", Kind::Schema),
    ("22P04", Kind::Schema),
    // Data exceptions: a value out of range, a letter that the encoding has not.
    ("22", Kind::Content),
    // Violated constraints.
    ("23", Kind::Content),
    ("25006", Kind::ReadOnly),
    ("25P03", Kind::Busy),
    // Invalid authorisation.
    ("28", Kind::Forbidden),
    ("3F000", Kind::Schema),
    // Transaction rollbacks: deadlocks, conflicts with recovery on a standby.
    ("40", Kind::Busy),
    ("42501", Kind::Forbidden),
    // Types, tables, columns and functions that are not ours.
    ("42804", Kind::Schema),
    ("42809", Kind::Schema),
    ("42P01", Kind::Schema),
    ("42703", Kind::Schema),
    ("42883", Kind::Schema),
    // A view's check option.
    ("44", Kind::Content),
    ("53300", Kind::Busy),
    // Insufficient resources: disk, memory.
    ("53", Kind::Full),
    // A row or an index entry that is too large.
    ("54000", Kind::Content),
    // A lock that is not to be had.
    ("55P03", Kind::Busy),
    // A statement that took too long or was cancelled.
    ("57014", Kind::Busy),
    // Operator intervention, such as a shutdown.
    ("57", Kind::Away),
];

/// What the driver says of a server that refuses TLS.
const NO_TLS: &str = "server does not support TLS";
/// What the driver says if the login cannot be bound to the TLS connection.
const NO_BINDING: &str = "channel binding";

/// Sorts what the driver said into what the writer can do about it.
pub(crate) fn classify(error: &Error) -> StoreError {
    let Some(database) = error.as_db_error() else {
        return without_server(error);
    };
    let reason = reason(database);
    match kind(database.code().code(), database.constraint().is_some()) {
        Kind::Away => StoreError::Away { reason },
        Kind::Busy => StoreError::Busy { reason },
        Kind::ReadOnly => StoreError::ReadOnly { reason },
        Kind::Full => StoreError::Full { reason },
        Kind::Forbidden => StoreError::Forbidden { reason },
        Kind::Schema => StoreError::Schema {
            reason: format!("the schema is missing or not GridOS's: {reason}"),
        },
        Kind::Content => StoreError::Content { reason, at: None },
        Kind::Refused => StoreError::Refused { reason },
    }
}

/// The line of a COPY that an error names, counted from 1: its context reads `COPY sweep, line 3`,
/// in whatever language, and a trigger's context stands before that.
pub(crate) fn line(error: &Error) -> Option<usize> {
    line_in(error.as_db_error()?.where_()?)
}

fn kind(code: &str, names_constraint: bool) -> Kind {
    // A check without a name is that of a partition, or that there is none: the row is as good as
    // any other, and upkeep will make its partition.
    if code == "23514" && !names_constraint {
        return Kind::Schema;
    }
    let fits = |(begin, _): &&(&str, Kind)| code.starts_with(begin);
    let found = KINDS.iter().find(fits);
    found.map_or(Kind::Refused, |(_, kind)| *kind)
}

fn line_in(context: &str) -> Option<usize> {
    let (_, place) = context.rsplit_once("COPY ")?;
    let (_, place) = place.split_once(',')?;
    let digits = place.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let end = digits.find(|letter: char| !letter.is_ascii_digit());
    digits[..end.unwrap_or(digits.len())].parse().ok()
}

fn reason(database: &DbError) -> String {
    let code = database.code().code();
    let mut reason = format!("{} (SQLSTATE {code})", database.message());
    let more = [database.detail(), database.hint(), database.where_()];
    for more in more.into_iter().flatten() {
        reason.push_str("; ");
        reason.push_str(more);
    }
    reason
}

/// What came of no answer of the server, or of the handshake before.
fn without_server(error: &Error) -> StoreError {
    let reason = chain(error);
    if reason.ends_with(NO_TLS) {
        let reason = "the server has no TLS: switch it on there (ssl = on), or write \
                      sslmode=disable where nobody can listen or pretend to be the server";
        let reason = reason.to_owned();
        return StoreError::Forbidden { reason };
    }
    let mut source = error.source();
    while let Some(cause) = source {
        let inner = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>());
        if let Some(reason) = inner.and_then(tls::in_words) {
            return StoreError::Forbidden { reason };
        }
        source = cause.source();
    }
    if reason.contains(NO_BINDING) {
        return StoreError::Forbidden { reason };
    }
    StoreError::Away { reason }
}

fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_something_that_is_done_about_it() {
        let all = [
            (Kind::Away, "08006 08P01 57P01 57P02 57P03 57P05"),
            (Kind::Busy, "25P03 40001 40P01 53300 55P03 57014"),
            (Kind::ReadOnly, "25006"),
            (Kind::Full, "53100 53200 53400"),
            (Kind::Forbidden, "28000 28P01 42501"),
            (
                Kind::Schema,
                "22P03 22P04 3F000 42703 42804 42809 42883 42P01",
            ),
            (
                Kind::Content,
                "22003 22021 22P02 22P05 23502 23503 23505 23514 44000 54000",
            ),
            (
                Kind::Refused,
                "3D000 42601 54001 55006 58030 P0001 XX000 XX001 ZZZZZ",
            ),
        ];
        for (expected, codes) in all {
            for code in codes.split(' ') {
                assert_eq!(kind(code, true), expected, "{code}");
            }
        }
        assert_eq!(kind("23514", false), Kind::Schema);
        assert_eq!(kind("23502", false), Kind::Content);
    }

    #[test]
    fn the_line_is_found_in_any_language() {
        assert_eq!(line_in("COPY sweep, line 3"), Some(3));
        assert_eq!(line_in("COPY event, line 12, column value"), Some(12));
        assert_eq!(line_in("COPY sweep, Zeile 7, Spalte value2"), Some(7));
        let trigger = "PL/pgSQL function refuse() line 2 at RAISE\nCOPY sweep, line 41";
        assert_eq!(line_in(trigger), Some(41));
        assert_eq!(line_in("PL/pgSQL function refuse() line 2 at RAISE"), None);
        assert_eq!(line_in("COPY sweep, line 99999999999999999999"), None);
        assert_eq!(line_in(""), None);
    }
}

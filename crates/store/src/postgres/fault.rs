//! What the driver says, in our words.

use std::error::Error as _;

use tokio_postgres::Error;

use crate::StoreError;

/// Sorts what the driver said into what the writer can do about it.
pub(crate) fn classify(error: &Error) -> StoreError {
    let Some(database) = error.as_db_error() else {
        return StoreError::Away {
            reason: chain(error),
        };
    };
    let code = database.code().code();
    let mut reason = format!("{} (SQLSTATE {code})", database.message());
    let more = [database.detail(), database.hint(), database.where_()];
    for more in more.into_iter().flatten() {
        reason.push_str("; ");
        reason.push_str(more);
    }
    if passes(code) {
        StoreError::Away { reason }
    } else if is_schema(code) {
        StoreError::Schema {
            reason: format!("the schema is missing or not GridOS's: {reason}"),
        }
    } else {
        StoreError::Refused { reason }
    }
}

/// Whether it passes by itself (PostgreSQL documentation, appendix A): connection exceptions,
/// operator intervention such as a shutdown or a cancelled statement, transaction rollbacks, too
/// many connections, lock not available.
fn passes(code: &str) -> bool {
    ["08", "40", "57"]
        .iter()
        .any(|class| code.starts_with(class))
        || code == "53300"
        || code == "55P03"
}

/// Undefined table, column, function or schema.
fn is_schema(code: &str) -> bool {
    ["42P01", "42703", "42883", "3F000"].contains(&code)
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
    fn passing_errors_are_known() {
        for code in [
            "08006", "40001", "40P01", "57014", "57P01", "53300", "55P03",
        ] {
            assert!(passes(code) && !is_schema(code), "{code}");
        }
        for code in ["42501", "53100", "28P01", "XX001", "25006"] {
            assert!(!passes(code) && !is_schema(code), "{code}");
        }
        assert!(is_schema("42P01"));
    }
}

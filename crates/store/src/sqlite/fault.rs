//! What SQLite says, in our words.

use std::path::Path;

use rusqlite::{Error, ErrorCode};

use crate::StoreError;

/// Why a transaction failed, and whether one of its records may be to blame.
#[derive(Debug)]
pub(crate) enum Fault {
    /// While a record was written.
    Record(Error),
    /// Beside the records.
    Beside(Error),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Beside(error)
    }
}

impl Fault {
    /// The same in our words.
    pub(crate) fn describe(&self, path: &Path) -> StoreError {
        let (Self::Record(error) | Self::Beside(error)) = self;
        let described = describe(path, error);
        match self {
            Self::Record(_) if is_of_content(error) => StoreError::Content {
                reason: message(error),
                at: None,
            },
            Self::Record(_) | Self::Beside(_) => described,
        }
    }
}

/// Whether the database refused what a row holds: a constraint, a type, a size.
fn is_of_content(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
    )
}

/// Says in one sentence what is wrong with the file at `path` and what to do.
pub(crate) fn describe(path: &Path, error: &Error) -> StoreError {
    let file = path.display();
    let Some(code) = error.sqlite_error_code() else {
        let reason = format!("'{file}': {error}");
        return StoreError::Refused { reason };
    };
    let refused = |reason: String| StoreError::Refused { reason };
    let what = message(error);
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "codes not named here have nothing to add to what SQLite says"
    )]
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Away {
            reason: format!("another program holds '{file}' locked"),
        },
        ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
            refused(format!(
                "'{file}' cannot be used ({what}): the engine needs write access to this file \
                 and to its folder"
            ))
        }
        ErrorCode::NotADatabase => refused(format!(
            "'{file}' is not an SQLite database: move it away, or let data_dir be another folder"
        )),
        ErrorCode::DiskFull => StoreError::Full {
            reason: format!("the disk of '{file}' has no room left"),
        },
        ErrorCode::DatabaseCorrupt => refused(format!(
            "'{file}' is damaged ({what}): restore it from a backup, or move it away"
        )),
        _ => refused(format!("'{file}': {what}")),
    }
}

fn message(error: &Error) -> String {
    if let Error::SqliteFailure(_, Some(message)) | Error::SqlInputError { msg: message, .. } =
        error
    {
        message.clone()
    } else {
        error.to_string()
    }
}

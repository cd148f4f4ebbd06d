//! What stands in the bucket, as bytes: members and shares as JSON for people, plans packed; and
//! what members say to each other directly.

pub(crate) mod grant;
pub(crate) mod note;
pub(crate) mod plan;
pub(crate) mod record;
pub(crate) mod share;
mod vitals;

pub use plan::bytes_max as plan_bytes_max;

use bytes::Bytes;

use crate::bucket::{NOTE, PLAN, SESSION, SHARE};

/// What stands under a key was not written by this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what stands under '{key}' cannot be read: {what}; a later version may have written it")]
pub struct FormatError {
    /// The key.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
}

impl FormatError {
    pub(crate) fn new(key: &str, what: impl ToString) -> Self {
        Self {
            key: key.to_owned(),
            what: what.to_string(),
        }
    }
}

/// What is read of `value` under `key` of a bucket, as this version writes it; `None` for a key that says nothing to
/// members.
///
/// # Errors
/// If it cannot be read.
pub fn rewritten(key: &str, value: &Bytes) -> Result<Option<Bytes>, FormatError> {
    let rewritten = if key == PLAN {
        plan::write(&plan::read(value)?)
    } else if key == SHARE {
        share::write(share::read(value)?)
    } else if key.starts_with(NOTE) {
        note::write(&note::read(key, value)?)
    } else if key.starts_with(SESSION) {
        let (record, vitals) = record::read(key, value)?;
        record::write(&record, vitals)
    } else {
        return Ok(None);
    };
    Ok(Some(rewritten))
}

/// The same of a datagram between members, signed by a key that nobody has; `None` if it is none.
pub fn rewritten_datagram(datagram: &[u8]) -> Option<Bytes> {
    let said = grant::read(datagram)?;
    let written = grant::write(&said, &[0; grant::KEY]);
    Some(Bytes::copy_from_slice(&written))
}

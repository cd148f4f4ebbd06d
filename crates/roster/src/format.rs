//! What stands in the bucket, as bytes: members and shares as JSON for people, plans packed; and
//! what members say to each other directly.

pub(crate) mod grant;
pub(crate) mod note;
pub(crate) mod plan;
pub(crate) mod record;
pub(crate) mod share;
mod vitals;

pub use plan::bytes_max as plan_bytes_max;

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

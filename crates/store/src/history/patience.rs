//! How long a question may take.

use std::time::Duration;

use crate::StoreError;

/// The answer to a question that took longer than `patience`.
pub(crate) fn too_slow(patience: Duration) -> StoreError {
    let reason = format!(
        "no answer within {} s; ask for a shorter range, for fewer points, or for columns instead \
         of readings",
        patience.as_secs()
    );
    StoreError::TooLarge { reason }
}

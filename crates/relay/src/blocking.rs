//! Calls that block: files and SQLite.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs what blocks; a runtime of several threads moves its other tasks elsewhere meanwhile.
pub(crate) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    let flavor = Handle::try_current().map(|handle| handle.runtime_flavor());
    if matches!(flavor, Ok(RuntimeFlavor::MultiThread)) {
        tokio::task::block_in_place(work)
    } else {
        work()
    }
}

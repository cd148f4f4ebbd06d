//! Work that takes long enough to disturb the sessions that share the runtime's threads.

use crate::problem::{Kind, Problem};

/// Does `work` on a thread of its own.
pub(crate) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| {
        let detail = "the answer cannot be made; see the log of the engine";
        Err(Problem::new(Kind::Internal, detail))
    })
}

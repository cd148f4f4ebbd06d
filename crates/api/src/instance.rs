//! Which request is being answered, for whoever has to find it again.

use std::sync::atomic::{AtomicU64, Ordering};

tokio::task_local! {
    static REQUEST: Request;
}

/// Requests since the start of the process.
static COUNT: AtomicU64 = AtomicU64::new(1);

#[derive(Clone)]
struct Request {
    path: String,
    number: u64,
}

/// Answers a request for `path` with `answer`, within which [`current`] names it.
pub(crate) async fn of<T>(path: &str, answer: impl Future<Output = T>) -> T {
    let request = Request {
        path: path.to_owned(),
        number: COUNT.fetch_add(1, Ordering::Relaxed),
    };
    REQUEST.scope(request, answer).await
}

/// The request that is being answered: its path, and its number since the start.
pub(crate) fn current() -> Option<String> {
    let text = |request: &Request| format!("{}#{}", request.path, request.number);
    REQUEST.try_with(text).ok()
}

/// `work` that may go on by itself, for the request that is being answered.
pub(crate) fn carry<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let request = REQUEST.try_with(Clone::clone).ok();
    async {
        match request {
            Some(request) => REQUEST.scope(request, work).await,
            None => work.await,
        }
    }
}

//! Where a device's newest connection waits for the session that polls over it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::Stream;

/// Holds the one connection a device has made and nobody has taken yet.
///
/// A device that dials in twice has given up its first connection: only the newest is kept.
#[derive(Debug, Default)]
pub struct Inbox {
    newest: Mutex<Option<Stream>>,
    /// Whether the device is heard on the connection that was taken last.
    is_heard: AtomicBool,
    arrived: Notify,
}

impl Inbox {
    /// Leaves `stream`; one that was not taken yet is closed.
    pub(crate) fn put(&self, stream: Stream) {
        *self.newest() = Some(stream);
        self.arrived.notify_waiters();
    }

    /// Notes whether the device is heard on the connection that was taken.
    pub(crate) fn set_heard(&self, is_heard: bool) {
        self.is_heard.store(is_heard, Ordering::Release);
    }

    /// Whether the device is heard: then not everybody may take its connection's place.
    pub(crate) fn is_heard(&self) -> bool {
        self.is_heard.load(Ordering::Acquire)
    }

    /// Waits for a connection and takes it.
    pub(crate) async fn take(&self) -> Stream {
        loop {
            self.arrived().await;
            if let Some(stream) = self.newest().take() {
                return stream;
            }
        }
    }

    /// Waits until a connection is there, without taking it.
    pub(crate) async fn arrived(&self) {
        loop {
            // Registered before the look, so that what comes between the two is not missed.
            let mut arrived = std::pin::pin!(self.arrived.notified());
            arrived.as_mut().enable();
            if self.newest().is_some() {
                return;
            }
            arrived.await;
        }
    }

    fn newest(&self) -> std::sync::MutexGuard<'_, Option<Stream>> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Pieces of a stream that tell when they are taken.

use std::sync::Arc;

use axum::body::Bytes;
use tokio::sync::Notify;

/// The piece on its way to a client.
///
/// The server drops the bytes of a body when the socket has taken them: only then is the next piece
/// made, so that no values wait in a queue while they grow old.
#[derive(Debug, Default)]
pub(super) struct OnItsWay {
    taken: Arc<Notify>,
    is_waiting: bool,
}

struct Piece {
    bytes: Vec<u8>,
    taken: Arc<Notify>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.taken.notify_one();
    }
}

impl OnItsWay {
    /// Sends `bytes`, after what was sent before was taken.
    pub(super) fn send(&mut self, bytes: Vec<u8>) -> Bytes {
        self.is_waiting = true;
        Bytes::from_owner(Piece {
            bytes,
            taken: Arc::clone(&self.taken),
        })
    }

    /// Waits until what was sent last is taken.
    pub(super) async fn taken(&mut self) {
        if self.is_waiting {
            self.taken.notified().await;
            self.is_waiting = false;
        }
    }

    /// Whether what was sent last is still on its way, as far as anybody asked.
    pub(super) fn is_waiting(&self) -> bool {
        self.is_waiting
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_piece_is_taken_when_it_is_dropped() {
        let mut way = OnItsWay::default();
        way.taken().await;
        for _ in 0..2 {
            let piece = way.send(b"values".to_vec());
            let second = Duration::from_secs(1);
            assert!(timeout(second, way.taken()).await.is_err());
            assert!(way.is_waiting());
            assert_eq!(&piece[..], b"values");
            drop(piece);
            way.taken().await;
            assert!(!way.is_waiting());
        }
    }
}

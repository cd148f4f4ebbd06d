//! A connection whose transaction ids are its own, lent to the library for one exchange at a time.
//!
//! The library counts transactions from 0 on every stream it is given. A gateway that keeps an
//! answer for a connection that is gone and sends it down the next one, or a device that speaks
//! before it is asked, would then be believed. This stream turns the ids by a number that is drawn
//! for each connection and counts on with each exchange: on the way out and back again on the way
//! in (MBAP: *Messaging on TCP/IP Implementation Guide V1.0b*, 3.1.3: bytes 0 and 1 are the id, 4
//! and 5 the length that follows).
//!
//! The library also keeps 16 KiB of buffers as long as it holds a stream; [`Lent`] lets it hold one
//! only while an answer is awaited, so that ten thousand idle connections take next to nothing.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes turned at a time; a request to read has 12.
const PIECE: usize = 64;

/// A stream of MBAP frames whose transaction ids are turned by a number of its own.
#[derive(Debug)]
pub(super) struct Tagged<S> {
    stream: S,
    turn: u16,
    sent: Place,
    received: Place,
}

impl<S> Tagged<S> {
    /// `stream` with a number that nobody can know before the first request.
    pub(super) fn new(stream: S) -> Self {
        let drawn = RandomState::new().build_hasher().finish().to_le_bytes();
        Self::with_turn(stream, u16::from_le_bytes([drawn[0], drawn[1]]))
    }

    fn with_turn(stream: S, turn: u16) -> Self {
        Self {
            stream,
            turn,
            sent: Place::default(),
            received: Place::default(),
        }
    }

    /// Begins the next exchange: the answers to those before it have other ids.
    fn begin(&mut self) {
        self.turn = self.turn.wrapping_add(1);
        self.received = Place::default();
    }

    /// Whether just one whole frame has come since the exchange began.
    fn has_one_answer(&self) -> bool {
        self.received.frames == 1 && self.received.header == 0
    }

    fn mask(&self) -> [u8; 2] {
        self.turn.to_be_bytes()
    }
}

/// A handle of a connection: what is asked with one ends before the next one is made.
#[derive(Debug)]
pub(super) struct Lent<S>(Arc<Mutex<Tagged<S>>>);

impl<S> Lent<S> {
    /// A connection over which nothing was sent yet.
    pub(super) fn new(stream: S) -> Self {
        Self(Arc::new(Mutex::new(Tagged::new(stream))))
    }

    /// A handle for the next exchange.
    pub(super) fn begin(&self) -> Self {
        self.tagged().begin();
        Self(Arc::clone(&self.0))
    }

    /// Whether just one whole frame has come since the exchange began; whatever more has come was
    /// not asked for, and what of it is still on its way cannot be told from the next answer.
    pub(super) fn has_one_answer(&self) -> bool {
        self.tagged().has_one_answer()
    }

    /// Never contended: one session holds the connection, and asks one thing at a time.
    fn tagged(&self) -> MutexGuard<'_, Tagged<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where in a sequence of frames the next byte is.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    /// Header bytes of the frame so far, up to 6.
    header: u8,
    /// Bytes of the frame that follow its header.
    rest: u16,
    /// Frames that are complete.
    frames: u32,
}

impl Place {
    /// Turns the ids in `bytes`, which come next.
    fn turn(&mut self, mut bytes: &mut [u8], mask: [u8; 2]) {
        while !bytes.is_empty() {
            if self.header == 6 {
                let passed = bytes.len().min(usize::from(self.rest));
                bytes = &mut bytes[passed..];
                // No more than `rest`, which fits.
                self.rest -= u16::try_from(passed).unwrap_or(self.rest);
                self.end();
                continue;
            }
            let Some((byte, behind)) = bytes.split_first_mut() else {
                return;
            };
            bytes = behind;
            match self.header {
                0 => *byte ^= mask[0],
                1 => *byte ^= mask[1],
                4 => self.rest = u16::from(*byte) << 8,
                5 => self.rest |= u16::from(*byte),
                _ => {}
            }
            self.header += 1;
            self.end();
        }
    }

    /// Goes on to the next frame, if this one is complete.
    fn end(&mut self) {
        if self.header == 6 && self.rest == 0 {
            *self = Self {
                frames: self.frames.saturating_add(1),
                ..Self::default()
            };
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lent<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self.tagged();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(context, buffer))?;
        let mask = this.mask();
        this.received.turn(&mut buffer.filled_mut()[before..], mask);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lent<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self.tagged();
        let mask = this.mask();
        let length = bytes.len().min(PIECE);
        let mut piece = [0; PIECE];
        let piece = &mut piece[..length];
        piece.copy_from_slice(&bytes[..length]);
        this.sent.clone().turn(piece, mask);
        let written = ready!(Pin::new(&mut this.stream).poll_write(context, piece))?;
        // Only what was taken has passed; the rest is turned again when it is offered again.
        piece[..written].copy_from_slice(&bytes[..written]);
        this.sent.turn(&mut piece[..written], mask);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tagged().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tagged().stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const MASK: [u8; 2] = [0xa5, 0x5a];
    const FRAMES: [u8; 19] = [
        0, 1, 0, 0, 0, 3, 7, 8, 9, // id 1, three bytes follow
        0, 2, 0, 0, 0, 4, 7, 8, 9, 10, // id 2, four bytes follow
    ];

    fn turned() -> Vec<u8> {
        let mut turned = FRAMES.to_vec();
        for (at, mask) in [(0, MASK[0]), (1, MASK[1]), (9, MASK[0]), (10, MASK[1])] {
            turned[at] ^= mask;
        }
        turned
    }

    #[test]
    fn only_ids_are_turned_however_the_bytes_are_cut() {
        for cut in 0..=FRAMES.len() {
            let mut bytes = FRAMES;
            let mut place = Place::default();
            place.turn(&mut bytes[..cut], MASK);
            place.turn(&mut bytes[cut..], MASK);
            assert_eq!(bytes[..], turned(), "cut at {cut}");
        }
    }

    #[test]
    fn a_frame_of_no_length_is_followed_by_the_next() {
        let mut bytes = [0, 1, 0, 0, 0, 0, 0, 2];
        Place::default().turn(&mut bytes, MASK);
        assert_eq!(bytes, [0xa5, 0x5b, 0, 0, 0, 0, 0xa5, 0x58]);
    }

    #[tokio::test]
    async fn a_slow_peer_gets_and_gives_the_same_bytes() {
        // The pipe holds 5 bytes, so every write and read is cut.
        let (near, mut far) = duplex(5);
        let lent = Lent(Arc::new(Mutex::new(Tagged::with_turn(near, 0xa559))));
        let mut near = lent.begin();
        let echo = tokio::spawn(async move {
            let mut bytes = [0; FRAMES.len()];
            far.read_exact(&mut bytes).await.unwrap();
            assert_eq!(bytes[..], turned());
            far.write_all(&bytes).await.unwrap();
        });
        near.write_all(&FRAMES).await.unwrap();
        let mut back = [0; FRAMES.len()];
        near.read_exact(&mut back[..9]).await.unwrap();
        assert!(lent.has_one_answer());
        near.read_exact(&mut back[9..10]).await.unwrap();
        assert!(!lent.has_one_answer());
        near.read_exact(&mut back[10..]).await.unwrap();
        assert!(!lent.has_one_answer());
        assert_eq!(back, FRAMES);
        echo.await.unwrap();
    }

    #[tokio::test]
    async fn the_answer_to_an_earlier_exchange_has_another_id() {
        let (near, mut far) = duplex(64);
        let lent = Lent(Arc::new(Mutex::new(Tagged::with_turn(near, u16::MAX))));
        let mut ids = Vec::new();
        for _ in 0..3 {
            let mut near = lent.begin();
            near.write_all(&FRAMES[..9]).await.unwrap();
            let mut bytes = [0; 9];
            far.read_exact(&mut bytes).await.unwrap();
            ids.push(u16::from_be_bytes([bytes[0], bytes[1]]) ^ 1);
        }
        assert_eq!(ids, [0, 1, 2]);
    }
}

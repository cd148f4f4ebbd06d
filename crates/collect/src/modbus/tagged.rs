//! A connection whose transaction ids are its own, lent to the library for one exchange at a time.
//!
//! The library counts transactions from 0 on every stream it is given. A gateway that keeps an
//! answer for a connection that is gone and sends it down the next one, or a device that speaks
//! before it is asked, would then be believed. This stream turns the ids by a number that is drawn
//! anew for each exchange, and lets none begin while there is something to read: on the way out and
//! back again on the way in (MBAP: *Messaging on TCP/IP Implementation Guide V1.0b*, 3.1.3: bytes 0
//! and 1 are the id, 4 and 5 the length that follows).
//!
//! The library also keeps 16 KiB of buffers as long as it holds a stream; [`Lent`] lets it hold one
//! only while an answer is awaited, so that ten thousand idle connections take next to nothing.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::spread::mix;

/// Bytes turned at a time; a request to read has 12.
const PIECE: usize = 64;

/// A stream of MBAP frames whose transaction ids are turned by a number of its own.
#[derive(Debug)]
pub(super) struct Tagged<S> {
    stream: S,
    turn: u16,
    /// What the next number is drawn from.
    seed: u64,
    sent: Place,
    received: Place,
}

impl<S> Tagged<S> {
    /// `stream` with numbers that nobody can know before they are sent.
    pub(super) fn new(stream: S) -> Self {
        Self::with_seed(stream, RandomState::new().build_hasher().finish())
    }

    fn with_seed(stream: S, seed: u64) -> Self {
        Self {
            stream,
            turn: 0,
            seed,
            sent: Place::default(),
            received: Place::default(),
        }
    }

    /// Begins the next exchange: the answers to those before it have other ids.
    fn begin(&mut self) {
        self.seed = mix(self.seed);
        let [high, low, ..] = self.seed.to_be_bytes();
        let drawn = u16::from_be_bytes([high, low]);
        // Never the same twice in a row, which the answer before could be taken for.
        self.turn = if drawn == self.turn { !drawn } else { drawn };
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

    /// Makes sure that nothing has come since the last exchange: whoever speaks before it is asked
    /// cannot be believed, and a connection that has ended need not be asked.
    ///
    /// # Errors
    /// What has come: nothing any more ([`io::ErrorKind::UnexpectedEof`]), something
    /// ([`io::ErrorKind::InvalidData`]), or the fault of the connection.
    pub(super) fn poll_quiet(&self, context: &mut Context<'_>) -> io::Result<()>
    where
        S: AsyncRead + Unpin,
    {
        let mut byte = [0];
        let mut buffer = ReadBuf::new(&mut byte);
        let stream = &mut self.tagged().stream;
        match Pin::new(stream).poll_read(context, &mut buffer) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                Err(io::ErrorKind::UnexpectedEof.into())
            }
            Poll::Ready(Ok(())) => {
                let what = "it spoke before it was asked";
                Err(io::Error::new(io::ErrorKind::InvalidData, what))
            }
            Poll::Ready(Err(error)) => Err(error),
        }
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
    use std::future::poll_fn;

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

    /// Ids that are turned by [`MASK`].
    fn lent<S>(stream: S) -> Lent<S> {
        let mut tagged = Tagged::with_seed(stream, 1);
        tagged.turn = u16::from_be_bytes(MASK);
        Lent(Arc::new(Mutex::new(tagged)))
    }

    #[tokio::test]
    async fn a_slow_peer_gets_and_gives_the_same_bytes() {
        // The pipe holds 5 bytes, so every write and read is cut.
        let (near, mut far) = duplex(5);
        let lent = lent(near);
        let mut near = Lent(Arc::clone(&lent.0));
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
    async fn no_two_exchanges_in_a_row_have_one_id() {
        let (near, mut far) = duplex(64);
        let lent = Lent::new(near);
        let mut ids = Vec::new();
        for _ in 0..1_000 {
            let mut near = lent.begin();
            near.write_all(&FRAMES[..9]).await.unwrap();
            let mut bytes = [0; 9];
            far.read_exact(&mut bytes).await.unwrap();
            ids.push(u16::from_be_bytes([bytes[0], bytes[1]]));
        }
        assert!(ids.windows(2).all(|two| two[0] != two[1]));
        let steps = |two: &&[u16]| two[1].wrapping_sub(two[0]) == 1;
        assert!(ids.windows(2).filter(steps).count() < 10, "they count on");
    }

    #[tokio::test]
    async fn whoever_speaks_unasked_or_is_gone_is_noticed() {
        let (near, mut far) = duplex(64);
        let lent = Lent::new(near);
        let quiet = || poll_fn(|context| Poll::Ready(lent.poll_quiet(context)));
        quiet().await.unwrap();
        far.write_all(&[0]).await.unwrap();
        let spoke = quiet().await.unwrap_err();
        assert_eq!(spoke.kind(), io::ErrorKind::InvalidData);
        drop(far);
        let gone = quiet().await.unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::UnexpectedEof);
    }
}

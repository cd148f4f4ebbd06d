//! A connection of which the first bytes were read to find out whose it is.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

use super::Stream;

/// A stream that gives those bytes once more, and then what follows them.
#[derive(Debug)]
pub(crate) struct Begun {
    bytes: Vec<u8>,
    pub(super) rest: Stream,
}

impl Begun {
    pub(super) fn new(bytes: Vec<u8>, rest: Stream) -> Self {
        Self { bytes, rest }
    }

    pub(super) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.bytes.is_empty() {
            return Pin::new(&mut self.rest).poll_read(context, buffer);
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        let rest = bytes.split_off(bytes.len().min(buffer.remaining()));
        buffer.put_slice(&bytes);
        self.bytes = rest;
        Poll::Ready(Ok(()))
    }
}

//! A piece of a stream on its way to somebody else: frames behind the header of a segment, in bytes.
//!
//! A piece is what a segment would be that held only these frames, so it says by itself which stream
//! it is of and where in it, and is checked as segments are.

use crate::frame::{self, HEADER_BYTES as FRAME_HEADER_BYTES};
use crate::segment::{HEADER_BYTES, HeaderError, SegmentHeader};
use crate::{Chunk, Position, StreamId, Tail};
use gridos_model::Timestamp;

/// A piece that was received.
#[derive(Debug)]
pub struct Piece {
    stream: StreamId,
    pub(crate) segment: u64,
    pub(crate) chunk: Chunk,
}

/// The bytes are no piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PieceError {
    /// There are fewer bytes than a header has.
    #[error("it is shorter than its header")]
    Short,
    /// The header is damaged.
    #[error("{0}")]
    Header(&'static str),
    /// The header is of another version.
    #[error("it is of another format version: a later engine sent it")]
    Version,
    /// What is behind the header is not whole frames that stand there.
    #[error("its frames are damaged at {0}")]
    Frames(Position),
}

impl Piece {
    /// The chunk as a piece of `stream`; `None` if there is no frame in it.
    pub fn write(stream: StreamId, chunk: &Chunk) -> Option<Vec<u8>> {
        let header = SegmentHeader {
            stream,
            id: frame::peek(&chunk.bytes).ok()?.segment,
            base: chunk.from(),
            created: Timestamp::EPOCH,
        };
        let mut bytes = Vec::with_capacity(HEADER_BYTES + chunk.bytes.len());
        bytes.extend_from_slice(&header.to_bytes());
        bytes.extend_from_slice(&chunk.bytes);
        Some(bytes)
    }

    /// Reads a piece, whatever the bytes are.
    ///
    /// # Errors
    /// If it is none, or not whole.
    pub fn read(bytes: &[u8]) -> Result<Self, PieceError> {
        let (header, frames) = bytes
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(PieceError::Short)?;
        let header = SegmentHeader::from_bytes(header).map_err(|error| match error {
            HeaderError::Damaged(why) => PieceError::Header(why),
            HeaderError::Version => PieceError::Version,
        })?;
        let mut chunk = Chunk::default();
        chunk.load_bytes(frames, header.base, header.id);
        let (is_whole, at) = (chunk.bytes() == frames.len(), chunk.until().position);
        let first = chunk.header(header.base.position);
        let fits = first.is_some_and(|first| first.readings_before == header.base.readings);
        match is_whole && fits && frames.len() >= FRAME_HEADER_BYTES {
            true => Ok(Self {
                stream: header.stream,
                segment: header.id,
                chunk,
            }),
            false => Err(PieceError::Frames(at)),
        }
    }

    /// The stream that it is of.
    pub fn stream(&self) -> StreamId {
        self.stream
    }

    /// Where its first frame stands.
    pub fn from(&self) -> Tail {
        self.chunk.from()
    }

    /// Where its last frame ends.
    pub fn until(&self) -> Tail {
        self.chunk.until()
    }

    /// Its frames.
    pub fn chunk(&self) -> &Chunk {
        &self.chunk
    }
}

//! Where something is in the journal.

use std::fmt;

/// The number of bytes of frames before this place since the stream began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// The beginning of the stream.
    pub const START: Self = Self(0);

    /// The place behind `bytes` bytes of frames.
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The bytes of frames before this place.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The bytes from `earlier` to here; 0 if `earlier` is not earlier.
    pub const fn bytes_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The place `bytes` further on.
    pub const fn plus(self, bytes: u64) -> Self {
        Self(self.0 + bytes)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One uninterrupted journal: made at random when a journal folder is first used.
///
/// The database keeps one position per stream, so a lost folder never meets an old position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StreamId(u64);

impl StreamId {
    /// The stream of that number; the top bit is ignored so that it is a positive SQL `bigint`.
    pub const fn from_raw(raw: u64) -> Self {
        Self(raw & (u64::MAX >> 1))
    }

    /// The stream's number.
    pub const fn raw(self) -> u64 {
        self.0
    }

    /// The stream as a positive SQL `bigint`.
    pub const fn as_i64(self) -> i64 {
        self.0.cast_signed()
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// An end of the stream: a position and how many readings stand before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tail {
    /// The place.
    pub position: Position,
    /// Readings in all frames before it, since the stream began.
    pub readings: u64,
}

//! Looking at a journal's files without changing anything: also beside a running engine, and
//! whatever they hold.

mod files;
mod verify;
mod walk;

pub use files::{SegmentFile, SegmentInfo, StreamFiles, stream_files};
pub use verify::{Finding, Verdict, verify, verify_watched};
pub use walk::{Span, SpanKind, Step, Walk};

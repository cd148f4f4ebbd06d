//! Which files there are, and what their headers say.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use gridos_model::Timestamp;
use rkyv::util::AlignedVec;

use crate::frame::{self, HEADER_BYTES, PAYLOAD_BYTES_MAX};
use crate::segment::{self, Segment, SegmentHeader};
use crate::storage::Disk;
use crate::{JournalError, Position, StreamId, Streams, Tail};

/// One stream's files.
#[derive(Clone, Debug)]
pub struct StreamFiles {
    /// Its folder.
    pub dir: PathBuf,
    /// Its id, from the first good header, or else from frames.
    pub stream: Option<StreamId>,
    /// Its segments, ascending.
    pub segments: Vec<SegmentFile>,
}

/// One segment file.
#[derive(Clone, Debug)]
pub struct SegmentFile {
    /// Where it is.
    pub path: PathBuf,
    /// The position of its first frame, by its name.
    pub base: Position,
    /// Where the next segment begins; `None` for the last one.
    pub next: Option<Position>,
    /// Bytes of the file.
    pub bytes: u64,
    /// What its header says, or what is wrong with it.
    pub header: Result<SegmentInfo, String>,
    /// What its first good frame tells if its header is damaged; the readings are those before that
    /// frame.
    guess: Option<SegmentInfo>,
}

/// What a segment's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// The stream.
    pub stream: StreamId,
    /// The id that its frames carry.
    pub id: u64,
    /// Where its first frame stands, and the readings before.
    pub base: Tail,
    /// When it was begun.
    pub created: Timestamp,
}

/// The streams in the journal folder `root`, the oldest first; of `root` alone, if it is a stream's
/// folder. Files that go away meanwhile are left out.
pub fn stream_files(root: &Path) -> Result<Vec<StreamFiles>, JournalError> {
    let mut dirs = Streams::dirs(root)?;
    if dirs.is_empty() {
        dirs.push(root.to_owned());
    }
    let mut streams = Vec::new();
    for dir in dirs {
        let stream = StreamFiles::list(&dir)?;
        if !stream.segments.is_empty() {
            streams.push(stream);
        }
    }
    Ok(streams)
}

impl StreamFiles {
    fn list(dir: &Path) -> Result<Self, JournalError> {
        let listed = segment::list(&Disk, dir)?;
        let mut segments = Vec::new();
        for (index, (base, path)) in listed.iter().enumerate() {
            let Ok(file) = fs::metadata(path) else {
                continue;
            };
            let (header, guess) = read_header(path);
            segments.push(SegmentFile {
                base: *base,
                next: listed.get(index + 1).map(|(next, _)| *next),
                bytes: file.len(),
                header,
                guess,
                path: path.clone(),
            });
        }
        let header = |segment: &SegmentFile| segment.header.clone().ok();
        let good = segments.iter().find_map(header);
        let guesses = segments.iter().filter_map(|segment| segment.guess);
        let told = good.or_else(|| {
            let mut told = guesses.filter(|info| info.stream.raw() != 0);
            told.next()
        });
        Ok(Self {
            dir: dir.to_owned(),
            stream: told.map(|info| info.stream),
            segments,
        })
    }
}

impl SegmentFile {
    /// By what its frames can be read: its header, or what they tell if that is damaged. `None` if
    /// none of them is good.
    pub fn info(&self, stream: Option<StreamId>) -> Option<SegmentInfo> {
        let rebuilt = || stream.and_then(|stream| self.rebuild_header(stream));
        let header = self.header.clone().ok();
        header.or_else(rebuilt).or(self.guess)
    }

    /// What its damaged header must have said: the stream is its neighbours', the rest stands in its
    /// first frame. `None` if that is no good frame either.
    pub fn rebuild_header(&self, stream: StreamId) -> Option<SegmentInfo> {
        let file = File::open(&self.path).ok()?;
        let offset = segment::HEADER_BYTES as u64;
        let mut bytes = AlignedVec::<{ frame::ALIGN }>::new();
        bytes.resize(HEADER_BYTES, 0);
        file.read_exact_at(&mut bytes, offset).ok()?;
        let length = frame::peek(&bytes).ok()?.frame_bytes();
        bytes.resize(length.min(HEADER_BYTES + PAYLOAD_BYTES_MAX), 0);
        file.read_exact_at(&mut bytes, offset).ok()?;
        let claimed = frame::peek(&bytes).ok()?;
        let header = frame::check(&bytes, self.base, claimed.segment).ok()?;
        let created = fs::metadata(&self.path).and_then(|file| file.modified());
        Some(SegmentInfo {
            stream,
            id: header.segment,
            base: Tail {
                position: self.base,
                readings: header.readings_before,
            },
            created: created.map_or(Timestamp::EPOCH, Timestamp::from),
        })
    }
}

/// What the header says, or what is wrong with it and what frames tell instead.
fn read_header(path: &Path) -> (Result<SegmentInfo, String>, Option<SegmentInfo>) {
    match Segment::open(&Disk, path, false) {
        Ok(segment) if segment.is_guessed => {
            let guess = segment.header.into();
            (Err("its header is damaged".to_owned()), Some(guess))
        }
        Ok(segment) => (Ok(segment.header.into()), None),
        Err(JournalError::NotASegment { reason, .. }) => (Err(reason.to_owned()), None),
        Err(error) => (Err(error.to_string()), None),
    }
}

impl From<SegmentInfo> for SegmentHeader {
    fn from(info: SegmentInfo) -> Self {
        let SegmentInfo {
            stream,
            id,
            base,
            created,
        } = info;
        Self {
            stream,
            id,
            base,
            created,
        }
    }
}

impl From<SegmentHeader> for SegmentInfo {
    fn from(header: SegmentHeader) -> Self {
        let SegmentHeader {
            stream,
            id,
            base,
            created,
        } = header;
        Self {
            stream,
            id,
            base,
            created,
        }
    }
}

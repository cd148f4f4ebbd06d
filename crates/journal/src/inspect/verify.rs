//! Verifying: every frame, every record and every layout that is referred to.

use std::collections::HashMap;
use std::path::PathBuf;

use gridos_model::{LayoutId, Readings};

use super::{SegmentFile, SegmentInfo, Span, SpanKind, Step, StreamFiles, Walk};
use crate::frame::Header;
use crate::segment::HEADER_BYTES;
use crate::{JournalError, LayoutBook, Record, RecordError, StreamId};

/// Findings beyond this are only counted.
const FINDINGS_MAX: usize = 1_000;
/// After so many frames it is told how far it is.
const FRAMES_PER_WORD: u64 = 1_024;

/// What verifying a stream came to.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    /// Segments that were read.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Good frames in them.
    pub frames: u64,
    /// Readings in good frames.
    pub readings: u64,
    /// What was found, the first thousand.
    pub findings: Vec<Finding>,
    /// How much of what was found is damage.
    pub damages: u64,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// In which file.
    pub path: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// Over how many bytes.
    pub bytes: u64,
    /// Whether something is wrong, or only worth knowing.
    pub is_damage: bool,
    /// What.
    pub what: String,
}

/// Reads all of `stream`. Layouts are looked up in `book`, if there is one.
pub fn verify(stream: &StreamFiles, book: Option<&LayoutBook>) -> Result<Verdict, JournalError> {
    verify_watched(stream, book, &mut |_| {})
}

/// As [`verify`]; `watch` is told now and then how many bytes of the stream are read.
pub fn verify_watched(
    stream: &StreamFiles,
    book: Option<&LayoutBook>,
    watch: &mut dyn FnMut(u64),
) -> Result<Verdict, JournalError> {
    let mut verifier = Verifier {
        verdict: Verdict::default(),
        book,
        points: HashMap::new(),
        readings: None,
        before: 0,
        watch,
    };
    for segment in &stream.segments {
        verifier.segment(segment, stream.stream)?;
        verifier.before += segment.bytes;
        (verifier.watch)(verifier.before);
    }
    Ok(verifier.verdict)
}

struct Verifier<'a> {
    verdict: Verdict,
    book: Option<&'a LayoutBook>,
    /// How many points each layout met has; `None` if nobody knows it.
    points: HashMap<LayoutId, Option<usize>>,
    /// Readings before the next frame; `None` behind damage.
    readings: Option<u64>,
    /// The bytes of the segments before.
    before: u64,
    watch: &'a mut dyn FnMut(u64),
}

impl Verifier<'_> {
    fn segment(
        &mut self,
        segment: &SegmentFile,
        stream: Option<StreamId>,
    ) -> Result<(), JournalError> {
        let info = match &segment.header {
            Ok(info) => *info,
            Err(why) => {
                let rebuilt = stream.and_then(|stream| segment.rebuild_header(stream));
                let info = rebuilt.or_else(|| segment.info(stream));
                let header = segment.bytes.min(HEADER_BYTES as u64);
                let (bytes, advice) = match (rebuilt, info) {
                    (Some(_), _) => (header, "gridos journal repair can rebuild it"),
                    (None, Some(_)) => (header, "its good frames are read all the same"),
                    (None, None) => (segment.bytes, "nothing in it can be read"),
                };
                self.find(segment, 0, bytes, true, format!("{why}; {advice}"));
                if rebuilt.is_none() {
                    self.readings = None;
                }
                let Some(info) = info else {
                    return Ok(());
                };
                info
            }
        };
        let is_told = info.stream.raw() != 0;
        if is_told && stream.is_some_and(|stream| stream != info.stream) {
            let what = format!("the segment is of stream {}", info.stream);
            self.find(segment, 0, 64, true, what);
        }
        if self
            .readings
            .is_some_and(|readings| readings != info.base.readings)
        {
            let what = "the readings before the segment do not add up".to_owned();
            self.find(segment, 0, 64, true, what);
        }
        self.readings = Some(info.base.readings);
        self.verdict.segments += 1;
        self.verdict.bytes += segment.bytes;
        self.frames(segment, info)
    }

    fn frames(&mut self, segment: &SegmentFile, info: SegmentInfo) -> Result<(), JournalError> {
        let mut walk = match Walk::open(segment, info) {
            Ok(walk) => walk,
            Err(error) if is_gone(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        while let Some(step) = walk.step()? {
            match step {
                Step::Frame {
                    offset,
                    header,
                    record,
                } => self.frame(segment, offset, &header, record),
                Step::Span(span) => self.span(segment, span),
            }
        }
        Ok(())
    }

    fn frame(
        &mut self,
        segment: &SegmentFile,
        offset: u64,
        header: &Header,
        record: Result<Record<'_>, RecordError>,
    ) {
        let bytes = header.frame_bytes() as u64;
        self.verdict.frames += 1;
        if self.verdict.frames.is_multiple_of(FRAMES_PER_WORD) {
            (self.watch)(self.before + offset);
        }
        self.verdict.readings += u64::from(header.readings);
        if self
            .readings
            .is_some_and(|readings| readings != header.readings_before)
        {
            let what = "the readings before the frame do not add up".to_owned();
            self.find(segment, offset, bytes, true, what);
        }
        let after = header.readings_before;
        self.readings = Some(after.saturating_add(u64::from(header.readings)));
        let wrong = match record {
            Ok(Record::Readings(readings)) => self.layout(&readings),
            Ok(
                Record::Transitions(_)
                | Record::Gap(_)
                | Record::Letter(_)
                | Record::Alarms(_)
                | Record::Audit(_),
            ) => None,
            Err(error) => Some(error.to_string()),
        };
        if let Some(what) = wrong {
            self.find(segment, offset, bytes, true, what);
        }
    }

    /// What is wrong with the layout that `readings` refer to.
    fn layout(&mut self, readings: &Readings<'_>) -> Option<String> {
        let (id, book) = (readings.layout(), self.book?);
        let known = self.points.entry(id).or_insert_with(|| {
            let definition = book.find(id).ok().flatten()?;
            Some(definition.points.len())
        });
        let Some(points) = *known else {
            return Some(format!("layout {id} is not in the layout book"));
        };
        let is_beyond = |places: &[u32]| places.iter().any(|place| *place as usize >= points);
        let fits = match readings {
            Readings::Sweep(sweep) => sweep.values.len() == points,
            Readings::Events(events) => !is_beyond(events.points),
            Readings::Texts(texts) => !is_beyond(texts.points),
        };
        (!fits).then(|| format!("the record does not fit the {points} points of layout {id}"))
    }

    fn span(&mut self, segment: &SegmentFile, span: Span) {
        let (is_damage, what) = match span.kind {
            SpanKind::Damaged => (true, "no frame: the octets are damaged".to_owned()),
            SpanKind::Missing => (true, "the file ends too early".to_owned()),
            SpanKind::Newer { version } => (
                true,
                format!("a frame of a later version ({version}) of GridOS"),
            ),
            SpanKind::Torn => (
                false,
                "the end of a write that was interrupted, or is under way".to_owned(),
            ),
            SpanKind::Unused => return,
        };
        if is_damage {
            self.readings = None;
        }
        self.find(segment, span.offset, span.bytes, is_damage, what);
    }

    fn find(
        &mut self,
        segment: &SegmentFile,
        offset: u64,
        bytes: u64,
        is_damage: bool,
        what: String,
    ) {
        self.verdict.damages += u64::from(is_damage);
        if self.verdict.findings.len() < FINDINGS_MAX {
            self.verdict.findings.push(Finding {
                path: segment.path.clone(),
                offset,
                bytes,
                is_damage,
                what,
            });
        }
    }
}

/// Trimmed since it was listed.
fn is_gone(error: &JournalError) -> bool {
    matches!(error, JournalError::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound)
}

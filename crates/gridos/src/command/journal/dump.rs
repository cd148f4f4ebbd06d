//! `gridos journal dump`.

use std::error::Error;
use std::io::Write;

use gridos_journal::inspect::{SegmentFile, SpanKind, Step, StreamFiles, Walk};
use gridos_journal::{LayoutBook, Record};
use serde_json::{Value, json};

use super::super::Outcome;
use super::names::Names;
use super::place::Place;
use super::record::record;
use crate::cli::JournalDump;
use crate::output;

pub(super) fn run(args: &JournalDump) -> Outcome {
    let place = Place::find(&args.place)?;
    let book = LayoutBook::look(&place.root)?;
    let streams = place.streams()?;
    let asked = streams.iter().filter(|stream| is_asked(args, stream));
    output::stream(|out| {
        let mut dump = Dump {
            args,
            names: Names::of(book.map(|(book, _)| book)),
            left: args.limit,
            out,
        };
        for stream in asked {
            dump.stream(stream)?;
        }
        Ok(())
    })
}

fn is_asked(args: &JournalDump, stream: &StreamFiles) -> bool {
    let Some(asked) = &args.stream else {
        return true;
    };
    let folder = stream.dir.file_name().unwrap_or_default();
    let id = stream.stream.map(|id| id.to_string());
    folder.to_string_lossy() == asked.as_str() || id.as_ref() == Some(asked)
}

struct Dump<'a> {
    args: &'a JournalDump,
    names: Names,
    left: u64,
    out: &'a mut dyn Write,
}

impl Dump<'_> {
    fn stream(&mut self, stream: &StreamFiles) -> Result<(), Box<dyn Error>> {
        let name = stream.dir.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        for segment in &stream.segments {
            let is_before = |end: u64| end <= self.args.from_position;
            let is_over = segment.base.get() >= self.args.until_position || self.left == 0;
            if is_over || segment.next.is_some_and(|next| is_before(next.get())) {
                continue;
            }
            match segment.info(stream.stream) {
                Some(info) => self.segment(&name, segment, Walk::open(segment, info)?)?,
                None => {
                    let base = segment.base.get();
                    let line = json!({ "kind": "damaged", "bytes": segment.bytes });
                    self.line(&name, base, line)?;
                }
            }
        }
        Ok(())
    }

    fn segment(
        &mut self,
        stream: &str,
        segment: &SegmentFile,
        mut walk: Walk,
    ) -> Result<(), Box<dyn Error>> {
        let base = segment.base;
        let position = |offset: u64| base.plus(offset.saturating_sub(64)).get();
        while self.left > 0
            && let Some(step) = walk.step()?
        {
            let (position, value) = match step {
                Step::Frame { offset, record, .. } => {
                    let at = position(offset);
                    if !(self.args.from_position..self.args.until_position).contains(&at) {
                        continue;
                    }
                    let value = match record {
                        Ok(record) => self.value(&record),
                        Err(error) => Some(json!({
                            "kind": "unreadable", "reason": error.to_string(),
                        })),
                    };
                    (at, value)
                }
                Step::Span(span) => {
                    let kind = match span.kind {
                        SpanKind::Damaged => "damaged",
                        SpanKind::Missing => "missing",
                        SpanKind::Torn => "torn",
                        SpanKind::Newer { .. } => "newer",
                        SpanKind::Unused => continue,
                    };
                    let value = json!({ "kind": kind, "bytes": span.bytes });
                    (position(span.offset), Some(value))
                }
            };
            if let Some(value) = value {
                self.line(stream, position, value)?;
            }
        }
        Ok(())
    }

    /// The record as JSON, if it was asked for.
    fn value(&mut self, found: &Record<'_>) -> Option<Value> {
        let received = found.received();
        let (from, until) = (self.args.from, self.args.until);
        let is_early = from.is_some_and(|from| received.is_none_or(|received| received < from));
        let is_late = until.is_some_and(|until| received.is_none_or(|received| received >= until));
        if is_early || is_late {
            return None;
        }
        record(found, &mut self.names, self.args.device.as_deref())
    }

    fn line(&mut self, stream: &str, position: u64, mut value: Value) -> Outcome {
        value["stream"] = json!(stream);
        value["position"] = json!(position);
        self.left -= 1;
        writeln!(self.out, "{value}")?;
        Ok(())
    }
}

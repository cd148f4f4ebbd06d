//! A journal as it was written: its batches, gaps and dead letters, in order, and the candidate's
//! alarms over them.

use std::error::Error;

use gridos_journal::inspect::{SegmentFile, SpanKind, Step, StreamFiles, Walk};
use gridos_journal::{LayoutBook, Record};
use gridos_model::{DeviceId, Timestamp};

use super::judge::Judge;
use super::line::{At, What};
use super::told::{TellError, Told};
use crate::command::journal::{Names, Place};
use crate::config::Fleet;

/// What of a journal is replayed: what was received from the one time to before the other.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

/// Replays the journal at `place`, all its streams, the oldest first.
pub(crate) fn replay(
    place: &Place,
    span: Span,
    fleet: &Fleet,
    told: &mut Told,
) -> Result<(), Box<dyn Error>> {
    let book = LayoutBook::look(&place.root)?;
    let mut way = Way {
        names: Names::of(book.map(|(book, _)| book)),
        judge: Judge::new(fleet),
        span,
        told,
    };
    for (nth, stream) in (1..).zip(place.streams()?) {
        way.stream(number(&stream).unwrap_or(nth), &stream)?;
    }
    Ok(())
}

/// The number of the stream is the name of its folder.
fn number(stream: &StreamFiles) -> Option<u64> {
    stream.dir.file_name()?.to_str()?.parse().ok()
}

struct Way<'a> {
    names: Names,
    judge: Judge<'a>,
    span: Span,
    told: &'a mut Told,
}

impl Way<'_> {
    fn stream(&mut self, number: u64, stream: &StreamFiles) -> Result<(), Box<dyn Error>> {
        for segment in &stream.segments {
            match segment.info(stream.stream) {
                Some(info) => self.segment(number, segment, Walk::open(segment, info)?)?,
                None => {
                    let what = format!("a segment of {} octets is damaged", segment.bytes);
                    let at = At(number, segment.base.get());
                    self.told.line(at, What::Fault { what })?;
                }
            }
        }
        Ok(())
    }

    fn segment(
        &mut self,
        stream: u64,
        segment: &SegmentFile,
        mut walk: Walk,
    ) -> Result<(), Box<dyn Error>> {
        let position = |offset: u64| segment.base.plus(offset.saturating_sub(64)).get();
        while let Some(step) = walk.step()? {
            match step {
                Step::Frame { offset, record, .. } => {
                    let at = At(stream, position(offset));
                    match record {
                        Ok(record) => self.record(at, &record)?,
                        Err(error) => {
                            let what = error.to_string();
                            self.told.line(at, What::Fault { what })?;
                        }
                    }
                }
                Step::Span(found) => {
                    let how = match found.kind {
                        SpanKind::Damaged => "damaged",
                        SpanKind::Missing => "missing",
                        SpanKind::Newer { .. } => "of a later version",
                        // The engine may be writing there.
                        SpanKind::Torn | SpanKind::Unused => continue,
                    };
                    let what = format!("{} octets are {how}", found.bytes);
                    let at = At(stream, position(found.offset));
                    self.told.line(at, What::Fault { what })?;
                }
            }
        }
        Ok(())
    }

    fn record(&mut self, at: At, record: &Record<'_>) -> Result<(), TellError> {
        let received = record.received();
        let Span { from, until } = self.span;
        let is_early = from.is_some_and(|from| received.is_none_or(|received| received < from));
        let is_late = until.is_some_and(|until| received.is_none_or(|received| received >= until));
        if is_early || is_late {
            return Ok(());
        }
        match record {
            Record::Readings(readings) => {
                let layout = self.names.layout(readings.layout());
                let name = |place: usize| match layout {
                    Some(layout) => match layout.points.get(place) {
                        Some((point, _)) => format!("{}.{point}", layout.device),
                        None => format!("{}.{place}", layout.device),
                    },
                    None => format!("{}.{place}", readings.layout()),
                };
                self.told.readings(at, readings, name)?;
                let mut alarms = Vec::new();
                let sink = &mut |name: &str, record: &_| alarms.push(What::alarm(name, record));
                self.judge.take(readings, layout, sink);
                for alarm in alarms {
                    self.told.line(at, alarm)?;
                }
                Ok(())
            }
            Record::Gap(gap) => {
                let device = match gap.device == DeviceId::WHOLE_ENGINE {
                    true => "the whole engine".to_owned(),
                    false => self.device(gap.device),
                };
                self.told.line(at, What::gap(device, gap))
            }
            Record::Letter(letter) => {
                let device = self.device(letter.device());
                self.told.line(at, What::letter(device, letter))
            }
            // What the engine told of alarms followed its clock and its operators; nothing here does.
            Record::Transitions(_) | Record::Alarms(_) | Record::Audit(_) => Ok(()),
        }
    }

    fn device(&mut self, id: DeviceId) -> String {
        self.names.device(id).unwrap_or_else(|| id.to_string())
    }
}

//! What the candidate makes of the input: written down, compared, or both.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use gridos_model::Readings;

use super::compare::{Comparison, Found};
use super::line::{At, Counts, Line, SourceKind, What};
use super::record::{RecordError, Writer};

/// Where the candidate's lines go.
pub(crate) struct Told {
    record: Option<(PathBuf, Writer<Box<dyn Write>>)>,
    comparison: Option<Comparison>,
    counts: Counts,
}

/// The candidate's record cannot be written, or stable's not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TellError {
    #[error("the record cannot be written to {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Stable(#[from] RecordError),
}

impl Told {
    pub(crate) fn begin(
        record: Option<&Path>,
        comparison: Option<Comparison>,
        source: SourceKind,
    ) -> Result<Self, TellError> {
        let begin = |path: &Path| -> io::Result<(PathBuf, Writer<Box<dyn Write>>)> {
            let out: Box<dyn Write> = match path.as_os_str() == "-" {
                true => Box::new(BufWriter::new(io::stdout())),
                false => Box::new(BufWriter::new(File::create(path)?)),
            };
            Ok((path.to_owned(), Writer::begin(out, source)?))
        };
        let record = record
            .map(|path| begin(path).map_err(failed(path)))
            .transpose()?;
        Ok(Self {
            record,
            comparison,
            counts: Counts::default(),
        })
    }

    pub(crate) fn line(&mut self, at: At, what: What) -> Result<(), TellError> {
        let line = Line { at, what };
        self.counts.note(&line.what);
        if let Some((path, record)) = &mut self.record {
            record.line(&line).map_err(failed(path))?;
        }
        if let Some(comparison) = &mut self.comparison {
            comparison.take(line)?;
        }
        Ok(())
    }

    /// Tells every reading of a batch; `name` is the full name of the point at that place of the
    /// layout.
    pub(crate) fn readings(
        &mut self,
        at: At,
        readings: &Readings<'_>,
        name: impl Fn(usize) -> String,
    ) -> Result<(), TellError> {
        let received = readings.received();
        let quality = |nth: usize| readings.qualities().get(nth).copied().unwrap_or_default();
        match readings {
            Readings::Sweep(sweep) => {
                for (nth, value) in sweep.values.iter().enumerate() {
                    let times = (sweep.time, received);
                    self.line(at, What::reading(name(nth), times, *value, quality(nth)))?;
                }
            }
            Readings::Events(events) => {
                let columns = events.points.iter().zip(events.times).zip(events.values);
                for (nth, ((point, time), value)) in columns.enumerate() {
                    let (name, times) = (name(*point as usize), (*time, received));
                    self.line(at, What::reading(name, times, *value, quality(nth)))?;
                }
            }
            Readings::Texts(texts) => {
                let columns = texts.points.iter().zip(texts.times).zip(texts.texts.iter());
                for (nth, ((point, time), text)) in columns.enumerate() {
                    let (name, times) = (name(*point as usize), (*time, received));
                    self.line(at, What::text(name, times, text, quality(nth)))?;
                }
            }
        }
        Ok(())
    }

    /// There is no more: how many lines there were, and what was found if they were compared.
    pub(crate) fn end(self) -> Result<(Counts, Option<Found>), TellError> {
        if let Some((path, record)) = self.record {
            record.end().map_err(failed(&path))?;
        }
        let found = self.comparison.map(Comparison::end).transpose()?;
        Ok((self.counts, found))
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> TellError {
    |source| TellError::Write {
        path: path.to_owned(),
        source,
    }
}

//! Writing a record, and reading one as it comes.

use std::io::{self, BufRead, Write};

use super::line::{Counts, End, FORMAT, Head, Line, SourceKind};

/// A record that is being written.
pub(crate) struct Writer<W: Write> {
    out: W,
    counts: Counts,
}

impl<W: Write> Writer<W> {
    pub(crate) fn begin(mut out: W, source: SourceKind) -> io::Result<Self> {
        let head = Head {
            gridos_record: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            source,
        };
        put(&mut out, &head)?;
        Ok(Self {
            out,
            counts: Counts::default(),
        })
    }

    pub(crate) fn line(&mut self, line: &Line) -> io::Result<()> {
        self.counts.note(&line.what);
        put(&mut self.out, line)
    }

    pub(crate) fn end(mut self) -> io::Result<()> {
        put(&mut self.out, &End { end: self.counts })?;
        self.out.flush()
    }
}

fn put(out: &mut impl Write, value: &impl serde::Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// A record that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("{name}, line {line}: cannot be read")]
    Read {
        name: String,
        line: u64,
        source: io::Error,
    },
    #[error(
        "{name}, line {line}: is no line of a record ({what}); make it with gridos replay --record"
    )]
    Line {
        name: String,
        line: u64,
        what: String,
    },
    #[error(
        "{name} has the format {found}, and this version knows {FORMAT}: make both records with versions \
         that agree"
    )]
    Format { name: String, found: u32 },
    #[error("{name} is of a {found:?}, and this replay of a {asked:?}: they cannot be compared")]
    Source {
        name: String,
        found: SourceKind,
        asked: SourceKind,
    },
    #[error(
        "{name} ends after line {line} without its last line: it was cut off, or its version failed"
    )]
    Cut { name: String, line: u64 },
    #[error("{name} is out of order at line {line}: records must stay as they were written")]
    Order { name: String, line: u64 },
}

/// Reads the lines of a record, one after the other, in bounded memory.
pub(crate) struct Reader {
    name: String,
    input: Box<dyn BufRead>,
    text: Vec<u8>,
    number: u64,
    head: Head,
    end: Option<Counts>,
    next: Option<Line>,
}

impl Reader {
    /// The record in `input`, which is called `name`, of something like `source`.
    pub(crate) fn open(
        name: String,
        input: Box<dyn BufRead>,
        source: SourceKind,
    ) -> Result<Self, RecordError> {
        let head = Head {
            gridos_record: 0,
            version: String::new(),
            source,
        };
        let mut reader = Self {
            name,
            input,
            text: Vec::new(),
            number: 0,
            head,
            end: None,
            next: None,
        };
        if !reader.read()? {
            return Err(reader.cut());
        }
        reader.head = reader.parse()?;
        let Head {
            gridos_record: found,
            source: of,
            ..
        } = reader.head;
        let name = || reader.name.clone();
        if found != FORMAT {
            return Err(RecordError::Format {
                name: name(),
                found,
            });
        }
        if of != source {
            return Err(RecordError::Source {
                name: name(),
                found: of,
                asked: source,
            });
        }
        reader.advance()?;
        Ok(reader)
    }

    /// The version that wrote it.
    pub(crate) fn version(&self) -> &str {
        &self.head.version
    }

    /// The next line, which stays.
    pub(crate) fn peek(&self) -> Option<&Line> {
        self.next.as_ref()
    }

    /// Takes the next line.
    pub(crate) fn take(&mut self) -> Result<Option<Line>, RecordError> {
        let taken = self.next.take();
        if let Some(before) = &taken {
            self.advance()?;
            if self.next.as_ref().is_some_and(|next| next.at < before.at) {
                return Err(RecordError::Order {
                    name: self.name.clone(),
                    line: self.number,
                });
            }
        }
        Ok(taken)
    }

    /// What its last line counts, once that was read.
    pub(crate) fn counts(&self) -> Counts {
        self.end.unwrap_or_default()
    }

    fn advance(&mut self) -> Result<(), RecordError> {
        if !self.read()? {
            return Err(self.cut());
        }
        if self.text.starts_with(b"{\"end\"") {
            let End { end } = self.parse()?;
            self.end = Some(end);
        } else {
            self.next = Some(self.parse()?);
        }
        Ok(())
    }

    /// Whether there was a whole line.
    fn read(&mut self) -> Result<bool, RecordError> {
        self.text.clear();
        self.number += 1;
        let read = self.input.read_until(b'\n', &mut self.text);
        read.map_err(|source| RecordError::Read {
            name: self.name.clone(),
            line: self.number,
            source,
        })?;
        Ok(self.text.ends_with(b"\n"))
    }

    fn parse<T: serde::de::DeserializeOwned>(&self) -> Result<T, RecordError> {
        serde_json::from_slice(&self.text).map_err(|error| RecordError::Line {
            name: self.name.clone(),
            line: self.number,
            what: error.to_string(),
        })
    }

    fn cut(&self) -> RecordError {
        RecordError::Cut {
            name: self.name.clone(),
            line: self.number - 1,
        }
    }
}

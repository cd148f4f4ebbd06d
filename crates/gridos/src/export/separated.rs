//! Values separated by commas (RFC 4180), for everything.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;

use gridos_model::Quality;

use super::{ExportError, Row, Sheet, quality_text};

/// Rows with a header: point, time, value, quality, quality_bits, and text if wanted.
///
/// Times are RFC 3339 in UTC, always with microseconds. Values are the shortest numbers that read back as
/// the same doubles, `Infinity` or `-Infinity`; what is none is empty.
pub(crate) struct Separated<W: io::Write> {
    rows: csv::Writer<W>,
    texts: bool,
    time: String,
    value: zmij::Buffer,
    /// The few sets of flags there are, in words.
    qualities: HashMap<Quality, String>,
}

impl<W: io::Write> Separated<W> {
    pub(crate) fn new(out: W, texts: bool) -> Result<Self, ExportError> {
        let mut builder = csv::WriterBuilder::new();
        let mut rows = builder.terminator(csv::Terminator::CRLF).from_writer(out);
        let header = ["point", "time", "value", "quality", "quality_bits", "text"];
        let columns = if texts { &header[..] } else { &header[..5] };
        rows.write_record(columns).map_err(fault)?;
        Ok(Self {
            rows,
            texts,
            time: String::new(),
            value: zmij::Buffer::new(),
            qualities: HashMap::new(),
        })
    }
}

impl<W: io::Write> Sheet for Separated<W> {
    fn push(&mut self, row: &Row<'_>) -> Result<(), ExportError> {
        self.time.clear();
        // Writing to a string cannot fail.
        let _ = write!(self.time, "{:.6}", row.time);
        let value = match row.value {
            None => "",
            Some(value) if value.is_nan() => "",
            Some(value) if value.is_finite() => self.value.format_finite(value),
            Some(value) if value > 0.0 => "Infinity",
            Some(_) => "-Infinity",
        };
        let words = self.qualities.entry(row.quality);
        let words = words.or_insert_with(|| quality_text(row.quality));
        let bits = row.quality.bits().to_string();
        let columns = [row.point, &self.time, value, words, &bits];
        for column in columns {
            self.rows.write_field(column).map_err(fault)?;
        }
        if self.texts {
            self.rows
                .write_field(row.text.unwrap_or_default())
                .map_err(fault)?;
        }
        self.rows.write_record(None::<&[u8]>).map_err(fault)
    }

    fn end(mut self: Box<Self>) -> Result<(), ExportError> {
        Ok(self.rows.flush()?)
    }
}

/// What went wrong with the output, its kind kept: that nobody reads it any more is no failure.
fn fault(error: csv::Error) -> ExportError {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "rows all have the same fields: nothing else can go wrong"
    )]
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => io::Error::other(format!("{other:?}")).into(),
    }
}

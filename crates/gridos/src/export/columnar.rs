//! Parquet, for programs that compute.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use gridos_model::Quality;
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

use super::{ExportError, Row, Sheet, quality_text};

/// Rows that are held and written as one group: a few megabytes, and a reader that is after a short
/// range or a device passes over most groups by their statistics.
const GROUP_ROWS: usize = 128 << 10;

/// What the columns are. The bits of a quality fit 31, so they are a plain integer.
const NUMBERS: &str = "
    required binary point (STRING);
    required int64 time (TIMESTAMP(MICROS, true));
    optional double value;
    required binary quality (STRING);
    required int32 quality_bits;";
const TEXTS: &str = "
    optional binary text (STRING);";

/// The columns point, time (UTC), value, quality, quality_bits, and text if wanted.
pub(crate) struct Columnar<W: io::Write + Send> {
    file: SerializedFileWriter<W>,
    texts: bool,
    held: Held,
    /// Names and sets of flags, each kept once.
    points: HashMap<String, ByteArray>,
    qualities: HashMap<Quality, ByteArray>,
}

/// The rows of a group by columns; of what may be missing, a level tells whether it is there.
#[derive(Default)]
struct Held {
    points: Vec<ByteArray>,
    times: Vec<i64>,
    values: Vec<f64>,
    has_value: Vec<i16>,
    qualities: Vec<ByteArray>,
    bits: Vec<i32>,
    texts: Vec<ByteArray>,
    has_text: Vec<i16>,
}

impl<W: io::Write + Send> Columnar<W> {
    pub(crate) fn new(out: W, texts: bool) -> Result<Self, ExportError> {
        let more = if texts { TEXTS } else { "" };
        let schema = parse_message_type(&format!("message reading {{{NUMBERS}{more}\n}}"))?;
        let time = ColumnPath::from("time");
        let properties = WriterProperties::builder()
            .set_created_by(concat!("GridOS ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY)
            .set_column_dictionary_enabled(time.clone(), false)
            .set_column_encoding(time, Encoding::DELTA_BINARY_PACKED)
            .build();
        Ok(Self {
            file: SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties))?,
            texts,
            held: Held::default(),
            points: HashMap::new(),
            qualities: HashMap::new(),
        })
    }

    fn point(&mut self, name: &str) -> ByteArray {
        if let Some(known) = self.points.get(name) {
            return known.clone();
        }
        let bytes = ByteArray::from(name);
        self.points.insert(name.to_owned(), bytes.clone());
        bytes
    }

    fn quality(&mut self, quality: Quality) -> ByteArray {
        let words = self.qualities.entry(quality);
        let words = words.or_insert_with(|| ByteArray::from(&*quality_text(quality)));
        words.clone()
    }

    /// Writes the rows that are held as one group.
    fn write_group(&mut self) -> Result<(), ExportError> {
        if self.held.times.is_empty() {
            return Ok(());
        }
        let held = &self.held;
        let mut group = self.file.next_row_group()?;
        column::<ByteArrayType, _>(&mut group, &held.points, None)?;
        column::<Int64Type, _>(&mut group, &held.times, None)?;
        column::<DoubleType, _>(&mut group, &held.values, Some(&held.has_value))?;
        column::<ByteArrayType, _>(&mut group, &held.qualities, None)?;
        column::<Int32Type, _>(&mut group, &held.bits, None)?;
        if self.texts {
            column::<ByteArrayType, _>(&mut group, &held.texts, Some(&held.has_text))?;
        }
        group.close()?;
        self.held.clear();
        Ok(())
    }
}

impl<W: io::Write + Send> Sheet for Columnar<W> {
    fn push(&mut self, row: &Row<'_>) -> Result<(), ExportError> {
        let (point, quality) = (self.point(row.point), self.quality(row.quality));
        let held = &mut self.held;
        held.points.push(point);
        held.times.push(row.time.as_micros());
        held.has_value.push(row.value.is_some().into());
        held.values.extend(row.value);
        held.qualities.push(quality);
        held.bits.push(row.quality.bits().cast_signed());
        if self.texts {
            held.has_text.push(row.text.is_some().into());
            held.texts.extend(row.text.map(ByteArray::from));
        }
        if held.times.len() >= GROUP_ROWS {
            self.write_group()?;
        }
        Ok(())
    }

    fn end(mut self: Box<Self>) -> Result<(), ExportError> {
        self.write_group()?;
        self.file.finish()?;
        Ok(())
    }
}

impl Held {
    fn clear(&mut self) {
        let Self {
            points,
            times,
            values,
            has_value,
            qualities,
            bits,
            texts,
            has_text,
        } = self;
        [points, qualities, texts].into_iter().for_each(Vec::clear);
        [has_value, has_text].into_iter().for_each(Vec::clear);
        times.clear();
        values.clear();
        bits.clear();
    }
}

/// Writes the next column of a group.
fn column<T: DataType, W: io::Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ExportError> {
    if let Some(mut column) = group.next_column()? {
        column.typed::<T>().write_batch(values, levels, None)?;
        column.close()?;
    }
    Ok(())
}

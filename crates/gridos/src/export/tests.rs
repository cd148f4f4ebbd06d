//! Whatever goes into a file comes out of it again.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use gridos_model::{Quality, Timestamp};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row as Record};
use proptest::prelude::*;

use super::{Columnar, Row, Separated, Sheet};

/// An output that can be looked at when its writer is gone.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A row that owns what is in it.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    point: String,
    micros: i64,
    /// The bits of the number.
    value: Option<u64>,
    text: Option<String>,
    quality: Quality,
}

impl Told {
    fn row(&self) -> Row<'_> {
        Row {
            point: &self.point,
            time: Timestamp::from_micros(self.micros),
            value: self.value.map(f64::from_bits),
            text: self.text.as_deref(),
            quality: self.quality,
        }
    }
}

fn told() -> impl Strategy<Value = Told> {
    let value = any::<f64>().prop_filter("a NaN is none", |value| !value.is_nan());
    let value = prop::option::of(value.prop_map(f64::to_bits));
    let text = prop::option::of("[a-z,\"\r\n µ]{1,8}");
    let times = -9_000_000_000_000_000_i64..9_000_000_000_000_000;
    let quality = (0..=Quality::all().bits()).prop_map(Quality::from_bits_truncate);
    let row = ("[a-z]{1,5}\\.[a-z]{1,5}", times, value, text, quality);
    row.prop_map(|(point, micros, value, text, quality)| Told {
        point,
        micros,
        value,
        text,
        quality,
    })
}

fn written(make: impl Fn(Shared) -> Box<dyn Sheet + Send>, rows: &[Told]) -> Vec<u8> {
    let shared = Shared::default();
    let mut sheet = make(shared.clone());
    for row in rows {
        sheet.push(&row.row()).unwrap();
    }
    sheet.end().unwrap();
    shared.0.lock().unwrap().clone()
}

fn csv_of(rows: &[Told]) -> Vec<u8> {
    written(|out| Box::new(Separated::new(out, true).unwrap()), rows)
}

fn parquet_of(rows: &[Told]) -> SerializedFileReader<Bytes> {
    let bytes = written(|out| Box::new(Columnar::new(out, true).unwrap()), rows);
    SerializedFileReader::new(Bytes::from(bytes)).unwrap()
}

/// The record of a Parquet file.
fn of_record(record: &Record) -> Told {
    let mut told = Told {
        point: String::new(),
        micros: 0,
        value: None,
        text: None,
        quality: Quality::GOOD,
    };
    for (name, field) in record.get_column_iter() {
        match (name.as_str(), field) {
            ("point", Field::Str(point)) => told.point = point.clone(),
            ("time", Field::TimestampMicros(micros)) => told.micros = *micros,
            ("value", Field::Double(value)) => told.value = Some(value.to_bits()),
            ("text", Field::Str(text)) => told.text = Some(text.clone()),
            ("quality_bits", Field::Int(bits)) => {
                told.quality = Quality::from_bits_retain(bits.cast_unsigned());
            }
            ("quality", Field::Str(_)) | ("value" | "text", Field::Null) => {}
            other => panic!("{other:?}"),
        }
    }
    told
}

proptest! {
    #[test]
    fn csv_reads_back(rows in prop::collection::vec(told(), 0..20)) {
        let bytes = csv_of(&rows);
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header = reader.headers().unwrap().iter().collect::<Vec<_>>();
        prop_assert_eq!(header, ["point", "time", "value", "quality", "quality_bits", "text"]);
        let records: Vec<_> = reader.into_records().map(Result::unwrap).collect();
        prop_assert_eq!(records.len(), rows.len());
        for (record, row) in records.iter().zip(&rows) {
            let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            let value = some(&record[2]).map(|text| text.parse::<f64>().unwrap().to_bits());
            let bits: u32 = record[4].parse().unwrap();
            let read = Told {
                point: record[0].to_owned(),
                micros: record[1].parse::<Timestamp>().unwrap().as_micros(),
                value,
                text: some(&record[5]),
                quality: Quality::from_bits_retain(bits),
            };
            prop_assert_eq!(&read, row);
            prop_assert_eq!(record[1].len(), 27, "{}", &record[1]);
            let words: Vec<_> = row.quality.names().collect();
            let words = if words.is_empty() { "good".to_owned() } else { words.join("|") };
            prop_assert_eq!(&record[3], words);
        }
    }

    #[test]
    fn parquet_reads_back(rows in prop::collection::vec(told(), 0..20)) {
        let reader = parquet_of(&rows);
        let records = reader.get_row_iter(None).unwrap();
        let read: Vec<_> = records.map(|record| of_record(&record.unwrap())).collect();
        prop_assert_eq!(read, rows);
    }
}

#[test]
fn numbers_are_short_and_nothing_is_empty() {
    let row = |value: Option<f64>| Told {
        point: "a.b".to_owned(),
        micros: 1_500_000,
        value: value.map(f64::to_bits),
        text: None,
        quality: Quality::LATE | Quality::STALE,
    };
    let values = [
        Some(0.1),
        Some(-1e300),
        Some(f64::INFINITY),
        Some(f64::NEG_INFINITY),
        None,
    ];
    let text = String::from_utf8(csv_of(&values.map(row))).unwrap();
    let values: Vec<_> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap())
        .collect();
    assert_eq!(values, ["0.1", "-1e+300", "Infinity", "-Infinity", ""]);
    let line = "a.b,1970-01-01T00:00:01.500000Z,0.1,stale|late,327680,";
    assert_eq!(text.lines().nth(1), Some(line));
}

#[test]
fn many_rows_go_into_several_groups() {
    let row = |n: i64| Told {
        point: format!("d.p{}", n / 100_000),
        micros: n,
        value: Some(f64::to_bits(1.0)),
        text: None,
        quality: Quality::GOOD,
    };
    let rows: Vec<_> = (0..300_000).map(row).collect();
    let reader = parquet_of(&rows);
    let groups = reader.metadata().row_groups();
    let counts: Vec<_> = groups.iter().map(|group| group.num_rows()).collect();
    assert_eq!(counts, [131_072, 131_072, 37_856]);
    let points = groups[1].column(0).statistics().unwrap();
    assert_eq!(points.min_bytes_opt(), Some(&b"d.p1"[..]));
    assert_eq!(points.max_bytes_opt(), Some(&b"d.p2"[..]));
    let last = reader.get_row_iter(None).unwrap().last().unwrap().unwrap();
    assert_eq!(of_record(&last), rows[299_999]);
}

//! Rows in PostgreSQL's binary COPY format, straight from the columns of the journal.
//!
//! The format is that of the PostgreSQL documentation, `COPY`, "Binary Format": a header, rows of
//! counted fields with their lengths, a trailer, all big-endian. An array is: dimensions, whether
//! it has nulls, element type, length and lower bound of the dimension, then the elements like
//! fields. Nothing is allocated but the output.

use bytes::{BufMut, BytesMut};
use gridos_model::{Events, Quality, Sweep, Timestamp};

use crate::clock;
use crate::minutes::{Column, MinuteRow};
use crate::pack::{Pack, packs};

/// What a COPY begins with: the signature, no flags, no extension.
pub const HEADER: [u8; 19] = *b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What a COPY ends with.
pub const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// The statement that takes the rows of [`sweep`].
pub const COPY_SWEEPS: &str = "copy sweep (layout, ts, received, time_quality, value, quality) \
                               from stdin (format binary)";
/// The statement that takes the rows of [`events`].
pub const COPY_EVENTS: &str = "copy event (layout, ts_first, ts_last, received, point, lag, value, \
                               quality) from stdin (format binary)";

/// The statement that takes the rows of [`minute`].
pub const COPY_MINUTES: &str = "copy minute (layout, ts, received, count, lag, point, counts, \
                                goods, lags, min, max, avg, last) from stdin (format binary)";

/// The numbers of element types, which are the same in every server (`pg_type.dat`).
const FLOAT8: i32 = 701;
const INT4: i32 = 23;

/// Microseconds from 1970 to 2000, where PostgreSQL's time begins.
pub const PG_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Appends the row of a sweep.
pub fn sweep(sweep: &Sweep<'_>, out: &mut BytesMut) {
    let (time, time_quality) = clock::of_sweep(sweep);
    out.put_i16(6);
    field_i64(sweep.layout.as_i64(), out);
    field_i64(pg_micros(time), out);
    field_i64(pg_micros(sweep.received), out);
    match time_quality {
        None => null(out),
        Some(code) => field_i16(code, out),
    }
    value_array(sweep.values, out);
    quality_array(sweep.qualities, out);
}

/// Appends the rows of a batch of events: cut so that none has many events or covers much time.
pub fn events(events: &Events<'_>, out: &mut BytesMut) {
    for pack in packs(events) {
        event_row(&pack, out);
    }
}

/// Appends the row of a minute.
pub fn minute(row: &MinuteRow, out: &mut BytesMut) {
    out.put_i16(13);
    field_i64(row.layout.as_i64(), out);
    field_i64(pg_micros(row.time), out);
    field_i64(pg_micros(row.received), out);
    for same in [&row.counts, &row.lags] {
        match same {
            Column::Same(number) => out.put_slice(&element_4(number.to_be_bytes())),
            Column::Each(_) => null(out),
        }
    }
    let each = |column: &Column, out: &mut BytesMut| match column {
        Column::Same(_) => null(out),
        Column::Each(numbers) => number_array(numbers, out),
    };
    number_array(&row.points, out);
    each(&row.counts, out);
    number_array(&row.goods, out);
    each(&row.lags, out);
    for values in [row.min(), row.max(), row.avg(), Some(row.last())] {
        match values {
            Some(values) => value_array(values, out),
            None => null(out),
        }
    }
}

/// `time` in microseconds since 2000; every [`Timestamp`] lies within PostgreSQL's range.
pub const fn pg_micros(time: Timestamp) -> i64 {
    time.as_micros() - PG_EPOCH_MICROS
}

/// The inverse of [`pg_micros`].
pub const fn from_pg_micros(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros.saturating_add(PG_EPOCH_MICROS))
}

fn event_row(pack: &Pack<'_>, out: &mut BytesMut) {
    let first = whole_micros(pack.first);
    out.put_i16(8);
    field_i64(pack.events.layout.as_i64(), out);
    field_i64(pg_micros(pack.first), out);
    field_i64(pg_micros(pack.last), out);
    field_i64(pg_micros(pack.events.received), out);
    int4_array(pack.events.points, out, |point| point.cast_signed());
    int4_array(pack.events.times, out, |time| {
        // None is earlier, and a pack covers ten minutes at most.
        let nanos = time.as_nanos().wrapping_sub(first).cast_unsigned();
        i32::try_from(nanos / 1_000).unwrap_or(i32::MAX)
    });
    value_array(pack.events.values, out);
    quality_array(pack.events.qualities, out);
}

/// The beginning of the microsecond that `time` is in, in nanoseconds: from there, lags in whole
/// microseconds are found by the cheaper division of numbers without a sign. Before the earliest time
/// it wraps around, and so does the difference.
fn whole_micros(time: Timestamp) -> i64 {
    time.as_micros().wrapping_mul(1_000)
}

fn value_array(values: &[f64], out: &mut BytesMut) {
    if !is_any_nan(values) {
        array_header(FLOAT8, values.len(), 12 * values.len(), false, out);
        elements(values, out, |value| {
            element_8(value.to_bits().to_be_bytes())
        });
    } else {
        let numbers = values.iter().filter(|value| !value.is_nan()).count();
        let bytes = 4 * values.len() + 8 * numbers;
        array_header(FLOAT8, values.len(), bytes, true, out);
        for value in values {
            if value.is_nan() {
                null(out);
            } else {
                out.put_slice(&element_8(value.to_bits().to_be_bytes()));
            }
        }
    }
}

/// Without a way out in the middle, so that several are looked at at once.
fn is_any_nan(values: &[f64]) -> bool {
    let values = values.iter();
    values.fold(false, |is_any, value| is_any | value.is_nan())
}

fn quality_array(qualities: &[Quality], out: &mut BytesMut) {
    if qualities.is_empty() {
        null(out);
    } else {
        int4_array(qualities, out, |quality| quality.bits().cast_signed());
    }
}

fn number_array(numbers: &[u32], out: &mut BytesMut) {
    if numbers.is_empty() {
        null(out);
    } else {
        int4_array(numbers, out, |number| number.cast_signed());
    }
}

fn int4_array<T>(values: &[T], out: &mut BytesMut, number: impl Fn(&T) -> i32) {
    array_header(INT4, values.len(), 8 * values.len(), false, out);
    elements(values, out, |value| element_4(number(value).to_be_bytes()));
}

/// The field's length and the array's header; `bytes` is the size of the elements.
fn array_header(element: i32, count: usize, bytes: usize, nulls: bool, out: &mut BytesMut) {
    let words = [
        length(20 + bytes),
        1,
        i32::from(nulls),
        element,
        length(count),
        1,
    ];
    out.put_slice(words.map(i32::to_be_bytes).as_flattened());
}

/// Appends elements of equal size; the compiler turns this into wide moves.
fn elements<T, const N: usize>(values: &[T], out: &mut BytesMut, element: impl Fn(&T) -> [u8; N]) {
    let start = out.len();
    out.resize(start + N * values.len(), 0);
    let (slots, _) = out[start..].as_chunks_mut::<N>();
    for (slot, value) in slots.iter_mut().zip(values) {
        *slot = element(value);
    }
}

fn element_8(value: [u8; 8]) -> [u8; 12] {
    let [a, b, c, d, e, f, g, h] = value;
    [0, 0, 0, 8, a, b, c, d, e, f, g, h]
}

fn element_4(value: [u8; 4]) -> [u8; 8] {
    let [a, b, c, d] = value;
    [0, 0, 0, 4, a, b, c, d]
}

fn field_i64(value: i64, out: &mut BytesMut) {
    out.put_slice(&element_8(value.to_be_bytes()));
}

fn field_i16(value: i16, out: &mut BytesMut) {
    out.put_i32(2);
    out.put_i16(value);
}

fn null(out: &mut BytesMut) {
    out.put_i32(-1);
}

/// A batch has at most 16 MiB: its lengths fit.
fn length(bytes: usize) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use gridos_model::{LayoutId, TimeQuality};
    use proptest::prelude::*;
    use tokio_postgres::types::{ToSql, Type};

    use super::*;
    use crate::minutes::Minutes;

    /// The driver's own slow encoding, field by field.
    fn field(value: &(dyn ToSql + Sync), of: &Type, out: &mut BytesMut) {
        let mut body = BytesMut::new();
        match value.to_sql_checked(of, &mut body).unwrap() {
            tokio_postgres::types::IsNull::Yes => out.put_i32(-1),
            tokio_postgres::types::IsNull::No => {
                out.put_i32(i32::try_from(body.len()).unwrap());
                out.put_slice(&body);
            }
        }
    }

    fn nullable(values: &[f64]) -> Vec<Option<f64>> {
        let number = |value: &f64| (!value.is_nan()).then_some(*value);
        values.iter().map(number).collect()
    }

    fn flags(qualities: &[Quality]) -> Option<Vec<i32>> {
        let bits = |quality: &Quality| quality.bits().cast_signed();
        (!qualities.is_empty()).then(|| qualities.iter().map(bits).collect())
    }

    fn columns() -> impl Strategy<Value = (Vec<f64>, Vec<Quality>)> {
        let value = prop_oneof![9 => -1e6..1e6_f64, 1 => any::<f64>(), 1 => Just(f64::NAN), 1 => Just(f64::NEG_INFINITY)];
        (
            prop::collection::vec(value, 1..300),
            any::<bool>(),
            any::<u32>(),
        )
            .prop_map(|(values, judged, bits)| {
                let count = if judged { values.len() } else { 0 };
                let qualities = vec![Quality::from_bits_retain(bits); count];
                (values, qualities)
            })
    }

    proptest! {
        #[test]
        fn a_sweep_is_what_the_driver_would_send(
            (values, qualities) in columns(),
            layout in any::<u64>(),
            (time, received) in any::<(i64, i64)>(),
            quality in 0_usize..3,
        ) {
            let (time_quality, number) = [
                (TimeQuality::Synchronised, None),
                (TimeQuality::Unsynchronised, Some(1_i16)),
                (TimeQuality::None, Some(2)),
            ][quality];
            let received = received.max(time);
            let row = Sweep {
                layout: LayoutId::from_raw(layout),
                time: Timestamp::from_nanos(time),
                time_quality,
                received: Timestamp::from_nanos(received),
                values: &values,
                qualities: &qualities,
            };
            let mut expected = BytesMut::new();
            expected.put_i16(6);
            field(&row.layout.as_i64(), &Type::INT8, &mut expected);
            field(&pg_micros(row.time), &Type::INT8, &mut expected);
            field(&pg_micros(row.received), &Type::INT8, &mut expected);
            field(&number, &Type::INT2, &mut expected);
            field(&nullable(&values), &Type::FLOAT8_ARRAY, &mut expected);
            field(&flags(&qualities), &Type::INT4_ARRAY, &mut expected);
            let mut encoded = BytesMut::new();
            sweep(&row, &mut encoded);
            prop_assert_eq!(encoded, expected);
        }

        #[test]
        fn events_are_what_the_driver_would_send(
            (values, qualities) in columns(),
            start in any::<i32>(),
            step in 0_i64..20_000,
        ) {
            let points: Vec<u32> = (0..).take(values.len()).collect();
            let time = |n: &u32| {
                Timestamp::from_millis(i64::from(start) * 1_000 + i64::from(*n) * step)
            };
            let times: Vec<_> = points.iter().map(time).collect();
            let batch = Events {
                layout: LayoutId::from_raw(3),
                received: Timestamp::from_millis(7),
                points: &points,
                times: &times,
                values: &values,
                qualities: &qualities,
            };
            let mut expected = BytesMut::new();
            for pack in packs(&batch) {
                let points: Vec<i32> = pack.events.points.iter().map(|p| p.cast_signed()).collect();
                let lags = pack.events.times.iter().map(|time| {
                    i32::try_from(time.as_micros() - pack.first.as_micros()).unwrap()
                });
                expected.put_i16(8);
                field(&3_i64, &Type::INT8, &mut expected);
                field(&pg_micros(pack.first), &Type::INT8, &mut expected);
                field(&pg_micros(pack.last), &Type::INT8, &mut expected);
                field(&pg_micros(batch.received), &Type::INT8, &mut expected);
                field(&points, &Type::INT4_ARRAY, &mut expected);
                field(&lags.collect::<Vec<_>>(), &Type::INT4_ARRAY, &mut expected);
                field(&nullable(pack.events.values), &Type::FLOAT8_ARRAY, &mut expected);
                field(&flags(pack.events.qualities), &Type::INT4_ARRAY, &mut expected);
            }
            let mut encoded = BytesMut::new();
            events(&batch, &mut encoded);
            prop_assert_eq!(encoded, expected);
        }
    }

    /// All that a row of a minute may leave out, and nothing of it.
    #[test]
    fn minutes_are_what_the_driver_would_send() {
        let mut minutes = Minutes::default();
        let sweep = |millis, values: &'static [f64]| Sweep {
            layout: LayoutId::from_raw(3),
            time: Timestamp::from_millis(millis),
            time_quality: TimeQuality::Synchronised,
            received: Timestamp::from_millis(millis + 1),
            values,
            qualities: &[],
        };
        minutes.add_sweep(&sweep(60_500, &[0.5, 2.5]));
        minutes.add_sweep(&sweep(120_500, &[0.5, 2.5]));
        minutes.add_sweep(&sweep(121_500, &[1.5, f64::NAN]));
        minutes.add_events(&Events {
            layout: LayoutId::from_raw(4),
            received: Timestamp::from_millis(9),
            points: &[7, 5, 7],
            times: &[0, 1, 2].map(Timestamp::from_millis),
            values: &[1.0, 2.0, 3.0],
            qualities: &[],
        });
        let rows: Vec<_> = minutes.close().collect();
        let none: Option<Vec<i32>> = None;
        let some = |numbers: &[i32]| Some(numbers.to_vec());
        let values = |values: [Option<f64>; 2]| Some(values.to_vec());
        type Expected = (
            (i64, i64, i64),
            [Option<i32>; 2],
            [Option<Vec<i32>>; 4],
            [Option<Vec<Option<f64>>>; 4],
        );
        let last = values([Some(1.5), Some(2.5)]);
        let expected: [Expected; 3] = [
            (
                (3, 60_000, 60_501),
                [Some(1), Some(500_000)],
                [none.clone(), none.clone(), none.clone(), none.clone()],
                [None, None, None, values([Some(0.5), Some(2.5)])],
            ),
            (
                (3, 120_000, 121_501),
                [Some(2), None],
                [
                    none.clone(),
                    none.clone(),
                    some(&[2, 1]),
                    some(&[1_500_000, 500_000]),
                ],
                [
                    values([Some(0.5), Some(2.5)]),
                    None,
                    values([Some(1.0), Some(2.5)]),
                    last,
                ],
            ),
            (
                (4, 0, 9),
                [None, None],
                [some(&[5, 7]), some(&[1, 2]), none, some(&[1_000, 2_000])],
                [
                    values([Some(2.0), Some(1.0)]),
                    None,
                    values([Some(2.0), Some(2.0)]),
                    values([Some(2.0), Some(3.0)]),
                ],
            ),
        ];
        for (row, ((layout, time, received), same, numbers, columns)) in rows.iter().zip(expected) {
            let mut expected = BytesMut::new();
            expected.put_i16(13);
            field(&layout, &Type::INT8, &mut expected);
            for time in [time, received] {
                let micros = pg_micros(Timestamp::from_millis(time));
                field(&micros, &Type::INT8, &mut expected);
            }
            for same in same {
                field(&same, &Type::INT4, &mut expected);
            }
            for numbers in numbers {
                field(&numbers, &Type::INT4_ARRAY, &mut expected);
            }
            for column in columns {
                field(&column, &Type::FLOAT8_ARRAY, &mut expected);
            }
            let mut encoded = BytesMut::new();
            minute(row, &mut encoded);
            assert_eq!(encoded, expected, "{row:?}");
        }
        assert_eq!(rows.len(), 3);
    }

    #[test]
    fn times_are_within_the_range_of_postgresql() {
        for time in [Timestamp::MIN, Timestamp::EPOCH, Timestamp::MAX] {
            let back = from_pg_micros(pg_micros(time));
            assert_eq!(back.as_micros(), time.as_micros());
        }
        // 4713 BC to 294276 AD, the documentation's "Date/Time Types".
        assert!(pg_micros(Timestamp::MIN) > -211_813_488_000_000_000);
        assert!(pg_micros(Timestamp::MAX) < 9_223_371_331_200_000_000);
    }
}

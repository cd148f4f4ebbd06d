//! The rows of a chunk: columns as JSON text, one row for each sweep and each pack of events.

use gridos_journal::{LayoutDefinition, StreamId};
use gridos_model::{DeadLetter, DeviceId, Events, Gap, PointId, Sweep, Texts, Transition};
use gridos_rows::clock;
use gridos_rows::minutes::{Column, MinuteRow};
use gridos_rows::pack::{Pack, packs};
use rusqlite::{Result, Transaction};

use super::time::{push_time, time_text};
use crate::contents::Quarantined;
use crate::{gap_device, json, latest};

/// Makes layouts known, with their devices and points. Ids are hashes of the content, so there is
/// nothing to change in those that are there, except a point's unit, which is not part of its id.
pub(crate) fn layouts<'a>(
    transaction: &Transaction<'_>,
    layouts: impl IntoIterator<Item = &'a LayoutDefinition>,
) -> Result<()> {
    let mut device_row = transaction
        .prepare_cached("insert into device (id, name) values (?1, ?2) on conflict do nothing")?;
    let mut layout_row = transaction
        .prepare_cached("insert into layout (id, device) values (?1, ?2) on conflict do nothing")?;
    let mut point_row = transaction.prepare_cached(
        "insert into point (id, device, name, unit) values (?1, ?2, ?3, ?4)
         on conflict (id) do update set unit = excluded.unit where unit <> excluded.unit",
    )?;
    let mut place_row = transaction.prepare_cached(
        "insert into layout_point (layout, position, point) values (?1, ?2, ?3)
         on conflict do nothing",
    )?;
    for layout in layouts {
        let (id, device) = (layout.id.as_i64(), DeviceId::of(&layout.device).as_i64());
        device_row.execute((device, &layout.device))?;
        layout_row.execute((id, device))?;
        for (position, (name, unit)) in (0_i64..).zip(&layout.points) {
            let point = PointId::of(&layout.device, name).as_i64();
            point_row.execute((point, device, format!("{}.{name}", layout.device), unit))?;
            place_row.execute((id, position, point))?;
        }
    }
    Ok(())
}

/// Inserts sweeps.
pub(crate) fn sweeps(transaction: &Transaction<'_>, sweeps: &[Sweep<'_>]) -> Result<()> {
    let mut row = transaction.prepare_cached(
        "insert into sweep (layout, ts, received, time_quality, value, quality)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut text = Columns::default();
    for sweep in sweeps {
        text.clear();
        let (time, time_quality) = clock::of_sweep(sweep);
        push_time(time, &mut text.first);
        push_time(sweep.received, &mut text.received);
        json::values(sweep.values, &mut text.value);
        json::qualities(sweep.qualities, &mut text.quality);
        row.execute((
            sweep.layout.as_i64(),
            &text.first,
            &text.received,
            time_quality,
            &text.value,
            (!sweep.qualities.is_empty()).then_some(&text.quality),
        ))?;
    }
    Ok(())
}

/// Inserts events.
pub(crate) fn events(transaction: &Transaction<'_>, events: &[Events<'_>]) -> Result<()> {
    let mut row = transaction.prepare_cached(
        "insert into event (layout, ts_first, ts_last, received, point, ts, value, quality)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let mut text = Columns::default();
    for pack in events.iter().flat_map(packs) {
        text.clear();
        text.push_pack(&pack);
        row.execute((
            pack.events.layout.as_i64(),
            &text.first,
            &text.last,
            &text.received,
            &text.point,
            &text.time,
            &text.value,
            (!pack.events.qualities.is_empty()).then_some(&text.quality),
        ))?;
    }
    Ok(())
}

/// Brings `latest_event` up to date with the events of a chunk.
pub(crate) fn latest_events(transaction: &Transaction<'_>, events: &[Events<'_>]) -> Result<()> {
    let mut upsert = transaction.prepare_cached(
        "insert into latest_event (layout, position, ts, value, quality)
         values (?1, ?2, ?3, ?4, ?5)
         on conflict (layout, position) do update
         set ts = excluded.ts, value = excluded.value, quality = excluded.quality
         where latest_event.ts <= excluded.ts",
    )?;
    for row in latest::latest_events(events) {
        upsert.execute((
            row.layout.as_i64(),
            row.position,
            time_text(row.time),
            number(row.value),
            row.quality.bits(),
        ))?;
    }
    Ok(())
}

/// Inserts texts.
pub(crate) fn texts(transaction: &Transaction<'_>, batches: &[Texts<'_>]) -> Result<()> {
    let mut row = transaction.prepare_cached(
        "insert into text_event (layout, ts, received, position, text, quality)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for batch in batches {
        let received = time_text(batch.received);
        let places = batch.points.iter().zip(batch.times);
        for (nth, ((position, time), text)) in places.zip(batch.texts.iter()).enumerate() {
            let quality = batch.qualities.get(nth).copied().unwrap_or_default();
            row.execute((
                batch.layout.as_i64(),
                time_text(*time),
                &received,
                position,
                text,
                quality.bits(),
            ))?;
        }
    }
    Ok(())
}

/// Inserts alarm transitions.
pub(crate) fn transitions(transaction: &Transaction<'_>, transitions: &[Transition]) -> Result<()> {
    let mut row = transaction.prepare_cached(
        "insert into alarm_transition
         (point, ts, received, from_level, to_level, value, quality, occurrence)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for change in transitions {
        row.execute((
            change.point.as_i64(),
            time_text(change.time),
            time_text(change.received),
            change.from.name(),
            change.to.name(),
            number(change.value),
            change.quality.bits(),
            change.occurrence.cast_signed(),
        ))?;
    }
    Ok(())
}

/// Inserts gaps.
pub(crate) fn gaps(transaction: &Transaction<'_>, stream: StreamId, gaps: &[Gap]) -> Result<()> {
    let mut row = transaction.prepare_cached(
        "insert into gap (device, from_ts, until_ts, reason, stream) values (?1, ?2, ?3, ?4, ?5)",
    )?;
    for gap in gaps {
        row.execute((
            gap_device(gap),
            time_text(gap.from),
            time_text(gap.until),
            gap.reason.name(),
            stream.as_i64(),
        ))?;
    }
    Ok(())
}

/// Inserts dead letters.
pub(crate) fn letters(transaction: &Transaction<'_>, letters: &[DeadLetter]) -> Result<()> {
    let mut row = transaction.prepare_cached(
        "insert into message_rest (device, received, reason, octets, length)
         values (?1, ?2, ?3, ?4, ?5)",
    )?;
    for letter in letters {
        row.execute((
            letter.device().as_i64(),
            time_text(letter.received()),
            letter.reason(),
            letter.octets(),
            letter.length(),
        ))?;
    }
    Ok(())
}

/// Inserts what cannot be stored as what it is.
pub(crate) fn quarantine(
    transaction: &Transaction<'_>,
    stream: StreamId,
    quarantined: &[Quarantined<'_>],
) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "insert into quarantine (stream, position, readings, reason, record, frame)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for row in quarantined {
        insert.execute((
            stream.as_i64(),
            row.position.get().cast_signed(),
            row.readings.cast_signed(),
            &row.reason,
            &row.record,
            row.frame,
        ))?;
    }
    Ok(())
}

/// Inserts minutes, as they are closed.
pub(crate) fn minutes(
    transaction: &Transaction<'_>,
    rows: impl Iterator<Item = MinuteRow>,
) -> Result<()> {
    let mut insert = transaction.prepare_cached(
        "insert into minute (layout, ts, received, count, lag, point, counts, goods, lags, min, max,
         avg, last)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    for row in rows {
        let (count, counts) = numbers(&row.counts);
        let (lag, lags) = numbers(&row.lags);
        let each = |numbers: &[u32]| (!numbers.is_empty()).then(|| integers(numbers));
        insert.execute((
            row.layout.as_i64(),
            time_text(row.time),
            time_text(row.received),
            count,
            lag,
            each(&row.points),
            counts,
            each(&row.goods),
            lags,
            row.min().map(values),
            row.max().map(values),
            row.avg().map(values),
            values(row.last()),
        ))?;
    }
    Ok(())
}

/// What all points have, or what each has.
fn numbers(column: &Column) -> (Option<u32>, Option<String>) {
    match column {
        Column::Same(number) => (Some(*number), None),
        Column::Each(numbers) => (None, Some(integers(numbers))),
    }
}

fn integers(numbers: &[u32]) -> String {
    let mut text = String::new();
    json::integers(numbers, &mut text);
    text
}

fn values(values: &[f64]) -> String {
    let mut text = String::new();
    json::values(values, &mut text);
    text
}

/// The columns of one row as text, kept from row to row for their memory.
#[derive(Default)]
struct Columns {
    first: String,
    last: String,
    received: String,
    point: String,
    time: String,
    value: String,
    quality: String,
}

impl Columns {
    fn push_pack(&mut self, pack: &Pack<'_>) {
        let events = &pack.events;
        push_time(pack.first, &mut self.first);
        push_time(pack.last, &mut self.last);
        push_time(events.received, &mut self.received);
        json::integers(events.points, &mut self.point);
        json::array(events.times, &mut self.time, |time, out| {
            out.push('"');
            push_time(*time, out);
            out.push('"');
        });
        json::values(events.values, &mut self.value);
        json::qualities(events.qualities, &mut self.quality);
    }

    fn clear(&mut self) {
        let Self {
            first,
            last,
            received,
            point,
            time,
            value,
            quality,
        } = self;
        for text in [first, last, received, point, time, value, quality] {
            text.clear();
        }
    }
}

/// Infinities are kept as such; NaN is null.
fn number(value: f64) -> Option<f64> {
    (!value.is_nan()).then_some(value)
}

//! Taking history out of the store, into files that other programs read.
//!
//! Rows come device by device, in the order of their names, and within a device in order of time:
//! so each stored sweep is read once, however many points it has. Neither the range nor a device's
//! part of it is ever held in memory: a page is asked for, written, and forgotten.

use std::io;
use std::sync::Arc;

use gridos_model::{Quality, Timestamp};
use gridos_store::{
    HistoryQuery, PointRow, PointsQuery, ReadingsQuery, Store, StoreError, TextRow,
};

mod columnar;
mod separated;
#[cfg(test)]
mod tests;
mod unfinished;
mod way;

pub(crate) use columnar::Columnar;
pub(crate) use separated::Separated;
pub(crate) use unfinished::Unfinished;
pub(crate) use way::Way;

use crate::progress::Progress;

/// Readings that are asked for at once.
const PAGE: usize = 10_000;

/// What is to be taken out.
#[derive(Clone, Debug)]
pub(crate) struct Extract {
    /// Of which points; if none and no devices are named, of all.
    pub(crate) points: PointsQuery,
    /// The first instant wanted.
    pub(crate) from: Timestamp,
    /// The first instant no longer wanted.
    pub(crate) until: Timestamp,
    /// Whether texts are wanted, too: behind the numbers of each device, point by point.
    pub(crate) texts: bool,
}

/// One row of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    /// The point's full name, `device.point`.
    pub(crate) point: &'a str,
    pub(crate) time: Timestamp,
    /// None if it was NaN, and for a text.
    pub(crate) value: Option<f64>,
    /// None for a number.
    pub(crate) text: Option<&'a str>,
    pub(crate) quality: Quality,
}

/// A format of files.
pub(crate) trait Sheet {
    /// Takes the next row.
    fn push(&mut self, row: &Row<'_>) -> Result<(), ExportError>;

    /// Writes what is still held, and the end of the file.
    fn end(self: Box<Self>) -> Result<(), ExportError>;
}

/// What was taken out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) readings: u64,
    pub(crate) texts: u64,
    /// Points and devices that were asked for, whether they had readings or not.
    pub(crate) points: usize,
    pub(crate) devices: usize,
}

/// Why history cannot be taken out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportError {
    /// The store does not answer.
    #[error("the history cannot be read")]
    Store(#[from] StoreError),
    /// The disk is full, or nobody reads the output any more.
    #[error("the rows cannot be written")]
    Write(#[from] io::Error),
    /// As before, but told by the library of the format.
    #[error("the rows cannot be written")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The store does not know it.
    #[error(
        "the database knows no {what} '{name}': only what an engine with this database had in its \
             configuration"
    )]
    Unknown {
        /// `device` or `point`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// More texts came at one instant than can be told apart.
    #[error("point '{0}' has too many texts at one instant")]
    Crowded(String),
}

/// Takes readings out of `store` and into `sheet`.
pub(crate) async fn run(
    store: &Arc<dyn Store>,
    extract: &Extract,
    mut sheet: Box<dyn Sheet + Send>,
    progress: &Progress,
) -> Result<Counts, ExportError> {
    let points = store.points(&extract.points).await?;
    check(&extract.points, &points)?;
    let mut counts = Counts {
        points: points.len(),
        ..Counts::default()
    };
    let devices = points.chunk_by(|a, b| a.device == b.device);
    let mut way = Way::new(progress, extract, devices.clone().count());
    for device in devices {
        counts.devices += 1;
        let names = device.iter().map(|row| row.point.clone()).collect();
        counts.readings += numbers(store, extract, names, &mut *sheet, &mut way).await?;
        way.on_device();
        if extract.texts {
            for PointRow { point, .. } in device {
                counts.texts += texts(store, extract, point, &mut *sheet).await?;
            }
        }
    }
    sheet.end()?;
    Ok(counts)
}

/// Refuses names that the store does not know: a misspelt one would give an empty file.
fn check(asked: &PointsQuery, known: &[PointRow]) -> Result<(), ExportError> {
    let no_device = |name: &&String| known.iter().all(|row| row.device != **name);
    let no_point = |name: &&String| known.iter().all(|row| row.point != **name);
    let device = asked.devices.iter().find(no_device);
    let device = device.map(|name| ("device", name));
    let point = || {
        asked
            .points
            .iter()
            .find(no_point)
            .map(|name| ("point", name))
    };
    match device.or_else(point) {
        None => Ok(()),
        Some((what, name)) => Err(ExportError::Unknown {
            what,
            name: name.clone(),
        }),
    }
}

/// The readings of some points, the oldest first.
async fn numbers(
    store: &Arc<dyn Store>,
    extract: &Extract,
    points: Vec<String>,
    sheet: &mut (dyn Sheet + Send),
    way: &mut Way<'_>,
) -> Result<u64, ExportError> {
    let mut query = ReadingsQuery {
        points,
        from: extract.from,
        until: extract.until,
        limit: PAGE,
        youngest: false,
        after: None,
    };
    let mut count = 0;
    loop {
        let page = store.readings(&query).await?;
        for reading in &page.readings {
            sheet.push(&Row {
                point: &query.points[reading.point],
                time: reading.time,
                value: reading.value,
                text: None,
                quality: reading.quality,
            })?;
        }
        count += page.readings.len() as u64;
        let last = page.readings.last().map(|reading| reading.time);
        way.on_page(page.readings.len(), last);
        query.after = page.next;
        if query.after.is_none() {
            return Ok(count);
        }
    }
}

/// The texts of a point, the oldest first.
async fn texts(
    store: &Arc<dyn Store>,
    extract: &Extract,
    point: &str,
    sheet: &mut (dyn Sheet + Send),
) -> Result<u64, ExportError> {
    let mut query = HistoryQuery {
        point: point.to_owned(),
        from: extract.from,
        until: extract.until,
        limit: PAGE,
        youngest: false,
    };
    let mut count = 0;
    loop {
        let mut rows = store.texts(&query).await?;
        let is_last = rows.len() < query.limit;
        if !is_last {
            // Others of the last instant may follow: it is asked for again as a whole.
            let last = rows.last().map_or(query.until, |row| row.time);
            rows.retain(|row| row.time < last);
            if rows.is_empty() {
                return Err(ExportError::Crowded(point.to_owned()));
            }
            query.from = last;
        }
        for row in &rows {
            sheet.push(&text_row(row))?;
        }
        count += rows.len() as u64;
        if is_last {
            return Ok(count);
        }
    }
}

fn text_row(row: &TextRow) -> Row<'_> {
    Row {
        point: &row.point,
        time: row.time,
        value: None,
        text: Some(&row.text)
            .filter(|text| !text.is_empty() || !row.quality.is_bad())
            .map(|text| &**text),
        quality: row.quality,
    }
}

/// What is known against a value, as files show it: `good`, or names of flags with `|` between.
fn quality_text(quality: Quality) -> String {
    match quality.is_good() {
        true => "good".to_owned(),
        false => quality.names().collect::<Vec<_>>().join("|"),
    }
}

//! Rows on their way to the server: encoded while it works on those before.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use gridos_journal::Chunk;
use gridos_model::{Events, Sweep};
use gridos_rows::copy::{self, COPY_EVENTS, COPY_MINUTES, COPY_SWEEPS, HEADER, TRAILER};
use gridos_rows::minutes::MinuteRow;
use gridos_rows::pack::packs;

use super::connection::Connection;
use super::fault::{classify, line};
use crate::StoreError;
use crate::contents::place_of;

/// Bytes that go to the driver at once. Each such piece is one hop between tasks and one frame,
/// so it should be large; it is memory too, so not too large.
const PIECE_BYTES: usize = 128 << 10;

/// A batch that becomes rows of a table.
trait Rows {
    fn encode(&self, out: &mut BytesMut);

    /// How many rows it becomes.
    fn count(&self) -> usize;

    fn values(&self) -> &[f64];
}

impl Rows for Sweep<'_> {
    fn encode(&self, out: &mut BytesMut) {
        copy::sweep(self, out);
    }

    fn count(&self) -> usize {
        1
    }

    fn values(&self) -> &[f64] {
        self.values
    }
}

impl Rows for Events<'_> {
    fn encode(&self, out: &mut BytesMut) {
        copy::events(self, out);
    }

    fn count(&self) -> usize {
        packs(self).count()
    }

    fn values(&self) -> &[f64] {
        self.values
    }
}

/// Copies sweeps of `chunk` to their table.
pub(crate) async fn sweeps(
    connection: &mut Connection,
    chunk: &Chunk,
    sweeps: &[Sweep<'_>],
) -> Result<(), StoreError> {
    copy_batches(connection, COPY_SWEEPS, chunk, sweeps).await
}

/// Copies events of `chunk` to their table.
pub(crate) async fn events(
    connection: &mut Connection,
    chunk: &Chunk,
    events: &[Events<'_>],
) -> Result<(), StoreError> {
    copy_batches(connection, COPY_EVENTS, chunk, events).await
}

/// Copies minutes to their table, as they are closed.
pub(crate) async fn minutes(
    connection: &mut Connection,
    rows: impl Iterator<Item = MinuteRow>,
) -> Result<(), StoreError> {
    let encode = |row: MinuteRow, out: &mut BytesMut| copy::minute(&row, out);
    self::rows(connection, COPY_MINUTES, rows, encode).await
}

/// Copies other rows to their table.
pub(crate) async fn rows<T>(
    connection: &mut Connection,
    sql: &'static str,
    rows: impl IntoIterator<Item = T>,
    encode: fn(T, &mut BytesMut),
) -> Result<(), StoreError> {
    let copied = copy(connection, sql, rows, encode).await;
    copied.map_err(|broken| broken.error)
}

/// Copies batches of `chunk`. If the server refuses a row for its content and says which, the error
/// says where its record begins.
async fn copy_batches<T: Rows>(
    connection: &mut Connection,
    sql: &'static str,
    chunk: &Chunk,
    batches: &[T],
) -> Result<(), StoreError> {
    let copied = copy(connection, sql, batches, |batch, out| batch.encode(out)).await;
    copied.map_err(|Broken { mut error, line }| {
        if let StoreError::Content { at, .. } = &mut error {
            let culprit = line.and_then(|line| batch_of(batches, line));
            *at = culprit.and_then(|batch| place_of(chunk, batch.values()));
        }
        error
    })
}

/// Why a COPY failed, and at which line, counted from 1, if the server says so.
struct Broken {
    error: StoreError,
    line: Option<usize>,
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self { error, line: None }
    }
}

async fn copy<T>(
    connection: &mut Connection,
    sql: &'static str,
    batches: impl IntoIterator<Item = T>,
    encode: fn(T, &mut BytesMut),
) -> Result<(), Broken> {
    let mut batches = batches.into_iter().peekable();
    if batches.peek().is_none() {
        return Ok(());
    }
    let statement = connection.prepare(sql).await?;
    // The whole COPY has the time of one statement, however slowly the server takes its pieces.
    let deadline = connection.deadline();
    let begun = connection.client().copy_in::<_, Bytes>(&statement);
    let mut sink = pin!(deadline.wait(begun).await?.map_err(|e| classify(&e))?);
    let mut piece = BytesMut::with_capacity(2 * PIECE_BYTES);
    piece.extend_from_slice(&HEADER);
    for batch in batches {
        encode(batch, &mut piece);
        if piece.len() >= PIECE_BYTES {
            let full = piece.split().freeze();
            let fed = deadline.wait(sink.feed(full)).await?;
            fed.map_err(|error| classify(&error))?;
            piece.reserve(2 * PIECE_BYTES);
        }
    }
    piece.extend_from_slice(&TRAILER);
    let fed = deadline.wait(sink.feed(piece.freeze())).await?;
    fed.map_err(|error| classify(&error))?;
    let finished = deadline.wait(sink.finish()).await?;
    finished.map(|_| ()).map_err(|error| Broken {
        line: line(&error),
        error: classify(&error),
    })
}

/// The batch that became the row in line `line`, counted from 1.
fn batch_of<T: Rows>(batches: &[T], line: usize) -> Option<&T> {
    let mut before = 0;
    batches.iter().find(|batch| {
        before += batch.count();
        line <= before
    })
}

#[cfg(test)]
mod tests {
    use gridos_model::{LayoutId, Timestamp};

    use super::*;

    #[test]
    fn a_line_is_found_among_batches_of_several_rows() {
        // The second batch covers more than ten minutes, and so becomes two rows.
        let hour = Timestamp::from_millis(3_600_000);
        let (early, both) = ([Timestamp::EPOCH], [Timestamp::EPOCH, hour]);
        let of = |times, values| Events {
            layout: LayoutId::from_raw(7),
            received: hour,
            points: &[0, 0][..<[f64]>::len(values)],
            times,
            values,
            qualities: &[],
        };
        let batches = [
            of(&early, &[1.0]),
            of(&both, &[2.0, 3.0]),
            of(&early, &[4.0]),
        ];
        let first = |line| batch_of(&batches, line).map(|batch| batch.values[0]);
        assert_eq!(
            [1, 2, 3, 4, 5].map(first),
            [Some(1.0), Some(2.0), Some(2.0), Some(4.0), None]
        );
    }
}

//! Rows on their way to the server: encoded while it works on those before.

use std::pin::pin;

use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use gridos_model::{Events, Sweep};

use super::connection::Connection;
use super::encode::{self, COPY_EVENTS, COPY_SWEEPS, HEADER, TRAILER};
use crate::StoreError;

/// Bytes that go to the driver at once. Each such piece is one hop between tasks and one frame,
/// so it should be large; it is memory too, so not too large.
const PIECE_BYTES: usize = 128 << 10;

/// Copies sweeps to their table.
pub(crate) async fn sweeps(
    connection: &mut Connection,
    sweeps: &[Sweep<'_>],
) -> Result<(), StoreError> {
    copy(connection, COPY_SWEEPS, sweeps, encode::sweep).await
}

/// Copies events to their table.
pub(crate) async fn events(
    connection: &mut Connection,
    events: &[Events<'_>],
) -> Result<(), StoreError> {
    copy(connection, COPY_EVENTS, events, encode::events).await
}

async fn copy<T>(
    connection: &mut Connection,
    sql: &'static str,
    batches: &[T],
    encode: fn(&T, &mut BytesMut),
) -> Result<(), StoreError> {
    if batches.is_empty() {
        return Ok(());
    }
    let statement = connection.prepare(sql).await?;
    let begun = connection.client().copy_in::<_, Bytes>(&statement);
    let mut sink = pin!(connection.within(begun).await?);
    let mut piece = BytesMut::with_capacity(2 * PIECE_BYTES);
    piece.extend_from_slice(&HEADER);
    for batch in batches {
        encode(batch, &mut piece);
        if piece.len() >= PIECE_BYTES {
            let full = piece.split().freeze();
            connection.within(sink.feed(full)).await?;
            piece.reserve(2 * PIECE_BYTES);
        }
    }
    piece.extend_from_slice(&TRAILER);
    connection.within(sink.feed(piece.freeze())).await?;
    connection.within(sink.finish()).await?;
    Ok(())
}

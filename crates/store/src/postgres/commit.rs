//! One chunk, one transaction.

use gridos_journal::{Chunk, LayoutBook, StreamId, Tail};
use tokio_postgres::SimpleQueryMessage;

use super::connection::Connection;
use super::{copy, rows};
use crate::contents::{Contents, Quarantined};
use crate::{Loss, StoreError, Stored};

/// How far `stream` is stored.
pub(crate) async fn position(
    connection: &mut Connection,
    stream: StreamId,
) -> Result<Stored, StoreError> {
    let sql = "select position, readings from stream_position where stream = $1";
    let statement = connection.prepare(sql).await?;
    let key = stream.as_i64();
    let client = connection.client();
    let row = connection
        .within(client.query_opt(&statement, &[&key]))
        .await?;
    let tail = row.map_or(Tail::default(), |row| Tail {
        position: gridos_journal::Position::new(row.get::<_, i64>(0).cast_unsigned()),
        readings: row.get::<_, i64>(1).cast_unsigned(),
    });
    Ok(Stored { tail })
}

/// Commits a chunk and the position behind it.
pub(crate) async fn chunk(
    connection: &mut Connection,
    stream: StreamId,
    chunk: &Chunk,
    book: &LayoutBook,
) -> Result<(), StoreError> {
    let contents = Contents::sort(chunk, book, &connection.known)?;
    begin(connection, stream, chunk.from(), chunk.until()).await?;
    rows::layouts(connection, &contents.fresh).await?;
    copy::sweeps(connection, &contents.sweeps).await?;
    copy::events(connection, &contents.events).await?;
    rows::latest_events(connection, &contents.events).await?;
    rows::transitions(connection, &contents.transitions).await?;
    rows::gaps(connection, &contents.gaps).await?;
    rows::quarantine(connection, stream, &contents.quarantined).await?;
    connection.run("commit").await?;
    contents.report_quarantined(stream);
    let fresh = contents.fresh.iter();
    let fresh: Vec<_> = fresh
        .map(|(id, layout)| (*id, layout.points.len()))
        .collect();
    connection.known.extend(fresh);
    Ok(())
}

/// Commits the position behind a loss, and what was lost.
pub(crate) async fn loss(
    connection: &mut Connection,
    stream: StreamId,
    loss: &Loss,
) -> Result<(), StoreError> {
    begin(connection, stream, loss.from, loss.until).await?;
    let row = Quarantined {
        position: loss.from.position,
        readings: loss.readings(),
        reason: loss.reason.clone(),
        record: None,
    };
    rows::quarantine(connection, stream, &[row]).await?;
    connection.run("commit").await
}

/// Begins the transaction by moving the position: its row is locked from here on, so a commit
/// that an earlier connection left behind either comes before and moves us, or never comes.
async fn begin(
    connection: &mut Connection,
    stream: StreamId,
    from: Tail,
    until: Tail,
) -> Result<(), StoreError> {
    let new = if from.position == gridos_journal::Position::START {
        format!(
            "insert into stream_position (stream, position, readings) \
             values ({}, 0, 0) on conflict do nothing;",
            stream.as_i64()
        )
    } else {
        String::new()
    };
    let sql = format!(
        "begin isolation level read committed read write; {new} \
         update stream_position set position = {}, readings = {} \
         where stream = {} and position = {}",
        until.position.get().cast_signed(),
        until.readings.cast_signed(),
        stream.as_i64(),
        from.position.get().cast_signed(),
    );
    let answers = connection.within(connection.client().simple_query(&sql));
    let updated = answers.await?.into_iter().rev().find_map(|answer| {
        if let SimpleQueryMessage::CommandComplete(rows) = answer {
            Some(rows)
        } else {
            None
        }
    });
    if updated == Some(1) {
        return Ok(());
    }
    connection.run("rollback").await?;
    let stored = position(connection, stream).await?.tail;
    Err(StoreError::Moved { stored })
}

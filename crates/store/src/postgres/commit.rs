//! One chunk, one transaction.

use gridos_journal::{Chunk, LayoutBook, Position, StreamId, Tail};
use tokio_postgres::SimpleQueryMessage;

use super::connection::Connection;
use super::{copy, introduce, rows};
use crate::contents::{Contents, Quarantined};
use crate::step::Step;
use crate::{Loss, StoreError, Stored};

/// How far `stream` is stored.
pub(crate) async fn position(
    connection: &mut Connection,
    stream: StreamId,
) -> Result<Stored, StoreError> {
    let sql = "select position, readings, quarantined, lost, last_checksum from stream_position \
               where stream = $1";
    let statement = connection.prepare(sql).await?;
    let key = stream.as_i64();
    let client = connection.client();
    let row = connection
        .within(client.query_opt(&statement, &[&key]))
        .await?;
    let Some(row) = row else {
        return Ok(Stored::default());
    };
    let count = |column| row.get::<_, i64>(column).cast_unsigned();
    let last = row.get::<_, Option<i64>>(4);
    Ok(Stored {
        tail: Tail {
            position: Position::new(count(0)),
            readings: count(1),
        },
        quarantined: count(2),
        lost: count(3),
        last: last.and_then(|last| u32::try_from(last).ok()),
    })
}

/// Commits a chunk and the position behind it.
pub(crate) async fn chunk(
    connection: &mut Connection,
    stream: StreamId,
    chunk: &Chunk,
    book: &LayoutBook,
) -> Result<Stored, StoreError> {
    if !connection.is_introduced {
        introduce::layouts(connection, book).await?;
        connection.is_introduced = true;
    }
    let contents = Contents::sort(chunk, book, &connection.known)?;
    let stored = begin(connection, stream, &Step::over(chunk, &contents)).await?;
    rows::layouts(connection, contents.fresh.values()).await?;
    copy::sweeps(connection, &contents.sweeps).await?;
    copy::events(connection, &contents.events).await?;
    rows::latest_events(connection, &contents.events).await?;
    rows::texts(connection, &contents.texts).await?;
    rows::transitions(connection, &contents.transitions).await?;
    rows::gaps(connection, &contents.gaps).await?;
    rows::letters(connection, &contents.letters).await?;
    rows::quarantine(connection, stream, &contents.quarantined).await?;
    connection.run("commit").await?;
    contents.report_quarantined(stream);
    let fresh = contents.fresh.iter();
    let fresh: Vec<_> = fresh
        .map(|(id, layout)| (*id, layout.points.len()))
        .collect();
    connection.known.extend(fresh);
    Ok(stored)
}

/// Commits the position behind a loss, and what was lost.
pub(crate) async fn loss(
    connection: &mut Connection,
    stream: StreamId,
    loss: &Loss,
) -> Result<Stored, StoreError> {
    let stored = begin(connection, stream, &Step::across(loss)).await?;
    rows::quarantine(connection, stream, &[Quarantined::lost(loss)]).await?;
    connection.run("commit").await?;
    Ok(stored)
}

/// Begins the transaction by moving the position: its row is locked from here on, so a commit
/// that an earlier connection left behind either comes before and moves us, or never comes.
/// Returns where the stream stands once the transaction is committed.
async fn begin(
    connection: &mut Connection,
    stream: StreamId,
    step: &Step,
) -> Result<Stored, StoreError> {
    let new = if step.from.position == Position::START {
        format!(
            "insert into stream_position (stream, position, readings, quarantined, lost) \
             values ({}, 0, 0, 0, 0) on conflict do nothing;",
            stream.as_i64()
        )
    } else {
        String::new()
    };
    let last = step.last.map_or("null".to_owned(), |last| last.to_string());
    let sql = format!(
        "begin isolation level read committed read write; {new} \
         update stream_position set position = {}, readings = {}, \
         quarantined = quarantined + {}, lost = lost + {}, last_checksum = {last} \
         where stream = {} and position = {} returning quarantined, lost",
        step.until.position.get().cast_signed(),
        step.until.readings.cast_signed(),
        step.quarantined.cast_signed(),
        step.lost.cast_signed(),
        stream.as_i64(),
        step.from.position.get().cast_signed(),
    );
    let answers = connection.within(connection.client().simple_query(&sql));
    let updated = answers.await?.into_iter().find_map(|answer| {
        if let SimpleQueryMessage::Row(row) = answer {
            Some(row)
        } else {
            None
        }
    });
    if let Some(row) = updated {
        let count = |column| row.get(column).and_then(|text| text.parse().ok());
        return Ok(Stored {
            tail: step.until,
            quarantined: count(0).unwrap_or(0),
            lost: count(1).unwrap_or(0),
            last: step.last,
        });
    }
    connection.run("rollback").await?;
    let stored = position(connection, stream).await?.tail;
    Err(StoreError::Moved { stored })
}

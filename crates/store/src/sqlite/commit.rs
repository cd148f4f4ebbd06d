//! One chunk, one transaction.

use gridos_journal::{Position, StreamId, Tail};
use rusqlite::{Connection, OptionalExtension, Result, Transaction, TransactionBehavior};

use super::rows;
use crate::contents::{Contents, Quarantined};
use crate::{Loss, Stored};

/// What a commit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commit {
    Done,
    /// Nothing was written: the database stands elsewhere.
    Moved(Tail),
}

/// How far `stream` is stored.
pub(crate) fn position(connection: &Connection, stream: StreamId) -> Result<Stored> {
    let tail = connection
        .prepare_cached("select position, readings from stream_position where stream = ?1")?
        .query_row([stream.as_i64()], |row| {
            Ok(Tail {
                position: Position::new(row.get::<_, i64>(0)?.cast_unsigned()),
                readings: row.get::<_, i64>(1)?.cast_unsigned(),
            })
        })
        .optional()?
        .unwrap_or_default();
    Ok(Stored { tail })
}

/// Commits the contents of a chunk and the position behind it.
pub(crate) fn contents(
    connection: &mut Connection,
    stream: StreamId,
    (from, until): (Tail, Tail),
    contents: &Contents<'_>,
) -> Result<Commit> {
    commit(connection, stream, from, until, |transaction| {
        rows::layouts(transaction, &contents.fresh)?;
        rows::sweeps(transaction, &contents.sweeps)?;
        rows::events(transaction, &contents.events)?;
        rows::latest_events(transaction, &contents.events)?;
        rows::transitions(transaction, &contents.transitions)?;
        rows::gaps(transaction, &contents.gaps)?;
        rows::quarantine(transaction, stream, &contents.quarantined)
    })
}

/// Commits the position behind a loss, and what was lost.
pub(crate) fn loss(connection: &mut Connection, stream: StreamId, loss: &Loss) -> Result<Commit> {
    let row = Quarantined {
        position: loss.from.position,
        readings: loss.readings(),
        reason: loss.reason.clone(),
        record: None,
    };
    commit(connection, stream, loss.from, loss.until, |transaction| {
        rows::quarantine(transaction, stream, &[row])
    })
}

fn commit(
    connection: &mut Connection,
    stream: StreamId,
    from: Tail,
    until: Tail,
    insert: impl FnOnce(&Transaction<'_>) -> Result<()>,
) -> Result<Commit> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let stored = position(&transaction, stream)?.tail;
    if stored.position != from.position {
        return Ok(Commit::Moved(stored));
    }
    transaction
        .prepare_cached(
            "insert into stream_position (stream, position, readings) values (?1, ?2, ?3)
             on conflict do update set position = excluded.position, readings = excluded.readings",
        )?
        .execute((
            stream.as_i64(),
            until.position.get().cast_signed(),
            until.readings.cast_signed(),
        ))?;
    insert(&transaction)?;
    transaction.commit()?;
    Ok(Commit::Done)
}

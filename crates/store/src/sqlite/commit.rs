//! One chunk, one transaction.

use gridos_journal::{Position, StreamId, Tail};
use rusqlite::{Connection, OptionalExtension, Result, Transaction, TransactionBehavior};

use super::rows;
use crate::contents::{Contents, Quarantined};
use crate::step::Step;
use crate::{Loss, Stored};

/// What a commit came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Commit {
    /// It is done, and the stream stands there.
    Done(Stored),
    /// Nothing was written: the database stands elsewhere.
    Moved(Tail),
}

/// How far `stream` is stored.
pub(crate) fn position(connection: &Connection, stream: StreamId) -> Result<Stored> {
    let stored = connection
        .prepare_cached(
            "select position, readings, quarantined, lost, last_checksum from stream_position
             where stream = ?1",
        )?
        .query_row([stream.as_i64()], |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            Ok(Stored {
                tail: Tail {
                    position: Position::new(count(0)?),
                    readings: count(1)?,
                },
                quarantined: count(2)?,
                lost: count(3)?,
                last: row.get(4)?,
            })
        })
        .optional()?;
    Ok(stored.unwrap_or_default())
}

/// Commits the contents of a chunk and the position behind it.
pub(crate) fn contents(
    connection: &mut Connection,
    stream: StreamId,
    step: &Step,
    contents: &Contents<'_>,
) -> Result<Commit> {
    commit(connection, stream, step, |transaction| {
        rows::layouts(transaction, contents.fresh.values())?;
        rows::sweeps(transaction, &contents.sweeps)?;
        rows::events(transaction, &contents.events)?;
        rows::latest_events(transaction, &contents.events)?;
        rows::texts(transaction, &contents.texts)?;
        rows::transitions(transaction, &contents.transitions)?;
        rows::gaps(transaction, &contents.gaps)?;
        rows::letters(transaction, &contents.letters)?;
        rows::quarantine(transaction, stream, &contents.quarantined)
    })
}

/// Commits the position behind a loss, and what was lost.
pub(crate) fn loss(connection: &mut Connection, stream: StreamId, loss: &Loss) -> Result<Commit> {
    commit(connection, stream, &Step::across(loss), |transaction| {
        rows::quarantine(transaction, stream, &[Quarantined::lost(loss)])
    })
}

fn commit(
    connection: &mut Connection,
    stream: StreamId,
    step: &Step,
    insert: impl FnOnce(&Transaction<'_>) -> Result<()>,
) -> Result<Commit> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let stored = position(&transaction, stream)?;
    if stored.tail.position != step.from.position {
        return Ok(Commit::Moved(stored.tail));
    }
    let stored = step.after(stored);
    transaction
        .prepare_cached(
            "insert into stream_position
             (stream, position, readings, quarantined, lost, last_checksum)
             values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict do update set position = excluded.position, readings = excluded.readings,
             quarantined = excluded.quarantined, lost = excluded.lost,
             last_checksum = excluded.last_checksum",
        )?
        .execute((
            stream.as_i64(),
            stored.tail.position.get().cast_signed(),
            stored.tail.readings.cast_signed(),
            stored.quarantined.cast_signed(),
            stored.lost.cast_signed(),
            stored.last,
        ))?;
    insert(&transaction)?;
    transaction.commit()?;
    Ok(Commit::Done(stored))
}

//! One chunk, one transaction.

use gridos_journal::{Position, StreamId, Tail};
use gridos_rows::minutes::MinuteRow;
use rusqlite::{Connection, OptionalExtension, Result, Transaction, TransactionBehavior};

use super::fault::Fault;
use super::{alarms, audit, rows};
use crate::alarm_name::KnownAlarms;
use crate::contents::{Contents, Quarantined};
use crate::step::{Step, Turning};
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
            "select position, readings, quarantined, lost, last_checksum, turned_position,
             turned_readings from stream_position where stream = ?1",
        )?
        .query_row([stream.as_i64()], |row| {
            let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            let turned = |column| row.get::<_, Option<i64>>(column);
            let place = |position: u64, readings| Tail {
                position: Position::new(position),
                readings,
            };
            Ok(Stored {
                tail: place(count(0)?, count(1)?),
                quarantined: count(2)?,
                lost: count(3)?,
                last: row.get(4)?,
                turned: turned(5)?.zip(turned(6)?).map(|(position, readings)| {
                    place(position.cast_unsigned(), readings.cast_unsigned())
                }),
                ahead: None,
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
    (contents, owners): (&Contents<'_>, &KnownAlarms),
    minutes: impl Iterator<Item = MinuteRow>,
) -> std::result::Result<Commit, Fault> {
    commit(connection, stream, step, |transaction| {
        records(transaction, stream, contents).map_err(Fault::Record)?;
        alarms::insert(transaction, stream, &contents.alarms, owners).map_err(Fault::Record)?;
        Ok(rows::minutes(transaction, minutes)?)
    })
}

/// Commits the rows of the minutes that are open, and that the stream turned where it stands.
pub(crate) fn turn(
    connection: &mut Connection,
    stream: StreamId,
    at: Tail,
    minutes: impl Iterator<Item = MinuteRow>,
) -> std::result::Result<Commit, Fault> {
    commit(connection, stream, &Step::turn(at), |transaction| {
        Ok(rows::minutes(transaction, minutes)?)
    })
}

/// The rows of a chunk. What the database refuses here for its content, it refuses because of one
/// of the records.
fn records(transaction: &Transaction<'_>, stream: StreamId, contents: &Contents<'_>) -> Result<()> {
    rows::sweeps(transaction, &contents.sweeps)?;
    let (events, texts) = (contents.events(), contents.texts());
    rows::events(transaction, &events)?;
    rows::latest_events(transaction, &events)?;
    rows::texts(transaction, &texts)?;
    rows::transitions(transaction, &contents.transitions)?;
    rows::gaps(transaction, stream, &contents.gaps)?;
    rows::letters(transaction, &contents.letters)?;
    audit::insert(transaction, stream, &contents.deeds)?;
    rows::quarantine(transaction, stream, &contents.quarantined)
}

/// Commits the position behind a loss, and what was lost.
pub(crate) fn loss(
    connection: &mut Connection,
    stream: StreamId,
    loss: &Loss,
    turning: Turning,
) -> std::result::Result<Commit, Fault> {
    let step = Step::across(loss, turning);
    commit(connection, stream, &step, |transaction| {
        rows::gaps(transaction, stream, &[loss.gap])?;
        let lost = [Quarantined::lost(loss)];
        Ok(rows::quarantine(transaction, stream, &lost)?)
    })
}

fn commit(
    connection: &mut Connection,
    stream: StreamId,
    step: &Step,
    insert: impl FnOnce(&Transaction<'_>) -> std::result::Result<(), Fault>,
) -> std::result::Result<Commit, Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let stored = position(&transaction, stream)?;
    if stored.tail.position != step.from.position {
        return Ok(Commit::Moved(stored.tail));
    }
    let stored = step.after(stored);
    transaction
        .prepare_cached(
            "insert into stream_position
             (stream, position, readings, quarantined, lost, last_checksum, turned_position,
             turned_readings)
             values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             on conflict do update set position = excluded.position, readings = excluded.readings,
             quarantined = excluded.quarantined, lost = excluded.lost,
             last_checksum = excluded.last_checksum, turned_position = excluded.turned_position,
             turned_readings = excluded.turned_readings",
        )?
        .execute((
            stream.as_i64(),
            stored.tail.position.get().cast_signed(),
            stored.tail.readings.cast_signed(),
            stored.quarantined.cast_signed(),
            stored.lost.cast_signed(),
            stored.last,
            stored.turned.map(|at| at.position.get().cast_signed()),
            stored.turned.map(|at| at.readings.cast_signed()),
        ))?;
    insert(&transaction)?;
    transaction.commit()?;
    Ok(Commit::Done(stored))
}

//! The position of a stream: the row, or one for each of several connections, that guards it.

use gridos_journal::{Position, StreamId, Tail};
use tokio_postgres::{Row, SimpleQueryMessage};

use super::connection::Connection;
use crate::share::Share;
use crate::step::{Step, Turning};
use crate::{StoreError, Stored};

/// Where one connection's share of a stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stand {
    pub(crate) stored: Stored,
    /// The readings in the share, and what was found lost; 0 if there is one connection.
    pub(crate) own: u64,
}

/// Where the shares of `stream` stand, in order; none for a stream that the database has never seen.
pub(crate) async fn stands(
    connection: &mut Connection,
    stream: StreamId,
) -> Result<Vec<Stand>, StoreError> {
    let sql = "select position, readings, quarantined, lost, last_checksum, turned_position, \
               turned_readings, own_readings, shards from stream_position where stream = $1 \
               order by shard";
    let statement = connection.prepare(sql).await?;
    let key = stream.as_i64();
    let client = connection.client();
    let rows = connection.within(client.query(&statement, &[&key])).await?;
    let count = rows.len();
    if rows
        .iter()
        .any(|row| usize::try_from(row.get::<_, i16>(8)) != Ok(count))
    {
        return Err(StoreError::Refused {
            reason: format!(
                "the table stream_position has {count} rows for journal {stream}, which is not the \
                 number in their column shards; restore the table from a backup of the database"
            ),
        });
    }
    Ok(rows.iter().map(stand).collect())
}

fn stand(row: &Row) -> Stand {
    let count = |column| row.get::<_, i64>(column).cast_unsigned();
    let known = |column| row.get::<_, Option<i64>>(column);
    let tail = |position: u64, readings| Tail {
        position: Position::new(position),
        readings,
    };
    let turned = known(5).zip(known(6));
    Stand {
        stored: Stored {
            tail: tail(count(0), count(1)),
            quarantined: count(2),
            lost: count(3),
            last: known(4).and_then(|last| u32::try_from(last).ok()),
            turned: turned.map(|(position, readings)| {
                tail(position.cast_unsigned(), readings.cast_unsigned())
            }),
            ahead: None,
        },
        own: known(7).map_or(0, i64::cast_unsigned),
    }
}

/// Makes the rows of a stream that several connections are to write, all of them or, if somebody
/// was here before, none.
pub(crate) async fn establish(
    connection: &mut Connection,
    stream: StreamId,
    shards: u16,
) -> Result<(), StoreError> {
    let stream = stream.as_i64();
    let sql = format!(
        "with first as (
            insert into stream_position
                (stream, shard, shards, position, readings, quarantined, lost, own_readings)
            values ({stream}, 0, {shards}, 0, 0, 0, 0, 0)
            on conflict do nothing
            returning stream
        )
        insert into stream_position
            (stream, shard, shards, position, readings, quarantined, lost, own_readings)
        select stream, shard, {shards}, 0, 0, 0, 0, 0
        from first, generate_series(1, {shards} - 1) as shard"
    );
    connection.run(&sql).await
}

/// Begins the transaction by moving the position: its row is locked from here on, so a commit
/// that an earlier connection left behind either comes before and moves us, or never comes.
/// Returns where the share stands once the transaction is committed.
pub(crate) async fn begin(
    connection: &mut Connection,
    stream: StreamId,
    step: &Step,
    share: &Share,
) -> Result<Stand, StoreError> {
    let new = if share.is_whole() && step.from.position == Position::START {
        format!(
            "insert into stream_position (stream, position, readings, quarantined, lost) \
             values ({}, 0, 0, 0, 0) on conflict do nothing;",
            stream.as_i64()
        )
    } else {
        String::new()
    };
    let begin = format!("begin isolation level read committed; {new}");
    if let Some(stand) = advance(connection, stream, step, share, &begin).await? {
        return Ok(stand);
    }
    connection.run("rollback").await?;
    let stands = stands(connection, stream).await?;
    let stand = stands.get(usize::from(share.shard)).copied();
    let stored = stand.unwrap_or_default().stored.tail;
    Err(StoreError::Moved { stored })
}

/// Does what is to be done `before`, and moves the position of a share; `None` if it stands
/// elsewhere than the step begins.
pub(crate) async fn advance(
    connection: &mut Connection,
    stream: StreamId,
    step: &Step,
    share: &Share,
    before: &str,
) -> Result<Option<Stand>, StoreError> {
    let last = match step.last {
        _ if !step.is_move() => "last_checksum".to_owned(),
        None => "null".to_owned(),
        Some(last) => last.to_string(),
    };
    let (turned, turned_readings) = turned(step);
    // A role that was given its rights by an earlier version may not change this column.
    let own = match share.is_whole() {
        true => String::new(),
        false => format!("own_readings = own_readings + {},", step.own.cast_signed()),
    };
    let sql = format!(
        "{before} \
         update stream_position set position = {}, readings = {}, \
         quarantined = quarantined + {}, lost = lost + {}, {own} \
         last_checksum = {last}, turned_position = {turned}, turned_readings = {turned_readings} \
         where stream = {} and shard = {} and shards = {} and position = {} \
         returning quarantined, lost, last_checksum, turned_position, turned_readings, own_readings",
        step.until.position.get().cast_signed(),
        step.until.readings.cast_signed(),
        step.quarantined.cast_signed(),
        step.lost.cast_signed(),
        stream.as_i64(),
        share.shard,
        share.shards,
        step.from.position.get().cast_signed(),
    );
    let answers = connection.within(connection.client().simple_query(&sql));
    let answers = answers.await.map_err(StoreError::of_no_record)?;
    let updated = answers.into_iter().find_map(|answer| {
        if let SimpleQueryMessage::Row(row) = answer {
            Some(row)
        } else {
            None
        }
    });
    Ok(updated.map(|row| {
        let count = |column| row.get(column).and_then(|text| text.parse::<u64>().ok());
        let stored = Stored {
            tail: step.until,
            quarantined: count(0).unwrap_or(0),
            lost: count(1).unwrap_or(0),
            last: count(2).and_then(|last| u32::try_from(last).ok()),
            turned: count(3).zip(count(4)).map(|(position, readings)| Tail {
                position: Position::new(position),
                readings,
            }),
            ahead: None,
        };
        let own = count(5).unwrap_or(0);
        Stand { stored, own }
    }))
}

/// What the columns of the last turn become, in SQL.
fn turned(step: &Step) -> (String, String) {
    let number = |number: u64| number.cast_signed().to_string();
    let place = |at: Tail| (number(at.position.get()), number(at.readings));
    match step.turning {
        Turning::Off => ("null".to_owned(), "null".to_owned()),
        Turning::At(at) => place(at),
        Turning::Open => {
            let (position, readings) = place(step.from);
            (
                format!("coalesce(turned_position, {position})"),
                format!("coalesce(turned_readings, {readings})"),
            )
        }
    }
}

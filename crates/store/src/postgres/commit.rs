//! One chunk, one transaction.

use std::sync::Arc;

use gridos_journal::{Chunk, LayoutBook, StreamId};

use super::connection::Connection;
use super::position::{Stand, advance, begin};
use super::{alarms, audit, copy, fence, introduce, rows};
use crate::contents::{Contents, Quarantined};
use crate::minutes::roll_up::RollUp;
use crate::share::Share;
use crate::step::{Step, Turning};
use crate::{Loss, StoreError};

/// Commits what of a chunk is in `share`, and the position behind it.
pub(crate) async fn chunk(
    connection: &mut Connection,
    stream: StreamId,
    chunk: &Chunk,
    book: &LayoutBook,
    roll_up: Option<&mut RollUp>,
    share: &Share,
) -> Result<Stand, StoreError> {
    // Of several connections the first has made them known before.
    if share.is_whole() && !connection.is_introduced {
        introduce(connection, book).await?;
    }
    let is_shared = chunk.has_epochs();
    let (contents, turns, stored) = loop {
        if is_shared {
            let refreshed = fence::refresh(connection).await;
            refreshed.map_err(StoreError::of_no_record)?;
        }
        let fences = Arc::clone(&connection.fences);
        let contents = Contents::sort(chunk, book, &connection.known, &fences, share)?;
        let named = alarms::introduce(connection, &contents.alarms, book).await;
        named.map_err(StoreError::of_no_record)?;
        let fresh = introduce::these(connection, book, contents.fresh()).await;
        fresh.map_err(StoreError::of_no_record)?;
        let turns = roll_up.as_ref().map(|roll_up| roll_up.turns(&contents));
        let step = Step::over(chunk, &contents, Turning::of(turns.as_deref()), share);
        let stored = begin(connection, stream, &step, share).await?;
        let passed = match is_shared {
            true => fence::pass(connection, &contents.claims).await,
            false => Ok(true),
        };
        if passed.map_err(StoreError::of_no_record)? {
            break (contents, turns, stored);
        }
        // Somebody took a device meanwhile: what is in the chunk is to be judged by that.
        connection.run("rollback").await?;
    };
    records(connection, stream, chunk, &contents).await?;
    if let (Some(roll_up), Some(turns)) = (roll_up, &turns) {
        let rows = roll_up.advance(&contents, turns, chunk.until());
        let copied = copy::minutes(connection, rows).await;
        copied.map_err(StoreError::of_no_record)?;
    }
    connection.run("commit").await?;
    contents.report_quarantined(stream);
    connection.known.extend(contents.met());
    Ok(stored)
}

/// Makes the layouts of the book known.
pub(crate) async fn introduce(
    connection: &mut Connection,
    book: &LayoutBook,
) -> Result<(), StoreError> {
    let introduced = introduce::layouts(connection, book).await;
    introduced.map_err(StoreError::of_no_record)?;
    connection.is_introduced = true;
    Ok(())
}

/// The rows of a chunk. What the database refuses here for its content, it refuses because of one
/// of the records.
async fn records(
    connection: &mut Connection,
    stream: StreamId,
    chunk: &Chunk,
    contents: &Contents<'_>,
) -> Result<(), StoreError> {
    copy::sweeps(connection, chunk, &contents.sweeps).await?;
    let (events, texts) = (contents.events(), contents.texts());
    copy::events(connection, chunk, &events).await?;
    rows::latest_events(connection, &events).await?;
    rows::texts(connection, &texts).await?;
    rows::transitions(connection, &contents.transitions).await?;
    alarms::insert(connection, stream, &contents.alarms).await?;
    rows::gaps(connection, stream, &contents.gaps).await?;
    rows::letters(connection, &contents.letters).await?;
    audit::insert(connection, stream, &contents.deeds).await?;
    rows::quarantine(connection, stream, &contents.quarantined).await
}

/// Commits the position behind a chunk whose records the database refuses for `reason`, and those of
/// them that are in `share` as what they are to the quarantine.
///
/// The minutes before it are closed: who adds up the open ones again must not come upon it.
pub(crate) async fn condemned(
    connection: &mut Connection,
    stream: StreamId,
    (chunk, book): (&Chunk, &LayoutBook),
    reason: &str,
    roll_up: Option<&mut RollUp>,
    share: &Share,
) -> Result<Stand, StoreError> {
    let contents = Contents::condemn(chunk, reason, book, share)?;
    let turning = Turning::behind(roll_up.is_some().then_some(chunk.until()));
    let step = Step::over(chunk, &contents, turning, share);
    let stored = begin(connection, stream, &step, share).await?;
    rows::quarantine(connection, stream, &contents.quarantined).await?;
    if let Some(roll_up) = roll_up {
        copy::minutes(connection, roll_up.turn_over(chunk.until())).await?;
    }
    connection.run("commit").await?;
    contents.report_quarantined(stream);
    Ok(stored)
}

/// Commits the position behind a loss, and what was lost.
pub(crate) async fn loss(
    connection: &mut Connection,
    stream: StreamId,
    loss: &Loss,
    roll_up: Option<&mut RollUp>,
) -> Result<Stand, StoreError> {
    let turning = Turning::of(roll_up.is_some().then_some(&[]));
    let share = Share::at(loss.from, loss.until);
    let stored = begin(connection, stream, &Step::across(loss, turning), &share).await?;
    tell(connection, stream, loss).await?;
    connection.run("commit").await?;
    if let Some(roll_up) = roll_up {
        roll_up.pass(loss.until);
    }
    Ok(stored)
}

/// Commits the positions of several connections behind a loss, in one transaction, and what was
/// lost; `None` if one of them stands elsewhere than its step begins.
pub(crate) async fn loss_of_all(
    connection: &mut Connection,
    stream: StreamId,
    loss: &Loss,
    steps: &[(Share, Step)],
) -> Result<Option<Vec<Stand>>, StoreError> {
    connection
        .run("begin isolation level read committed")
        .await?;
    let mut stands = Vec::new();
    for (share, step) in steps {
        let Some(stand) = advance(connection, stream, step, share, "").await? else {
            connection.run("rollback").await?;
            return Ok(None);
        };
        stands.push(stand);
    }
    tell(connection, stream, loss).await?;
    connection.run("commit").await?;
    Ok(Some(stands))
}

/// The rows that tell of a loss.
async fn tell(
    connection: &mut Connection,
    stream: StreamId,
    loss: &Loss,
) -> Result<(), StoreError> {
    rows::gaps(connection, stream, &[loss.gap]).await?;
    rows::quarantine(connection, stream, &[Quarantined::lost(loss)]).await
}

/// Commits the rows of the minutes that are open, and that the stream turned where `share` ends.
pub(crate) async fn turn(
    connection: &mut Connection,
    stream: StreamId,
    roll_up: &mut RollUp,
    share: &Share,
) -> Result<Stand, StoreError> {
    let stored = begin(connection, stream, &Step::turn(share.from), share).await?;
    copy::minutes(connection, roll_up.turn()).await?;
    connection.run("commit").await?;
    Ok(stored)
}

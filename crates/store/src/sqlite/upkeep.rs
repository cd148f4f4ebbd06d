//! Giving up what is too old, or too much: the oldest first, some rows in each transaction, so that
//! the writer never waits long for its turn.
//!
//! Rows stand in the order of arrival, so the oldest are the first by id, and no index on time is
//! needed. What counts is when a row was received: a late reading is kept as long as others that came
//! with it.

use std::time::{Duration, SystemTime};

use gridos_model::Timestamp;
use rusqlite::{Connection, OptionalExtension, Result, TransactionBehavior};

use super::time::{parse_time, time_text};
use crate::{Upkeep, Upkept};

/// Rows of each table that one transaction deletes.
const PORTION: i64 = 1_000;
/// Transactions of one call, so that a call ends.
pub(crate) const PORTIONS_MAX: usize = 200;
/// Over this share of the limit rows go, until it is under [`LOW_PERCENT`].
const HIGH_PERCENT: u64 = 95;
const LOW_PERCENT: u64 = 90;
/// Pages that one transaction gives back to the file system.
const PAGES: u32 = 500;

/// A table that grows.
struct Growing {
    name: &'static str,
    /// When a row came, as text.
    came: &'static str,
    /// The rows that may go, oldest first.
    rows: &'static str,
}

/// Of texts the youngest of each place stays, because some are told only when they change; of the
/// others the first rows are looked at, which ends the search however large the table is.
const GROWING: &[Growing] = &[
    growing("sweep", "received"),
    growing("event", "received"),
    growing("minute", "received"),
    growing("alarm_event", "received"),
    growing("alarm_transition", "received"),
    growing("audit", "ts"),
    growing("gap", "until_ts"),
    growing("message_rest", "received"),
    growing("quarantine", "stored || '.000000'"),
    Growing {
        name: "text_event",
        came: "received",
        rows: "(select * from text_event as old
                where exists (select 1 from text_event as younger
                              where younger.layout = old.layout
                                  and younger.position = old.position
                                  and younger.ts > old.ts)
                order by id limit 1000)",
    },
];

const fn growing(name: &'static str, came: &'static str) -> Growing {
    Growing {
        name,
        came,
        rows: "",
    }
}

impl Growing {
    /// The rows that one transaction looks at.
    fn head(&self) -> String {
        match self.rows {
            "" => format!("(select * from {} order by id limit {PORTION})", self.name),
            rows => rows.to_owned(),
        }
    }
}

/// What remains to be done after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Something was done, and there may be more.
    More,
    /// Nothing is too old or too much.
    Done,
}

/// One short transaction; `is_over` is kept from step to step of one call.
pub(crate) fn step(
    connection: &mut Connection,
    wanted: &Upkeep,
    is_over: &mut bool,
    done: &mut Upkept,
) -> Result<Progress> {
    let now = Timestamp::from(SystemTime::now());
    if let Some(keep) = wanted.keep {
        let deleted = delete_before(connection, now.saturating_sub(keep))?;
        done.deleted += deleted;
        if deleted > 0 {
            return Ok(Progress::More);
        }
    }
    let Some(limit) = wanted.size_limit else {
        return Ok(Progress::Done);
    };
    let size = Size::of(connection)?;
    let percent = if *is_over { LOW_PERCENT } else { HIGH_PERCENT };
    *is_over = size.used > limit / 100 * percent;
    if *is_over && let Some(oldest) = oldest(connection)? {
        // A hundredth of the time there is, so that all tables lose about the same stretch.
        let stretch = now.since(oldest) / 100;
        let until = oldest.saturating_add(stretch.max(Duration::from_secs(1)));
        done.deleted += delete_before(connection, until)?;
        return Ok(Progress::More);
    }
    if size.file > limit && size.free_pages > 0 && size.can_shrink {
        // Takes no more than PAGES of the free ones; the answer has a row for each.
        let mut shrink = connection.prepare(&format!("pragma incremental_vacuum({PAGES})"))?;
        let mut rows = shrink.query([])?;
        while rows.next()?.is_some() {}
        return Ok(Progress::More);
    }
    Ok(Progress::Done)
}

/// Deletes some of the rows that came before `until`.
fn delete_before(connection: &mut Connection, until: Timestamp) -> Result<u64> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let until = time_text(until);
    let mut deleted = 0;
    for table in GROWING {
        let (name, came, head) = (table.name, table.came, table.head());
        let sql =
            format!("delete from {name} where id in (select id from {head} where {came} < ?1)");
        deleted += transaction.prepare_cached(&sql)?.execute([&until])? as u64;
    }
    transaction.commit()?;
    Ok(deleted)
}

/// When the oldest row came.
fn oldest(connection: &Connection) -> Result<Option<Timestamp>> {
    let mut oldest: Option<Timestamp> = None;
    for table in GROWING {
        let sql = format!("select {} from {} limit 1", table.came, table.head());
        let first: Option<String> = connection
            .prepare_cached(&sql)?
            .query_row([], |row| row.get(0))
            .optional()?;
        let first = first.map(|text| parse_time(&text));
        oldest = oldest.into_iter().chain(first).min();
    }
    Ok(oldest)
}

/// How large the file is, in bytes.
struct Size {
    file: u64,
    /// Without the pages that are free for new rows.
    used: u64,
    free_pages: u64,
    /// Whether the file can give pages back: it was made to.
    can_shrink: bool,
}

impl Size {
    fn of(connection: &Connection) -> Result<Self> {
        let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let (pages, free) = (pragma("page_count")?, pragma("freelist_count")?);
        let bytes = pragma("page_size")?;
        Ok(Self {
            file: (pages * bytes).cast_unsigned(),
            used: ((pages - free) * bytes).cast_unsigned(),
            free_pages: free.cast_unsigned(),
            can_shrink: pragma("auto_vacuum")? == 2,
        })
    }
}
